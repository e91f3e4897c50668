//! How bodies travel, and what is kept of requests.

use atlas_billing_mock::{Core, Fault, INVOICE_ID, InvoicePlan, On, Operation, StandIn, Transfer};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING};

use crate::{JSON, get, march, org};

#[tokio::test]
async fn bodies_travel_the_same_on_every_way() {
    let plan = InvoicePlan::new(INVOICE_ID).items(1_500);
    let builder = || march().without_invoices().invoice(plan.clone()).gzip();
    let expected = Core::new(builder().build()).respond(&get(&format!("/invoices/{INVOICE_ID}")));
    let expected = expected.body.into_bytes();
    let packing = get(&format!("/invoices/{INVOICE_ID}")).header(ACCEPT_ENCODING, "br, gzip;q=0.5");
    let packed = Core::new(builder().build()).respond(&packing);
    assert_eq!(packed.headers[CONTENT_ENCODING], "gzip");
    assert!(packed.body.into_bytes().len() < expected.len() / 4);
    let scenarios = [
        builder().build(),
        builder().chunk_size(7_001).build(),
        builder().transfer(Transfer::Length).build(),
        builder()
            .transfer(Transfer::UntilClose)
            .chunk_size(100_000)
            .build(),
    ];
    let polite = StandIn::start(builder().build()).await.unwrap();
    let mut stand_ins = vec![polite];
    for scenario in scenarios {
        stand_ins.push(StandIn::start_raw(scenario).await.unwrap());
    }
    for (number, atlas) in stand_ins.iter().enumerate() {
        let url = atlas.base_url() + &org(&format!("/invoices/{INVOICE_ID}"));
        for packed in [false, true] {
            for http2 in [false, true] {
                let client = reqwest::Client::builder().no_proxy().gzip(packed);
                let client = match (http2, number) {
                    (true, 0) => continue,
                    (true, _) => client.http2_prior_knowledge(),
                    (false, _) => client.http1_only(),
                };
                let client = client.build().unwrap();
                let response = client.get(&url).header(ACCEPT, JSON).send().await.unwrap();
                let body = response.bytes().await.unwrap();
                assert!(body == expected, "{number} packed: {packed} http2: {http2}");
            }
        }
    }
}

#[tokio::test]
async fn requests_are_recorded_as_they_came() {
    let scenario = march()
        .history(3)
        .fault(On::any().nth(2), Fault::Status(500))
        .build();
    let atlas = StandIn::start_raw(scenario).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = atlas.base_url() + &org("/invoices?statusNames=PAID&statusNames=A%20B");
    for n in 0..4 {
        let request = client.get(&url).header(ACCEPT, JSON).header("x-number", n);
        request.send().await.unwrap().bytes().await.unwrap();
    }
    let requests = atlas.requests();
    assert_eq!(
        requests
            .iter()
            .map(|request| request.order)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let last = &requests[2];
    assert_eq!(
        (last.method(), last.path()),
        ("GET", org("/invoices").as_str())
    );
    assert_eq!(last.query(), Some("statusNames=PAID&statusNames=A%20B"));
    assert_eq!(last.query_value("statusNames").as_deref(), Some("PAID"));
    assert_eq!(
        (last.header("X-Number"), last.header_count("accept")),
        (Some("3"), 1)
    );
    assert_eq!(last.operation, Operation::Invoices);
    assert_eq!(requests[0].status, 500);
    atlas.forget_requests();
    assert!(atlas.requests().is_empty());
}
