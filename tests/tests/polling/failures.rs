//! Each real failure ends at once, as what it is.

use std::time::Duration;

use atlas_billing::{Error, ErrorKind};
use atlas_billing_mock::{Fault, On, Operation, Ready};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{PROTOCOLS, Protocol, looks, org, org_at, policy, report, scenario, start};

/// The `https` URL of a server that answers a handshake in plain text.
async fn no_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 16];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    format!("https://{address}")
}

#[tokio::test]
async fn each_real_failure_ends_at_once_as_what_it_is() {
    let reply = |body: &str| Fault::Reply {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_owned().into(),
    };
    let no_gzip = Fault::Reply {
        status: 200,
        headers: vec![("content-encoding".into(), "gzip".into())],
        body: "this is no gzip".into(),
    };
    let failures = [
        (Fault::Status(400), ErrorKind::Refused),
        (Fault::Status(401), ErrorKind::Unauthorized),
        (Fault::Status(403), ErrorKind::Forbidden),
        (Fault::Status(404), ErrorKind::NotFound),
        (Fault::Status(406), ErrorKind::VersionNotAcceptable),
        (Fault::Status(410), ErrorKind::VersionGone),
        (Fault::Status(500), ErrorKind::Service),
        (Fault::Bare(501), ErrorKind::Service),
        (Fault::EnvelopedError(403), ErrorKind::Forbidden),
        (Fault::ErrorWith200(404), ErrorKind::NotFound),
        (Fault::Html, ErrorKind::Unreadable),
        (no_gzip, ErrorKind::Unreadable),
        (Fault::Empty, ErrorKind::Unreadable),
        (Fault::InvalidJson, ErrorKind::Unreadable),
        (Fault::InvalidUtf8, ErrorKind::Unreadable),
        (Fault::OtherShape, ErrorKind::Unreadable),
        (Fault::DeepNesting(10_000), ErrorKind::Unreadable),
        (reply(r#"{"id":"x"}"#), ErrorKind::Unreadable),
        (reply(r#""done""#), ErrorKind::Unreadable),
    ];
    for protocol in PROTOCOLS {
        for (fault, kind) in &failures {
            let scenario = scenario()
                .ready(Ready::Never)
                .fault(On::operation(Operation::Look).from(2), fault.clone());
            let atlas = start(scenario).await;
            // A look that is merely slow would not be the second one.
            let policy = policy().with_look_timeout(Duration::from_secs(60));
            let error = report(&org_at(&atlas.base_url(), protocol, policy))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), *kind, "{protocol:?} {fault:?}: {error}");
            assert_eq!(looks(&atlas), 2, "{protocol:?} {fault:?}");
            let poll = error.poll().unwrap();
            assert_eq!(poll.looks(), 2, "{protocol:?} {fault:?}");
            assert_eq!(poll.token().len(), 64);
        }
    }
}

#[tokio::test]
async fn a_refused_connection_and_a_failed_handshake_are_never_not_ready() {
    let atlas = start(scenario()).await;
    let query = org(&atlas, Protocol::Http1)
        .costs("2025-01".parse().unwrap())
        .start()
        .await
        .unwrap();
    let token = query.token().clone();

    let elsewhere = no_tls().await;
    let error = org_at(&elsewhere, Protocol::Http1, policy())
        .resume(token)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert_eq!(error.poll().unwrap().looks(), 1);

    drop(atlas);
    // The query's own connection is still in the pool and ends with the stand-in; whatever is
    // found on it, the next look is refused.
    let error = query.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.to_string().contains("org.resume("), "{error}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let atlas = start(scenario().strict()).await;
    let org = org(&atlas, Protocol::Http1);
    let months = "2025-01".parse().unwrap();
    let refused: Vec<Error> = vec![
        org.costs(months)
            .group_by("projects".into())
            .await
            .unwrap_err(),
        org.costs(months)
            .group_by("clusters".into())
            .start()
            .await
            .unwrap_err(),
        org.costs(months)
            .projects(["my project"])
            .csv()
            .await
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert!(atlas.requests().is_empty());

    for dimension in ["services", "organizations"] {
        let report = org.costs(months).group_by(dimension.into()).await.unwrap();
        assert!(!report.rows().is_empty(), "{dimension}");
    }
    for request in atlas.requests() {
        if request.operation == Operation::Look {
            assert_eq!(request.query(), Some("envelope=true"));
        }
    }
}
