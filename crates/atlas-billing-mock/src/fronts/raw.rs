//! The raw front: a listener in a thread of its own, so that it serves blocking clients too and
//! no paused clock of a test reaches it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};

use super::{http1, http2};
use crate::core::Core;

/// A running listener; it and its connections end when this is dropped.
#[derive(Debug)]
pub(super) struct Raw {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Raw {
    pub(super) fn start(core: Arc<Core>, port: u16) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _context = runtime.enter();
            listen(port)?
        };
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let run = move || run(&runtime, core, listener, stopped);
        let thread = Builder::new()
            .name("atlas-stand-in".to_owned())
            .spawn(run)?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread leaves nothing behind that could matter here.
            let _ = thread.join();
        }
    }
}

fn run(runtime: &Runtime, core: Arc<Core>, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            () = accept(core, listener) => {}
            _ = stopped => {}
        }
    });
}

/// A listener that a crowd can come to at once.
fn listen(port: u16) -> io::Result<TcpListener> {
    const WAITING: u32 = 4096;
    let socket = TcpSocket::new_v4()?;
    // A port that was chosen can be had again right after a run. Elsewhere this would let others
    // have it at the same time.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(WAITING)
}

/// What stands between new connections and the listener.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closing: Notify,
    closed: Notify,
}

impl Gate {
    /// Accepts no further connection; returns when that is so.
    pub(super) async fn close(&self) {
        self.closing.notify_one();
        self.closed.notified().await;
        // For others who come to close it.
        self.closed.notify_one();
    }
}

async fn accept(core: Arc<Core>, listener: TcpListener) {
    let gate = Arc::new(Gate::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = gate.closing.notified() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(serve(Arc::clone(&core), Arc::clone(&gate), stream));
            }
            // Out of file handles, most likely: some may be free again soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    drop(listener);
    gate.closed.notify_one();
    // Connections that are open live on.
    std::future::pending::<()>().await;
}

async fn serve(core: Arc<Core>, gate: Arc<Gate>, stream: TcpStream) {
    // Small writes are to be seen one by one.
    let _ = stream.set_nodelay(true);
    // What goes wrong with one connection is the client's to notice.
    let _ = match speaks_http2(&stream).await {
        Ok(true) => http2::serve(&core, &gate, stream).await,
        Ok(false) => http1::serve(&core, &gate, stream).await,
        Err(error) => Err(error),
    };
}

/// Whether the connection opens with HTTP/2's preface (RFC 9113, section 3.4).
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0";
    let mut start = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut start).await?;
        if start[..seen] != PREFACE[..seen] || seen == 0 {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        // The start of a preface stays readable, so that waiting for more has to be slept.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
