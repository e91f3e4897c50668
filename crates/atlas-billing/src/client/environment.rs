//! Environment variables: their names, which are those of other Atlas tools, and what is read from
//! them.

use super::{Client, ClientBuilder};
use crate::auth::Credentials;
use crate::error::{Error, Result};
use crate::id::OrgId;

/// A ready-made access token.
pub const ACCESS_TOKEN: &str = "MONGODB_ATLAS_ACCESS_TOKEN";

/// A service account's client id.
pub const CLIENT_ID: &str = "MONGODB_ATLAS_CLIENT_ID";

/// A service account's secret.
pub const CLIENT_SECRET: &str = "MONGODB_ATLAS_CLIENT_SECRET";

/// The public part of an API key: the Atlas CLI's name and the Go SDK's. Terraform reads both.
pub const PUBLIC_KEYS: [&str; 2] = ["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PUBLIC_KEY"];

/// The private part of an API key, likewise.
pub const PRIVATE_KEYS: [&str; 2] = ["MONGODB_ATLAS_PRIVATE_API_KEY", "MONGODB_ATLAS_PRIVATE_KEY"];

/// The base URL, the usual name first.
pub const BASE_URLS: [&str; 2] = ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"];

/// The id of the organization.
pub const ORG_ID: &str = "MONGODB_ATLAS_ORG_ID";

/// A PEM file of CA certificates, read instead of the system's by TLS libraries.
pub const CA_FILE: &str = "SSL_CERT_FILE";

/// Directories of CA certificates, likewise.
pub const CA_DIR: &str = "SSL_CERT_DIR";

impl Client {
    /// A client from the environment. The first of these that is set is used, and they are never
    /// mixed:
    ///
    /// 1. `MONGODB_ATLAS_ACCESS_TOKEN`: a ready-made access token;
    /// 2. `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET`: a service account;
    /// 3. `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY`, or
    ///    `MONGODB_ATLAS_PUBLIC_KEY` and `MONGODB_ATLAS_PRIVATE_KEY`: an API key.
    ///
    /// `MONGODB_ATLAS_BASE_URL` (or `MONGODB_ATLAS_OPS_MANAGER_URL`) is the base URL, commercial
    /// Atlas by default. A variable that is set and empty counts as not set.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), naming the variable that is
    /// missing, contradictory or unusable.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// What [`Client::from_env`] builds, still to be changed.
    ///
    /// # Errors
    /// As for [`Client::from_env`].
    pub fn from_env() -> Result<Self> {
        Self::from_variables(&process)
    }

    /// The same from any source of variables.
    ///
    /// # Errors
    /// As for [`Client::from_env`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let credentials = Credentials::from_variables(variable)?.ok_or_else(|| {
            let [public, private] = [PUBLIC_KEYS[0], PRIVATE_KEYS[0]];
            Error::configuration(format!(
                "no credentials in the environment: neither {CLIENT_ID} and {CLIENT_SECRET} \
                 (service account) nor {public} and {private} (API key) nor {ACCESS_TOKEN} are set"
            ))
        })?;
        let builder = Self::new(credentials);
        Ok(match base_url(variable)? {
            Some(base_url) => builder.base_url(base_url),
            None => builder,
        })
    }
}

impl Credentials {
    /// The credentials in `variable`, in the order that Terraform's provider has: an access token,
    /// a service account, an API key. `Ok(None)` if none of them is set.
    ///
    /// The first that is set is used whole, or rejected if a part of it is missing; those after it
    /// are not read, so two accounts are never mixed. An empty value counts as not set.
    ///
    /// ```
    /// use atlas_billing::Credentials;
    ///
    /// let found = Credentials::from_variables(&|name| match name {
    ///     "MONGODB_ATLAS_CLIENT_ID" => Some("mdb_sa_id_made_up".to_owned()),
    ///     "MONGODB_ATLAS_CLIENT_SECRET" => Some("mdb_sa_sk_made_up".to_owned()),
    ///     _ => None,
    /// });
    /// assert!(found.unwrap().is_some());
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when one part of a pair is
    /// missing, or two names of one part have different values; the message names the variables.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let read = |name| set(variable, name);
        if let Some(token) = read(ACCESS_TOKEN) {
            return Ok(Some(Self::bearer(token)));
        }
        match (read(CLIENT_ID), read(CLIENT_SECRET)) {
            (Some(id), Some(secret)) => return Ok(Some(Self::service_account(id, secret))),
            (Some(_), None) => return Err(half(CLIENT_ID, CLIENT_SECRET)),
            (None, Some(_)) => return Err(half(CLIENT_SECRET, CLIENT_ID)),
            (None, None) => {}
        }
        // Each spelling's own pair: the public part of one and the private part of the other may
        // be halves of two keys.
        let mut missing = None;
        for (public, private) in PUBLIC_KEYS.into_iter().zip(PRIVATE_KEYS) {
            match (read(public), read(private)) {
                (Some(key), Some(secret)) => {
                    one_of(PUBLIC_KEYS, variable)?;
                    one_of(PRIVATE_KEYS, variable)?;
                    return Ok(Some(Self::api_key(key, secret)));
                }
                (Some(_), None) => missing = missing.or(Some(half(public, private))),
                (None, Some(_)) => missing = missing.or(Some(half(private, public))),
                (None, None) => {}
            }
        }
        missing.map_or(Ok(None), Err)
    }
}

impl OrgId {
    /// The organization that `MONGODB_ATLAS_ORG_ID` names; `None` where it is not set.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when it is not an id of an
    /// organization.
    pub fn from_env() -> Result<Option<Self>> {
        Self::from_variables(&process)
    }

    /// The same from any source of variables.
    ///
    /// # Errors
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let Some(text) = set(variable, ORG_ID) else {
            return Ok(None);
        };
        // Without the value, which may be a secret that was put into the wrong variable.
        text.trim().parse().map(Some).map_err(|_| {
            Error::configuration(format!(
                "{ORG_ID} is not the id of an organization, 24 hexadecimal digits"
            ))
        })
    }
}

/// The base URL that one of [`BASE_URLS`] names; `None` where none is set.
///
/// # Errors
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when both are set, and differ in
/// more than a trailing slash.
pub fn base_url(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
    one_of(BASE_URLS, variable)
}

/// A variable of the process.
fn process(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned())
}

/// One variable; empty counts as not set.
fn set(variable: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    variable(name).filter(|text| !text.trim().is_empty())
}

/// The value of the variable that has two names.
///
/// # Errors
/// When both are set, and differ in more than a trailing slash.
fn one_of(names: [&str; 2], variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
    let [first, second] = names;
    match (set(variable, first), set(variable, second)) {
        (Some(one), Some(other)) if one.trim_end_matches('/') != other.trim_end_matches('/') => {
            Err(Error::configuration(format!(
                "{first} and {second} are set to different values"
            )))
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn half(set: &str, missing: &str) -> Error {
    Error::configuration(format!("the environment sets {set} but not {missing}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Kind;
    use crate::error::ErrorKind;

    /// Variables written `NAME=value` without the common prefix.
    fn variables(text: &str) -> impl Fn(&str) -> Option<String> {
        move |name| {
            text.split_ascii_whitespace().find_map(|set| {
                let (known, value) = set.split_once('=')?;
                (format!("MONGODB_ATLAS_{known}") == name).then(|| value.to_owned())
            })
        }
    }

    fn found(text: &str) -> Result<String> {
        let credentials = Credentials::from_variables(&variables(text))?;
        Ok(match credentials.map(|credentials| credentials.0) {
            Some(Kind::Bearer(token)) => format!("bearer {}", token.expose_secret()),
            Some(Kind::ServiceAccount(account)) => {
                format!("account {} {}", account.id, account.secret.expose_secret())
            }
            Some(Kind::ApiKey(key)) => {
                format!("key {} {}", key.public, key.private.expose_secret())
            }
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn the_order_is_kept_and_nothing_mixed() {
        for (variables, expected) in [
            ("", "None"),
            ("ORG_ID=x BASE_URL=y", "None"),
            ("ACCESS_TOKEN= CLIENT_ID= PUBLIC_KEY=", "None"),
            ("ACCESS_TOKEN=t", "bearer t"),
            (
                "ACCESS_TOKEN=t CLIENT_ID=i CLIENT_SECRET=s PUBLIC_KEY=p",
                "bearer t",
            ),
            ("CLIENT_ID=i CLIENT_SECRET=s", "account i s"),
            (
                "CLIENT_ID=i CLIENT_SECRET=s PUBLIC_KEY=p PRIVATE_KEY=q",
                "account i s",
            ),
            ("CLIENT_ID=i CLIENT_SECRET=s PUBLIC_KEY=p", "account i s"),
            ("PUBLIC_API_KEY=p PRIVATE_API_KEY=q", "key p q"),
            ("PUBLIC_KEY=p PRIVATE_KEY=q", "key p q"),
            ("PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=p", "key p q"),
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=p PRIVATE_API_KEY=q",
                "key p q",
            ),
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY= PRIVATE_API_KEY=",
                "key p q",
            ),
        ] {
            assert_eq!(found(variables).unwrap(), expected, "{variables}");
        }
    }

    #[test]
    fn a_missing_part_is_named() {
        for (variables, set, missing) in [
            ("CLIENT_ID=i", "CLIENT_ID", "CLIENT_SECRET"),
            ("CLIENT_SECRET=s", "CLIENT_SECRET", "CLIENT_ID"),
            ("CLIENT_ID=i CLIENT_SECRET=", "CLIENT_ID", "CLIENT_SECRET"),
            (
                "CLIENT_ID=i PUBLIC_KEY=p PRIVATE_KEY=q",
                "CLIENT_ID",
                "CLIENT_SECRET",
            ),
            ("PUBLIC_API_KEY=p", "PUBLIC_API_KEY", "PRIVATE_API_KEY"),
            ("PRIVATE_API_KEY=q", "PRIVATE_API_KEY", "PUBLIC_API_KEY"),
            ("PUBLIC_KEY=p", "PUBLIC_KEY", "PRIVATE_KEY"),
            ("PRIVATE_KEY=q", "PRIVATE_KEY", "PUBLIC_KEY"),
            (
                "PUBLIC_API_KEY=p PRIVATE_KEY=q",
                "PUBLIC_API_KEY",
                "PRIVATE_API_KEY",
            ),
        ] {
            let error = found(variables).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let expected = format!("sets MONGODB_ATLAS_{set} but not MONGODB_ATLAS_{missing}");
            assert!(
                error.to_string().ends_with(&expected),
                "{variables}: {error}"
            );
        }
    }

    #[test]
    fn contradictory_names_are_rejected() {
        for (text, one, other) in [
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=x",
                "PUBLIC_API_KEY",
                "PUBLIC_KEY",
            ),
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=p PRIVATE_API_KEY=x",
                "PRIVATE_API_KEY",
                "PRIVATE_KEY",
            ),
            (
                "ACCESS_TOKEN=t BASE_URL=https://a.example OPS_MANAGER_URL=https://b.example",
                "BASE_URL",
                "OPS_MANAGER_URL",
            ),
        ] {
            let error = ClientBuilder::from_variables(&variables(text)).unwrap_err();
            let expected =
                format!("MONGODB_ATLAS_{one} and MONGODB_ATLAS_{other} are set to different");
            assert!(error.to_string().contains(&expected), "{text}: {error}");
        }
    }

    #[test]
    fn the_base_url_has_two_names() {
        for text in [
            "BASE_URL=http://127.0.0.1:1/",
            "OPS_MANAGER_URL=http://127.0.0.1:1",
            "BASE_URL=http://127.0.0.1:1/ OPS_MANAGER_URL=http://127.0.0.1:1",
        ] {
            let text = format!("ACCESS_TOKEN=made-up {text}");
            let builder = ClientBuilder::from_variables(&variables(&text)).unwrap();
            assert_eq!(builder.build().unwrap().base_url(), "http://127.0.0.1:1/");
        }
        let error = ClientBuilder::from_variables(&|_| None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(CLIENT_ID), "{error}");
    }
}
