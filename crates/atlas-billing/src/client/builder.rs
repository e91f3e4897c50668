//! Builds a client: credentials, base URL, HTTP settings, policies.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ::http::HeaderMap;
use url::Url;

use super::http::{self, HttpSettings};
use super::{COMMERCIAL, Client};
use crate::auth::{Credentials, OriginRule, Signer, TokenStore};
use crate::edge::{Clock, HttpClient, OsRandom, Random, SystemClock};
use crate::error::{Error, Result};
use crate::exchange::{Exchange, Observer};
use crate::poll::PollPolicy;
use crate::request::{CallOptions, HeaderHook, Pipeline, call_options};

/// Builds a [`Client`]. The options of calls that are set here apply to calls that set none of their
/// own.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::{Client, Credentials, Timeouts};
///
/// # fn main() -> atlas_billing::Result<()> {
/// let atlas = Client::builder(Credentials::service_account("mdb_sa_id_made_up", "mdb_sa_sk_made_up"))
///     .user_agent("my-report/1.2")
///     .timeouts(Timeouts::default().with_head(Duration::from_secs(20)))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    base_url: String,
    plain_http: Vec<String>,
    user_agent: Option<String>,
    http: HttpSettings,
    http_client: Option<Arc<dyn HttpClient>>,
    token_store: Option<Arc<dyn TokenStore>>,
    options: CallOptions,
    polling: PollPolicy,
    headers: Option<Arc<HeaderHook>>,
    observers: Vec<Arc<dyn Observer>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Client {
    /// Starts building a client with `credentials`.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }
}

call_options!(ClientBuilder);

impl ClientBuilder {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            base_url: COMMERCIAL.to_owned(),
            plain_http: Vec::new(),
            user_agent: None,
            http: HttpSettings::default(),
            http_client: None,
            token_store: None,
            options: CallOptions::new(),
            polling: PollPolicy::default(),
            headers: None,
            observers: Vec::new(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom::new()),
        }
    }

    /// Where the service is: [`COMMERCIAL`] by default, [`GOVERNMENT`](crate::GOVERNMENT), or any
    /// other `https` URL. Plain `http` is accepted for loopback, and for the hosts of
    /// [`allow_plain_http`](Self::allow_plain_http).
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Lets credentials travel unencrypted to this one host on a private network. They never go
    /// through a proxy that way.
    pub fn allow_plain_http(mut self, host: impl Into<String>) -> Self {
        self.plain_http.push(host.into());
        self
    }

    /// Names the program in `User-Agent`, before this crate's own name: `my-report/1.2`.
    pub fn user_agent(mut self, program: impl Into<String>) -> Self {
        self.user_agent = Some(program.into());
        self
    }

    /// Sends https requests through `proxy` instead of the system's (`HTTPS_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY`). Loopback is always reached directly.
    ///
    /// ```
    /// # use atlas_billing::{Client, Credentials};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = atlas_billing::reqwest::Proxy::https("http://proxy.example:3128")?;
    /// let atlas = Client::builder(Credentials::bearer("made-up")).proxy(proxy).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.http.proxies.push(proxy);
        self
    }

    /// Trusts a private CA's certificate beside the platform's.
    #[cfg(feature = "__tls")]
    pub fn ca_certificate(mut self, certificate: reqwest::Certificate) -> Self {
        self.http.certificates.push(certificate);
        self
    }

    /// Trusts the certificates in a PEM file beside the platform's. Without it, the platform's are
    /// those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where these are set.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.http.ca_files.push(path.into());
        self
    }

    /// Adjusts reqwest's client builder: DNS, HTTP/2, TLS. Called before this crate's own settings
    /// go on, which stand: no redirects, no `Referer`, the user agent, no proxy to loopback.
    ///
    /// Leave reqwest's own time limits alone; they would apply beside those of
    /// [`timeouts`](Self::timeouts).
    pub fn configure_http(
        mut self,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.http.adjust.push(Box::new(adjust));
        self
    }

    /// Sends requests through this client: an existing [`reqwest::Client`], or a double without
    /// sockets. It must not follow redirects. The settings above do not apply to it.
    pub fn http_client(mut self, http: Arc<dyn HttpClient>) -> Self {
        self.http_client = Some(http);
        self
    }

    /// Keeps a service account's access token between runs, and shares it with other processes.
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.token_store = Some(store);
        self
    }

    /// Adds headers to each request, those for access tokens excepted: to propagate a trace, for
    /// instance. The headers of this crate stand.
    ///
    /// ```
    /// # use atlas_billing::{Client, Credentials};
    /// let builder = Client::builder(Credentials::none()).headers(|headers| {
    ///     let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ///     headers.insert("traceparent", http::HeaderValue::from_static(trace));
    /// });
    /// ```
    pub fn headers(mut self, add: impl Fn(&mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.headers = Some(Arc::new(add));
        self
    }

    /// How a result that is not ready is polled, for calls that set no policy of their own. FOCUS
    /// reports take all of it but the waits, which are [theirs](crate::poll::Backoff::for_reports).
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.polling = policy;
        self
    }

    /// Reports each request and each wait to `observer`. May be called several times.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Reads the time and waits by `clock` instead of the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Draws jitter and nonces from `random` instead of the operating system.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the base URL or the
    /// user agent is invalid, when credentials would travel over plain http, or when the HTTP
    /// client cannot be built: TLS, a CA file that cannot be read.
    pub fn build(self) -> Result<Client> {
        let base_url = parse_base_url(&self.base_url)?;
        let origin = OriginRule::new(&base_url, self.plain_http)?;
        let signed = !self.credentials.is_none();
        let signer = Signer::new(self.credentials, origin, self.token_store)?;
        let never_sends = http::unused_client()?;
        let http = match self.http_client {
            Some(http) => http,
            None => {
                let user_agent = http::user_agent(self.user_agent.as_deref())?;
                Arc::new(http::build(self.http, &base_url, &user_agent, signed)?)
            }
        };
        let exchange = Exchange {
            http,
            clock: self.clock,
            random: self.random,
            observers: self.observers.into(),
        };
        Ok(Client {
            pipeline: Arc::new(Pipeline {
                exchange,
                signer,
                base_url,
                defaults: self.options,
                headers: self.headers,
                never_sends,
            }),
            polling: self.polling,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Reads a base URL: scheme and host, perhaps a port and a path before `/api`.
///
/// # Errors
/// When it is not an http or https URL, or carries what a base cannot: credentials (they would end
/// up in logs), a query or a fragment.
fn parse_base_url(text: &str) -> Result<Url> {
    let invalid = |why: &str| {
        Error::configuration(format!(
            "the base URL {why}; it is scheme and host alone, such as {COMMERCIAL}"
        ))
    };
    let mut url = Url::parse(text.trim()).map_err(|_| invalid("is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(invalid("is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("has a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("has a query or fragment"));
    }
    // The generated client appends paths that begin with a slash.
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::super::GOVERNMENT;
    use super::*;

    #[test]
    fn base_urls_are_read_with_and_without_a_last_slash() {
        for text in [
            COMMERCIAL,
            GOVERNMENT,
            "http://127.0.0.1:8080",
            "https://proxy.example/atlas",
        ] {
            let url = parse_base_url(text).unwrap();
            assert_eq!(url, parse_base_url(&format!(" {text}/ ")).unwrap());
            assert_eq!(url.as_str().trim_end_matches('/'), text);
        }
    }

    #[test]
    fn what_a_base_url_cannot_carry_is_rejected_and_not_shown() {
        for text in [
            "cloud.mongodb.com",
            "ftp://cloud.mongodb.com",
            "https://user:hush@cloud.mongodb.com",
            "https://cloud.mongodb.com?x=hush",
            "https://cloud.mongodb.com#hush",
            "",
        ] {
            let error = parse_base_url(text).unwrap_err();
            assert!(error.is_input(), "{text}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
