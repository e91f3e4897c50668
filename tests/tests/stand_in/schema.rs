//! Each response of the stand-in against the schema that the slice has for its operation and status.

use std::collections::BTreeSet;

use atlas_billing_mock::{
    CREDITS_ORG_ID, Core, Fault, INVOICE_ID, LINKED_ORG_ID, ORG_ID, On, Operation, PROJECT_IDS,
    RateLimit, Ready, ReportSettings, Request, SERVICES, Scenario, ScenarioBuilder, SignIn,
};
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Map, Value, json};

const JSON: &str = "application/vnd.atlas.2023-01-01+json";
const CSV: &str = "application/vnd.atlas.2023-01-01+csv";

const USAGE: &str = "/api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage";
const LOOK: &str = "/api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage/{token}";
const INVOICES: &str = "/api/atlas/v2/orgs/{orgId}/invoices";
const INVOICE: &str = "/api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}";

const SEARCH: &str = "/api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}/lineItems:search";
const REPORTS: &str = "/api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}/reports";
const REPORT: &str = "/api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}/reports/{reportId}";
const SKU: &str = "/api/atlas/v2/skus/{skuId}";
/// What is fetched without a body, with the query that the strict let pass.
const OTHERS: [(&str, &str); 8] = [
    (
        "/api/atlas/v2/orgs",
        "?name=M&itemsPerPage=2&includeCount=false",
    ),
    ("/api/atlas/v2/orgs/{orgId}/groups", "?pretty=true"),
    ("/api/atlas/v2/clusters", ""),
    ("/api/atlas/v2/skus", "?itemsPerPage=500"),
    (SKU, "?pretty=false"),
    ("/api/atlas/v2/orgs/{orgId}/invoices/pending", ""),
    (
        "/api/atlas/v2/orgs/{orgId}/associatedInvoices",
        "?month=2&year=2025&includeLinkedOrgs=true",
    ),
    (REPORTS, "?pageNum=1"),
];

/// The slice, its schemas turned from OpenAPI 3.0 into JSON Schema.
struct Slice(Value);

impl Slice {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/atlas-billing.json");
        let mut slice: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // The specification has objects in an error's parameters; the service was seen to send
        // strings and integers.
        let parameters = "/components/schemas/ApiError/properties/parameters";
        let parameters = slice
            .pointer_mut(parameters)
            .unwrap()
            .as_object_mut()
            .unwrap();
        assert!(parameters.remove("items").is_some());
        // It has no space in the pattern of a name; names with spaces are common.
        for (schema, name) in [
            ("AtlasOrganization", "name"),
            ("Group", "name"),
            ("OrgGroup", "orgName"),
            ("OrgGroup", "groupName"),
        ] {
            let property = &mut slice["components"]["schemas"][schema]["properties"][name];
            assert!(
                property
                    .as_object_mut()
                    .unwrap()
                    .remove("pattern")
                    .is_some()
            );
        }
        adapt(&mut slice["components"]["schemas"]);
        Self(slice)
    }

    /// The schema of a response's content, and the media types it may have.
    fn response(&self, method: &str, path: &str, status: u16) -> (Option<Value>, BTreeSet<String>) {
        let mut response = &self.0["paths"][path][method]["responses"][status.to_string()];
        if let Some(reference) = response["$ref"].as_str() {
            response = self.0.pointer(reference.trim_start_matches('#')).unwrap();
        }
        let content = response["content"].as_object();
        let content = content.unwrap_or_else(|| panic!("no {status} for {method} {path}"));
        let json = content.iter().find(|(media, _)| media.ends_with("json"));
        let schema = json.map(|(_, content)| {
            let mut schema = content["schema"].clone();
            schema["components"] = self.0["components"].clone();
            schema
        });
        (schema, content.keys().cloned().collect())
    }

    fn check(&self, method: &str, path: &str, seen: &Seen) {
        let (schema, media) = self.response(method, path, seen.status);
        assert!(
            media.contains(&seen.media),
            "{} is none of {media:?}",
            seen.media
        );
        if seen.media.ends_with("csv") {
            return;
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema.unwrap())
            .unwrap();
        let value: Value = serde_json::from_slice(&seen.body).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .take(5)
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {path} {}: {errors:#?}",
            seen.status
        );
    }
}

/// `nullable` becomes a second type, and an object with named properties has no others: what the
/// stand-in makes up must not go unseen.
fn adapt(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(adapt);
            if object.remove("nullable") == Some(json!(true)) {
                let kind = object.remove("type").unwrap();
                object.insert("type".to_owned(), json!([kind, "null"]));
            }
            let named = object.get("properties").is_some_and(Value::is_object);
            if named && object.contains_key("type") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(adapt),
        _ => {}
    }
}

struct Seen {
    status: u16,
    media: String,
    body: Vec<u8>,
}

fn ask(core: &Core, request: Request, accept: &str) -> Seen {
    let response = core.respond(&request.header(ACCEPT, accept));
    let media = response.headers[CONTENT_TYPE].to_str().unwrap();
    Seen {
        status: response.status.as_u16(),
        media: media.split(';').next().unwrap().to_owned(),
        body: response.body.into_bytes().to_vec(),
    }
}

fn here(path: &str) -> String {
    path.replace("{orgId}", ORG_ID)
        .replace("{invoiceId}", INVOICE_ID)
        .replace("{skuId}", "ATLAS_SUPPORT")
}

fn question(group_by: &str, filter: Value) -> Request {
    let mut body = Map::new();
    body.insert("startDate".to_owned(), json!("2024-06-01"));
    body.insert("endDate".to_owned(), json!("2025-04-01"));
    body.insert("groupBy".to_owned(), json!(group_by));
    body.insert(group_by.to_owned(), filter);
    Request::post(here(USAGE), Value::Object(body).to_string()).header(CONTENT_TYPE, JSON)
}

fn scenario() -> ScenarioBuilder {
    Scenario::builder()
        .today("2025-03-15".parse().unwrap())
        .strict()
}

fn token(seen: &Seen) -> String {
    let value: Value = serde_json::from_slice(&seen.body).unwrap();
    value["token"].as_str().unwrap().to_owned()
}

#[test]
fn values_validate() {
    let slice = Slice::read();
    let core = Core::new(scenario().with_linked_invoices().build());
    let services = json!(SERVICES);
    for (group_by, filter) in [
        ("services", services),
        ("organizations", json!([ORG_ID])),
        ("projects", json!(PROJECT_IDS)),
        ("clusters", json!(atlas_billing_mock::CLUSTER_IDS)),
    ] {
        let created = ask(&core, question(group_by, filter), JSON);
        slice.check("post", USAGE, &created);
        let look = || Request::get(here(LOOK).replace("{token}", &token(&created)));
        let result = ask(&core, look(), JSON);
        slice.check("get", LOOK, &result);
        let value: Value = serde_json::from_slice(&result.body).unwrap();
        assert!(value["usageDetails"].as_array().unwrap().len() >= 10);
        slice.check("get", LOOK, &ask(&core, look(), CSV));
    }
    slice.check(
        "get",
        INVOICES,
        &ask(&core, Request::get(here(INVOICES)), JSON),
    );
    let uncounted = Request::get(here(INVOICES) + "?includeCount=false&itemsPerPage=2&pageNum=3");
    slice.check("get", INVOICES, &ask(&core, uncounted, JSON));
    for facts in core.scenario().invoices() {
        let request = || Request::get(here(INVOICE).replace(INVOICE_ID, &facts.id));
        slice.check("get", INVOICE, &ask(&core, request(), JSON));
        slice.check("get", INVOICE, &ask(&core, request(), CSV));
    }
}

/// The type that the slice has for JSON of an operation.
fn version(slice: &Slice, method: &str, path: &str) -> String {
    let responses = slice.0["paths"][path][method]["responses"].as_object();
    let success = responses
        .unwrap()
        .keys()
        .find(|status| status.starts_with("20"));
    let (_, media) = slice.response(method, path, success.unwrap().parse().unwrap());
    let mut media = media.into_iter();
    media
        .find(|it| it.ends_with("json") && !it.contains("preview"))
        .unwrap()
}

#[test]
fn values_of_the_other_operations_validate() {
    let slice = Slice::read();
    let core = Core::new(scenario().with_linked_invoices().organizations(3).build());
    let post = |method: &str, path: &str, body: Value| {
        let accept = version(&slice, method, path);
        let mut request = Request::post(here(path), body.to_string());
        request.method = method.to_uppercase().parse().unwrap();
        let seen = ask(&core, request.header(CONTENT_TYPE, &accept), &accept);
        slice.check(method, path, &seen);
        seen
    };
    let body = json!({"filters": {"includeZeroCentLineItems": true}, "sortField": "BILL_DATES"});
    assert_eq!(post("get", SEARCH, body).status, 200);
    let created = post(
        "post",
        REPORTS,
        json!({"reportType": "FOCUS", "reportFormat": "CSV"}),
    );
    assert_eq!(created.status, 201);
    let created: Value = serde_json::from_slice(&created.body).unwrap();
    let report = here(REPORT).replace("{reportId}", created["reportId"].as_str().unwrap());
    let seen = ask(&core, Request::get(report), &version(&slice, "get", REPORT));
    slice.check("get", REPORT, &seen);
    for (path, query) in OTHERS {
        for org in [ORG_ID, LINKED_ORG_ID, CREDITS_ORG_ID] {
            let target = here(&path.replace("{orgId}", org)) + query;
            let seen = ask(&core, Request::get(target), &version(&slice, "get", path));
            let other = path == REPORTS && org != ORG_ID;
            assert_eq!(seen.status, if other { 404 } else { 200 }, "{path}");
            slice.check("get", path, &seen);
        }
    }
}

#[test]
fn failed_and_unfinished_reports_validate() {
    let slice = Slice::read();
    let accept = version(&slice, "get", REPORT);
    for reports in [
        ReportSettings::default().ready(Ready::Never),
        ReportSettings::default().failing("Too much"),
    ] {
        let core = Core::new(scenario().reports(reports).build());
        let body = json!({"reportType": "FOCUS", "reportFormat": "CSV"}).to_string();
        let request = Request::post(here(REPORTS), body).header(CONTENT_TYPE, &accept);
        let created: Value = serde_json::from_slice(&ask(&core, request, &accept).body).unwrap();
        let report = here(REPORT).replace("{reportId}", created["reportId"].as_str().unwrap());
        for _ in 0..2 {
            let seen = ask(&core, Request::get(report.clone()), &accept);
            slice.check("get", REPORT, &seen);
        }
        let list = ask(&core, Request::get(here(REPORTS)), &accept);
        slice.check("get", REPORTS, &list);
    }
}

#[test]
fn errors_validate() {
    let slice = Slice::read();
    let look = here(LOOK).replace("{token}", &"0".repeat(64));

    let core = Core::new(scenario().build());
    let refused = ask(&core, question("projects", json!([])), JSON);
    assert_eq!(refused.status, 400);
    slice.check("post", USAGE, &refused);
    let missing = [
        (LOOK, look.clone()),
        (INVOICE, here(INVOICE).replace(INVOICE_ID, ORG_ID)),
    ];
    for (path, target) in missing {
        let seen = ask(&core, Request::get(target), JSON);
        assert_eq!(seen.status, 404, "{path}");
        slice.check("get", path, &seen);
    }

    let mut targets = vec![
        (LOOK, look),
        (INVOICE, here(INVOICE)),
        (INVOICES, here(INVOICES)),
        (SEARCH, here(SEARCH)),
        (REPORT, here(REPORT)),
    ];
    targets.extend(OTHERS.map(|(path, _)| (path, here(path))));
    let signed = || scenario().sign_in(SignIn::api_key("a", "b")).build();
    let limited = || scenario().rate_limit(RateLimit::new(0, 5.0)).build();
    for (path, target) in targets {
        for (scenario, status) in [
            (signed(), 401),
            (limited(), 429),
            (scenario().fault(On::any(), Fault::Status(403)).build(), 403),
            (scenario().fault(On::any(), Fault::Status(500)).build(), 500),
        ] {
            let accept = version(&slice, "get", path);
            let seen = ask(&Core::new(scenario), Request::get(target.clone()), &accept);
            assert_eq!(seen.status, status);
            slice.check("get", path, &seen);
        }
    }
}

#[test]
fn the_check_can_fail() {
    let slice = Slice::read();
    let wrong = |body: Value| {
        let body = body.to_string().into_bytes();
        let seen = Seen {
            status: 200,
            media: JSON.to_owned(),
            body,
        };
        let check = std::panic::AssertUnwindSafe(|| slice.check("get", INVOICE, &seen));
        std::panic::catch_unwind(check).is_err()
    };
    assert!(wrong(json!({"id": "not an id"})));
    assert!(wrong(json!({"lineItems": [{"surprise": 1}]})));
    assert!(wrong(json!({"startDate": "yesterday"})));
    assert!(wrong(json!({"statusName": "UNHEARD_OF"})));
    assert!(!wrong(json!({"id": INVOICE_ID})));
}

#[test]
fn services_are_those_of_the_slice() {
    let slice = Slice::read();
    let services =
        "/components/schemas/CostExplorerFilterRequestBody/properties/services/items/enum";
    let known: Vec<String> =
        serde_json::from_value(slice.0.pointer(services).unwrap().clone()).unwrap();
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(known, SERVICES.into_iter().collect());
}

#[test]
fn a_query_that_is_not_ready_has_no_content_to_check() {
    let core = Core::new(scenario().ready(Ready::Never).build());
    let created = ask(&core, question("organizations", json!([ORG_ID])), JSON);
    let target = here(LOOK).replace("{token}", &token(&created)) + "?envelope=true";
    let seen = ask(&core, Request::get(target), JSON);
    let value: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(value["status"], 102);
    assert!(
        core.requests()
            .iter()
            .any(|request| request.operation == Operation::Poll)
    );
}
