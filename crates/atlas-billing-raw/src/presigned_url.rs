//! URLs that are secrets.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A URL that grants access to whoever has it, by a signature in its query.
///
/// `Debug`, `Display` and serialization show scheme and host alone: `https://files.example/…`. Only
/// [`expose`](Self::expose) gives the URL itself, so that a value that is serialized and read again
/// has lost it.
///
/// ```
/// use atlas_billing_raw::PresignedUrl;
///
/// let url = PresignedUrl::from("https://files.example/report.csv?signature=made-up".to_owned());
/// assert_eq!(url.to_string(), "https://files.example/…");
/// assert!(url.expose().ends_with("made-up"));
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct PresignedUrl(String);

impl PresignedUrl {
    /// The URL itself, a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for PresignedUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Display for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match reqwest::Url::parse(&self.0) {
            Ok(url) if url.has_host() => {
                write!(
                    f,
                    "{}://{}",
                    url.scheme(),
                    url.host_str().unwrap_or_default()
                )?;
                f.write_str("/…")
            }
            _ => f.write_str("…"),
        }
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresignedUrl({self})")
    }
}

impl Serialize for PresignedUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for PresignedUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PresignedUrl".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_behind_the_host_is_shown() {
        for (url, shown) in [
            (
                "https://files.example/a/b.csv?X-Amz-Signature=planted#planted",
                "https://files.example/…",
            ),
            (
                "https://user:planted@files.example:8443/planted",
                "https://files.example/…",
            ),
            ("http://[::1]:9/planted", "http://[::1]/…"),
            ("data:text/csv,planted", "…"),
            ("planted", "…"),
        ] {
            let url: PresignedUrl = serde_json::from_value(url.into()).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("PresignedUrl({shown})"));
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }
}
