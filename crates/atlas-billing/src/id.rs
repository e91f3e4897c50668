//! Identifiers of things in Atlas, checked when they are parsed, so that a typo is rejected before
//! anything is sent.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};

use crate::parse_error::{ParseError, quoted};

/// Implements, for a type with `FromStr<Err = ParseError>` and `Display`, conversions from text, serde
/// as text, `Debug` and (feature `schemars`) the JSON schema of a string with a pattern.
macro_rules! text_value {
    ($name:ident, $pattern:expr) => {
        impl TryFrom<&str> for $name {
            type Error = $crate::parse_error::ParseError;

            fn try_from(text: &str) -> Result<Self, $crate::parse_error::ParseError> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::parse_error::ParseError;

            fn try_from(text: String) -> Result<Self, $crate::parse_error::ParseError> {
                text.parse()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}
pub(crate) use text_value;

/// Defines an identifier of a fixed number of ASCII characters.
macro_rules! fixed_text {
    ($(#[$meta:meta])* $name:ident, $length:literal, $allowed:expr, $what:literal, $pattern:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                // ASCII, since parsing accepts nothing else.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(given: &str) -> Result<Self, ParseError> {
                check($what, $length, $allowed, given)?;
                let bytes = given.as_bytes().try_into();
                bytes.map(Self).map_err(|_| invalid($what, given, "it is not ASCII"))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        text_value!($name, $pattern);
    };
}

fixed_text! {
    /// Id of an organization: 24 lower-case hexadecimal digits.
    ///
    /// Atlas shows it under Organization Settings, and in the address bar after `/org/`.
    ///
    /// ```
    /// use atlas_billing::OrgId;
    ///
    /// let org: OrgId = "64b7f0a1c2d3e4f506172839".parse()?;
    /// assert_eq!(org.as_str(), "64b7f0a1c2d3e4f506172839");
    /// assert!("64B7".parse::<OrgId>().is_err());
    /// # Ok::<(), atlas_billing::Error>(())
    /// ```
    #[derive(Copy)]
    OrgId, 24, is_lower_hex, "an organization id", "^[0-9a-f]{24}$"
}

fixed_text! {
    /// Id of an invoice: 24 lower-case hexadecimal digits.
    ///
    /// The list of invoices has them; the charges of the current month are an invoice too.
    ///
    /// ```
    /// use atlas_billing::InvoiceId;
    ///
    /// let invoice: InvoiceId = "65c8a1b2d3e4f50617283940".parse()?;
    /// assert_eq!(invoice.to_string(), "65c8a1b2d3e4f50617283940");
    /// # Ok::<(), atlas_billing::Error>(())
    /// ```
    #[derive(Copy)]
    InvoiceId, 24, is_lower_hex, "an invoice id", "^[0-9a-f]{24}$"
}

fixed_text! {
    /// Token of a Cost Explorer query: the 64 letters and digits that the service returns when the
    /// query is created.
    ///
    /// It can be printed and stored: with credentials for the same organization, the result can be
    /// fetched later and elsewhere. It grants nothing by itself, so it is not a secret. Its letters
    /// keep their case, since the documentation shows both. Documented are hexadecimal digits; any
    /// ASCII letter is accepted, since a change of alphabet should break no client.
    QueryToken, 64, |c| c.is_ascii_alphanumeric(), "the token of a Cost Explorer query",
    "^[0-9A-Za-z]{64}$"
}

fixed_text! {
    /// Id of a report of an invoice: 24 lower-case hexadecimal digits.
    #[derive(Copy)]
    ReportId, 24, is_lower_hex, "a report id", "^[0-9a-f]{24}$"
}

impl ReportId {
    /// When the report was requested, UTC, by its first 32 bits: an ObjectId begins with the seconds
    /// since 1970. Whether an id is one is not documented.
    pub(crate) fn created(&self) -> Option<DateTime<Utc>> {
        let seconds = i64::from_str_radix(self.as_str().get(..8)?, 16).ok()?;
        DateTime::from_timestamp(seconds, 0)
    }
}

/// What a report is resumed by, in this process or another one: the ids of invoice and report,
/// `INVOICE/REPORT`. It is no secret.
///
/// ```
/// use atlas_billing::ReportToken;
///
/// let token: ReportToken = "65c8a1b2d3e4f50617283940/65d0a1b2d3e4f50617283941".parse()?;
/// assert_eq!(token.invoice().as_str(), "65c8a1b2d3e4f50617283940");
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportToken {
    text: String,
    invoice: InvoiceId,
    report: ReportId,
}

impl ReportToken {
    /// The token of a report of an invoice.
    pub fn new(invoice: InvoiceId, report: ReportId) -> Self {
        Self {
            text: format!("{invoice}/{report}"),
            invoice,
            report,
        }
    }

    /// The invoice.
    pub fn invoice(&self) -> InvoiceId {
        self.invoice
    }

    /// The report.
    pub fn report(&self) -> ReportId {
        self.report
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ReportToken {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        match given.split_once('/') {
            Some((invoice, report)) => Ok(Self::new(invoice.parse()?, report.parse()?)),
            None => Err(invalid(
                "the token of a report",
                given,
                "it is not INVOICE/REPORT",
            )),
        }
    }
}

impl fmt::Display for ReportToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

text_value!(ReportToken, "^[0-9a-f]{24}/[0-9a-f]{24}$");

/// Checks an id of the form that projects, clusters, organizations and invoices share; `what` names
/// it in the error ("a project id"). The specification's pattern is `^([a-f0-9]{24})$`.
pub(crate) fn check_object_id(what: &str, given: &str) -> Result<(), ParseError> {
    check(what, 24, is_lower_hex, given)
}

fn is_lower_hex(c: char) -> bool {
    matches!(c, '0'..='9' | 'a'..='f')
}

fn check(
    what: &str,
    length: usize,
    allowed: fn(char) -> bool,
    given: &str,
) -> Result<(), ParseError> {
    let count = given.chars().count();
    let problem = if given.is_empty() {
        "it is empty".to_owned()
    } else if given.trim().len() != given.len() {
        "it has white space around it".to_owned()
    } else if given.chars().any(|c| c.is_ascii_uppercase() && !allowed(c)) {
        "its letters must be in lower case".to_owned()
    } else if let Some(other) = given.chars().find(|c| !allowed(*c)) {
        format!("it contains {other:?}")
    } else if count != length {
        format!("it has {count} characters, not {length}")
    } else {
        return Ok(());
    };
    Err(invalid(what, given, &problem))
}

fn invalid(what: &str, given: &str, problem: &str) -> ParseError {
    ParseError::new(format!("{} is not {what}: {problem}", quoted(given)))
}

/// Version of the Administration API that a response is requested in: a date, or the preview.
///
/// A date after an operation's newest version is sent as it is: the service responds with the newest
/// version that is not later. Dates order by the calendar; the preview comes after all of them.
///
/// ```
/// use atlas_billing::ApiVersion;
///
/// let version: ApiVersion = "2023-01-01".parse()?;
/// assert_eq!(version, ApiVersion::dated(2023, 1, 1)?);
/// assert!(version < ApiVersion::PREVIEW);
/// assert!("2023-02-30".parse::<ApiVersion>().is_err());
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(Version);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Version {
    Dated(NaiveDate),
    Preview,
}

impl ApiVersion {
    /// What is not yet part of a dated version; it may change at any time.
    pub const PREVIEW: Self = Self(Version::Preview);

    /// The version of a date; `month` and `day` count from 1.
    ///
    /// # Errors
    /// [`ParseError`] if there is no such date, or the year does not
    /// have four digits.
    pub fn dated(year: i32, month: u32, day: u32) -> Result<Self, ParseError> {
        match NaiveDate::from_ymd_opt(year, month, day) {
            Some(date) if (1000..=9999).contains(&year) => Ok(Self(Version::Dated(date))),
            _ => Err(not_a_version(&format!("{year:04}-{month:02}-{day:02}"))),
        }
    }

    /// The date of a dated version; `None` for the preview.
    pub fn date(&self) -> Option<NaiveDate> {
        match self.0 {
            Version::Dated(date) => Some(date),
            Version::Preview => None,
        }
    }
}

impl FromStr for ApiVersion {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        if given == "preview" {
            return Ok(Self::PREVIEW);
        }
        let dated = || {
            let (year, rest) = given.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let year = digits::<4>(year)?.try_into().ok()?;
            Self::dated(year, digits::<2>(month)?, digits::<2>(day)?).ok()
        };
        dated().ok_or_else(|| not_a_version(given))
    }
}

fn not_a_version(given: &str) -> ParseError {
    ParseError::new(format!(
        "{} is not an API version; use a date (YYYY-MM-DD) or preview",
        quoted(given)
    ))
}

/// The number that exactly `N` ASCII digits write.
pub(crate) fn digits<const N: usize>(text: &str) -> Option<u32> {
    match text.len() == N && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Four digits, so that chrono writes no sign.
            Version::Dated(date) => f.pad(&date.to_string()),
            Version::Preview => f.pad("preview"),
        }
    }
}

text_value!(ApiVersion, r"^(\d{4}-\d{2}-\d{2}|preview)$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "64b7f0a1c2d3e4f506172839";

    #[test]
    fn an_id_that_is_rejected_says_why() {
        for (given, problem) in [
            ("", "it is empty"),
            (" 64b7f0a1c2d3e4f506172839", "white space around it"),
            ("64b7f0a1c2d3e4f506172839\n", "white space around it"),
            ("64b7f0", "it has 6 characters, not 24"),
            ("64b7f0a1c2d3e4f5061728390", "it has 25 characters, not 24"),
            ("64b7f0a1c2d3e4f50617283g", "it contains 'g'"),
            ("64b7f0a1c2d3e4f50617283é", "it contains 'é'"),
            ("../../../../etc/password", "it contains '.'"),
            ("64B7F0A1C2D3E4F506172839", "lower case"),
        ] {
            let error = given.parse::<OrgId>().unwrap_err();
            let message = error.to_string();
            let expected = format!("{given:?} is not an organization id: ");
            assert!(message.starts_with(&expected), "{message}");
            assert!(message.contains(problem), "{message}");
        }
        let error = "latest".parse::<InvoiceId>().unwrap_err().to_string();
        assert!(error.contains("\"latest\" is not an invoice id"), "{error}");
        let error = check_object_id("a project id", "x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"x\" is not a project id"), "{error}");
    }

    #[test]
    fn a_token_keeps_its_case_and_is_safe_in_a_path() {
        for token in ["9C0d".repeat(16), "0".repeat(64), "Zz".repeat(32)] {
            let parsed: QueryToken = token.parse().unwrap();
            assert_eq!(parsed.to_string(), token);
        }
        for (given, problem) in [
            ("a".repeat(63), "63 characters, not 64"),
            (format!("{}/", "a".repeat(63)), "it contains '/'"),
            (format!("{}%2", "a".repeat(62)), "it contains '%'"),
            (format!("{}é", "a".repeat(62)), "it contains 'é'"),
        ] {
            let message = given.parse::<QueryToken>().unwrap_err().to_string();
            assert!(message.contains(problem), "{message}");
            assert!(message.chars().count() < 300, "{message}");
        }
    }

    #[test]
    fn ids_are_text_to_serde_and_in_debug() {
        let json = format!("{GOOD:?}");
        let id: OrgId = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), json);
        assert_eq!(format!("{id:?}"), format!("OrgId({GOOD})"));
        assert_eq!(format!("{id:>26}"), format!("  {GOOD}"));
        assert!(serde_json::from_str::<OrgId>("\"x\"").is_err());
    }

    #[test]
    fn a_version_is_a_date_or_the_preview() {
        for given in [
            "",
            "Preview",
            "2023",
            "2023-1-1",
            "2023-13-01",
            "2023-02-29",
            "2023-00-10",
            "+023-01-01",
            "2023-01-01 ",
            "2023/01/01",
            "0999-01-01",
            "２023-01-01",
            "aé-é-01-01",
        ] {
            let message = given.parse::<ApiVersion>().unwrap_err().to_string();
            assert!(message.contains("is not an API version"), "{message}");
        }
        assert!(ApiVersion::dated(12023, 1, 1).is_err());
        assert!(ApiVersion::dated(-2023, 1, 1).is_err());
        let mut versions: Vec<ApiVersion> = ["preview", "2024-08-05", "2023-01-01", "2024-10-23"]
            .map(|text| text.parse().unwrap())
            .into();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            ["2023-01-01", "2024-08-05", "2024-10-23", "preview"]
        );
    }

    #[test]
    fn rejected_input_is_quoted_escaped_and_truncated() {
        assert_eq!(quoted("a\"b\n\u{1b}[1m"), r#""a\"b\n\u{1b}[1m""#);
        assert_eq!(quoted("\u{202e}x\u{2028}"), r#""\u{202e}x\u{2028}""#);
        assert_eq!(quoted(&"é".repeat(41)), format!("\"{}…\"", "é".repeat(40)));
    }

    proptest! {
        #[test]
        fn exactly_the_documented_pattern_is_an_id(text in "[0-9a-fA-F]{23,25}|\\PC{0,30}") {
            let documented = text.len() == 24
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            prop_assert_eq!(text.parse::<OrgId>().is_ok(), documented);
            if let Ok(version) = text.parse::<ApiVersion>() {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
