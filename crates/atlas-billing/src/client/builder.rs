//! Builds a client: credentials, base URL, HTTP settings, policies.

use std::fmt;
use std::sync::Arc;

use super::settings::{MAX_BODY, Settings};
use super::{Client, Inner, base_url, http};
use crate::auth::{Credentials, Signer};
use crate::edge::{Clock, Edge, HttpClient, OsRandom, Random, ReqwestClient, SystemClock};
use crate::{ApiVersion, Observer, PollPolicy, Result, RetryPolicy, Timeouts};

pub(super) type Adjust = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// Builds a [`Client`].
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
    adjust: Vec<Adjust>,
    version: Option<ApiVersion>,
    timeouts: Timeouts,
    retry: RetryPolicy,
    polling: PollPolicy,
    max_body: u64,
    observers: Vec<Arc<dyn Observer>>,
    http: Option<Arc<dyn HttpClient>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl ClientBuilder {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            base_url: base_url::COMMERCIAL.to_owned(),
            plain_http: Vec::new(),
            user_agent: None,
            adjust: Vec::new(),
            version: None,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            polling: PollPolicy::default(),
            max_body: MAX_BODY,
            observers: Vec::new(),
            http: None,
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom::new()),
        }
    }

    /// Where the service is: [`COMMERCIAL`](crate::COMMERCIAL) by default,
    /// [`GOVERNMENT`](crate::GOVERNMENT), or any other `https` URL. Plain `http` is taken for
    /// loopback, and for the hosts of [`allow_plain_http`](Self::allow_plain_http).
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Lets credentials travel unencrypted to this one host, such as a proxy on a private network.
    pub fn allow_plain_http(mut self, host: impl Into<String>) -> Self {
        self.plain_http.push(host.into());
        self
    }

    /// Names the program in `User-Agent`, before this crate's own name: `my-report/1.2`.
    pub fn user_agent(mut self, program: impl Into<String>) -> Self {
        self.user_agent = Some(program.into());
        self
    }

    /// Adjusts the HTTP client: a proxy, root certificates, DNS, HTTP/2. It is called before this
    /// crate's own settings go on, which stand: no redirects, no `Referer`, gzip, the user agent.
    ///
    /// Leave reqwest's own time limits alone; they would apply beside those of
    /// [`timeouts`](Self::timeouts).
    ///
    /// ```
    /// # use atlas_billing::{Client, Credentials};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = atlas_billing::reqwest::Proxy::https("http://proxy.example:3128")?;
    /// let atlas = Client::builder(Credentials::bearer("made-up"))
    ///     .configure_http(|http| http.proxy(proxy))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_http(
        mut self,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.adjust.push(Box::new(adjust));
        self
    }

    /// The version to ask for where a call names none; without it, each operation's pinned one.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// The time limits of calls that set none of their own.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The retry policy of calls that set none of their own.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How a result that is not ready is polled, for calls that set no policy of their own.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.polling = policy;
        self
    }

    /// The largest body, in decoded bytes, that is kept in memory whole; 256 MiB by default.
    /// Streams have no such limit.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Tells `observer` of each request and each wait. May be called several times.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sends requests through `http` instead of reqwest's own client: for tests without sockets.
    /// It has to leave redirects alone; [`configure_http`](Self::configure_http) has no effect on
    /// it.
    pub fn http_client(mut self, http: Arc<dyn HttpClient>) -> Self {
        self.http = Some(http);
        self
    }

    /// Tells the time and waits by `clock` instead of the system's.
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
    /// user agent cannot be used, when credentials would travel over plain http, or when the HTTP
    /// client cannot be built (TLS, certificates).
    pub fn build(self) -> Result<Client> {
        let base_url = base_url::parse(&self.base_url)?;
        let user_agent = http::user_agent(self.user_agent.as_deref())?;
        let origin = crate::auth::OriginRule::new(&base_url, self.plain_http)?;
        let signer = Signer::new(self.credentials, origin)?;
        let reqwest = http::build(self.adjust, &user_agent)?;
        let http = match self.http {
            Some(http) => http,
            None => {
                http::check_tls(&base_url)?;
                Arc::new(ReqwestClient(reqwest.clone()))
            }
        };
        let settings = Settings {
            base_url,
            version: self.version,
            timeouts: self.timeouts,
            retry: self.retry,
            polling: self.polling,
            max_body: self.max_body,
        };
        let edge = Edge {
            http,
            clock: self.clock,
            random: self.random,
        };
        let observers = self.observers;
        Ok(Client {
            inner: Arc::new(Inner {
                edge,
                reqwest,
                signer,
                settings,
                observers,
            }),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("version", &self.version)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
