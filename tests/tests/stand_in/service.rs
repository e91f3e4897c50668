//! The stand-in as a service: queries, lists, limits, signing in, transfer, and its record.

use std::time::Duration;

use atlas_billing_mock::{
    After102, CLIENT_ID, CLIENT_SECRET, Core, Fault, INVOICE_ID, InvoicePlan, LINKED_ORG_ID,
    ManualClock, NotReady, On, Operation, RateLimit, Ready, Request, Response, SERVICES, SignIn,
    StandIn, Transfer, Variety,
};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use serde_json::{Value, json};

use crate::{JSON, get, march, org, value};

fn create(core: &Core) -> String {
    let body = json!({
        "startDate": "2025-01-01", "endDate": "2025-03-01", "groupBy": "services",
        "services": SERVICES,
    });
    let request = Request::post(org("/billing/costExplorer/usage"), body.to_string())
        .header(ACCEPT, JSON)
        .header(CONTENT_TYPE, JSON);
    let response = core.respond(&request);
    assert_eq!(response.status, 202);
    value(response)["token"].as_str().unwrap().to_owned()
}

fn poll(core: &Core, token: &str) -> Response {
    core.respond(&get(&format!(
        "/billing/costExplorer/usage/{token}?envelope=true"
    )))
}

#[test]
fn a_query_becomes_ready_after_polls() {
    let core = Core::new(march().ready(Ready::AfterPolls(2)).build());
    let token = create(&core);
    assert_eq!(token.len(), 64);
    for _ in 0..2 {
        let not_ready = value(poll(&core, &token));
        assert_eq!(not_ready, json!({"status": 102, "content": {}}));
    }
    let ready = value(poll(&core, &token));
    assert_eq!(ready["status"], 200);
    let rows = ready["content"]["usageDetails"].as_array().unwrap();
    assert!(!rows.is_empty());
    assert_ne!(create(&core), token);
}

#[test]
fn a_query_becomes_ready_after_a_time() {
    let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
    let scenario = march()
        .clock(clock.clone())
        .ready(Ready::After(Duration::from_secs(30)))
        .upper_case_tokens()
        .build();
    let core = Core::new(scenario);
    let token = create(&core);
    assert_eq!(token, token.to_uppercase());
    // The case of a token matters.
    let lower = poll(&core, &token.to_lowercase());
    assert_eq!(value(lower)["status"], 404);
    for (after, status) in [(0, 102), (29, 102), (1, 200)] {
        clock.advance(Duration::from_secs(after));
        assert_eq!(value(poll(&core, &token))["status"], status);
    }
}

#[test]
fn not_ready_comes_in_the_forms_given_then_the_last_one() {
    let forms = [
        NotReady::from(Fault::Gateway(504)),
        NotReady::Documented,
        Fault::Bare(503).into(),
    ];
    let core = Core::new(march().ready(Ready::AfterPolls(4)).not_ready(forms).build());
    let token = create(&core);
    let status = |_| poll(&core, &token).status.as_u16();
    let seen: Vec<u16> = (0..5).map(status).collect();
    assert_eq!(seen, [504, 200, 503, 503, 200]);
    // Without an envelope the documented form needs the wire.
    let core = Core::new(march().ready(Ready::Never).build());
    let target = org(&format!("/billing/costExplorer/usage/{}", create(&core)));
    let request = http::Request::get(target).header(ACCEPT, JSON);
    let fault = core.exchange(request.body("".into()).unwrap()).unwrap_err();
    assert_eq!(fault, Fault::Bare102(After102::Close));
}

#[test]
fn pages_follow_each_other_and_filters_hold() {
    let core = Core::new(march().build());
    let list = |target: &str| value(core.respond(&Request::get(target).header(ACCEPT, JSON)));
    let ids = |page: &Value| -> Vec<String> {
        let results = page["results"].as_array().unwrap().iter();
        let id = |invoice: &Value| invoice["id"].as_str().unwrap().to_owned();
        results.map(id).collect()
    };
    let query = |query: &str| ids(&list(&org(&format!("/invoices{query}"))));
    let all = query("");
    assert_eq!(all.len(), 14);
    let (mut pages, mut next) = (
        Vec::new(),
        Some(org("/invoices?itemsPerPage=5&orderBy=desc")),
    );
    while let Some(target) = next {
        let page = list(&target);
        assert_eq!(page["totalCount"], 14);
        pages.extend(ids(&page));
        let mut links = page["links"].as_array().unwrap().iter();
        next = links.find(|link| link["rel"] == "next").map(|link| {
            let href = link["href"].as_str().unwrap();
            href.strip_prefix("http://localhost").unwrap().to_owned()
        });
    }
    assert_eq!(pages, all);
    assert_eq!(query("?statusNames=PENDING"), all[..1]);
    assert_eq!(query("?statusNames=PENDING&statusNames=CLOSED"), all[..2]);
    assert_eq!(query("?fromDate=2025-01-01"), all[..3]);
    assert_eq!(query("?fromDate=2025-01-02&toDate=2025-03-01"), all[1..2]);
    let mut reversed = all.clone();
    reversed.reverse();
    assert_eq!(query("?orderBy=asc&sortBy=START_DATE"), reversed);
    let refused = core.respond(&get("/invoices?itemsPerPage=0&pageNum=x"));
    assert_eq!(refused.status, 400);
    let fields = &value(refused)["badRequestDetail"]["fields"];
    assert_eq!(fields.as_array().unwrap().len(), 2);
}

#[test]
fn linked_invoices_are_shown_on_demand() {
    let core = Core::new(march().with_linked_invoices().build());
    let first = |rest: &str| value(core.respond(&get(rest)))["results"][0].clone();
    assert_eq!(
        first("/invoices")["linkedInvoices"][0]["orgId"],
        LINKED_ORG_ID
    );
    let without = first("/invoices?viewLinkedInvoices=false");
    assert_eq!(without.get("linkedInvoices"), None);
    let invoice = value(core.respond(&get(&format!("/invoices/{INVOICE_ID}"))));
    let linked = &invoice["linkedInvoices"][0];
    assert_eq!(linked["orgId"], LINKED_ORG_ID);
    assert!(!linked["lineItems"].as_array().unwrap().is_empty());
}

#[test]
fn limits_refuse_with_and_without_advice() {
    for advice in [true, false] {
        let limit = RateLimit::new(2, 6.0).of([Operation::Invoices]);
        let limit = match advice {
            true => limit,
            false => limit.without_retry_after(),
        };
        let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
        let core = Core::new(march().clock(clock.clone()).rate_limit(limit).build());
        let ask = || core.respond(&get("/invoices"));
        assert_eq!(ask().headers["ratelimit-remaining"], "1");
        assert_eq!(ask().status, 200);
        let refused = ask();
        assert_eq!(refused.status, 429);
        let after = refused.headers.get(RETRY_AFTER);
        assert_eq!(after.is_some_and(|text| text == "10"), advice);
        let other = core.respond(&get(&format!("/invoices/{INVOICE_ID}")));
        assert_eq!(other.status, 200);
        clock.advance(Duration::from_secs(10));
        assert_eq!(ask().status, 200);
    }
}

#[test]
fn versions_go_away_and_say_so() {
    let day = |text: &str| text.parse().unwrap();
    let scenario = march().deprecated(Operation::Invoice, day("2024-08-05"), day("2025-12-01"));
    let core = Core::new(scenario.build());
    let response = core.respond(&get(&format!("/invoices/{INVOICE_ID}")));
    let deprecation = &response.headers["deprecation"];
    assert_eq!(deprecation, "Mon, 5 Aug 2024 00:00:00 GMT");
    assert_eq!(response.headers["sunset"], "Mon, 1 Dec 2025 00:00:00 GMT");
    let list = core.respond(&get("/invoices"));
    assert!(!list.headers.contains_key("sunset"));
    let core = Core::new(march().versions_gone().build());
    assert_eq!(core.respond(&get("/invoices")).status, 410);
    let unversioned = Core::new(march().build()).respond(&Request::get(org("/invoices")));
    assert_eq!(unversioned.status, 406);
    assert_eq!(unversioned.headers["x-error-code"], "INVALID_VERSION_DATE");
}

#[test]
fn nobody_gets_in_unsigned() {
    let status = |core: &Core, rest: &str| core.respond(&get(rest)).status.as_u16();
    let strict = Core::new(march().strict().build());
    assert_eq!(status(&strict, "/invoices?page=1"), 400);
    assert_eq!(status(&strict, "/invoices?pageNum=1"), 200);

    let key = SignIn::api_key("a", "b").offering_bearer();
    let core = Core::new(march().sign_in(key).build());
    let refused = core.respond(&get("/invoices"));
    assert_eq!(refused.status, 401);
    let challenges: Vec<_> = refused.headers.get_all(WWW_AUTHENTICATE).iter().collect();
    assert_eq!(challenges.len(), 2);
    let digest = challenges[1].to_str().unwrap();
    assert!(digest.starts_with("Digest realm=\"MMS Public API\""));

    let account = SignIn::service_account(CLIENT_ID, CLIENT_SECRET).token_uses(1);
    let quota = RateLimit::new(1, 1.0).of([Operation::Token]);
    let core = Core::new(march().sign_in(account).rate_limit(quota).build());
    // Base64 of the two names with a colon between, made beforehand.
    let basic = "Basic bWRiX3NhX2lkXzVmMGMxZDJlM2E0YjVjNmQ3ZThmOWEwZDptZGJfc2Ffc2tfbWFkZV91cF9mb3JfdGVzdHNfb25seQ==";
    let request = Request::post("/api/oauth/token", "grant_type=client_credentials")
        .header(AUTHORIZATION, basic)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = value(core.respond(&request));
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    let token = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let signed = || {
        core.respond(&get("/invoices").header(AUTHORIZATION, &token))
            .status
    };
    assert_eq!((signed().as_u16(), signed().as_u16()), (200, 401));
    let refused = core.respond(&request);
    assert_eq!(
        (refused.status.as_u16(), &refused.headers[RETRY_AFTER]),
        (429, &"60".parse().unwrap())
    );
}

#[test]
fn wild_invoices_agree_with_their_facts() {
    let plan = InvoicePlan::new(INVOICE_ID).items(3_000).seed(9);
    let plan = plan.variety(Variety::Wild);
    let core = Core::new(march().without_invoices().invoice(plan).build());
    let facts = core.scenario().facts(INVOICE_ID).unwrap();
    let invoice = value(core.respond(&get(&format!("/invoices/{INVOICE_ID}"))));
    let items = invoice["lineItems"].as_array().unwrap();
    assert_eq!(items.len() as u64, facts.line_items);
    let totals = items
        .iter()
        .filter_map(|item| item["totalPriceCents"].as_i64());
    assert_eq!(totals.sum::<i64>(), facts.gross_cents);
    let count = |odd: fn(&Value) -> bool| items.iter().filter(|item| odd(item)).count();
    assert!(count(|item| item["cloudProvider"] == "LUNA") > 10);
    assert!(count(|item| item.get("tags") == Some(&Value::Null)) > 0);
    assert!(count(|item| item["tags"]["env"].as_array().is_some_and(|v| v.len() > 1)) > 0);
    assert!(count(|item| item.get("x-note").is_some()) > 0);
}

#[tokio::test]
async fn bodies_are_the_same_in_every_transfer() {
    let plan = InvoicePlan::new(INVOICE_ID).items(1_500);
    let builder = || march().without_invoices().invoice(plan.clone()).gzip();
    let core = Core::new(builder().build());
    let request = get(&format!("/invoices/{INVOICE_ID}"));
    let expected = core.respond(&request).body.into_bytes();
    let packed = core.respond(&request.header(ACCEPT_ENCODING, "br, gzip;q=0.5"));
    assert_eq!(packed.headers[CONTENT_ENCODING], "gzip");
    assert!(packed.body.into_bytes().len() < expected.len() / 4);
    let scenarios = [
        builder(),
        builder().chunk_size(7_001),
        builder().transfer(Transfer::Length),
        builder().transfer(Transfer::UntilClose).chunk_size(100_000),
    ];
    for scenario in scenarios {
        let atlas = StandIn::start(scenario.build()).await.unwrap();
        let url = atlas.base_url() + &org(&format!("/invoices/{INVOICE_ID}"));
        for (packed, http2) in [(false, false), (false, true), (true, false), (true, true)] {
            let client = reqwest::Client::builder().no_proxy().gzip(packed);
            let client = match http2 {
                true => client.http2_prior_knowledge(),
                false => client.http1_only(),
            };
            let request = client.build().unwrap().get(&url).header(ACCEPT, JSON);
            let body = request.send().await.unwrap().bytes().await.unwrap();
            assert!(body == expected, "packed: {packed} http2: {http2}");
        }
    }
}

#[tokio::test]
async fn requests_are_recorded_as_they_came() {
    let scenario = march()
        .history(3)
        .fault(On::any().nth(2), Fault::Status(500))
        .build();
    let atlas = StandIn::start(scenario).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = atlas.base_url() + &org("/invoices?statusNames=PAID&statusNames=A%20B");
    for n in 0..4 {
        let request = client.get(&url).header(ACCEPT, JSON).header("x-number", n);
        request.send().await.unwrap().bytes().await.unwrap();
    }
    let requests = atlas.requests();
    let orders: Vec<u64> = requests.iter().map(|request| request.order).collect();
    assert_eq!(orders, [1, 2, 3]);
    let last = &requests[2];
    assert_eq!((last.method(), last.path()), ("GET", &*org("/invoices")));
    assert_eq!(last.query(), Some("statusNames=PAID&statusNames=A%20B"));
    assert_eq!(last.header("X-Number"), Some("3"));
    assert_eq!(last.operation, Operation::Invoices);
    assert_eq!(requests[0].status, 500);
    atlas.forget_requests();
    assert!(atlas.requests().is_empty());
}
