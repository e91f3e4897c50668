//! Lists that come in pages: their parameters, and the body of one page.

use http::header::HOST;
use serde_json::{Value, json};

use crate::core::Call;

/// Whether a parameter that every list has is valid; none if it is another one.
pub(crate) fn is_page_parameter(name: &str, value: &str) -> Option<bool> {
    let number = value.parse::<usize>().unwrap_or_default();
    Some(match name {
        "envelope" | "pretty" => true,
        "includeCount" => matches!(value, "true" | "false"),
        "itemsPerPage" => (1..=500).contains(&number),
        "pageNum" => number > 0,
        _ => return None,
    })
}

/// The page of `all` that `pairs` ask for, with links to itself and to the next one.
pub(crate) fn one<T>(
    call: &Call<'_>,
    pairs: &[(String, String)],
    all: &[T],
    show: impl Fn(&T) -> Value,
) -> String {
    let first = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let number =
        |name, usual: usize| first(name).map_or(usual, |(_, text)| text.parse().unwrap_or(usual));
    let (page, per_page) = (number("pageNum", 1), number("itemsPerPage", 100));
    let skipped = per_page.saturating_mul(page.saturating_sub(1));
    let results: Value = all.iter().skip(skipped).take(per_page).map(show).collect();

    // Links go to the name that the client knows the service by.
    let host = call.request.header_text(&HOST).unwrap_or("localhost");
    let link = |target: &str, rel| json!({"href": format!("http://{host}{target}"), "rel": rel});
    let mut links = vec![link(&call.request.target, "self")];
    if all.len() > skipped.saturating_add(per_page) {
        let others = pairs.iter().filter(|(name, _)| name != "pageNum");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("pageNum", &(page + 1).to_string());
        let query = query.extend_pairs(others).finish();
        links.push(link(&format!("{}?{query}", call.request.path()), "next"));
    }
    let mut object = json!({ "links": links, "results": results });
    if first("includeCount").is_none_or(|(_, value)| value != "false") {
        object["totalCount"] = json!(all.len());
    }
    object.to_string()
}
