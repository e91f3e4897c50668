//! Lists that come in pages.

use serde_json::{Value, json};

use crate::core::Call;
use crate::operations::json_response;
use crate::response::Response;

/// Whether the pages of a list link to each other. The service documents links to a page itself and
/// to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PageLinks {
    /// Each page has a link to itself and, while there is a next one, to that.
    #[default]
    Documented,
    /// No page has any.
    Omitted,
    /// Every page is the first one and has a link to a next one: a client that follows it never
    /// comes to an end.
    Endless,
}

/// One page of `all`, as the request asks for.
pub(crate) fn page<T>(call: &Call<'_>, all: &[T], show: impl Fn(&T) -> Value) -> Response {
    let pairs = call.request.query_pairs();
    let first = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let number =
        |name, usual: usize| first(name).map_or(usual, |(_, text)| text.parse().unwrap_or(usual));
    let (page, per_page) = (number("pageNum", 1), number("itemsPerPage", 100));
    let endless = call.scenario.settings.links == PageLinks::Endless;
    let skipped = per_page.saturating_mul(if endless { 0 } else { page.saturating_sub(1) });
    let results: Value = all.iter().skip(skipped).take(per_page).map(show).collect();

    let mut next = None;
    if endless || all.len() > skipped.saturating_add(per_page) {
        let others = pairs.iter().filter(|(name, _)| name != "pageNum");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("pageNum", &page.saturating_add(1).to_string());
        let query = query.extend_pairs(others).finish();
        next = Some(format!("{}?{query}", call.request.path()));
    }
    let mut object = json!({ "links": links(call, next), "results": results });
    if first("includeCount").is_none_or(|(_, value)| value != "false") {
        object["totalCount"] = json!(all.len());
    }
    json_response(call, 200, object.to_string())
}

/// The links of a page: to itself, and to the next one.
pub(crate) fn links(call: &Call<'_>, next: Option<String>) -> Value {
    if call.scenario.settings.links == PageLinks::Omitted {
        return json!([]);
    }
    // Links go to the name that the client knows the service by.
    let origin = call.request.origin.as_deref().unwrap_or("http://localhost");
    let link = |target: &str, rel| json!({"href": format!("{origin}{target}"), "rel": rel});
    let next = next.map(|target| link(&target, "next"));
    let own = link(&call.request.target, "self");
    std::iter::once(own).chain(next).collect()
}
