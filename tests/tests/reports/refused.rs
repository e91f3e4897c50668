//! What the storage host says instead of the file.

use std::time::Duration;

use atlas_billing::{ErrorKind, RetryPolicy};
use atlas_billing_mock::{Fault, On, Operation};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::protocol::Protocol;

use crate::{PACE, Setup, file, scenario, whole};

fn on() -> On {
    On::operation(Operation::Download)
}

#[tokio::test]
async fn a_refused_url_is_renewed_once_each_time_up_to_a_bound() {
    for protocol in Protocol::BOTH {
        for refused in [1, 2] {
            let setup = Setup::of(protocol, scenario().refuse_downloads(refused)).await;
            assert!(file(setup.report()).await.unwrap() == whole(), "{protocol}");
            let polls = setup.count(Operation::Report) as u64;
            assert_eq!(polls, 1 + refused, "{protocol}");
            assert_eq!(setup.downloads().len() as u64, 1 + refused, "{protocol}");
            // A new URL is a poll, and polls have their pace.
            let waits = setup.clock.waits();
            assert_eq!(waits, vec![PACE; refused as usize], "{protocol}");
        }
        let setup = Setup::of(protocol, scenario().refuse_downloads(1_000)).await;
        let error = file(setup.report()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{protocol}: {error}");
        assert_eq!(error.status().unwrap(), 403);
        assert_eq!(error.operation(), Some("downloadInvoiceReport"));
        let downloads = setup.downloads().len();
        assert_eq!(downloads, setup.count(Operation::Report), "{protocol}");
        assert!((3..=6).contains(&downloads), "{protocol}: {downloads}");
        // Each URL is used once.
        let requests = setup.requests(Operation::Download);
        let mut urls: Vec<_> = requests.iter().filter_map(|it| it.query()).collect();
        urls.dedup();
        assert_eq!(urls.len(), downloads, "{protocol}");
    }
}

#[tokio::test]
async fn a_busy_host_is_tried_again() {
    let limited = |seconds: &str| Fault::RateLimited {
        retry_after: Some(seconds.into()),
    };
    for protocol in Protocol::BOTH {
        for (fault, least) in [
            (Fault::Gateway(502), 0),
            (Fault::Bare(503), 0),
            (Fault::Status(504), 0),
            (limited("7"), 7),
            (
                Fault::Bare(503).and(Fault::Header("retry-after".into(), "9".into())),
                9,
            ),
        ] {
            let setup = Setup::of(protocol, scenario().fault(on().first(2), fault.clone())).await;
            assert!(file(setup.report()).await.unwrap() == whole(), "{protocol}");
            assert_eq!(setup.downloads().len(), 3, "{protocol} {fault:?}");
            assert_eq!(setup.count(Operation::Report), 1, "{protocol} {fault:?}");
            let waits = setup.clock.waits();
            let least = Duration::from_secs(least);
            assert_eq!(waits.len(), 2, "{protocol} {fault:?}: {waits:?}");
            assert!(waits.iter().all(|wait| *wait >= least), "{waits:?}");
        }
        for (fault, kind, downloads) in [
            (Fault::Gateway(503), ErrorKind::Service, 2),
            (limited("1"), ErrorKind::RateLimited, 2),
            (Fault::Status(500), ErrorKind::Service, 1),
        ] {
            let twice = |builder: atlas_billing::ClientBuilder| {
                builder.retry(RetryPolicy::new().with_max_attempts(2))
            };
            let scenario = scenario().fault(on(), fault.clone());
            let setup = Setup::with(protocol, scenario, twice).await;
            let error = file(setup.report()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{protocol} {fault:?}: {error}");
            assert_eq!(setup.downloads().len(), downloads, "{protocol} {fault:?}");
            assert_eq!(error.attempts() as usize, downloads, "{protocol} {fault:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_csv_is_an_error_before_the_file_is_handed_out() {
    let reply = |media: &str, body: &str| Fault::Reply {
        status: 200,
        headers: vec![("content-type".into(), media.into())],
        body: body.to_owned().into(),
    };
    for fault in [
        Fault::Html,
        Fault::Empty,
        Fault::Bare(200),
        Fault::Bare(204),
        reply("text/csv", "<!DOCTYPE html><title>Sign in</title>"),
        reply("text/html", "Sign in"),
        reply("application/json", "{}"),
        reply("text/csv", "[1]"),
        Fault::OtherShape,
    ] {
        let setup = Setup::of(Protocol::Http1, scenario().fault(on(), fault.clone())).await;
        let error = setup.report().csv().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{fault:?}: {error}");
        assert_eq!(
            error.operation(),
            Some("downloadInvoiceReport"),
            "{fault:?}"
        );
        assert_eq!(setup.downloads().len(), 1, "{fault:?}");
        // It may repeat the URL, as a page to sign in at does.
        assert_eq!(error.excerpt(), None, "{fault:?}");
    }
    let latin = reply("text/csv", "");
    let Fault::Reply {
        status, headers, ..
    } = latin
    else {
        unreachable!("a reply is one")
    };
    let body = bytes::Bytes::from_static(b"BilledCost,Tags\n1,\xe9\n");
    let fault = Fault::Reply {
        status,
        headers,
        body,
    };
    let setup = Setup::of(Protocol::Http1, scenario().fault(on(), fault)).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for protocol in Protocol::BOTH {
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Elsewhere::listen().await;
            let location = format!("{}/file.csv", elsewhere.origin());
            let fault = Fault::Redirect { status, location };
            let setup = Setup::of(protocol, scenario().fault(on(), fault)).await;
            let error = file(setup.report()).await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Rejected,
                "{protocol} {status}: {error}"
            );
            assert_eq!(error.status().unwrap(), status);
            assert_eq!(elsewhere.connections(), 0, "{protocol} {status}");
            assert_eq!(setup.downloads(), [status], "{protocol}");
        }
    }
}
