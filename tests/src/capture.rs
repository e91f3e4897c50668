//! A server that keeps the very bytes of each request and responds from a list.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that keeps the bytes of each HTTP/1.1 request, and responds from a list.
#[derive(Debug)]
pub struct Capture {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Capture {
    /// Responds to each request with the next of `responses`, whole HTTP messages; without one left it
    /// closes the connection.
    pub async fn responding<R: Into<Vec<u8>>>(responses: impl IntoIterator<Item = R>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let responses: Vec<Vec<u8>> = responses.into_iter().map(Into::into).collect();
        let responses = Arc::new(Mutex::new(responses.into_iter()));
        let kept = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, responses) = (kept.clone(), responses.clone());
                tokio::spawn(async move {
                    let mut stream = stream;
                    while let Some(request) = read(&mut stream).await {
                        kept.lock().unwrap().push(request);
                        let Some(response) = responses.lock().unwrap().next() else {
                            return;
                        };
                        if stream.write_all(&response).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    /// Its origin, as a URL without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far as they came, with `HOST` for the address and `\n` for each line end.
    pub fn requests(&self) -> Vec<String> {
        let host = self.address.to_string();
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|request| request.replace(&host, "HOST").replace("\r\n", "\n"))
            .collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The next request; none at the end of the connection.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8(bytes).unwrap());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An HTTP message of this status with a body of this type.
pub fn message(status: &str, media: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
