//! The way past the wrapper: the generated client with our signing, headers and limits.

use atlas_billing::raw::{Error as RawError, ResponseValue};
use atlas_billing::{CallOptions, Error, ErrorKind, Form};
use atlas_billing_mock::{At, Fault, ORG_ID, On, Operation, SignIn};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::planted::{BEARER, Identity};
use atlas_billing_tests::protocol::Protocol;
use futures_util::TryStreamExt;

use crate::{INVOICE, JSON, quick, reply, scenario, stand_in};

#[tokio::test]
async fn typed_operations_are_signed_and_versioned() {
    for protocol in Protocol::BOTH {
        for identity in Identity::ALL {
            let scenario = scenario().sign_in(identity.sign_in());
            let stand_in = stand_in(scenario).await;
            let builder = quick(Some(identity), &stand_in.base_url());
            let client = protocol.on(builder).build().unwrap();
            let raw = client.raw();
            let invoice = raw.get_org_invoice().org_id(ORG_ID).invoice_id(INVOICE);
            let invoice = invoice.send().await.unwrap();
            assert_eq!(invoice.id.as_deref(), Some(INVOICE));
            assert_eq!(invoice.line_items.len(), 40);
            let version = invoice.headers()["content-type"].to_str().unwrap();
            assert!(version.contains("2023-01-01+json"), "{version}");
            let page = raw.list_org_invoices().org_id(ORG_ID).send().await.unwrap();
            assert_eq!(page.results.len(), 2);
            let calls = stand_in.requests();
            let last = calls.last().unwrap();
            assert!(last.header("authorization").is_some());
            assert_eq!(
                last.header("accept"),
                Some("application/vnd.atlas.2023-01-01+json")
            );
        }
    }
}

#[tokio::test]
async fn a_query_is_created_and_read_through_it() {
    let stand_in = stand_in(scenario()).await;
    let client = Protocol::Http1.on(quick(None, &stand_in.base_url()));
    let raw = client.build().unwrap().raw();
    let mut body = atlas_billing::raw::types::CostExplorerQuery::default();
    body.start_date = "2025-01-01".parse().unwrap();
    body.end_date = "2025-02-01".parse().unwrap();
    let created = raw
        .create_cost_explorer_query_process()
        .org_id(ORG_ID)
        .body(body)
        .send()
        .await
        .unwrap();
    let token = created.token.clone().unwrap();
    let result = raw
        .get_cost_explorer_query_process()
        .org_id(ORG_ID)
        .token(&token)
        .send();
    assert!(result.await.is_ok());
}

#[tokio::test]
async fn csv_comes_out_of_the_bytes_form() {
    let stand_in = stand_in(scenario()).await;
    let builder = Protocol::Http2.on(quick(None, &stand_in.base_url()));
    let client = builder.build().unwrap();
    let options = CallOptions::new().with_version("2024-10-23".parse().unwrap());
    let raw = client.raw_with(Form::Csv, &options);
    let response: ResponseValue<_> = raw
        .get_org_invoice_bytes()
        .org_id(ORG_ID)
        .invoice_id(INVOICE)
        .send()
        .await
        .unwrap();
    let pieces: Vec<bytes::Bytes> = response.into_inner_stream().try_collect().await.unwrap();
    assert!(pieces.concat().starts_with(b"Invoice Number,"));
    let requests = stand_in.requests();
    assert_eq!(
        requests[0].header("accept"),
        Some("application/vnd.atlas.2024-10-23+csv")
    );
}

#[tokio::test]
async fn it_is_retried_as_any_call_and_each_error_is_one_of_ours() {
    for (fault, kind, requests) in [
        (Fault::Status(404), ErrorKind::NotFound, 1),
        (Fault::Status(503), ErrorKind::Service, 5),
        (Fault::Gateway(502), ErrorKind::Service, 5),
        (Fault::Close(At::BeforeHead), ErrorKind::Truncated, 5),
        (Fault::EnvelopedError(403), ErrorKind::Forbidden, 1),
        (Fault::ErrorWith200(404), ErrorKind::NotFound, 1),
        (Fault::Html, ErrorKind::Decode, 1),
        (Fault::Empty, ErrorKind::Truncated, 1),
        (Fault::OtherShape, ErrorKind::Decode, 1),
        (Fault::InvalidJson, ErrorKind::Decode, 1),
        (Fault::GzipBomb(1 << 20), ErrorKind::TooLarge, 1),
    ] {
        let stand_in = stand_in(scenario().fault(On::any(), fault.clone())).await;
        let builder = quick(None, &stand_in.base_url()).max_body(100_000);
        let client = Protocol::Http1.on(builder).build().unwrap();
        let raw = client.raw();
        let request = raw.get_org_invoice().org_id(ORG_ID).invoice_id(INVOICE);
        let error = Error::from(request.send().await.expect_err("it fails"));
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert_eq!(stand_in.requests().len(), requests, "{fault:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("<html"), "{shown}");
    }
}

#[tokio::test]
async fn the_envelope_comes_off_typed_values() {
    for key in ["content", "envelope"] {
        let body = format!(r#"{{"status":200,"{key}":{{"id":"{INVOICE}","lineItems":[{{}}]}}}}"#);
        let stand_in = stand_in(scenario().fault(On::any(), reply(JSON, body))).await;
        let builder = Protocol::Http1.on(quick(None, &stand_in.base_url()));
        let raw = builder.build().unwrap().raw();
        let request = raw.get_org_invoice().org_id(ORG_ID).invoice_id(INVOICE);
        let invoice = request.send().await.unwrap();
        assert_eq!(invoice.id.as_deref(), Some(INVOICE));
    }
}

#[tokio::test]
async fn a_redirect_carries_no_credential_away() {
    let elsewhere = Elsewhere::listen().await;
    let fault = Fault::Redirect {
        status: 307,
        location: elsewhere.origin(),
    };
    let scenario = scenario()
        .sign_in(SignIn::bearer(BEARER))
        .fault(On::operation(Operation::Invoice), fault);
    let stand_in = stand_in(scenario).await;
    let builder = quick(Some(Identity::Bearer), &stand_in.base_url());
    let raw = Protocol::Http1.on(builder).build().unwrap().raw();
    let request = raw.get_org_invoice().org_id(ORG_ID).invoice_id(INVOICE);
    let error = request
        .send()
        .await
        .expect_err("a redirect is not an invoice");
    assert!(matches!(&error, RawError::UnexpectedResponse(_)));
    let error = Error::from(error);
    assert_eq!(error.status().unwrap(), 307);
    assert_eq!(elsewhere.connections(), 0);
}
