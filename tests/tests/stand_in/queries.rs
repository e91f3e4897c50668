//! Queries: how they become ready, and how a look learns that it is too early.

use std::time::Duration;

use atlas_billing_mock::{Answer, Core, Fault, ManualClock, NotReady, Ready, Request, SERVICES};
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use crate::{JSON, get, march, org, value};

fn create(core: &Core) -> String {
    let body = json!({
        "startDate": "2025-01-01", "endDate": "2025-03-01", "groupBy": "services",
        "services": SERVICES,
    });
    let request = Request::post(org("/billing/costExplorer/usage"), body.to_string())
        .header(ACCEPT, JSON)
        .header(CONTENT_TYPE, JSON);
    let answer = core.respond(&request);
    assert_eq!(answer.status, 202);
    value(answer)["token"].as_str().unwrap().to_owned()
}

fn look(core: &Core, token: &str, envelope: bool) -> Answer {
    let query = if envelope { "?envelope=true" } else { "" };
    core.respond(&get(&format!("/billing/costExplorer/usage/{token}{query}")))
}

#[test]
fn a_query_becomes_ready_after_looks() {
    let core = Core::new(march().ready(Ready::AfterLooks(2)).build());
    let token = create(&core);
    assert_eq!(token.len(), 64);
    for _ in 0..2 {
        let answer = look(&core, &token, true);
        assert_eq!(answer.status, 200);
        assert_eq!(value(answer), json!({"status": 102, "content": {}}));
    }
    let ready = value(look(&core, &token, true));
    assert_eq!(ready["status"], 200);
    assert!(
        !ready["content"]["usageDetails"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(look(&core, &token, false).status, 200);
    assert_ne!(create(&core), token);
}

#[test]
fn a_query_becomes_ready_after_a_time_and_is_forgotten() {
    let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
    let scenario = march()
        .clock(clock.clone())
        .ready(Ready::After(Duration::from_secs(30)))
        .query_life(Duration::from_secs(60))
        .upper_case_tokens()
        .build();
    let core = Core::new(scenario);
    let token = create(&core);
    assert_eq!(token, token.to_uppercase());
    let status = |after: u64| {
        clock.advance(Duration::from_secs(after));
        value(look(&core, &token, true))["status"].clone()
    };
    assert_eq!(
        (status(0), status(29), status(1), status(29)),
        (json!(102), json!(102), json!(200), json!(200))
    );
    assert_eq!(status(1), 404);
    // The case of a token matters.
    assert_eq!(look(&core, &token.to_lowercase(), false).status, 404);
}

#[test]
fn not_ready_comes_in_the_forms_given_then_the_last_one() {
    let forms = [
        NotReady::from(Fault::Gateway(504)),
        NotReady::Documented,
        Fault::Bare(503).into(),
    ];
    let core = Core::new(march().ready(Ready::AfterLooks(4)).not_ready(forms).build());
    let token = create(&core);
    let seen: Vec<u16> = (0..5)
        .map(|_| look(&core, &token, true).status.as_u16())
        .collect();
    assert_eq!(seen, [504, 200, 503, 503, 200]);
    // Without an envelope the documented form needs the wire.
    let core = Core::new(march().ready(Ready::Never).build());
    let token = create(&core);
    assert!(
        look(&core, &token, false)
            .fault
            .is_some_and(|fault| fault.is_of_the_wire())
    );
}
