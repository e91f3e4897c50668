//! Which host the file comes from, and what goes there: nothing of the caller's.

use std::sync::Arc;

use atlas_billing::reqwest::Certificate;
use atlas_billing::{Client, ErrorKind};
use atlas_billing_mock::{At, Fault, ORG_ID, Operation, ReportSettings, StandIn};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::planted::{self, Identity};
use atlas_billing_tests::protocol::Protocol;
use atlas_billing_tests::tls::TlsServer;

use crate::{INVOICE, Setup, clock, file, id, scenario, whole, with};

/// What a request for a file has: the name of the host, and what any HTTP client says.
const HARMLESS: [&str; 6] = [
    "accept",
    "accept-encoding",
    "host",
    "if-range",
    "range",
    "user-agent",
];

#[tokio::test]
async fn nothing_of_the_callers_goes_to_the_storage_host() {
    for protocol in Protocol::BOTH {
        for identity in Identity::ALL {
            let scenario = scenario()
                .sign_in(identity.sign_in())
                .clock(atlas_billing_mock::ManualClock::at(crate::noon()))
                .faults(Operation::Download, [Fault::Close(At::Body(1_000))])
                .build();
            let atlas = StandIn::start(scenario).await.unwrap();
            let builder = Client::builder(identity.credentials())
                .base_url(atlas.base_url())
                .clock(Arc::new(clock()))
                .headers(|headers| {
                    headers.insert("x-caller", "vnd.atlas planted".parse().unwrap());
                    headers.insert("cookie", "session=planted".parse().unwrap());
                    headers.insert("traceparent", "00-made-up-01".parse().unwrap());
                });
            let client = protocol.on(builder).build().unwrap();
            let org = client.org(ORG_ID.parse().unwrap());
            let downloaded = file(org.focus_report(id(INVOICE))).await.unwrap();
            assert!(downloaded == whole(), "{protocol} {identity:?}");

            let requests = atlas.requests();
            let (files, others): (Vec<_>, Vec<_>) = requests
                .iter()
                .partition(|request| request.operation == Operation::Download);
            let signed = |it: &&atlas_billing_mock::RecordedRequest| {
                it.header("authorization").is_some() && it.header("x-caller").is_some()
            };
            assert!(others.iter().any(signed), "{protocol} {identity:?}");
            assert_eq!(files.len(), 2, "{protocol} {identity:?}");
            for request in files {
                assert_eq!((request.method(), request.body()), ("GET", &[][..]));
                for (name, value) in &request.request.headers {
                    let name = name.as_str();
                    assert!(HARMLESS.contains(&name), "{protocol} {identity:?}: {name}");
                    let value = value.to_str().unwrap();
                    assert_eq!(planted::in_text(value), None);
                    assert!(!value.contains("vnd.atlas"), "{name}: {value}");
                }
                assert_eq!(request.header("accept-encoding"), Some("identity"));
            }
        }
    }
}

#[tokio::test]
async fn a_url_that_must_not_be_requested_is_not() {
    let elsewhere = Elsewhere::listen().await;
    let port = elsewhere.origin().rsplit(':').next().unwrap().to_owned();
    for origin in [
        "ftp://files.example".to_owned(),
        "http://files.example".to_owned(),
        "file://".to_owned(),
        "//files.example".to_owned(),
        "files.example".to_owned(),
        format!("http://user:planted@127.0.0.1:{port}"),
        format!("http://127.0.0.1.files.example:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}.example"),
        String::new(),
    ] {
        let reports = ReportSettings::default().url_origin(origin.clone());
        let setup = Setup::of(Protocol::Http1, with(reports)).await;
        let error = file(setup.report()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{origin}: {error}");
        assert_eq!(setup.downloads(), [0; 0], "{origin}");
        // Nothing of what a new URL would look like differs.
        assert_eq!(setup.count(Operation::Report), 1, "{origin}");
        let shown = format!("{error} {error:?}");
        for secret in ["planted", "X-Amz", "billing-reports", INVOICE] {
            assert!(!shown.contains(secret), "{origin}: {shown}");
        }
    }
    assert_eq!(elsewhere.connections(), 0, "{}", elsewhere.seen());
}

#[tokio::test]
async fn a_file_comes_over_tls_from_a_host_with_a_trusted_certificate() {
    let text = String::from_utf8(whole().to_vec()).unwrap();
    let inner = Capture::responding([message("200 OK", "text/csv", &text)]).await;
    let tls = TlsServer::before(inner.address()).await;
    let reports = || with(ReportSettings::default().url_origin(tls.origin()));
    let certificate = Certificate::from_pem(tls.ca().as_bytes()).unwrap();
    let trusting = |builder: atlas_billing::ClientBuilder| {
        builder.configure_http(move |http| http.tls_certs_only([certificate]))
    };
    let setup = Setup::with(Protocol::Http1, reports(), trusting).await;
    assert!(file(setup.report()).await.unwrap() == whole());
    assert_eq!(tls.connections(), 1);

    // One that is not trusted ends the download, and is not tried again.
    let setup = Setup::of(Protocol::Http1, reports()).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!(tls.connections(), 2);
}
