//! Enums that keep what they do not know: a value that the service adds tomorrow is decoded,
//! compared and sent back as the text it came as. In a closed enum, as the specification has them, one
//! such value would fail a whole invoice. xtask (`codegen/enums.rs`) lists the values of each in
//! `generated/enums.rs`.

/// The text of a value that an enum of this crate does not know.
///
/// It cannot be made by hand: a text that is known, today or in a later release, is always its own
/// variant. So match the variants you know and treat the rest alike.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unknown(Box<str>);

impl Unknown {
    /// Only for [`open_enum`], which has looked the text up.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

/// Makes an open enum of a list of known values.
macro_rules! open_enum {
    (
        $(#[doc = $about:literal])*
        $name:ident { $( $(#[doc = $meaning:literal])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[doc = $about])*
        ///
        /// Open: a value that is not listed here decodes as `Unknown` and encodes back to the same
        /// text. Values are ordered by their text.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[doc = $meaning])* $variant, )*
            /// A value that this release does not know.
            Unknown(crate::Unknown),
        }

        impl $name {
            /// The values this release knows, in the order in which the specification lists them.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(unknown) => unknown.as_str(),
                }
            }

            /// Whether this release knows the value.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(crate::Unknown::new(text)),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
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

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(crate::open_enum::Text(std::marker::PhantomData))
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            // The known values are examples and no `enum`: another value is as valid.
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "examples": [$($text),*] })
            }
        }
    };
}

pub(crate) use open_enum;

/// Reads an open enum from text without a copy where the value is known.
pub(crate) struct Text<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: for<'a> From<&'a str>> serde::de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::enums::{
        CloudProvider, GroupBy, InvoiceSortBy, InvoiceStatus, PaymentStatus, Service, SortOrder,
    };

    /// A made-up value and every known one decode and encode back to the same text.
    macro_rules! round_trips {
        ($($name:ident),*) => {$(
            let texts: BTreeSet<&str> = $name::KNOWN.iter().map($name::as_str).collect();
            assert_eq!(texts.len(), $name::KNOWN.len(), "a value stands twice");
            assert!(!texts.is_empty());
            for text in texts {
                let json = serde_json::to_string(text).unwrap();
                let value: $name = serde_json::from_str(&json).unwrap();
                assert!(value.is_known(), "{text}");
                assert_eq!(serde_json::to_string(&value).unwrap(), json);
            }
            for text in ["MADE_UP", "", "pending ", "gr\u{fc}n / \"x\""] {
                let json = serde_json::to_string(text).unwrap();
                let value: $name = serde_json::from_str(&json).unwrap();
                assert!(!value.is_known(), "{text}");
                assert_eq!(value.as_str(), text);
                assert_eq!(value.to_string(), text);
                assert_eq!(serde_json::to_string(&value).unwrap(), json);
                assert_eq!(value, $name::from(text.to_owned()));
                assert_eq!(value, text.parse().unwrap());
            }
            assert!(serde_json::from_str::<$name>("7").is_err());
        )*};
    }

    #[test]
    fn every_named_enum_keeps_every_value() {
        round_trips!(
            CloudProvider,
            GroupBy,
            InvoiceSortBy,
            InvoiceStatus,
            PaymentStatus,
            Service,
            SortOrder
        );
    }

    #[test]
    fn order_is_by_text_known_or_not() {
        let mut values = ["PREPAID", "CLOSED", "MADE_UP"].map(InvoiceStatus::from);
        values.sort();
        assert_eq!(
            values.map(|v| v.to_string()),
            ["CLOSED", "MADE_UP", "PREPAID"]
        );
        assert_eq!(format!("{:>8}|", InvoiceStatus::Paid), "    PAID|");
    }

    #[cfg(feature = "schemars")]
    #[test]
    fn its_json_schema_admits_any_text() {
        let schema = schemars::schema_for!(CloudProvider);
        let schema = serde_json::to_value(&schema).unwrap();
        assert_eq!(schema["type"], "string");
        assert_eq!(schema.get("enum"), None);
        assert!(
            schema["examples"]
                .as_array()
                .unwrap()
                .contains(&"AWS".into())
        );
    }
}
