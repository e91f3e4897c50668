//! Lists that come in pages.

use std::future::Future;

use progenitor_client::{Error, ResponseValue};

/// One page of a list. Implemented for every generated type with a list of `results`.
pub trait Page {
    /// What the list holds.
    type Item;

    /// Whether another page follows, where the page says so.
    fn has_next(&self) -> Option<bool>;

    /// How many items all pages have, where the page says so: an estimate.
    fn total_count(&self) -> Option<i64>;

    /// The items of the page.
    fn into_items(self) -> Vec<Self::Item>;
}

/// Fetches a list page by page: one call of a list operation per page.
///
/// ```
/// use atlas_billing_raw::{Client, Error, Pages};
///
/// async fn count(client: &Client, org: &str) -> Result<usize, Error> {
///     let list = |page: i64| client.list_org_invoices().org_id(org).page_num(page).send();
///     let (mut pages, mut count) = (Pages::new(list), 0);
///     while let Some(invoices) = pages.next().await {
///         count += invoices?.len();
///     }
///     Ok(count)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Pages<F> {
    fetch: F,
    /// The number of the next page, from 1; none after the last.
    number: Option<i64>,
}

impl<F> Pages<F> {
    /// All pages from the first. `fetch` calls the operation with a page number.
    pub fn new(fetch: F) -> Self {
        Self {
            fetch,
            number: Some(1),
        }
    }

    /// The items of the next page; `None` after the last page, which is the one that links to no
    /// other or is empty.
    ///
    /// # Errors
    /// Those of the call. The page is fetched again by the next call of this method.
    pub async fn next<P, C, E>(&mut self) -> Option<Result<Vec<P::Item>, Error<E>>>
    where
        P: Page,
        C: Future<Output = Result<ResponseValue<P>, Error<E>>>,
        F: FnMut(i64) -> C,
    {
        let number = self.number?;
        let page = match (self.fetch)(number).await {
            Ok(page) => page.into_inner(),
            Err(error) => return Some(Err(error)),
        };
        let has_next = page.has_next();
        let items = page.into_items();
        let is_last = items.is_empty() || has_next == Some(false);
        self.number = if is_last { None } else { number.checked_add(1) };
        (!items.is_empty()).then_some(Ok(items))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::types::InvoicePage;

    /// Serves `bodies` one after the other, as the generated client decodes them.
    async fn ids(bodies: &[&str]) -> (Vec<i64>, Vec<Result<Vec<String>, ()>>) {
        let asked = Mutex::new(Vec::new());
        let mut rest = bodies.iter();
        let mut pages = Pages::new(|number: i64| {
            asked.lock().unwrap().push(number);
            let body = (*rest.next().unwrap()).to_owned();
            async move {
                let response = reqwest::Response::from(http::Response::new(body));
                ResponseValue::<InvoicePage>::from_response::<()>(response).await
            }
        });
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let ids = page.map(|items| items.into_iter().filter_map(|item| item.id).collect());
            found.push(ids.map_err(drop));
        }
        (asked.into_inner().unwrap(), found)
    }

    fn page(ids: &[&str], rels: &[&str]) -> String {
        let results: Vec<_> = ids
            .iter()
            .map(|id| serde_json::json!({ "id": id }))
            .collect();
        let links: Vec<_> = rels
            .iter()
            .map(|rel| serde_json::json!({ "rel": rel }))
            .collect();
        serde_json::json!({ "results": results, "links": links }).to_string()
    }

    #[tokio::test]
    async fn pages_end_where_no_link_leads_on_or_nothing_comes() {
        let one = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        let (first, last) = (
            page(&["a", "b"], &["self", "next"]),
            page(&["c"], &["self"]),
        );
        let (asked, found) = ids(&[&first, &last]).await;
        assert_eq!(asked, [1, 2]);
        assert_eq!(found, [one(&["a", "b"]), one(&["c"])]);

        // Without links the list goes on until a page is empty.
        let (unlinked, empty) = (page(&["a"], &[]), page(&[], &[]));
        let (asked, found) = ids(&[&unlinked, &empty]).await;
        assert_eq!((asked, found), (vec![1, 2], vec![one(&["a"])]));

        // A page that failed is fetched again.
        let (asked, found) = ids(&[&first, "<html>", &last]).await;
        assert_eq!(asked, [1, 2, 2]);
        assert_eq!(found, [one(&["a", "b"]), Err(()), one(&["c"])]);
    }
}
