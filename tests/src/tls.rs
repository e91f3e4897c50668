//! TLS on loopback in front of a server without it, and what goes wrong on the way in.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::protocol::Protocol;

/// What goes wrong before a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The certificate has expired.
    Expired,
    /// The certificate is that of another host.
    OtherHost,
    /// The certificate is signed by a CA that nobody knows.
    UnknownIssuer,
    /// The connection is closed within the server's first message.
    CutHandshake,
    /// The server does not speak TLS.
    PlainText,
    /// The connection is closed once the handshake is done.
    ClosedAfter,
}

/// A server that decrypts what it is sent and passes it on to another one.
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    /// How many connections were made, and how many more meet the trouble.
    connections: Arc<AtomicUsize>,
    troubled: Arc<AtomicUsize>,
    ca: String,
    task: JoinHandle<()>,
}

impl TlsServer {
    /// Passes everything on to `inner`, until it is dropped.
    pub async fn before(inner: SocketAddr) -> Self {
        Self::troubled(inner, Protocol::Http1, Trouble::ClosedAfter, 0).await
    }

    /// The same over `protocol` alone, where the first `times` connections meet `trouble`.
    pub async fn troubled(
        inner: SocketAddr,
        protocol: Protocol,
        trouble: Trouble,
        times: usize,
    ) -> Self {
        let ca = authority();
        let good = acceptor(&ca, protocol, None);
        let bad = match trouble {
            Trouble::UnknownIssuer => acceptor(&authority(), protocol, None),
            trouble => acceptor(&ca, protocol, Some(trouble)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let troubled = Arc::new(AtomicUsize::new(times));
        let (count, left) = (connections.clone(), troubled.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let less = |left: usize| left.checked_sub(1);
                let struck = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
                let (acceptor, trouble) = match struck {
                    Ok(_) => (bad.clone(), Some(trouble)),
                    Err(_) => (good.clone(), None),
                };
                // Fails where the client does not trust the certificate.
                tokio::spawn(async move { serve(stream, acceptor, trouble, inner).await.ok() });
            }
        });
        Self {
            address,
            connections,
            troubled,
            ca: ca.pem(),
            task,
        }
    }

    /// Its origin, as a URL without a slash at the end.
    pub fn origin(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of its CA, in PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// From now on nothing goes wrong.
    pub fn recover(&self) {
        self.troubled.store(0, Ordering::SeqCst);
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection.
async fn serve(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
    trouble: Option<Trouble>,
    inner: SocketAddr,
) -> io::Result<()> {
    let said: &[u8] = match trouble {
        // The head of a handshake record of 122 bytes (RFC 8446 section 5.1), and no more.
        Some(Trouble::CutHandshake) => b"\x16\x03\x03\x00\x7a",
        Some(Trouble::PlainText) => b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        _ => b"",
    };
    if !said.is_empty() {
        stream.read_buf(&mut Vec::with_capacity(1 << 14)).await?;
        stream.write_all(said).await?;
        return stream.shutdown().await;
    }
    let mut stream = acceptor.accept(stream).await?;
    if trouble.is_some() {
        return stream.shutdown().await;
    }
    let mut inner = TcpStream::connect(inner).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut inner).await?;
    Ok(())
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Shows a certificate for loopback that `ca` has signed.
fn acceptor(ca: &Issuer<'_, KeyPair>, protocol: Protocol, trouble: Option<Trouble>) -> TlsAcceptor {
    let host = match trouble {
        Some(Trouble::OtherHost) => "other.example",
        _ => "127.0.0.1",
    };
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    if trouble == Some(Trouble::Expired) {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key);
    let mut config = config.unwrap();
    config.alpn_protocols = match protocol {
        Protocol::Http1 => vec![b"http/1.1".to_vec()],
        Protocol::Http2 => vec![b"h2".to_vec()],
    };
    TlsAcceptor::from(Arc::new(config))
}
