//! TLS: a server on loopback whose certificate a private CA has signed.

use std::path::PathBuf;

use atlas_billing::reqwest::Certificate;
use atlas_billing::{Client, ClientBuilder, Credentials, ErrorKind};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::tls::TlsServer;
use tempfile::TempDir;

use crate::route::child;
use crate::{call, stand_in};

/// A server that responds to every request with an empty list of invoices.
struct Server {
    tls: TlsServer,
    _inner: Capture,
    folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let media = "application/vnd.atlas.2023-01-01+json";
        let body = r#"{"results":[],"totalCount":0}"#;
        let inner = Capture::responding([
            message("200 OK", media, body),
            message("200 OK", media, body),
        ])
        .await;
        let tls = TlsServer::before(inner.address()).await;
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), tls.ca()).unwrap();
        Self {
            tls,
            _inner: inner,
            folder,
        }
    }

    fn base_url(&self) -> String {
        self.tls.origin()
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder(Credentials::bearer("planted")).base_url(self.base_url())
    }

    /// What a process says that calls it with these variables.
    fn called_with(&self, variables: &[(&str, &str)]) -> String {
        let base_url = self.base_url();
        let own = [
            ("MONGODB_ATLAS_BASE_URL", base_url.as_str()),
            ("MONGODB_ATLAS_ACCESS_TOKEN", "planted"),
        ];
        tokio::task::block_in_place(|| child(&[&own[..], variables].concat()))
    }
}

#[tokio::test]
async fn a_private_ca_is_trusted_where_it_is_named() {
    let server = Server::start().await;
    let certificate = Certificate::from_pem(server.tls.ca().as_bytes()).unwrap();
    for builder in [
        server.builder().ca_file(server.ca_file()),
        server.builder().ca_certificate(certificate),
    ] {
        call(&builder.build().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_issuer_ends_the_call_after_one_attempt() {
    let server = Server::start().await;
    let error = call(&server.builder().build().unwrap()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Tls, 1),
        "{error:?}"
    );
    assert!(error.help().unwrap().contains("SSL_CERT_FILE"), "{error}");
    assert_eq!(server.tls.connections(), 1);
}

/// Where the platform has its certificates in files.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ssl_cert_file_is_trusted_and_one_that_helps_nobody_is_an_error() {
    let server = Server::start().await;
    let ca_file = server.ca_file();
    let said = server.called_with(&[("SSL_CERT_FILE", ca_file.to_str().unwrap())]);
    assert!(said.contains("called"), "{said}");

    let folder = TempDir::new().unwrap();
    let (empty, empty_dir) = (folder.path().join("empty"), folder.path().join("dir"));
    std::fs::write(&empty, "").unwrap();
    std::fs::create_dir(&empty_dir).unwrap();
    let missing = folder.path().join("missing");
    let [empty, empty_dir, missing] =
        [&empty, &empty_dir, &missing].map(|path| path.to_str().unwrap());
    for (variables, named) in [
        (&[("SSL_CERT_FILE", missing)][..], missing),
        (
            &[("SSL_CERT_FILE", empty), ("SSL_CERT_DIR", empty_dir)],
            empty,
        ),
        (&[("SSL_CERT_FILE", empty_dir)], empty_dir),
        (&[("SSL_CERT_FILE", "")], "SSL_CERT_FILE"),
        (&[("SSL_CERT_DIR", empty_dir)], "SSL_CERT_DIR"),
    ] {
        let said = server.called_with(variables);
        assert!(said.contains("not built: Configuration: "), "{said}");
        let (variable, _) = variables[0];
        assert!(
            said.contains(variable) && said.contains(named),
            "{variables:?}: {said}"
        );
    }
    assert_eq!(server.tls.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_works_without_any_ca_certificates() {
    let stand_in = stand_in(atlas_billing_mock::SignIn::bearer("made.up")).await;
    let empty = TempDir::new().unwrap();
    let file = empty.path().join("empty.pem");
    std::fs::write(&file, "").unwrap();
    let base_url = stand_in.base_url();
    let said = tokio::task::block_in_place(|| {
        child(&[
            ("SSL_CERT_FILE", file.to_str().unwrap()),
            ("SSL_CERT_DIR", empty.path().to_str().unwrap()),
            ("MONGODB_ATLAS_BASE_URL", &base_url),
            ("MONGODB_ATLAS_ACCESS_TOKEN", "made.up"),
        ])
    });
    assert!(said.contains("called"), "{said}");
}
