//! The handle: resumed elsewhere, looked through, dropped, asked for the file.

use std::time::Duration;

use atlas_billing::Seen;
use atlas_billing_mock::{At, Fault, NotReady, Ready};
use futures_util::StreamExt;

use crate::{
    PROTOCOLS, Protocol, SILENCE, looks, org, org_at, policy, right_answer, scenario, start,
};

#[tokio::test]
async fn another_client_goes_on_with_a_token() {
    for protocol in PROTOCOLS {
        let atlas = start(scenario().ready(Ready::AfterLooks(3)).upper_case_tokens()).await;
        let months = "2025-01..2025-02".parse().unwrap();
        let mut query = org(&atlas, protocol).costs(months).start().await.unwrap();
        let look = query.next().await.unwrap().unwrap();
        assert_eq!((look.number(), look.seen()), (1, Seen::NotReady));
        let saved = query.token().to_string();
        assert_eq!(saved, saved.to_uppercase());
        drop(query);

        let resumed = org(&atlas, protocol).resume(saved.parse().unwrap());
        let report = resumed.await.unwrap();
        assert_eq!(report.token().as_str(), saved);
        assert_eq!(report.rows(), right_answer().await);
    }
}

#[tokio::test]
async fn looks_lead_to_a_result_that_takes_no_further_request() {
    let atlas = start(scenario().ready(Ready::AfterLooks(2))).await;
    let org = org_at(
        &atlas.base_url(),
        Protocol::Http1,
        policy().with_look_timeout(Duration::from_secs(60)),
    );
    let mut query = org.costs("2025-01".parse().unwrap()).start().await.unwrap();
    let mut seen = Vec::new();
    while let Some(look) = query.next().await {
        seen.push(look.unwrap().seen());
    }
    assert_eq!(seen, [Seen::NotReady, Seen::NotReady, Seen::Ready]);
    assert_eq!(looks(&atlas), 3);
    let report = query.await.unwrap();
    assert_eq!(looks(&atlas), 3);

    let stream = org.resume(report.token().clone()).into_stream();
    let mut stream = std::pin::pin!(stream);
    let look = stream.next().await.unwrap().unwrap();
    assert_eq!(look.seen(), Seen::Ready);
    assert!(stream.next().await.is_none());

    let mut stream = org.resume(report.token().clone()).into_stream();
    while stream.next().await.is_some() {}
    let before = atlas.requests().len();
    assert_eq!(stream.into_query().await.unwrap().rows(), report.rows());
    assert_eq!(atlas.requests().len(), before);
}

#[tokio::test]
async fn nothing_is_asked_after_a_query_is_dropped() {
    for protocol in PROTOCOLS {
        // Dropped while a look is under way, and while the next one is waited for.
        for form in [Fault::Stall(At::BeforeHead).into(), NotReady::Documented] {
            let atlas = start(scenario().ready(Ready::Never).not_ready([form])).await;
            let org = org(&atlas, protocol);
            let months = "2025-01".parse().unwrap();
            let mut query = org.costs(months).start().await.unwrap();
            // One look at the most, whether or not it came back in time.
            let _ = tokio::time::timeout(Duration::from_millis(30), query.next()).await;
            drop(query);
            tokio::time::sleep(SILENCE * 2).await;
            assert!(looks(&atlas) <= 1, "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn the_file_comes_once_the_result_is_there() {
    for protocol in PROTOCOLS {
        let atlas = start(scenario().ready(Ready::AfterLooks(2))).await;
        let request = org(&atlas, protocol).costs("2025-01..2025-02".parse().unwrap());
        let mut records = request.clone().csv().await.unwrap().records();
        let mut amounts = Vec::new();
        while let Some(record) = records.next().await {
            amounts.push(record.unwrap().get("Usage Amount").unwrap().to_owned());
        }
        let file = request.clone().csv().await.unwrap();
        assert_eq!(file.meta().status().as_u16(), 200);
        let bytes = file.bytes().await.unwrap();
        assert_eq!(
            bytes.iter().filter(|byte| **byte == b'\n').count(),
            amounts.len() + 1
        );

        let json = request.bytes().await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let rows = value["usageDetails"].as_array().unwrap();
        assert_eq!(rows.len(), amounts.len());
        for (row, amount) in rows.iter().zip(&amounts) {
            assert_eq!(
                row["usageAmount"].as_f64().unwrap(),
                amount.parse::<f64>().unwrap()
            );
        }
        let requests = atlas.requests();
        let files = requests.iter().filter(|request| {
            request
                .header("accept")
                .is_some_and(|accept| accept.ends_with("+csv"))
        });
        assert_eq!(files.clone().count(), 2);
        assert!(files.into_iter().all(|request| request.query().is_none()));
    }
}
