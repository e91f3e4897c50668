//! The ways in: a polite server for ordinary tests, and a raw one that can misbehave.

mod course;
mod ending;
mod frames;
mod http1;
mod http2;
mod polite;
mod raw;
mod tap;
mod wire;
mod wire_body;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpSocket;

use crate::core::Core;
use crate::request::RecordedRequest;
use crate::scenario::Scenario;

/// A stand-in Atlas on a port of loopback, until it is dropped.
///
/// ```
/// use atlas_billing_mock::{INVOICE_ID, ORG_ID, Scenario, StandIn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let atlas = StandIn::start(Scenario::default()).await?;
///
/// let url = format!("{}/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}", atlas.base_url());
/// let accept = "application/vnd.atlas.2023-01-01+json";
/// let answer = reqwest::Client::new().get(url).header("accept", accept).send().await?;
///
/// assert_eq!(answer.status(), 200);
/// assert_eq!(atlas.requests()[0].header("accept"), Some(accept));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StandIn {
    core: Arc<Core>,
    address: SocketAddr,
    _front: Front,
}

/// Held for what happens when it is dropped: the server ends.
#[derive(Debug)]
#[expect(dead_code, reason = "dropping it is its use")]
enum Front {
    Polite(polite::Polite),
    Raw(raw::Raw),
    Refusing(TcpSocket),
}

impl StandIn {
    /// Starts the polite front: HTTP/1.1, whole answers. For ordinary tests.
    ///
    /// It runs beside the tests of other crates in a pool of servers, see
    /// [httpmock](https://docs.rs/httpmock).
    ///
    /// # Errors
    /// If no server can be started.
    pub async fn start(scenario: Scenario) -> io::Result<Self> {
        let core = Arc::new(Core::new(scenario));
        let front = polite::Polite::start(Arc::clone(&core)).await;
        Ok(Self {
            address: front.address(),
            core,
            _front: Front::Polite(front),
        })
    }

    /// Starts the raw front: HTTP/1.1 and HTTP/2 with prior knowledge on one port, bodies of any
    /// size, and every fault. It runs in a thread of its own.
    ///
    /// # Errors
    /// If the port cannot be had or the thread cannot be started.
    pub async fn start_raw(scenario: Scenario) -> io::Result<Self> {
        Self::start_raw_on(scenario, 0).await
    }

    /// Like [`start_raw`](Self::start_raw), on this port of loopback; 0 takes a free one.
    ///
    /// # Errors
    /// If the port cannot be had or the thread cannot be started.
    pub async fn start_raw_on(scenario: Scenario, port: u16) -> io::Result<Self> {
        let core = Arc::new(Core::new(scenario));
        let front = raw::Raw::start(Arc::clone(&core), port)?;
        Ok(Self {
            address: front.address(),
            core,
            _front: Front::Raw(front),
        })
    }

    /// Takes a port of loopback and refuses every connection to it.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start_refusing(scenario: Scenario) -> io::Result<Self> {
        // Bound and not listening: nobody else gets the port meanwhile.
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let (address, core) = (socket.local_addr()?, Arc::new(Core::new(scenario)));
        Ok(Self {
            core,
            address,
            _front: Front::Refusing(socket),
        })
    }

    /// Where the service is: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked so far, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.core.requests()
    }

    /// Forgets the requests seen so far.
    pub fn forget_requests(&self) {
        self.core.forget_requests();
    }

    /// The scenario it goes by.
    pub fn scenario(&self) -> &Scenario {
        self.core.scenario()
    }
}
