//! The token of a Cost Explorer query.

use std::fmt;
use std::str::FromStr;

use crate::id::{shown, text_value};
use crate::{Error, Result};

const LENGTH: usize = 64;

/// Which Cost Explorer query: the 64 characters that the service hands out when one is created.
///
/// Printable and storable: with it, and signed in to the same organization, the result can be
/// asked for later and elsewhere. It opens nothing by itself, so it is no secret. Its letters
/// stay in the case they came in, since the documentation shows both.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryToken(Box<str>);

impl QueryToken {
    /// The 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueryToken {
    type Err = Error;

    /// Letters and digits of ASCII are taken beyond the documented hexadecimal ones: a service
    /// that changes how it makes tokens should break no client, and these are safe in a path.
    fn from_str(given: &str) -> Result<Self> {
        let reason = if given.is_empty() {
            "it is empty".to_owned()
        } else if given.trim().len() != given.len() {
            "there is white space around it".to_owned()
        } else if let Some(odd) = given.chars().find(|c| !c.is_ascii_alphanumeric()) {
            format!("{odd:?} is neither a letter nor a digit")
        } else if given.len() != LENGTH {
            format!("it has {} characters, not {LENGTH}", given.len())
        } else {
            return Ok(Self(given.into()));
        };
        Err(Error::input(format!(
            "{} is not the token of a Cost Explorer query: {reason}. Give the 64 letters and \
             digits that creating the query answered, such as {}….",
            shown(given),
            "9c0d1e2f3a4b5c6d",
        )))
    }
}

impl AsRef<str> for QueryToken {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for QueryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for QueryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueryToken").field(&self.as_str()).finish()
    }
}

text_value!(QueryToken, "^[0-9A-Za-z]{64}$");

#[cfg(test)]
mod tests {
    use super::QueryToken;

    #[test]
    fn keeps_the_case_it_came_in() {
        for token in ["9C0d".repeat(16), "0".repeat(64), "Zz".repeat(32)] {
            let parsed: QueryToken = token.parse().unwrap();
            assert_eq!(parsed.to_string(), token);
            let json = serde_json::to_string(&parsed).unwrap();
            assert_eq!(serde_json::from_str::<QueryToken>(&json).unwrap(), parsed);
        }
    }

    #[test]
    fn refuses_what_a_path_could_not_carry() {
        for (given, reason) in [
            (String::new(), "empty"),
            ("a".repeat(63), "63 characters, not 64"),
            ("a".repeat(65), "65 characters, not 64"),
            (format!("{}/", "a".repeat(63)), "'/' is neither"),
            (format!("{}%2", "a".repeat(62)), "'%' is neither"),
            (format!("{}\n", "a".repeat(64)), "white space"),
            (format!("{}é", "a".repeat(62)), "'é' is neither"),
        ] {
            let message = given.parse::<QueryToken>().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert!(message.chars().count() < 300, "{message}");
        }
    }
}
