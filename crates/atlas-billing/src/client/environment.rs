//! A client from environment variables, under the names that other Atlas tools read.

use super::{Client, ClientBuilder};
use crate::auth::Credentials;
use crate::{Error, ErrorKind, OrgId, Result};

/// The names of a base URL, the usual one first.
const BASE_URL: [&str; 2] = ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"];

/// The name of an organization's id.
const ORG_ID: &str = "MONGODB_ATLAS_ORG_ID";

impl Client {
    /// A client from the environment. The first of these that is there is taken, and they are
    /// never mixed:
    ///
    /// 1. `MONGODB_ATLAS_ACCESS_TOKEN`: a ready-made bearer token;
    /// 2. `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET`: a service account;
    /// 3. `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY`, or
    ///    `MONGODB_ATLAS_PUBLIC_KEY` and `MONGODB_ATLAS_PRIVATE_KEY`: an API key.
    ///
    /// `MONGODB_ATLAS_BASE_URL` (or `MONGODB_ATLAS_OPS_MANAGER_URL`) is the base URL, commercial
    /// Atlas by default. A variable that is set and empty counts as not set.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the variable that is missing, doubled or unusable.
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
        Self::from_variables(&read)
    }

    /// The same from any source of variables.
    ///
    /// # Errors
    /// As for [`Client::from_env`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let credentials = Credentials::from_env_with(variable)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Configuration,
                "no credentials in the environment: set MONGODB_ATLAS_CLIENT_ID and \
                 MONGODB_ATLAS_CLIENT_SECRET (service account), MONGODB_ATLAS_PUBLIC_API_KEY and \
                 MONGODB_ATLAS_PRIVATE_API_KEY (API key), or MONGODB_ATLAS_ACCESS_TOKEN",
            )
        })?;
        let mut builder = Self::new(credentials);
        if let Some(base_url) = base_url(variable)? {
            builder = builder.base_url(base_url);
        }
        Ok(builder)
    }
}

impl OrgId {
    /// The organization named by `MONGODB_ATLAS_ORG_ID`; absent where that is not set.
    ///
    /// # Errors
    /// When it is set and no organization's id.
    pub fn from_env() -> Result<Option<Self>> {
        let Some(text) = read(ORG_ID) else {
            return Ok(None);
        };
        // Without what parsing says: it would show the value, which may be a secret that was put
        // into the wrong variable.
        text.parse().map(Some).map_err(|_: Error| {
            Error::new(
                ErrorKind::Configuration,
                format!(
                    "{ORG_ID} holds no organization id: give the 24 hexadecimal digits in lower \
                     case that Atlas shows"
                ),
            )
        })
    }
}

/// One variable; empty counts as not set.
fn read(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn base_url(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
    let found: Vec<(&str, String)> = BASE_URL
        .into_iter()
        .filter_map(|name| Some((name, variable(name).filter(|text| !text.trim().is_empty())?)))
        .collect();
    match found.as_slice() {
        [(first, one), (second, other)]
            if one.trim_end_matches('/') != other.trim_end_matches('/') =>
        {
            Err(Error::new(
                ErrorKind::Configuration,
                format!("{first} and {second} name different base URLs: unset one of them"),
            ))
        }
        found => Ok(found.first().map(|(_, url)| url.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(variables: &[(&str, &str)]) -> Result<Client> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        ClientBuilder::from_variables(&move |name| {
            variables
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })?
        .build()
    }

    const TOKEN: (&str, &str) = ("MONGODB_ATLAS_ACCESS_TOKEN", "made-up");

    #[test]
    fn the_base_url_has_two_names() {
        for name in BASE_URL {
            let client = build(&[TOKEN, (name, "http://127.0.0.1:1/")]).unwrap();
            assert_eq!(client.base_url(), "http://127.0.0.1:1/");
        }
    }

    #[test]
    fn two_different_base_urls_are_refused_by_name() {
        let error = build(&[
            TOKEN,
            (BASE_URL[0], "https://a.example"),
            (BASE_URL[1], "https://b.example"),
        ])
        .unwrap_err();
        assert!(error.to_string().contains(BASE_URL[0]), "{error}");
        assert!(error.to_string().contains(BASE_URL[1]), "{error}");
    }

    #[test]
    fn nothing_set_says_what_to_set() {
        let error = build(&[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains("MONGODB_ATLAS_CLIENT_ID"),
            "{error}"
        );
    }
}
