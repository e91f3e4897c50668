//! The route of a request: loopback never goes through a proxy, plain http with credentials
//! neither; a proxy that refuses is named. What the environment says is tried in a process of its
//! own.

use std::process::{Command, Output};

use atlas_billing::reqwest::Proxy;
use atlas_billing::{Client, Credentials, ErrorKind};
use atlas_billing_mock::{CLIENT_ID, CLIENT_SECRET, SignIn};
use atlas_billing_tests::capture::Capture;
use atlas_billing_tests::elsewhere::Elsewhere;

use crate::{builder, call, stand_in};

/// Runs [`calls_from_the_environment`] with these variables and no others of the kind; returns
/// what it printed.
pub(crate) fn child(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "route::calls_from_the_environment"]);
    command.args(["--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD"] {
        command.env_remove(name);
    }
    let Output { status, stdout, .. } = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{said}");
    said
}

#[tokio::test]
#[ignore = "run by other tests, in an environment of its own"]
async fn calls_from_the_environment() {
    let builder = atlas_billing::ClientBuilder::from_env().unwrap();
    let client = match builder.allow_plain_http("atlas.example").build() {
        Ok(client) => client,
        Err(error) => return println!("not built: {:?}: {error}", error.kind()),
    };
    if client.base_url().contains("atlas.example") {
        return println!("built");
    }
    match call(&client).await {
        Ok(()) => println!("called"),
        Err(error) => println!("failed: {:?} {}: {error}", error.kind(), error.attempts()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loopback_is_reached_directly_whatever_proxy_is_set() {
    let proxy = Elsewhere::listen().await;
    let origin = proxy.origin();
    let stand_in = stand_in(SignIn::service_account(CLIENT_ID, CLIENT_SECRET)).await;
    let credentials = Credentials::service_account(CLIENT_ID, CLIENT_SECRET);
    let through = Proxy::all(&origin).unwrap();
    let configured = builder(&stand_in, credentials.clone()).proxy(through.clone());
    let adjusted = builder(&stand_in, credentials).configure_http(move |http| http.proxy(through));
    for builder in [configured, adjusted] {
        call(&builder.build().unwrap()).await.unwrap();
    }
    for base_url in [
        stand_in.base_url(),
        stand_in.base_url().replace("127.0.0.1", "localhost"),
    ] {
        let said = tokio::task::block_in_place(|| {
            child(&[
                ("HTTP_PROXY", &origin),
                ("HTTPS_PROXY", &origin),
                ("ALL_PROXY", &origin),
                ("MONGODB_ATLAS_BASE_URL", &base_url),
                ("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID),
                ("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET),
            ])
        });
        assert!(said.contains("called"), "{said}");
    }
    assert_eq!(stand_in.requests().len(), 8);
    assert_eq!(proxy.connections(), 0, "{}", proxy.seen());
}

#[test]
fn plain_http_with_credentials_is_not_sent_through_a_proxy() {
    let base = [
        ("MONGODB_ATLAS_BASE_URL", "http://atlas.example"),
        ("MONGODB_ATLAS_ACCESS_TOKEN", "planted"),
    ];
    let proxy = "http://user:hush@proxy.example:3128";
    for (variables, built) in [
        (vec![], true),
        (vec![("HTTP_PROXY", proxy)], false),
        (vec![("http_proxy", proxy)], false),
        (vec![("ALL_PROXY", proxy)], false),
        (vec![("HTTPS_PROXY", proxy)], true),
        (
            vec![("HTTP_PROXY", proxy), ("NO_PROXY", "atlas.example")],
            true,
        ),
        (
            vec![("HTTP_PROXY", proxy), ("NO_PROXY", "other.example")],
            false,
        ),
    ] {
        let said = child(&[&base[..], &variables].concat());
        assert_eq!(said.contains("\nbuilt"), built, "{variables:?}: {said}");
        if !built {
            assert!(
                said.contains("not built: Configuration: credentials would"),
                "{said}"
            );
            assert!(said.contains("through the proxy proxy.example"), "{said}");
        }
        assert!(
            !said.contains("hush") && !said.contains("planted"),
            "{said}"
        );
    }
    let with_proxy = |credentials| {
        Client::builder(credentials)
            .base_url("http://atlas.example")
            .allow_plain_http("atlas.example")
            .proxy(Proxy::http("http://proxy.example").unwrap())
            .build()
    };
    let error = with_proxy(Credentials::bearer("planted")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.message().contains("through the configured proxy"),
        "{error}"
    );
    with_proxy(Credentials::none()).unwrap();
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_named_after_one_attempt() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = Capture::responding([refusal; 5]).await;
    // A tunnel for https, and a proxy that passes plain requests on.
    for (base_url, credentials) in [
        ("https://atlas.example", Credentials::bearer("planted")),
        ("http://atlas.example", Credentials::none()),
    ] {
        let before = proxy.requests().len();
        let client = Client::builder(credentials)
            .base_url(base_url)
            .proxy(Proxy::all(proxy.origin()).unwrap())
            .build()
            .unwrap();
        let error = call(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Proxy, 1),
            "{error:?}"
        );
        assert!(error.help().unwrap().contains("proxy"), "{error}");
        let requests = proxy.requests().split_off(before);
        assert_eq!(requests.len(), 1, "{requests:?}");
        assert!(!requests[0].contains("planted"), "{requests:?}");
    }
    assert!(proxy.requests()[0].starts_with("CONNECT atlas.example:443 "));
}
