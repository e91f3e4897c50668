//! Where credentials may go.

use url::{Host, Url};

use crate::auth::Credentials;
use crate::{Error, ErrorKind, Result};

/// Where credentials may go: to the origin of the base URL alone (scheme, host and port, RFC 6454
/// section 4), and there by https, or in the clear to loopback and to hosts the caller named.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    base: Url,
    /// Whether what is sent there cannot be read on its way, or the caller said it may be.
    unread: bool,
}

impl OriginRule {
    /// The rule for a base URL; `plain_http` are the hosts for which plain http was allowed by
    /// name, without a port.
    ///
    /// # Errors
    ///
    /// `Configuration` if the URL is no http or https URL with a host, or if a name in
    /// `plain_http` is no host.
    pub(crate) fn new(base: &Url, plain_http: Vec<String>) -> Result<Self> {
        let Some(host) = base
            .host()
            .filter(|_| matches!(base.scheme(), "http" | "https"))
        else {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the base URL is neither https nor http with a host",
            ));
        };
        let mut unread = base.scheme() == "https" || is_loopback(&host);
        for name in plain_http {
            // IPv6 addresses are written with brackets in a URL, and often without elsewhere.
            let allowed = Host::parse(&name).or_else(|_| Host::parse(&format!("[{name}]")));
            let allowed = allowed.map_err(|error| {
                Error::new(
                    ErrorKind::Configuration,
                    format!(
                        "{} cannot be allowed for plain http: give a host alone, without scheme, \
                         port or path",
                        crate::id::shown(&name)
                    ),
                )
                .with_source(error)
            })?;
            unread |= allowed == host.to_owned();
        }
        Ok(Self {
            base: base.clone(),
            unread,
        })
    }

    /// Refuses credentials that could be read on their way to the base URL.
    pub(crate) fn check(&self, credentials: &Credentials) -> Result<()> {
        if self.unread || credentials.is_none() {
            return Ok(());
        }
        let host = self.base.host_str().unwrap_or_default();
        Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "credentials would go to {host} over plain http, where anyone on the way can \
                 read them: use https (ClientBuilder::allow_plain_http takes this host by name)"
            ),
        ))
    }

    /// Refuses to sign a request to another origin.
    pub(crate) fn permit(&self, url: &Url) -> Result<()> {
        if url.origin() == self.base.origin() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "a request to {} was not signed and not sent: the credentials are for {} alone",
                url.origin().ascii_serialization(),
                self.base.origin().ascii_serialization()
            ),
        ))
    }

    /// `path`, which begins with a slash, under the base URL.
    pub(crate) fn under_base(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let full = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&full);
        url.set_query(None);
        url.set_fragment(None);
        url
    }
}

/// This machine: 127.0.0.0/8, ::1, and the names that RFC 6761 section 6.3 reserves for it.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::OriginRule;
    use crate::auth::Credentials;

    fn rule(base: &str, plain: &[&str]) -> crate::Result<OriginRule> {
        let plain = plain.iter().map(|host| (*host).to_owned()).collect();
        OriginRule::new(&Url::parse(base).unwrap(), plain)
    }

    #[test]
    fn in_the_clear_only_to_loopback_and_named_hosts() {
        for (base, plain, allowed) in [
            ("https://cloud.mongodb.com", &[][..], true),
            ("http://cloud.mongodb.com", &[], false),
            ("http://127.0.0.1:8080", &[], true),
            ("http://127.9.9.9", &[], true),
            ("http://[::1]:8080", &[], true),
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
                assert!(!error.to_string().contains("planted"), "{error}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_host_or_no_base() {
        for plain in ["http://proxy.example", "proxy.example:80", "", "a b"] {
            assert!(rule("http://proxy.example", &[plain]).is_err(), "{plain}");
        }
        assert!(rule("ftp://proxy.example", &[]).is_err());
        assert!(rule("data:text/plain,x", &[]).is_err());
    }

    #[test]
    fn another_origin_is_refused() {
        let rule = rule("https://cloud.mongodb.com/base", &[]).unwrap();
        for (url, permitted) in [
            ("https://cloud.mongodb.com/api?x=1", true),
            ("https://CLOUD.mongodb.com:443/", true),
            ("http://cloud.mongodb.com/api", false),
            ("https://cloud.mongodb.com:444/api", false),
            ("https://cloud.mongodb.com.example/api", false),
            ("https://cloud.mongodbgov.com/api", false),
        ] {
            assert_eq!(
                rule.permit(&Url::parse(url).unwrap()).is_ok(),
                permitted,
                "{url}"
            );
        }
    }

    #[test]
    fn joins_below_the_base() {
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
