//! Credentials from environment variables, under the names that other Atlas tools read.

use crate::auth::Credentials;
use crate::{Error, ErrorKind, Result};

const ACCESS_TOKEN: &str = "MONGODB_ATLAS_ACCESS_TOKEN";
const CLIENT_ID: &str = "MONGODB_ATLAS_CLIENT_ID";
const CLIENT_SECRET: &str = "MONGODB_ATLAS_CLIENT_SECRET";
/// The two spellings of an API key's parts: the Atlas CLI's and the Go SDK's. Terraform reads both.
const PUBLIC: [&str; 2] = ["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PUBLIC_KEY"];
const PRIVATE: [&str; 2] = ["MONGODB_ATLAS_PRIVATE_API_KEY", "MONGODB_ATLAS_PRIVATE_KEY"];

impl Credentials {
    /// The credentials that `variable` holds, in the order that Terraform's provider looks: an
    /// access token, a service account, an API key. `Ok(None)` if none of them is set.
    ///
    /// The first that is set is taken whole, or refused if a part of it is missing; what comes
    /// after it is not looked at, so that two accounts are never mixed. An empty value counts as
    /// not set. `variable` is `|name| std::env::var(name).ok()`, or anything like it.
    ///
    /// ```
    /// use atlas_billing::Credentials;
    ///
    /// let found = Credentials::from_env_with(&|name| match name {
    ///     "MONGODB_ATLAS_CLIENT_ID" => Some("mdb_sa_id_made_up".to_owned()),
    ///     _ => None,
    /// });
    /// let message = found.unwrap_err().to_string();
    /// assert!(message.contains("MONGODB_ATLAS_CLIENT_SECRET"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if one part of a pair is missing, or if two spellings of one
    /// part hold different values; the message names the variables.
    pub fn from_env_with(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let read = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some(Found { name, value })
        };
        if let Some(token) = read(ACCESS_TOKEN) {
            return Ok(Some(Self::bearer(token.value)));
        }
        match (read(CLIENT_ID), read(CLIENT_SECRET)) {
            (Some(id), Some(secret)) => {
                return Ok(Some(Self::service_account(id.value, secret.value)));
            }
            (Some(set), None) => return Err(half(set.name, CLIENT_SECRET)),
            (None, Some(set)) => return Err(half(set.name, CLIENT_ID)),
            (None, None) => {}
        }
        let publics = PUBLIC.map(read);
        let privates = PRIVATE.map(read);
        // Each spelling's own pair: a public part of one and a private part of the other may be
        // halves of two keys.
        for (public, private) in publics.iter().zip(&privates) {
            if let (Some(public), Some(private)) = (public, private) {
                agree(&publics)?;
                agree(&privates)?;
                let (public, private) = (public.value.as_str(), private.value.as_str());
                return Ok(Some(Self::api_key(public, private)));
            }
        }
        for at in 0..2 {
            if let Some(public) = &publics[at] {
                return Err(half(public.name, PRIVATE[at]));
            }
            if let Some(private) = &privates[at] {
                return Err(half(private.name, PUBLIC[at]));
            }
        }
        Ok(None)
    }
}

/// A variable that is set.
struct Found {
    name: &'static str,
    value: String,
}

fn half(set: &str, missing: &str) -> Error {
    Error::new(
        ErrorKind::Configuration,
        format!("the environment sets {set} but not {missing}: set both, or neither"),
    )
}

/// Refuses two spellings of one part that differ.
fn agree(spellings: &[Option<Found>; 2]) -> Result<()> {
    match spellings {
        [Some(one), Some(other)] if one.value != other.value => Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "the environment sets {} and {} to different values: unset one of them",
                one.name, other.name
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::credentials::Who;

    /// What comes of some variables, written `NAME=value` without the common prefix.
    fn found(variables: &str) -> Result<String> {
        let variable = |name: &str| {
            variables.split_ascii_whitespace().find_map(|set| {
                let (known, value) = set.split_once('=')?;
                (format!("MONGODB_ATLAS_{known}") == name).then(|| value.to_owned())
            })
        };
        Ok(
            match Credentials::from_env_with(&variable)?.map(|credentials| credentials.0) {
                None => "nothing".to_owned(),
                Some(Who::NoOne) => "no one".to_owned(),
                Some(Who::Bearer(token)) => format!("bearer {}", token.expose()),
                Some(Who::Account(account)) => {
                    format!("account {} {}", account.id, account.secret.expose())
                }
                Some(Who::ApiKey(key)) => format!("key {} {}", key.public, key.private.expose()),
            },
        )
    }

    #[test]
    fn looks_in_order_and_never_mixes() {
        for (variables, expected) in [
            ("", "nothing"),
            ("ORG_ID=x BASE_URL=y", "nothing"),
            ("ACCESS_TOKEN= CLIENT_ID= PUBLIC_KEY=", "nothing"),
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
    fn names_what_is_missing() {
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
            let wanted = format!("sets MONGODB_ATLAS_{set} but not MONGODB_ATLAS_{missing}:");
            assert!(error.to_string().contains(&wanted), "{variables}: {error}");
        }
    }

    #[test]
    fn names_what_is_doubled() {
        for (variables, one, other) in [
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=x",
                "PUBLIC_API_KEY",
                "PUBLIC_KEY",
            ),
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PRIVATE_API_KEY=x",
                "PRIVATE_API_KEY",
                "PRIVATE_KEY",
            ),
            (
                "PUBLIC_KEY=p PRIVATE_KEY=q PUBLIC_API_KEY=p PRIVATE_API_KEY=x",
                "PRIVATE_API_KEY",
                "PRIVATE_KEY",
            ),
        ] {
            let error = found(variables).unwrap_err();
            let wanted = format!("sets MONGODB_ATLAS_{one} and MONGODB_ATLAS_{other} to different");
            assert!(error.to_string().contains(&wanted), "{variables}: {error}");
        }
    }
}
