//! A second origin, which no signed request may reach.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A listener on a port of its own that keeps what it is sent and never responds.
#[derive(Debug)]
pub struct Elsewhere {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Elsewhere {
    /// Listens until it is dropped.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (kept, count) = (seen.clone(), connections.clone());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let kept = kept.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 4096];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        kept.lock().unwrap().extend_from_slice(&buffer[..length]);
                    }
                });
            }
        });
        Self {
            address,
            seen,
            connections,
            task,
        }
    }

    /// Its origin, as a URL without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Everything it was sent.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.task.abort();
    }
}
