//! Credentials, and where they may be sent.

use std::sync::Arc;

use http::HeaderValue;
use url::{Host, Url};

use super::digest::ApiKey;
use super::tokens::TokenProvider;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Credentials, or none: an API key, a service account, an access token, a provider of tokens.
///
/// `Debug` shows the public part alone.
///
/// ```
/// use atlas_billing::Credentials;
///
/// let key = Credentials::api_key("abcdefgh", "9d1f3a2b-made-up");
/// assert!(!format!("{key:?}").contains("9d1f3a2b"));
/// ```
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    None,
    ApiKey(ApiKey),
    ServiceAccount(Account),
    Bearer(Secret),
    Provider(Arc<dyn TokenProvider>),
}

/// A service account's client id and secret.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Credentials {
    /// An API key of the organization: its public and its private part. Requests are signed by
    /// HTTP Digest (RFC 7616), so the private part is never sent.
    pub fn api_key(public: impl Into<String>, private: impl Into<Secret>) -> Self {
        Self(Kind::ApiKey(ApiKey {
            public: public.into(),
            private: private.into(),
        }))
    }

    /// A service account: its client id and secret. Access tokens are obtained by the client
    /// credentials grant (RFC 6749 section 4.4), shared by all calls of a client and its clones,
    /// and refreshed before they expire.
    pub fn service_account(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self(Kind::ServiceAccount(Account {
            id: id.into(),
            secret: secret.into(),
        }))
    }

    /// An access token obtained elsewhere (RFC 6750). It cannot be refreshed: once it has expired,
    /// calls fail with [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized).
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self(Kind::Bearer(token.into()))
    }

    /// Access tokens of your own: from Vault, by workload identity. The provider is called when a
    /// token is first needed, shortly before it expires, and once more when the service rejects
    /// it.
    pub fn provider(provider: Arc<dyn TokenProvider>) -> Self {
        Self(Kind::Provider(provider))
    }

    /// No credentials: requests are sent unsigned, to a proxy that signs them, or to a stand-in.
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// Whether they are a service account, whose access tokens the client obtains, revokes and puts
    /// into a [`TokenStore`](crate::TokenStore).
    pub fn is_service_account(&self) -> bool {
        matches!(self.0, Kind::ServiceAccount(_))
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    /// Rejects what no server could accept, so that a slip (a line end out of a file, both parts
    /// in one variable) is found here and not by a 401. No message shows a secret.
    pub(super) fn check(&self) -> Result<()> {
        match &self.0 {
            Kind::None | Kind::Provider(_) => Ok(()),
            Kind::ApiKey(key) => {
                plain("the public part of the API key", &key.public, true)?;
                let private = key.private.expose_secret();
                plain("the private part of the API key", private, false)
            }
            Kind::ServiceAccount(account) => {
                plain("the service account's client id", &account.id, true)?;
                let secret = account.secret.expose_secret();
                plain("the service account's secret", secret, false)
            }
            Kind::Bearer(token) => plain("the access token", token.expose_secret(), false),
        }
    }
}

/// Requires visible ASCII, at least one character, and for a `name` none that a quoted string or a
/// pair joined by a colon cannot carry (RFC 7616 section 3.4, RFC 7617 section 2).
fn plain(what: &str, text: &str, name: bool) -> Result<()> {
    let problem = if text.is_empty() {
        "is empty"
    } else if text.trim().len() != text.len() {
        "has white space around it"
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "contains a space, a control character or a letter beyond ASCII"
    } else if name && text.contains([':', '"', '\\']) {
        "contains a colon, a quote or a backslash"
    } else {
        return Ok(());
    };
    Err(Error::configuration(format!("{what} {problem}")))
}

/// `Authorization` for a bearer token (RFC 6750 section 2.1), marked as sensitive: shown nowhere,
/// and not indexed by HTTP/2's compression (RFC 7541 section 7.1.3). `None` if no header can carry
/// it.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Where credentials may be sent: to the origin of the base URL alone (scheme, host and port,
/// RFC 6454 section 4), by https; by plain http to loopback and to hosts that the caller named.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    base: Url,
    /// Whether nobody can read what is sent there, or the caller allowed that.
    private: bool,
}

impl OriginRule {
    /// The rule for a base URL; `plain_http` are the hosts, without port, for which plain http is
    /// allowed.
    ///
    /// # Errors
    /// When the URL is not an http or https URL with a host, or a name in `plain_http` is not a
    /// host.
    pub(crate) fn new(base: &Url, plain_http: Vec<String>) -> Result<Self> {
        let Some(host) = base
            .host()
            .filter(|_| matches!(base.scheme(), "http" | "https"))
        else {
            let message = "the base URL is neither https nor http with a host";
            return Err(Error::configuration(message));
        };
        let mut private = base.scheme() == "https" || is_loopback(base);
        for name in plain_http {
            // IPv6 addresses have brackets in a URL, and often none elsewhere.
            let allowed = Host::parse(&name).or_else(|_| Host::parse(&format!("[{name}]")));
            let allowed = allowed.map_err(|error| {
                Error::configuration(format!(
                    "{name:?} cannot be allowed for plain http: it is not a host alone, without \
                     scheme, port or path"
                ))
                .with_source(error)
            })?;
            private |= allowed == host.to_owned();
        }
        Ok(Self {
            base: base.clone(),
            private,
        })
    }

    /// Rejects credentials that could be read on their way to the base URL.
    pub(super) fn check(&self, credentials: &Credentials) -> Result<()> {
        if self.private || credentials.is_none() {
            return Ok(());
        }
        let host = self.base.host_str().unwrap_or_default();
        Err(Error::configuration(format!(
            "credentials would be sent over plain http to {host}, a host that is not allowed for it"
        ))
        .with_help(
            "Use https, or name the host in `ClientBuilder::allow_plain_http` where the network on \
             the way is trusted.",
        ))
    }

    /// Rejects signing a request to another origin.
    pub(super) fn permit(&self, url: &Url) -> Result<()> {
        if url.origin() == self.base.origin() {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "a request to {} was not signed and not sent: the credentials are for {} alone",
            url.origin().ascii_serialization(),
            self.base.origin().ascii_serialization()
        )))
    }

    /// The base URL, without a trailing slash.
    pub(super) fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// `path`, which begins with a slash, under the base URL.
    pub(super) fn under_base(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let full = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&full);
        url.set_query(None);
        url.set_fragment(None);
        url
    }
}

/// Whether `url` is on this machine: 127.0.0.0/8, ::1, and the names that RFC 6761 section 6.3
/// reserves for it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback() || mapped.is_some_and(|address| address.is_loopback())
        }
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_service_account_is_told_from_other_credentials() {
        assert!(Credentials::service_account("mdb_sa_id_made_up", "x").is_service_account());
        assert!(!Credentials::api_key("abcdefgh", "x").is_service_account());
    }

    #[test]
    fn shows_no_secret() {
        for credentials in [
            Credentials::api_key("abcdefgh", "planted"),
            Credentials::service_account("mdb_sa_id_made_up", "planted"),
            Credentials::bearer("planted"),
            Credentials::bearer("planted\n"),
        ] {
            assert!(!format!("{credentials:?}").contains("planted"));
            if let Err(error) = credentials.check() {
                assert!(!format!("{error} {error:?}").contains("planted"));
            }
        }
        let shown = format!("{:?}", Credentials::api_key("abcdefgh", "planted"));
        assert!(shown.contains("abcdefgh"), "{shown}");
    }

    #[test]
    fn what_atlas_hands_out_is_accepted() {
        for credentials in [
            Credentials::none(),
            Credentials::api_key("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef"),
            Credentials::service_account("mdb_sa_id_0123", "mdb_sa_sk_A-b_C:d\"e"),
            Credentials::bearer("eyJ.made.up_-~+/="),
        ] {
            credentials.check().unwrap();
        }
    }

    #[test]
    fn slips_are_rejected() {
        let key = Credentials::api_key;
        let account = Credentials::service_account;
        for (credentials, message) in [
            (key("", "x"), "the public part of the API key is empty"),
            (key("a", ""), "the private part of the API key is empty"),
            (
                key("a:b", "x"),
                "public part of the API key contains a colon",
            ),
            (
                key("a\"b", "x"),
                "public part of the API key contains a colon",
            ),
            (
                key("a", "x\n"),
                "private part of the API key has white space",
            ),
            (
                account("a:b", "x"),
                "service account's client id contains a colon",
            ),
            (
                account("a", "x y"),
                "service account's secret contains a space",
            ),
            (
                account("a", "é"),
                "service account's secret contains a space",
            ),
            (Credentials::bearer(""), "the access token is empty"),
            (
                Credentials::bearer("a\r\nb"),
                "the access token contains a space",
            ),
        ] {
            let error = credentials.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn a_bearer_header_is_sensitive_and_one_line() {
        let header = bearer("planted").unwrap();
        assert_eq!(header, "Bearer planted");
        assert!(!format!("{header:?}").contains("planted"));
        for token in ["", "a b", "a\nb", "a\tb", "é"] {
            assert!(bearer(token).is_none(), "{token:?}");
        }
    }

    fn rule(base: &str, plain: &[&str]) -> Result<OriginRule> {
        let plain = plain.iter().map(|host| (*host).to_owned()).collect();
        OriginRule::new(&Url::parse(base).unwrap(), plain)
    }

    #[test]
    fn plain_http_only_to_loopback_and_named_hosts() {
        for (base, plain, allowed) in [
            ("https://cloud.mongodb.com", &[][..], true),
            ("http://cloud.mongodb.com", &[], false),
            ("http://127.0.0.1:8080", &[], true),
            ("http://127.9.9.9", &[], true),
            ("http://[::1]:8080", &[], true),
            ("http://[::ffff:127.0.0.1]", &[], true),
            ("http://localhost:1", &[], true),
            ("http://LOCALHOST.", &[], true),
            ("http://atlas.localhost", &[], true),
            ("http://localhost.example", &[], false),
            ("http://notlocalhost", &[], false),
            ("http://10.0.0.1", &[], false),
            ("http://0.0.0.0", &[], false),
            ("http://10.0.0.1", &["10.0.0.2", "10.0.0.1"], true),
            ("http://proxy.example:8080", &["Proxy.Example"], true),
            ("http://proxy.example", &["example"], false),
            ("http://[fd00::1]", &["fd00::1"], true),
            ("http://[fd00::1]", &["[fd00::1]"], true),
        ] {
            let rule = rule(base, plain).unwrap();
            let checked = rule.check(&Credentials::bearer("planted"));
            assert_eq!(checked.is_ok(), allowed, "{base} {plain:?}");
            rule.check(&Credentials::none()).unwrap();
            if let Err(error) = checked {
                assert!(error.to_string().contains("over plain http"), "{error}");
                assert!(error.help().unwrap().contains("allow_plain_http"));
                assert!(!error.to_string().contains("planted"), "{error}");
            }
        }
        for plain in ["http://proxy.example", "proxy.example:80", "", "a b"] {
            assert!(rule("http://proxy.example", &[plain]).is_err(), "{plain}");
        }
        assert!(rule("ftp://proxy.example", &[]).is_err());
        assert!(rule("data:text/plain,x", &[]).is_err());
    }

    #[test]
    fn another_origin_is_rejected() {
        let rule = rule("https://cloud.mongodb.com/base", &[]).unwrap();
        for (url, permitted) in [
            ("https://cloud.mongodb.com/api?x=1", true),
            ("https://CLOUD.mongodb.com:443/", true),
            ("http://cloud.mongodb.com/api", false),
            ("https://cloud.mongodb.com:444/api", false),
            ("https://cloud.mongodb.com.example/api", false),
            ("https://cloud.mongodbgov.com/api", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(rule.permit(&url).is_ok(), permitted, "{url}");
        }
    }

    #[test]
    fn paths_are_joined_below_the_base() {
        for (base, expected) in [
            (
                "https://cloud.mongodb.com",
                "https://cloud.mongodb.com/api/oauth/token",
            ),
            (
                "https://proxy.example/atlas/?x=1",
                "https://proxy.example/atlas/api/oauth/token",
            ),
        ] {
            let url = rule(base, &[]).unwrap().under_base("/api/oauth/token");
            assert_eq!(url.as_str(), expected);
        }
    }
}
