//! The server: a listener in a thread of its own, so that it serves blocking clients too and no
//! paused clock of a test reaches it.

mod http1;
mod http2;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::request::RecordedRequest;
use crate::scenario::Scenario;

/// A stand-in Atlas on a port of loopback, until it is dropped. It speaks HTTP/1.1 and HTTP/2 with
/// prior knowledge on the same port.
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
/// let response = reqwest::Client::builder().no_proxy().build()?.get(url).header("accept", accept).send().await?;
///
/// assert_eq!(response.status(), 200);
/// assert_eq!(atlas.requests()[0].header("accept"), Some(accept));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StandIn {
    core: Arc<Core>,
    address: SocketAddr,
    /// Ends the server when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Keeps the port that refuses connections.
    _refusing: Option<TcpSocket>,
}

impl StandIn {
    /// Starts on a free port.
    ///
    /// # Errors
    /// If no port can be bound or the thread cannot be started.
    pub async fn start(scenario: Scenario) -> io::Result<Self> {
        Self::start_on(scenario, 0).await
    }

    /// Starts on this port of loopback; 0 takes a free one.
    ///
    /// # Errors
    /// If the port cannot be bound or the thread cannot be started.
    pub async fn start_on(scenario: Scenario, port: u16) -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build()?;
        let (listener, storage) = {
            let _context = runtime.enter();
            (listen(port)?, listen(0)?)
        };
        let address = listener.local_addr()?;
        let storage_url = format!("http://{}", storage.local_addr()?);
        let core = Arc::new(Core::with_storage(scenario, storage_url));
        let (stop, stopped) = oneshot::channel();
        let serve = accept(Arc::clone(&core), listener);
        // Which of the two a request is for, its host says.
        let serve_storage = accept(Arc::clone(&core), storage);
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve => {}
                    () = serve_storage => {}
                    _ = stopped => {}
                }
            })
        };
        let thread = Builder::new().name("atlas-stand-in".to_owned());
        Ok(Self {
            core,
            address,
            stop: Some(stop),
            thread: Some(thread.spawn(run)?),
            _refusing: None,
        })
    }

    /// Takes a port of loopback and refuses every connection to it.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start_refusing(scenario: Scenario) -> io::Result<Self> {
        // Bound and not listening: nobody else gets the port meanwhile.
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            core: Arc::new(Core::new(scenario)),
            address: socket.local_addr()?,
            stop: None,
            thread: None,
            _refusing: Some(socket),
        })
    }

    /// Where the service is: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the files of reports are downloaded from: another port of loopback, without a slash at
    /// the end.
    pub fn storage_url(&self) -> &str {
        self.core.storage_url()
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, oldest first.
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

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread leaves nothing behind that could matter here.
            let _ = thread.join();
        }
    }
}

/// A listener that a crowd can come to at once.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A port that was chosen can be bound again right after a run. Elsewhere this would let others
    // bind it at the same time.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(4096)
}

async fn accept(core: Arc<Core>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(Arc::clone(&core), stream))),
            // Out of file handles, most likely: some may be free again soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn serve(core: Arc<Core>, stream: TcpStream) {
    // Small writes are to be seen one by one.
    let _ = stream.set_nodelay(true);
    // What goes wrong with one connection is the client's to notice.
    let _ = match speaks_http2(&stream).await {
        Ok(true) => http2::serve(&core, stream).await,
        Ok(false) => http1::serve(&core, stream).await,
        Err(error) => Err(error),
    };
}

/// Whether the connection opens with HTTP/2's preface (RFC 9113, section 3.4).
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0";
    let mut start = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut start).await?;
        if seen == 0 || start[..seen] != PREFACE[..seen] {
            return Ok(false);
        } else if seen == PREFACE.len() {
            return Ok(true);
        }
        // The start of a preface stays readable, so that waiting for more has to be slept.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
