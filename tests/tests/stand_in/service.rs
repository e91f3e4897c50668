//! The stand-in as a service: versions, envelopes, lists, limits, signing in.

use std::time::Duration;

use atlas_billing_mock::{
    CLIENT_ID, CLIENT_SECRET, Core, EnvelopeStyle, INVOICE_ID, InvoicePlan, LINKED_ORG_ID,
    ManualClock, ORG_ID, Operation, RateLimit, Request, SignIn, Variety,
};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::{get, march, org, value};

#[test]
fn envelopes_have_styles() {
    let ask = |style, rest: &str| {
        let core = Core::new(march().envelope(style).build());
        let answer = core.respond(&get(rest));
        (answer.status.as_u16(), value(answer))
    };
    let missing = format!("/invoices/{ORG_ID}?envelope=true");
    let (status, body) = ask(EnvelopeStyle::Content, &missing);
    assert_eq!((status, &body["status"]), (200, &json!(404)));
    assert_eq!(body["content"]["errorCode"], "RESOURCE_NOT_FOUND");
    let (status, body) = ask(EnvelopeStyle::BareErrors, &missing);
    assert_eq!((status, &body["error"]), (404, &json!(404)));
    let whole = format!("/invoices/{INVOICE_ID}?envelope=true");
    assert_eq!(
        ask(EnvelopeStyle::Envelope, &whole).1["envelope"]["id"],
        INVOICE_ID
    );
    assert_eq!(ask(EnvelopeStyle::Ignored, &whole).1["id"], INVOICE_ID);
    let (_, list) = ask(EnvelopeStyle::Content, "/invoices?envelope=true");
    assert_eq!(
        (&list["status"], &list["totalCount"]),
        (&json!(200), &json!(14))
    );
}

#[test]
fn pages_follow_each_other_without_gap() {
    let core = Core::new(march().build());
    let ids = |query: &str| -> Vec<String> {
        let page = value(core.respond(&get(&format!("/invoices{query}"))));
        let results = page["results"].as_array().unwrap().iter();
        results
            .map(|invoice| invoice["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ids("");
    assert_eq!(all.len(), 14);
    let pages: Vec<String> = (1..=4)
        .flat_map(|page| ids(&format!("?itemsPerPage=5&pageNum={page}")))
        .collect();
    assert_eq!(pages, all);
    assert_eq!(ids("?statusNames=PENDING"), all[..1]);
    assert_eq!(ids("?statusNames=PENDING&statusNames=CLOSED"), all[..2]);
    assert_eq!(ids("?fromDate=2025-01-01"), all[..3]);
    assert_eq!(ids("?fromDate=2025-01-02&toDate=2025-03-01"), all[1..2]);
    let mut reversed = all.clone();
    reversed.reverse();
    assert_eq!(ids("?orderBy=asc&sortBy=START_DATE"), reversed);
    let refused = core.respond(&get("/invoices?itemsPerPage=0&pageNum=x"));
    assert_eq!(refused.status, 400);
    let refused = value(refused);
    let fields = refused["badRequestDetail"]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 2);
}

#[test]
fn linked_invoices_are_shown_on_demand() {
    let core = Core::new(march().with_linked_invoices().build());
    let page = value(core.respond(&get("/invoices")));
    assert_eq!(
        page["results"][0]["linkedInvoices"][0]["orgId"],
        LINKED_ORG_ID
    );
    let page = value(core.respond(&get("/invoices?viewLinkedInvoices=false")));
    assert_eq!(page["results"][0].get("linkedInvoices"), None);
    let invoice = value(core.respond(&get(&format!("/invoices/{INVOICE_ID}"))));
    let linked = &invoice["linkedInvoices"][0];
    assert_eq!(linked["orgId"], LINKED_ORG_ID);
    assert!(!linked["lineItems"].as_array().unwrap().is_empty());
}

#[test]
fn limits_refuse_with_and_without_advice() {
    for advice in [true, false] {
        let limit = RateLimit::new(2, 6.0).of([Operation::Invoices]);
        let limit = if advice {
            limit
        } else {
            limit.without_retry_after().without_headers()
        };
        let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
        let core = Core::new(march().clock(clock.clone()).rate_limit(limit).build());
        let ask = || core.respond(&get("/invoices"));
        assert_eq!(ask().headers.contains_key("ratelimit-limit"), advice);
        assert_eq!(ask().status, 200);
        let refused = ask();
        assert_eq!(refused.status, 429);
        assert_eq!(
            refused
                .headers
                .get(RETRY_AFTER)
                .is_some_and(|text| text == "10"),
            advice
        );
        assert_eq!(
            core.respond(&get(&format!("/invoices/{INVOICE_ID}")))
                .status,
            200
        );
        clock.advance(Duration::from_secs(10));
        assert_eq!(ask().status, 200);
    }
}

#[test]
fn what_goes_away_says_so() {
    let day = |text: &str| text.parse().unwrap();
    let scenario = march().deprecated(Operation::Invoice, day("2024-08-05"), day("2025-12-01"));
    let core = Core::new(scenario.build());
    let answer = core.respond(&get(&format!("/invoices/{INVOICE_ID}")));
    assert_eq!(
        answer.headers["deprecation"],
        "Mon, 5 Aug 2024 00:00:00 GMT"
    );
    assert_eq!(answer.headers["sunset"], "Mon, 1 Dec 2025 00:00:00 GMT");
    assert!(
        !core
            .respond(&get("/invoices"))
            .headers
            .contains_key("sunset")
    );
    let core = Core::new(march().versions_gone().build());
    assert_eq!(core.respond(&get("/invoices")).status, 410);
    let unversioned = Core::new(march().build()).respond(&Request::get(org("/invoices")));
    assert_eq!(unversioned.status, 406);
    assert_eq!(unversioned.headers["x-error-code"], "INVALID_VERSION_DATE");
}

#[test]
fn the_strict_know_their_parameters() {
    let core = Core::new(march().strict().build());
    assert_eq!(core.respond(&get("/invoices?page=1")).status, 400);
    assert_eq!(core.respond(&get("/invoices?pageNum=1")).status, 200);
    assert_eq!(
        Core::new(march().build())
            .respond(&get("/invoices?page=1"))
            .status,
        200
    );
}

#[test]
fn nobody_gets_in_unsigned() {
    let core = Core::new(
        march()
            .sign_in(SignIn::api_key("a", "b").offering_bearer())
            .build(),
    );
    let refused = core.respond(&get("/invoices"));
    assert_eq!(refused.status, 401);
    let challenges: Vec<_> = refused.headers.get_all(WWW_AUTHENTICATE).iter().collect();
    assert_eq!(challenges.len(), 2);
    assert!(
        challenges[1]
            .to_str()
            .unwrap()
            .starts_with("Digest realm=\"MMS Public API\"")
    );

    let account = SignIn::service_account(CLIENT_ID, CLIENT_SECRET).token_uses(1);
    let core = Core::new(march().sign_in(account).build());
    let token = |core: &Core| {
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
        format!("Bearer {}", body["access_token"].as_str().unwrap())
    };
    let token = token(&core);
    let signed = || core.respond(&get("/invoices").header(AUTHORIZATION, &token));
    assert_eq!(
        (signed().status.as_u16(), signed().status.as_u16()),
        (200, 401)
    );
}

#[test]
fn wild_invoices_agree_with_their_facts() {
    let plan = InvoicePlan::new(INVOICE_ID)
        .items(3_000)
        .variety(Variety::Wild)
        .seed(9);
    let core = Core::new(march().without_invoices().invoice(plan).build());
    let facts = core.scenario().facts(INVOICE_ID).unwrap();
    let invoice = value(core.respond(&get(&format!("/invoices/{INVOICE_ID}"))));
    let items = invoice["lineItems"].as_array().unwrap();
    assert_eq!(items.len() as u64, facts.line_items);
    let sum = |key: &str| {
        items
            .iter()
            .filter_map(|item| item[key].as_i64())
            .sum::<i64>()
    };
    assert_eq!(sum("totalPriceCents"), facts.gross_cents);
    let unknown = |item: &&Value| item["cloudProvider"] == "LUNA";
    assert!(items.iter().filter(unknown).count() > 10);
    assert!(
        items
            .iter()
            .any(|item| item.get("tags") == Some(&Value::Null))
    );
    assert!(
        items
            .iter()
            .any(|item| item["tags"]["env"].as_array().is_some_and(|v| v.len() > 1))
    );
    assert!(items.iter().any(|item| item.get("x-note").is_some()));
}
