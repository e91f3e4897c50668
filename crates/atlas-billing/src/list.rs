//! Lists that come in pages: one request, one stream and one rule for the end of all of them.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use atlas_billing_raw::Page;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_core::Stream;
use futures_util::stream;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::exchange::Deadline;
use crate::meta::ResponseMeta;
use crate::request::{Call, CallOptions, Content, Form, RawResult, Response, call_options};

/// The documented default of items a page.
const PER_PAGE: u16 = 100;

/// The most items that a page of a list may have, as documented.
pub const MOST_PER_PAGE: u16 = 500;

/// How many pages in a row may have the same items, all of them equal and without ids.
const MOST_REPEATED: u32 = 100;

/// What a list is of, and how a page of it is requested. Implemented by the lists of this crate
/// alone.
pub trait Listed: Clone + fmt::Debug + Send + Sync + 'static {
    /// What the list holds.
    type Item: DeserializeOwned + Send + Sync + 'static;

    /// A page as it is sent.
    #[doc(hidden)]
    type Page: DeserializeOwned + Page<Item = Self::Item> + Send;

    /// The stable name of the operation.
    #[doc(hidden)]
    const OPERATION: &'static str;

    /// Completes the request, before the first page.
    #[doc(hidden)]
    fn complete(&mut self, _: PageCall<'_>) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// The call for one page.
    #[doc(hidden)]
    fn prepare(&self, page: PageCall<'_>) -> impl Future<Output = Result<Call>> + Send;

    /// The id of an item, by which a page that repeats is known.
    #[doc(hidden)]
    fn id(item: &Self::Item) -> Option<&str>;

    /// Whether the filters let `item` pass: the service is asked for the same, but whether it knows
    /// each of them is not certain.
    #[doc(hidden)]
    fn lets_pass(&self, _: &Self::Item) -> bool {
        true
    }
}

/// Which page is requested, and how.
#[derive(Debug, Clone, Copy)]
pub struct PageCall<'a> {
    /// Its number, from 1.
    pub(crate) number: i64,
    /// How many items it may have.
    pub(crate) per_page: i64,
    pub(crate) client: &'a Client,
    pub(crate) options: &'a CallOptions,
    pub(crate) deadline: Deadline,
}

impl PageCall<'_> {
    /// The call that `build` makes with the generated client.
    pub(crate) async fn build<F: Future<Output = RawResult>>(
        self,
        build: impl FnOnce(atlas_billing_raw::Client) -> F,
    ) -> Result<Call> {
        let pipeline = self.client.pipeline();
        pipeline
            .prepare(Form::Json, self.options, self.deadline, build)
            .await
    }
}

/// A request for a list that comes in pages: awaited, all items; or a [stream](Self::stream).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited or its stream is read"]
pub struct ListRequest<L> {
    client: Client,
    options: CallOptions,
    per_page: u16,
    pub(crate) list: L,
}

call_options!(ListRequest<L>);

impl<L> ListRequest<L> {
    pub(crate) fn new(client: &Client, list: L) -> Self {
        Self {
            client: client.clone(),
            options: CallOptions::new(),
            per_page: PER_PAGE,
            list,
        }
    }

    /// How many items one request fetches, 1 to 500; 100 by default.
    pub fn per_page(mut self, per_page: u16) -> Self {
        self.per_page = per_page;
        self
    }

    /// The time of day by the client's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.client.pipeline().exchange.clock.now()
    }

    pub(crate) fn into_parts(self) -> (Client, CallOptions, L) {
        (self.client, self.options, self.list)
    }
}

impl<L: Listed> ListRequest<L> {
    /// The items one by one, each page fetched when it is needed.
    pub fn stream(self) -> List<L::Item> {
        let list = self.list.clone();
        let pages = stream::try_unfold(self.pages(None), |mut pages| async move {
            let page = pages.next().await?;
            Ok(page.map(|page| (page, pages)))
        });
        List {
            ready: VecDeque::new(),
            meta: None,
            pages: Box::pin(pages),
            lets_pass: Box::new(move |item| list.lets_pass(item)),
        }
    }

    /// The pages of the list, fetched by `deadline` or that of a call that begins with the first;
    /// the service's responses, unfiltered.
    pub(crate) fn pages(self, deadline: Option<Deadline>) -> Pages<L> {
        Pages {
            request: self,
            deadline,
            next: Some(1),
            post: false,
            seen: BTreeSet::new(),
            last: Bytes::new(),
            repeated: 0,
        }
    }
}

impl<L: Listed> IntoFuture for ListRequest<L> {
    type Output = Result<Vec<L::Item>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut stream = self.stream();
            let mut all = Vec::new();
            while let Some(item) = stream.next().await {
                all.push(item?);
            }
            Ok(all)
        })
    }
}

/// A page that arrived: its response, and its items.
type OnePage<T> = (ResponseMeta, Vec<T>);

/// The items of a list as a stream over its pages.
///
/// A list may shift while it is read, as a new item comes in; none that has an id is given twice.
/// After an error the stream ends.
pub struct List<T> {
    ready: VecDeque<T>,
    meta: Option<ResponseMeta>,
    pages: Pin<Box<dyn Stream<Item = Result<OnePage<T>>> + Send>>,
    lets_pass: Box<dyn Fn(&T) -> bool + Send + Sync>,
}

impl<T> List<T> {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// Those of the call for the next page; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the
    /// service repeats a page.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Status, headers and rate limit of the page fetched last; `None` before the first.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }
}

/// Items are not pinned.
impl<T> Unpin for List<T> {}

impl<T> Stream for List<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(page) = ready!(self.pages.as_mut().poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let (meta, mut items) = page?;
            items.retain(&self.lets_pass);
            self.meta = Some(meta);
            self.ready = items.into();
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("ready", &self.ready.len())
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// The pages of a list.
pub(crate) struct Pages<L: Listed> {
    request: ListRequest<L>,
    deadline: Option<Deadline>,
    /// The number of the next page, counted from 1; `None` at the end.
    next: Option<u32>,
    /// GET with a body was refused, so that POST is sent instead.
    post: bool,
    /// The ids that have been handed out.
    seen: BTreeSet<String>,
    /// The last page as it was sent.
    last: Bytes,
    /// How many pages in a row had the items of the one before.
    repeated: u32,
}

impl<L: Listed> Pages<L> {
    /// The items of the next page, without those of earlier ones; `None` at the end, and after an
    /// error.
    pub(crate) async fn next(&mut self) -> Result<Option<OnePage<L::Item>>> {
        let Some(number) = self.next.take() else {
            return Ok(None);
        };
        let (content, page) = self.fetch(number).await?;
        let (linked, count) = (page.has_next() == Some(true), page.total_count());
        let mut items = page.into_items();
        let more = has_more(items.len(), linked, count, number, self.request.per_page);
        let sent = items.len();
        let seen = &mut self.seen;
        items.retain(|item| L::id(item).is_none_or(|id| seen.insert(id.to_owned())));
        // Of the last page nothing follows that could repeat.
        if more && (sent > 0 && items.is_empty() || self.repeats(&content.bytes)) {
            let error = Error::decode(format!("page {number} of the list repeats earlier ones"));
            return Err(content.error(error));
        }
        self.last = content.bytes;
        self.next = more.then(|| number.saturating_add(1));
        Ok(Some((content.meta, items)))
    }

    /// Whether `page` is the one before. Items without ids may be equal, and so may pages of nothing
    /// but equal items, up to a point.
    fn repeats(&mut self, page: &Bytes) -> bool {
        if self.last.is_empty() {
            return false;
        }
        let items = Items::of(page);
        if items != Items::of(&self.last) {
            self.repeated = 0;
            return false;
        }
        self.repeated += 1;
        let are_equal = items.is_some_and(|items| items.are_equal());
        *page == self.last || !are_equal || self.repeated > MOST_REPEATED
    }

    async fn fetch(&mut self, number: u32) -> Result<(Content, L::Page)> {
        let ListRequest {
            client,
            options,
            per_page,
            list,
        } = &mut self.request;
        if !(1..=MOST_PER_PAGE).contains(per_page) {
            let message =
                format!("a page cannot have {per_page} items; 1 to {MOST_PER_PAGE} are possible");
            return Err(Error::input(message).with_operation(L::OPERATION));
        }
        let deadline = *self
            .deadline
            .get_or_insert_with(|| client.deadline(options));
        let page = PageCall {
            number: i64::from(number),
            per_page: i64::from(*per_page),
            client,
            options,
            deadline,
        };
        if number == 1 {
            list.complete(page).await?;
        }
        let call = list.prepare(page).await?;
        if self.post {
            return call.with_method(Method::POST).read(page_of).await;
        }
        match call.read(page_of).await {
            // What is on the way may refuse GET with a body.
            Err(error)
                if error.status() == Some(StatusCode::METHOD_NOT_ALLOWED) && call.has_body() =>
            {
                self.post = true;
                call.with_method(Method::POST).read(page_of).await
            }
            page => page,
        }
    }
}

/// The items of a page as they were sent.
#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
}

impl<'a> Items<'a> {
    fn of(page: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(page).ok()
    }

    /// Whether all of them are the same.
    fn are_equal(&self) -> bool {
        self.texts().is_sorted_by(|left, right| left == right)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(|item| item.get())
    }
}

impl PartialEq for Items<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.texts().eq(other.texts())
    }
}

/// The page that a response holds.
pub(crate) async fn page_of<P: DeserializeOwned + Page>(
    response: Response,
) -> Result<(Content, P)> {
    let content = response.content().await?;
    let page: P = content.decode()?;
    // The generated type takes a list that is absent for an empty one.
    if Items::of(&content.bytes).is_none() {
        let error = Error::decode("the response is not a list").with_excerpt(&content.bytes);
        return Err(content.error(error));
    }
    Ok((content, page))
}

/// Whether a page of `items` may have another one behind it.
///
/// A link to the next page says that there is one; that there is no such link does not say that
/// there is none. A full page may have another one behind it, unless the count of all says
/// otherwise. The link is not followed itself: it could lead to another host.
fn has_more(items: usize, linked: bool, count: Option<i64>, number: u32, per_page: u16) -> bool {
    let full = items >= usize::from(per_page);
    let until_here = i64::from(number) * i64::from(per_page);
    items > 0 && (linked || full && count.is_none_or(|all| until_here < all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_page_is_fetched_where_there_may_be_one() {
        for (items, linked, count, number, more) in [
            (0, false, None, 1, false),
            (0, true, None, 1, false),
            (1, false, None, 1, false),
            (1, true, None, 1, true),
            (2, false, None, 1, true),
            (2, false, Some(2), 1, false),
            (2, false, Some(3), 1, true),
            (2, false, Some(4), 2, false),
            (2, true, Some(4), 2, true),
        ] {
            let found = has_more(items, linked, count, number, 2);
            assert_eq!(found, more, "{items} {linked} {count:?} {number}");
        }
    }
}
