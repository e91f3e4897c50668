//! Who calls.

use crate::auth::digest::ApiKey;
use crate::auth::service_account::Account;
use crate::{Error, ErrorKind, Result, Secret};

/// Who calls: an API key, a service account, a bearer token that is ready, or no one.
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
pub struct Credentials(pub(super) Who);

/// The same, to be matched on.
#[derive(Debug, Clone)]
pub(super) enum Who {
    NoOne,
    ApiKey(ApiKey),
    Account(Account),
    Bearer(Secret),
}

impl Credentials {
    /// An API key of the organization: its public and its private part. Requests are signed by
    /// HTTP Digest (RFC 7616), so that the private part is never sent.
    pub fn api_key(public: impl Into<String>, private: impl Into<Secret>) -> Self {
        Self(Who::ApiKey(ApiKey {
            public: public.into(),
            private: private.into(),
        }))
    }

    /// A service account: its client id and secret, for which access tokens are had by the client
    /// credentials grant (RFC 6749 section 4.4). A token is kept and renewed before it ends.
    pub fn service_account(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self(Who::Account(Account {
            id: id.into(),
            secret: secret.into(),
        }))
    }

    /// An access token had elsewhere (RFC 6750). It cannot be renewed here: once it ends, calls
    /// fail with [`ErrorKind::Unauthorized`].
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self(Who::Bearer(token.into()))
    }

    /// No one: requests go out unsigned, for a proxy that signs them, or a stand-in.
    pub fn none() -> Self {
        Self(Who::NoOne)
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.0, Who::NoOne)
    }

    /// Refuses what no server could take, so that a slip (a line end out of a file, the two parts
    /// in one variable) is told here and not by a 401. No message shows a secret.
    pub(super) fn check(&self) -> Result<()> {
        match &self.0 {
            Who::NoOne => Ok(()),
            Who::ApiKey(key) => {
                plain("the public part of the API key", &key.public, true)?;
                plain(
                    "the private part of the API key",
                    key.private.expose(),
                    false,
                )
            }
            Who::Account(account) => {
                plain("the service account's client id", &account.id, true)?;
                let secret = account.secret.expose();
                plain("the secret of the service account", secret, false)
            }
            Who::Bearer(token) => plain("the access token", token.expose(), false),
        }
    }
}

/// Visible ASCII, at least one character, and for a `name` none that a quoted string or a pair
/// joined by a colon could not carry (RFC 7616 section 3.4, RFC 7617 section 2).
fn plain(what: &str, text: &str, name: bool) -> Result<()> {
    let trouble = if text.is_empty() {
        "is empty"
    } else if text.trim().len() != text.len() {
        "has white space around it"
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        "has a space, a control character or a letter that is not ASCII in it"
    } else if name && text.contains([':', '"', '\\']) {
        "has a colon, a quote or a backslash in it"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Configuration,
        format!("{what} {trouble}: copy it again from where Atlas showed it"),
    ))
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use crate::ErrorKind;

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
    fn takes_what_atlas_hands_out() {
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
    fn refuses_slips() {
        for (credentials, message) in [
            (
                Credentials::api_key("", "x"),
                "the public part of the API key is empty",
            ),
            (
                Credentials::api_key("a", ""),
                "the private part of the API key is empty",
            ),
            (
                Credentials::api_key("a:b", "x"),
                "public part of the API key has a colon",
            ),
            (
                Credentials::api_key("a\"b", "x"),
                "public part of the API key has a colon",
            ),
            (
                Credentials::api_key("a", "x\n"),
                "private part of the API key has white space",
            ),
            (
                Credentials::service_account("a:b", "x"),
                "service account's client id has a",
            ),
            (
                Credentials::service_account("a", "x y"),
                "secret of the service account has a space",
            ),
            (
                Credentials::service_account("a", "é"),
                "secret of the service account has a space",
            ),
            (Credentials::bearer(""), "the access token is empty"),
            (
                Credentials::bearer("a\r\nb"),
                "the access token has a space, a control",
            ),
        ] {
            let error = credentials.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
