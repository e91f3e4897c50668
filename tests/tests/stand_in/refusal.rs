//! Connections that are refused, and the end of a stand-in.

use atlas_billing_mock::{Fault, INVOICE_ID, On, Operation, Scenario, StandIn};

use crate::eyes::{Protocol, Seen, client, see};
use crate::org;

#[tokio::test]
async fn connections_are_refused_from_the_start_or_after_an_answer() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = client(protocol);
        let path = org(&format!("/invoices/{INVOICE_ID}"));
        let refused = |url: String| async {
            let error = client.get(url).send().await.unwrap_err();
            error.is_connect()
        };
        let atlas = StandIn::start_refusing(Scenario::default()).await.unwrap();
        assert!(refused(atlas.base_url() + &path).await, "{protocol:?}");

        let scenario = Scenario::builder()
            .fault(On::operation(Operation::Invoice).nth(2), Fault::ThenRefuse)
            .build();
        let atlas = StandIn::start_raw(scenario).await.unwrap();
        let url = atlas.base_url() + &path;
        for _ in 0..2 {
            assert!(
                matches!(see(&client, &url).await, Seen::Body(200, _)),
                "{protocol:?}"
            );
        }
        assert!(refused(url).await, "{protocol:?}");
        assert_eq!(atlas.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_dropped_stand_in_is_gone() {
    let atlas = StandIn::start_raw(Scenario::default()).await.unwrap();
    let address = atlas.address();
    let open = tokio::net::TcpStream::connect(address).await.unwrap();
    drop(atlas);
    let mut byte = [0];
    open.readable().await.unwrap();
    assert!(matches!(open.try_read(&mut byte), Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
