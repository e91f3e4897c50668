//! One value of a record, before it has a form.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Not said.
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    /// A number by its digits, as JSON writes them.
    Number(String),
    Boolean(bool),
    /// A JSON document.
    Json(String),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Text that may be absent.
    pub(crate) fn maybe<T: AsRef<str> + ?Sized>(text: Option<&'a T>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text.as_ref())))
    }

    /// A moment in UTC, to the second unless it is finer.
    pub(crate) fn moment(moment: Option<DateTime<Utc>>) -> Self {
        moment.map_or(Self::Null, |moment| {
            Self::Text(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
        })
    }

    /// A calendar day.
    pub(crate) fn day(day: Option<NaiveDate>) -> Self {
        day.map_or(Self::Null, |day| Self::Text(day.to_string().into()))
    }

    pub(crate) fn integer(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Integer)
    }

    /// Cents; beyond 64 bits by their digits.
    pub(crate) fn cents(cents: atlas_billing::Cents) -> Self {
        match i64::try_from(cents.get()) {
            Ok(cents) => Self::Integer(cents),
            Err(_) => Self::Number(cents.get().to_string()),
        }
    }

    /// A floating number in its shortest digits; what JSON has no digits for is null.
    pub(crate) fn float(value: Option<f64>) -> Self {
        match value.filter(|value| value.is_finite()) {
            Some(value) => Self::Number(value.to_string()),
            None => Self::Null,
        }
    }

    /// Any value as a JSON document; null where it is absent.
    pub(crate) fn json<T: Serialize>(value: Option<&T>) -> Self {
        match value.and_then(|value| serde_json::to_string(value).ok()) {
            Some(text) => Self::Json(text),
            None => Self::Null,
        }
    }

    /// The text without any quoting; empty where nothing is said.
    pub(crate) fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(text) | Self::Json(text) => Cow::Borrowed(text),
            Self::Integer(value) => Cow::Owned(value.to_string()),
            Self::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(Cell::float(Some(5e-9)).plain(), "0.000000005");
        assert_eq!(Cell::float(Some(72.0)).plain(), "72");
        assert_eq!(Cell::float(Some(f64::NAN)), Cell::Null);
        assert_eq!(
            Cell::integer(Some(i64::MIN)).plain(),
            "-9223372036854775808"
        );
    }

    #[test]
    fn moments_are_utc_and_short() {
        let moment = "2025-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(Cell::moment(Some(moment)).plain(), "2025-03-01T00:00:00Z");
        let moment = "2025-03-01T00:00:00.250Z".parse().unwrap();
        assert_eq!(
            Cell::moment(Some(moment)).plain(),
            "2025-03-01T00:00:00.250Z"
        );
    }
}
