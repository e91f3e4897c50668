//! The form that the service's identifiers share: 24 lower-case hexadecimal digits.

use crate::id::shown;
use crate::{Error, Result};

/// 24 characters of `0-9a-f`. The specification's pattern for them is `^([a-f0-9]{24})$`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId([u8; 24]);

impl ObjectId {
    /// Reads `given`; `what` names it in the message that refuses it ("an organization id").
    pub(crate) fn parse(what: &str, given: &str) -> Result<Self> {
        let reason = match <[u8; 24]>::try_from(given.as_bytes()) {
            Ok(bytes) if bytes.iter().all(is_lower_hex) => return Ok(Self(bytes)),
            _ => reason(given),
        };
        Err(Error::input(format!(
            "{given} is not {what}: {reason}. Give the 24 hexadecimal digits in lower case that \
             Atlas shows, such as 64b7f0a1c2d3e4f506172839.",
            given = shown(given),
        )))
    }

    pub(crate) fn as_str(&self) -> &str {
        // Always ASCII: `parse` lets nothing else in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn is_lower_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn reason(given: &str) -> String {
    let length = given.chars().count();
    if given.is_empty() {
        "it is empty".to_owned()
    } else if given.trim().len() != given.len() {
        "there is white space around it".to_owned()
    } else if let Some(odd) = given.chars().find(|c| !c.is_ascii_hexdigit()) {
        format!("{odd:?} is no hexadecimal digit")
    } else if length != 24 {
        format!("it has {length} characters, not 24")
    } else {
        "its letters are in upper case".to_owned()
    }
}

/// Defines a public identifier over [`ObjectId`].
macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::id::object_id::ObjectId);

        impl $name {
            /// The 24 characters.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> $crate::Result<Self> {
                $crate::id::object_id::ObjectId::parse($what, text).map(Self)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        $crate::id::text_value!($name, "^[0-9a-f]{24}$");
    };
}
pub(crate) use object_id;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ObjectId;
    use crate::ErrorKind;

    const GOOD: &str = "64b7f0a1c2d3e4f506172839";

    #[test]
    fn keeps_what_is_right() {
        let id = ObjectId::parse("an organization id", GOOD).unwrap();
        assert_eq!(id.as_str(), GOOD);
    }

    #[test]
    fn says_what_was_given_what_is_wrong_and_what_is_wanted() {
        let upper = GOOD.to_uppercase();
        for (given, reason) in [
            ("", "it is empty"),
            (" 64b7f0a1c2d3e4f506172839", "white space around it"),
            ("64b7f0a1c2d3e4f506172839\n", "white space around it"),
            ("64b7f0", "it has 6 characters, not 24"),
            ("64b7f0a1c2d3e4f5061728390", "it has 25 characters, not 24"),
            ("64b7f0a1c2d3e4f50617283g", "'g' is no hexadecimal digit"),
            ("64b7f0a1c2d3e4f50617283é", "'é' is no hexadecimal digit"),
            ("../../../../etc/password", "'.' is no hexadecimal digit"),
            (&upper, "upper case"),
        ] {
            let error = ObjectId::parse("an organization id", given).err().unwrap();
            let message = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Input);
            assert!(message.contains(reason), "{message}");
            assert!(message.contains("is not an organization id"), "{message}");
            assert!(message.contains(GOOD), "{message}");
            assert!(message.contains(&format!("{given:?}")), "{message}");
        }
    }

    proptest! {
        #[test]
        fn takes_exactly_the_documented_pattern(text in "[0-9a-fA-F]{23,25}|\\PC{0,30}") {
            let documented = text.len() == 24
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            prop_assert_eq!(ObjectId::parse("an id", &text).is_ok(), documented);
        }
    }
}
