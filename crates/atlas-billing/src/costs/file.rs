//! The CSV file of a finished query.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::call::{Answer, BodyStream};
use crate::csv::Records;
use crate::{QueryToken, ResponseMeta, Result};

/// The CSV file of a finished Cost Explorer query, still to be read: whole, as it arrives, or
/// record by record.
///
/// What columns it has is documented nowhere, so records are read by the names of its own header
/// row.
///
/// ```no_run
/// # async fn read(org: atlas_billing::Org) -> atlas_billing::Result<()> {
/// let mut records = org.costs("2025-03".parse()?).csv().await?.records();
/// while let Some(record) = records.next().await {
///     let record = record?;
///     println!("{}", record.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the file is still to be read"]
pub struct CostFile {
    token: QueryToken,
    meta: ResponseMeta,
    body: FileStream,
    max_body: u64,
}

impl CostFile {
    pub(super) async fn of(answer: Answer, token: QueryToken, max_body: u64) -> Result<Self> {
        // A JSON answer is an envelope or an error in disguise, and is opened before it is taken
        // for the file.
        let (meta, body) = if answer.is_json() {
            let fetched = answer.fetch().await?;
            (fetched.meta, Body::Whole(Some(fetched.body)))
        } else {
            let (meta, body) = answer.into_stream();
            (meta, Body::Arriving(body))
        };
        Ok(Self {
            token,
            meta,
            body: FileStream(body),
            max_body,
        })
    }

    /// The query that this is the result of.
    pub fn token(&self) -> &QueryToken {
        &self.token
    }

    /// Status, headers, rate limit and version of the answer.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The whole file, as it was sent.
    ///
    /// # Errors
    /// What the body breaks with, and [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) beyond
    /// the call's `max_body`.
    pub async fn bytes(self) -> Result<Bytes> {
        match self.body.0 {
            Body::Whole(bytes) => Ok(bytes.unwrap_or_default()),
            Body::Arriving(body) => body.collect(self.max_body).await,
        }
    }

    /// The file as it arrives. A file that breaks off ends in an error, never short.
    pub fn into_stream(self) -> FileStream {
        self.body
    }

    /// The file's records as they arrive, by the names of its header row.
    pub fn records(self) -> Records {
        Records::new(self.body)
    }
}

/// A CSV file as it arrives.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct FileStream(Body);

#[derive(Debug)]
enum Body {
    Whole(Option<Bytes>),
    Arriving(BodyStream),
}

impl FileStream {
    /// The next piece of the file, `None` at its end.
    ///
    /// # Errors
    /// When the file breaks off, or nothing arrives within the idle limit.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for FileStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Body::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Body::Arriving(body) => Pin::new(body).poll_next(context),
        }
    }
}
