//! How the HTTP client is built: the route, the trusted certificates, and what no setting changes.

use std::path::PathBuf;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::environment::{CA_DIR, CA_FILE};
use crate::auth::is_loopback;
use crate::error::{Error, Result};

/// A change to reqwest's client builder.
pub(super) type Adjust = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// What the caller set for the HTTP client.
#[derive(Default)]
pub(super) struct HttpSettings {
    pub(super) proxies: Vec<reqwest::Proxy>,
    #[cfg(feature = "__tls")]
    pub(super) certificates: Vec<reqwest::Certificate>,
    pub(super) ca_files: Vec<PathBuf>,
    pub(super) adjust: Vec<Adjust>,
}

/// `my-report/1.2 atlas-billing/0.1.0`.
///
/// # Errors
/// When `program` has other characters than visible ASCII and spaces (RFC 9110 section 10.1.5).
pub(super) fn user_agent(program: Option<&str>) -> Result<String> {
    let own = concat!("atlas-billing/", env!("CARGO_PKG_VERSION"));
    let Some(program) = program.map(str::trim).filter(|program| !program.is_empty()) else {
        return Ok(own.to_owned());
    };
    if !program
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(Error::configuration(
            "the user agent has characters that are not visible ASCII",
        ));
    }
    Ok(format!("{program} {own}"))
}

/// How long an HTTP/2 connection with requests on it may be silent before a ping is sent, and how
/// long the response to that may take. A time limit ends a request, not its connection, and on a
/// dead one every later attempt would be lost, too (RFC 9113 section 6.7).
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(10));

/// How much may be on its way to a stream of HTTP/2 that is not read, and to all streams of a
/// connection (RFC 9113 section 5.2). The latter is that of 64 streams: with much less, a few
/// invoices that are read slowly would leave the connection's other calls without a response.
const WINDOWS: (u32, u32) = (2 << 20, 64 * (2 << 20));

/// Builds reqwest's client for `base_url`, to which `signed` requests are sent or others.
///
/// The caller's changes come first; then what no setting changes. Redirects are off: one could
/// carry a signed request to another host. Loopback is never reached through a proxy, which would
/// be another machine, nor is plain http with credentials, which the proxy could read. TLS is set
/// up for https alone: plain http works where there are no CA certificates.
///
/// # Errors
/// `Configuration` when plain http with credentials would need a proxy, when a CA file cannot be
/// read or contains no certificate, when there are no CA certificates at all, or reqwest rejects a
/// setting.
pub(super) fn build(
    settings: HttpSettings,
    base_url: &Url,
    user_agent: &str,
    signed: bool,
) -> Result<reqwest::Client> {
    let mut builder = client_builder()
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .http2_keep_alive_timeout(KEEP_ALIVE.1)
        .http2_initial_stream_window_size(WINDOWS.0)
        .http2_initial_connection_window_size(WINDOWS.1);
    let exposed = base_url.scheme() == "http" && signed;
    if exposed && !is_loopback(base_url) {
        check_route(
            &Matcher::from_system(),
            !settings.proxies.is_empty(),
            base_url,
        )?;
    }
    for proxy in settings.proxies {
        builder = builder.proxy(proxy);
    }
    #[cfg(feature = "__tls")]
    {
        builder = trust(builder, settings.certificates, settings.ca_files, base_url)?;
    }
    #[cfg(not(feature = "__tls"))]
    if base_url.scheme() == "https" {
        return Err(Error::configuration(
            "this build of atlas-billing has no TLS: its features rustls, rustls-ring and native-tls are off",
        ));
    }
    for adjust in settings.adjust {
        builder = adjust(builder);
    }
    if exposed || is_loopback(base_url) {
        builder = builder.no_proxy();
    }
    // Content codings are taken off in one place, also where another crate of the program enables
    // reqwest's own support for them.
    let built = builder
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(user_agent)
        .build();
    built.map_err(|error| {
        let message = match base_url.scheme() {
            "https" => format!("the HTTP client cannot be built; {}", certificate_source()),
            _ => "the HTTP client cannot be built".to_owned(),
        };
        Error::configuration(message).with_source(error)
    })
}

/// A client that is never used: the generated client wants one to be built with.
pub(super) fn unused_client() -> Result<reqwest::Client> {
    let builder = client_builder().no_proxy();
    #[cfg(feature = "__tls")]
    let builder = builder.tls_certs_only([]);
    builder
        .build()
        .map_err(|error| Error::configuration("the HTTP client cannot be built").with_source(error))
}

/// reqwest's builder, with cryptography for rustls: the program's own choice, else ring.
fn client_builder() -> reqwest::ClientBuilder {
    #[cfg(feature = "rustls-ring")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails where another thread was faster, which leaves a choice as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    reqwest::Client::builder()
}

/// Rejects plain http with credentials to a host that is reached through a proxy: a `configured`
/// one, whatever it is for, or one of the system's.
fn check_route(system: &Matcher, configured: bool, base_url: &Url) -> Result<()> {
    let host = base_url.host_str().unwrap_or_default();
    let proxy = if configured {
        "the configured proxy".to_owned()
    } else {
        let target = base_url
            .as_str()
            .parse()
            .map_err(|error: ::http::uri::InvalidUri| {
                Error::configuration("the base URL is not a URI").with_source(error)
            })?;
        let Some(proxy) = system.intercept(&target) else {
            return Ok(());
        };
        let proxy = proxy.uri().host().unwrap_or_default().to_owned();
        format!("the proxy {proxy} (HTTP_PROXY, ALL_PROXY or the system's settings)")
    };
    Err(Error::configuration(format!(
        "credentials would be sent over plain http to {host} through {proxy}, which could read them"
    ))
    .with_help("Use https, or reach the host without a proxy: by NO_PROXY, or without `ClientBuilder::proxy`.",))
}

/// The variables that name the platform's certificates, where it has them in files.
fn ca_variables() -> Vec<(&'static str, PathBuf)> {
    const IN_FILES: bool = cfg!(all(
        unix,
        not(target_os = "android"),
        not(target_vendor = "apple")
    ));
    let names = [CA_FILE, CA_DIR].into_iter().filter(|_| IN_FILES);
    names
        .filter_map(|name| Some((name, std::env::var_os(name)?.into())))
        .collect()
}

/// Where the platform's certificates come from.
fn certificate_source() -> String {
    match ca_variables().as_slice() {
        [] => "CA certificates are the system's".to_owned(),
        [(name, _)] => format!("CA certificates come from {name} alone"),
        _ => format!("CA certificates come from {CA_FILE} and {CA_DIR} alone"),
    }
}

/// Trusts the platform's certificates and these for https, none for http.
#[cfg(feature = "__tls")]
fn trust(
    builder: reqwest::ClientBuilder,
    mut certificates: Vec<reqwest::Certificate>,
    ca_files: Vec<PathBuf>,
    base_url: &Url,
) -> Result<reqwest::ClientBuilder> {
    if base_url.scheme() == "http" {
        return Ok(builder.tls_certs_only([]));
    }
    // One that is unreadable would be skipped, or leave no certificates at all.
    if let Some((name, path)) = ca_variables().first().filter(|(name, _)| *name == CA_FILE) {
        certificates_in(path, &format!("{} ({name})", path.display()))?;
    }
    for path in ca_files {
        certificates.extend(certificates_in(&path, &path.display().to_string())?);
    }
    Ok(builder.tls_certs_merge(certificates))
}

/// The certificates of a PEM file that messages call `name`.
#[cfg(feature = "__tls")]
fn certificates_in(path: &std::path::Path, name: &str) -> Result<Vec<reqwest::Certificate>> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::configuration(format!("the CA file {name} cannot be read")).with_source(error)
    })?;
    let invalid = || Error::configuration(format!("the CA file {name} has an invalid certificate"));
    let found = reqwest::Certificate::from_pem_bundle(&bytes)
        .map_err(|error| invalid().with_source(error))?;
    match found.is_empty() {
        true => Err(Error::configuration(format!(
            "the CA file {name} contains no PEM certificate"
        ))),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_program_stands_before_our_name() {
        assert!(user_agent(None).unwrap().starts_with("atlas-billing/"));
        assert!(user_agent(Some(" ")).unwrap().starts_with("atlas-billing/"));
        let named = user_agent(Some("a/1 (b)")).unwrap();
        assert!(named.starts_with("a/1 (b) atlas-billing/"));
        for program in ["a\r\nX: y", "caf\u{e9}"] {
            let error = user_agent(Some(program)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
    }

    #[test]
    fn plain_http_with_credentials_is_rejected_where_a_proxy_is_on_the_route() {
        let proxy = "http://user:hush@proxy.example:3128";
        let none = Matcher::builder().build();
        let http = Matcher::builder().http(proxy).build();
        let https = Matcher::builder().https(proxy).build();
        let all = Matcher::builder()
            .all(proxy)
            .no("10.0.0.0/8, near.example")
            .build();
        for (system, configured, host, accepted) in [
            (&none, false, "atlas.example", true),
            (&none, true, "atlas.example", false),
            (&http, false, "atlas.example", false),
            (&https, false, "atlas.example", true),
            (&all, false, "atlas.example", false),
            (&all, false, "near.example", true),
            (&all, false, "10.1.2.3", true),
            (&all, false, "11.1.2.3", false),
        ] {
            let base_url = format!("http://{host}/base").parse().unwrap();
            let checked = check_route(system, configured, &base_url);
            assert_eq!(checked.is_ok(), accepted, "{host}");
            if let Err(error) = checked {
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.message().contains("plain http"), "{error}");
                assert!(error.help().unwrap().contains("NO_PROXY"));
                assert!(!error.to_string().contains("hush"), "{error}");
            }
        }
    }

    #[cfg(feature = "__tls")]
    #[test]
    fn a_ca_file_that_helps_nobody_is_an_error_that_names_it() {
        let https: Url = "https://atlas.example".parse().unwrap();
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (path, message) in [
            (
                "/nowhere/ca.pem",
                "the CA file /nowhere/ca.pem cannot be read",
            ),
            (manifest, "Cargo.toml contains no PEM certificate"),
        ] {
            let settings = HttpSettings {
                ca_files: vec![path.into()],
                ..HttpSettings::default()
            };
            let error = build(settings, &https, "x", true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().ends_with(message), "{error}");
        }
    }
}
