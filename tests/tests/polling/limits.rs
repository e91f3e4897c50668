//! The deadline and the end of endurance, and what their errors carry.

use std::time::Duration;

use atlas_billing::{EndurancePolicy, ErrorKind, Timeouts};
use atlas_billing_mock::{At, Fault, Ready};

use crate::{PROTOCOLS, Protocol, org, org_at, policy, report, scenario, start};

#[tokio::test]
async fn the_error_at_the_deadline_carries_what_it_takes_to_go_on() {
    for protocol in PROTOCOLS {
        let atlas = start(scenario().ready(Ready::AfterLooks(40))).await;
        let deadline = policy().with_deadline(Duration::from_millis(5));
        let org = org(&atlas, protocol);
        let request = org.costs("2025-01".parse().unwrap()).polling(deadline);
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
        assert!(error.is_not_ready());
        let poll = error.poll().unwrap();
        assert!(
            poll.looks() >= 1 && poll.elapsed() >= Duration::from_millis(5),
            "{poll:?}"
        );
        assert!(error.to_string().contains(poll.token()), "{error}");

        let report = org.resume(poll.token().parse().unwrap()).await.unwrap();
        assert!(!report.rows().is_empty());
        let posts = atlas
            .requests()
            .iter()
            .filter(|request| request.method() == "POST")
            .count();
        assert_eq!(posts, 1);
    }
}

#[tokio::test]
async fn a_limit_on_the_whole_call_is_a_deadline() {
    let atlas = start(scenario().ready(Ready::Never)).await;
    let request = org(&atlas, Protocol::Http1).costs("2025-01".parse().unwrap());
    let limit = Timeouts::default().with_total(Duration::from_millis(400));
    let error = request.timeouts(limit).await.unwrap_err();
    // The creation has the limit too, and may be what a very slow machine spends it on.
    assert!(error.is_not_ready() || error.is_timeout(), "{error}");
}

#[tokio::test]
async fn the_end_of_endurance_says_what_was_seen() {
    let forms = [Fault::Gateway(504), Fault::Close(At::BeforeHead)];
    let atlas = start(scenario().ready(Ready::Never).not_ready(forms)).await;
    let endurance = EndurancePolicy::default().with_unclear_for(Duration::from_millis(20));
    let org = org_at(
        &atlas.base_url(),
        Protocol::Http1,
        policy().with_endurance(endurance),
    );
    let error = report(&org).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let poll = error.poll().unwrap();
    let counted: u32 = poll.unclear().iter().map(|(_, times)| times).sum();
    assert_eq!(counted, poll.looks());
    assert!(error.to_string().contains("1 x status 504"), "{error}");

    let none = policy().with_endurance(EndurancePolicy::none());
    let error = report(&org_at(&atlas.base_url(), Protocol::Http1, none))
        .await
        .unwrap_err();
    assert_eq!(
        error.status().map(|status| status.as_u16()),
        Some(504),
        "{error}"
    );
    assert_eq!(error.poll().unwrap().looks(), 1);
}
