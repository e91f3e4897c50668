//! Faults of content, which any server could have.

use atlas_billing_mock::{At, Fault, INVOICE_ID, StandIn, Transfer};

use crate::eyes::{Protocol, client};
use crate::{JSON, one_invoice, org};

#[tokio::test]
async fn faults_of_content_come_through_both_fronts() {
    let location = "http://127.0.0.1:9/elsewhere".to_owned();
    let table: Vec<(Fault, u16, &str)> = vec![
        (
            Fault::Status(500),
            500,
            "\"errorCode\":\"UNEXPECTED_ERROR\"",
        ),
        (
            Fault::Status(403),
            403,
            "\"errorCode\":\"USER_UNAUTHORIZED\"",
        ),
        (
            Fault::RateLimited { retry_after: None },
            429,
            "RATE_LIMITED",
        ),
        (Fault::Gateway(502), 502, "<html>"),
        (Fault::Bare(504), 504, ""),
        (Fault::Html, 200, "<html>"),
        (Fault::Empty, 200, ""),
        (Fault::EnvelopedError(404), 200, "\"status\":404"),
        (Fault::ErrorWith200(404), 200, "\"error\":404"),
        (
            Fault::Redirect {
                status: 301,
                location,
            },
            301,
            "",
        ),
        (Fault::StaleNonce, 401, "UNEXPECTED_ERROR"),
        (
            Fault::ContentType(Some("text/plain".to_owned())),
            200,
            "\"lineItems\"",
        ),
        (Fault::ContentType(None), 200, "\"lineItems\""),
        (Fault::InvalidJson, 200, "{\"id\""),
        (Fault::OtherShape, 200, "[1,2,3]"),
        (Fault::DeepNesting(10), 200, "[[[[[[[[[[]]]]]]]]]]"),
        (Fault::GzipBomb(100_000), 200, "aaaa"),
        (Fault::HugeHeader(4_000), 200, "\"lineItems\""),
    ];
    for (fault, status, part) in table {
        for raw in [false, true] {
            let scenario = one_invoice(Some(fault.clone()), Transfer::Natural);
            let atlas = match raw {
                true => StandIn::start_raw(scenario).await.unwrap(),
                false => StandIn::start(scenario).await.unwrap(),
            };
            let path = org(&format!("/invoices/{INVOICE_ID}"));
            let client = client(Protocol::Http1);
            let request = client.get(atlas.base_url() + &path).header("accept", JSON);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{fault:?}");
            let untyped = response.headers().get("content-type").is_none();
            assert_eq!(
                untyped,
                matches!(
                    fault,
                    Fault::ContentType(None) | Fault::Bare(_) | Fault::Redirect { .. }
                )
            );
            assert!(response.text().await.unwrap().contains(part), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_polite_front_says_what_it_cannot_do() {
    let fault = Fault::Close(At::InHead);
    let atlas = StandIn::start(one_invoice(Some(fault), Transfer::Natural))
        .await
        .unwrap();
    let path = org(&format!("/invoices/{INVOICE_ID}"));
    let response = reqwest::get(atlas.base_url() + &path).await.unwrap();
    assert_eq!(response.status(), 501);
    assert!(response.text().await.unwrap().contains("start_raw"));
}
