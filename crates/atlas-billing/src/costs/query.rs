//! A Cost Explorer query at work: its token, its looks, its result.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::file::CostFile;
use super::operation::{CostQuery, send};
use super::report::{CostReport, CostResult};
use crate::call::{Fetched, call_options};
use crate::edge::BoxFuture;
use crate::polling::{Look, PollPolicy, Poller};
use crate::{CallOptions, Form, Org, QueryToken, Result};

/// A Cost Explorer query at work at the service, begun by this process or another one.
///
/// It can be awaited for its result, asked for its next look, or turned into a stream of looks.
/// Nothing is spawned: it makes requests only while one of these is awaited, and none after it is
/// dropped.
///
/// ```no_run
/// # async fn wait(org: atlas_billing::Org, save: fn(&str)) -> atlas_billing::Result<()> {
/// let mut query = org.costs("2025".parse()?).start().await?;
/// save(query.token().as_str());
/// while let Some(look) = query.next().await {
///     eprintln!("{}", look?);
/// }
/// // The last look has brought the result: this makes no further request.
/// let report = query.await?;
/// println!("{}", report.total()?);
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing unless it is awaited or asked for its next look"]
pub struct Query {
    org: Org,
    token: QueryToken,
    options: CallOptions,
    polling: Option<PollPolicy>,
    /// Made with the first look, so that options may be set until then.
    poller: Option<Poller<CostQuery>>,
}

call_options!(Query, options);

impl Query {
    pub(super) fn new(
        org: Org,
        token: QueryToken,
        options: CallOptions,
        polling: Option<PollPolicy>,
    ) -> Self {
        Self {
            org,
            token,
            options,
            polling,
            poller: None,
        }
    }

    /// What the service knows the query by: printable, storable, and no secret. Another process
    /// can go on with it by [`Org::resume`](crate::Org::resume).
    pub fn token(&self) -> &QueryToken {
        &self.token
    }

    /// How the result is polled, instead of by the client's policy. Like the other options, it has
    /// no effect any more once the first look was made.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.polling = Some(policy);
        self
    }

    /// Waits as long as is due and looks once. `None` once the result was seen, or an error given.
    ///
    /// Dropping the future loses nothing: the wait or the look goes on with the next one.
    ///
    /// # Errors
    /// What ends the polling. [`Error::poll`](crate::Error::poll) tells how far it came.
    pub async fn next(&mut self) -> Option<Result<Look>> {
        self.poller().next().await
    }

    /// The looks as a stream, which gives the query back by [`Looks::into_query`].
    pub fn into_stream(self) -> Looks {
        Looks(self)
    }

    /// The result as a CSV file, once it is there. Readiness is polled for in JSON, where it can
    /// be told, and the file is fetched then.
    ///
    /// # Errors
    /// What ends the polling, or what the call for the file fails with.
    pub async fn csv(self) -> Result<CostFile> {
        let (operation, _) = self.ready().await?;
        let ask = operation.ask(Form::Csv);
        let CostQuery { org, token, .. } = operation;
        let answer = org.client.open(&ask, |raw| send(raw, &org, &token)).await?;
        CostFile::of(answer, token).await
    }

    /// The result as the JSON text that the service sent, without its envelope, once it is there.
    ///
    /// # Errors
    /// What ends the polling.
    pub async fn bytes(self) -> Result<Bytes> {
        Ok(self.ready().await?.1.body)
    }

    fn new_poller(&self) -> Poller<CostQuery> {
        let operation = CostQuery {
            org: self.org.clone(),
            token: self.token.clone(),
            options: self.options.clone(),
        };
        let client = &self.org.client.inner;
        let mut policy = self.polling.unwrap_or(client.settings.polling);
        // A limit on the whole call is one on the polling.
        if let Some(total) = operation.ask(Form::Json).timeouts.total {
            policy = policy.with_deadline(policy.deadline().min(total));
        }
        Poller::new(operation, &client.edge, policy)
    }

    fn poller(&mut self) -> &mut Poller<CostQuery> {
        let poller = match self.poller.take() {
            Some(poller) => poller,
            None => self.new_poller(),
        };
        self.poller.insert(poller)
    }

    async fn ready(mut self) -> Result<(CostQuery, Fetched)> {
        let poller = match self.poller.take() {
            Some(poller) => poller,
            None => self.new_poller(),
        };
        poller.result().await
    }
}

impl IntoFuture for Query {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (query, fetched) = self.ready().await?;
            let (meta, result) = fetched.json::<CostResult>()?;
            Ok(CostReport::new(result, query.token, meta))
        })
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("org", &self.org.id)
            .field("token", &self.token)
            .field("poller", &self.poller)
            .finish_non_exhaustive()
    }
}

/// The looks of a query as a stream. It ends once the result was seen, or with an error.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Looks(Query);

impl Looks {
    /// The query; awaiting it gives the result, without a further request where the stream has
    /// seen it.
    pub fn into_query(self) -> Query {
        self.0
    }
}

impl Stream for Looks {
    type Item = Result<Look>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poller().poll_look(context)
    }
}
