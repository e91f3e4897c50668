//! What people and programs type: periods, ids, tokens, versions, dimensions, amounts, dates. What
//! reads is written as it is read.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use chrono::{DateTime, TimeZone, Utc};
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::{fuzz, text};
use crate::id::{ApiVersion, InvoiceId, OrgId, QueryToken};
use crate::money::totals::Dimension;
use crate::money::{decimal_of_f64, parse_decimal};
use crate::parse_error::ParseError;
use crate::period::{Month, Months};

/// Reads, writes, reads: the same value.
fn round_trip<T>(input: &[u8]) -> String
where
    T: FromStr<Err = ParseError> + Display + PartialEq + Debug,
{
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            assert_eq!(
                shown.parse::<T>().expect("what is written reads"),
                value,
                "{shown}"
            );
            shown
                .chars()
                .take(8)
                .map(|c| if c.is_alphanumeric() { 'x' } else { c })
                .collect()
        }
        // A message names what was given only as far as it can be shown on a line.
        Err(error) => {
            let said = error.to_string();
            assert!(!said.chars().any(char::is_control), "{said:?}");
            assert!(said.len() < 1_000, "{said}");
            "refused".to_owned()
        }
    }
}

#[test]
fn months_read_back() {
    let words = [
        "2025",
        "-Q1",
        "..",
        "-03",
        "2024-12..2025-01",
        "9999-12",
        "+",
        "00",
    ];
    fuzz("months", &words, |input, _| {
        let ending = round_trip::<Months>(input) + &round_trip::<Month>(input);
        if let Some(Ok(months)) = text(input).map(str::parse::<Months>) {
            assert!(months.start_date() < months.end_date_exclusive());
            assert_eq!(months.iter().take(100_000).count(), months.count());
        }
        ending
    });
}

#[test]
fn ids_read_back() {
    fuzz(
        "ids",
        &["5f0c00000000000000000001", "\u{212a}", "../", "%2f"],
        |input, _| {
            let ending = round_trip::<OrgId>(input);
            assert_eq!(ending, round_trip::<InvoiceId>(input));
            // It becomes a part of a path.
            if let Some(Ok(id)) = text(input).map(str::parse::<OrgId>) {
                assert!(
                    id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{id}"
                );
            }
            ending
        },
    );
}

#[test]
fn tokens_read_back() {
    fuzz("token", &["0123456789ABCDEF", "/", "?", "#"], |input, _| {
        let ending = round_trip::<QueryToken>(input);
        if let Some(Ok(token)) = text(input).map(str::parse::<QueryToken>) {
            assert!(
                token
                    .as_str()
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric()),
                "{token}"
            );
            assert_eq!(Some(token.as_str()), text(input));
        }
        ending
    });
}

#[test]
fn versions_read_back() {
    let words = ["2023-01-01", "preview", "-02-29", "2024", "+00"];
    fuzz("version", &words, |input, _| {
        round_trip::<ApiVersion>(input)
    });
}

#[test]
fn dimensions_read_back() {
    let words = ["sku", "tag:", "project", "day", ":"];
    fuzz("dimension", &words, |input, _| {
        round_trip::<Dimension>(input)
    });
}

#[test]
fn amounts_are_exact() {
    fuzz(
        "amount",
        &["e-", "E+", ".", "-", "000", "79228162514264337593543950335"],
        |input, _| {
            let Some(text) = text(input) else {
                return "no text".to_owned();
            };
            let Some(decimal) = parse_decimal(text) else {
                return "none".to_owned();
            };
            assert_eq!(parse_decimal(&decimal.to_string()), Some(decimal), "{text}");
            if let Ok(float) = text.parse::<f64>() {
                let shown: f64 = decimal.to_string().parse().expect("a decimal is a number");
                assert!(
                    (shown - float).abs() <= float.abs() * 1e-12,
                    "{text} is {decimal}"
                );
                let _ = decimal_of_f64(float);
            }
            "a decimal".to_owned()
        },
    );
}

#[test]
fn dates_of_http_read_back() {
    let words = [
        "Mon, ",
        "GMT",
        "5 Aug 2024",
        "00:00:00",
        "-94 ",
        "  6",
        "23:59:60",
        "Feb 30",
    ];
    fuzz("http-date", &words, |input, _| {
        let Some(text) = text(input) else {
            return "no text".to_owned();
        };
        let Some(date) = crate::http_date::parse(text) else {
            return "none".to_owned();
        };
        let shown = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert_eq!(crate::http_date::parse(&shown), Some(date), "{shown}");
        "a date".to_owned()
    });
}

#[test]
fn waits_are_never_negative_nor_surprising() {
    let now: DateTime<Utc> = Utc
        .timestamp_opt(1_722_816_000, 0)
        .single()
        .expect("a time");
    let words = [
        "120",
        "Mon, 5 Aug 2024 00:01:00 GMT",
        "-1",
        "1.5",
        "18446744073709551616",
    ];
    fuzz("retry-after", &words, |input, _| {
        let Ok(text) = HeaderValue::from_bytes(input) else {
            return "not a header's value".to_owned();
        };
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text)]);
        match crate::http_date::retry_after(&headers, now) {
            Some(wait) => format!("{} digits", "x".repeat(wait.as_secs().to_string().len())),
            None => "none".to_owned(),
        }
    });
}
