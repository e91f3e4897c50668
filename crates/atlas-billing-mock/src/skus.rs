//! The list of SKUs: what the made-up organization is charged for.

use std::collections::BTreeMap;

use serde_json::json;

use crate::core::Call;
use crate::invoice::catalog::Meter;
use crate::operations::refuse_pairs;
use crate::pages::{self, is_page_parameter};
use crate::response::{Problem, Response};

const CONTENT_TYPE: &str = "application/vnd.atlas.2025-03-12+json;charset=utf-8";

/// One page of the list, by code.
pub(crate) fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let pairs = call.request.query_pairs();
    refuse_pairs(&pairs, "invalid", |name, value| {
        is_page_parameter(name, value) == Some(false)
    })?;
    if call.scenario.settings.strict {
        refuse_pairs(&pairs, "unknown parameter", |name, _| {
            is_page_parameter(name, "").is_none()
        })?;
    }
    let meters = Meter::all(true).into_iter();
    let skus: BTreeMap<_, _> = meters.map(|meter| (meter.sku, meter.label)).collect();
    let skus: Vec<_> = skus.into_iter().collect();
    let body = pages::one(
        call,
        &pairs,
        &skus,
        |(id, description)| json!({ "id": id, "description": description }),
    );
    Ok(Response::typed(200, CONTENT_TYPE, body))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::header::ACCEPT;
    use serde_json::Value;

    use crate::request::Request;
    use crate::{Core, Scenario};

    fn page(core: &Core, query: &str) -> Value {
        let request = Request::get(format!("/api/atlas/v2/skus?{query}"))
            .header(ACCEPT, "application/vnd.atlas.2025-03-12+json");
        let response: http::Response<bytes::Bytes> = core.respond(&request).into();
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn pages_hold_each_sku_once() {
        let core = Core::new(Scenario::default());
        let (mut ids, mut number) = (BTreeSet::new(), 1);
        loop {
            let page = page(&core, &format!("itemsPerPage=7&pageNum={number}"));
            for sku in page["results"].as_array().unwrap() {
                assert!(ids.insert(sku["id"].as_str().unwrap().to_owned()), "{sku}");
            }
            if page["links"].as_array().unwrap().len() == 1 {
                assert_eq!(page["totalCount"], ids.len());
                break;
            }
            number += 1;
        }
        assert!(number > 1 && ids.contains("ATLAS_SUPPORT"), "{ids:?}");
        assert_eq!(page(&core, "pageNum=0")["error"], 400);
    }
}
