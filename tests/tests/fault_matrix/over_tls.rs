//! What goes wrong over TLS: handshakes and certificates, and a body that drips.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock};
use atlas_billing::reqwest::Certificate;
use atlas_billing::{Client, ErrorKind, RetryPolicy, Timeouts};
use atlas_billing_mock::{InvoicePlan, ORG_ID, Scenario, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;
use atlas_billing_tests::tls::{TlsServer, Trouble};
use chrono::{DateTime, Utc};
use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::expected::{ATTEMPTS, Fate};
use super::rows::{INVOICE, Row};
use super::run::{SILENCE, leak, polling};

/// A fault, and what comes of a call whose every connection meets it.
const ALL: [(&str, Trouble, ErrorKind); 6] = {
    use ErrorKind::{Connect, Tls, Truncated};
    use Trouble::{ClosedAfter, CutHandshake, Expired, OtherHost, PlainText, UnknownIssuer};
    [
        ("certificate that has expired", Expired, Tls),
        ("certificate of another host", OtherHost, Tls),
        ("certificate of an unknown issuer", UnknownIssuer, Tls),
        ("plain text instead of a handshake", PlainText, Tls),
        (
            "closed half-way through the handshake",
            CutHandshake,
            Connect,
        ),
        ("closed right after the handshake", ClosedAfter, Truncated),
    ]
};

/// Runs all of it and returns its table.
pub(crate) async fn table() -> String {
    let month = InvoicePlan::new(INVOICE).month(2025, 1).items(40);
    let scenario = Scenario::builder().without_invoices().invoice(month);
    let scenario = scenario.sign_in(Identity::Bearer.sign_in()).build();
    let stand_in = StandIn::start(scenario).await.unwrap();
    let mut text = INTRODUCTION.to_owned();
    for (name, trouble, kind) in ALL {
        // Another attempt would meet the same certificate.
        let (once, first, every) = match kind {
            ErrorKind::Tls => (Fate::Error(kind), 1, 1),
            _ => (Fate::Result, 2, ATTEMPTS),
        };
        let always = Fate::Error(kind);
        for protocol in Protocol::BOTH {
            for (times, fate, attempts) in [(1, once, first), (usize::MAX, always, every)] {
                let place = format!("{name} / {protocol} / {times} times");
                let tls = TlsServer::troubled(stand_in.address(), protocol, trouble, times).await;
                let client = client(&tls, Arc::new(WaitClock::without_silence([SILENCE])));
                let call = || Row::List.call(&client, None, polling(Row::List, true));
                let called = call().await;
                match (fate, &called) {
                    (Fate::Result, Ok(result)) => assert_eq!(result, INVOICE, "{place}"),
                    (Fate::Error(kind), Err(error)) => {
                        assert_eq!(error.kind(), kind, "{place}: {error:?}");
                        assert_eq!(error.attempts(), attempts, "{place}: {error:?}");
                        assert_eq!(leak(error), None, "{place}");
                        // Which host it was, where none was reached.
                        let told = error.message().contains(" 127.0.0.1");
                        assert_eq!(told, kind != ErrorKind::Truncated, "{place}: {error}");
                    }
                    _ => panic!("{place}: {called:?}"),
                }
                assert_eq!(tls.connections(), attempts as usize, "{place}");
                // What went wrong stays with the connection, not with the client.
                tls.recover();
                assert_eq!(call().await.expect(&place), INVOICE);
            }
        }
        let _ = writeln!(text, "| {name} | {once} ({first}) | {always} ({every}) |");
    }
    drip().await;
    text + DRIPPED
}

/// A client that trusts the server's CA and no other.
fn client(tls: &TlsServer, clock: Arc<dyn Clock>) -> Client {
    let ca = Certificate::from_pem(tls.ca().as_bytes()).unwrap();
    Client::builder(Identity::Bearer.credentials())
        .base_url(tls.origin())
        .configure_http(|http| http.no_proxy().tls_certs_only([ca]))
        .clock(clock)
        .timeouts(Timeouts::default().with_head(SILENCE).with_idle(SILENCE))
        .retry(RetryPolicy::new().with_max_attempts(ATTEMPTS))
        .build()
        .unwrap()
}

/// Time that the test alone lets pass.
#[derive(Debug, Clone)]
struct Hand(Arc<watch::Sender<Duration>>);

impl Clock for Hand {
    fn elapsed(&self) -> Duration {
        *self.0.borrow()
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let end = self.elapsed() + duration;
        let mut time = self.0.subscribe();
        Box::pin(async move {
            if time.wait_for(|now| *now >= end).await.is_err() {
                std::future::pending().await
            }
        })
    }
}

/// A CSV file comes piece by piece, each at the last moment; then one comes too late.
async fn drip() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = TlsServer::before(listener.local_addr().unwrap()).await;
    let hand = Hand(Arc::new(watch::Sender::new(Duration::ZERO)));
    let client = client(&tls, Arc::new(hand.clone()));
    let invoice = client
        .org(ORG_ID.parse().unwrap())
        .invoice(INVOICE.parse().unwrap());
    for (pause, ends) in [
        (SILENCE - Duration::from_millis(1), None),
        (SILENCE, Some(ErrorKind::Timeout)),
    ] {
        let (file, mut server) = join(invoice.clone().csv(), responding(&listener)).await;
        let mut file = file.unwrap();
        assert_eq!(file.next().await.unwrap().unwrap(), "a,b\n");
        for _ in 0..3 {
            // The limit runs from when the client finds nothing to read.
            let late = async {
                hand.0.send_modify(|now| *now += pause);
                if ends.is_none() {
                    server.write_all(b"4\r\n1,2\n\r\n").await.unwrap();
                }
            };
            match (join(file.next(), late).await.0.unwrap(), ends) {
                (Ok(piece), None) => assert_eq!(piece, "1,2\n"),
                (Err(error), Some(kind)) => {
                    assert_eq!((error.kind(), error.attempts()), (kind, 1), "{error:?}");
                    assert_eq!(leak(&error), None);
                    break;
                }
                (other, _) => panic!("after {pause:?}: {other:?}"),
            }
        }
        if ends.is_none() {
            server.write_all(b"0\r\n\r\n").await.unwrap();
            assert!(file.next().await.is_none());
        }
    }
    // The connection that was too slow is not used again.
    let (file, mut server) = join(invoice.csv(), responding(&listener)).await;
    server.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(file.unwrap().bytes().await.unwrap(), "a,b\n");
}

/// The next connection, with a request read from it, and the head and the first line of a CSV file
/// sent in response.
async fn responding(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
        content-type: application/vnd.atlas.2023-01-01+csv\r\n\r\n4\r\na,b\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

const INTRODUCTION: &str = "
## Over TLS

The list of invoices, over a socket with TLS, on HTTP/1.1 and on HTTP/2. In brackets is how many
connections were made. After each of them another call of the same client gave the result; the
error of a connection that did not come about names the host.

| fault | on the first connection | on every connection |
|---|---|---|
";

const DRIPPED: &str = "
A CSV file whose pieces come a millisecond before the read timeout ends is whole; one whose next
piece has not come when it ends is `timeout` after one attempt, since its beginning was handed on.
";
