//! Values as people write them, and those that cannot be read.

use proptest::prelude::*;

use super::*;

const ID: &str = "64b7f0a1c2d3e4f506172839";

#[test]
fn named_periods_go_by_today() {
    for (given, today, months) in [
        ("mtd", "2024-02-29", "2024-02"),
        ("ytd", "2025-01-01", "2025-01"),
        ("ytd", "2025-12-31", "2025-01..2025-12"),
        ("last-month", "2025-01-31", "2024-12"),
        ("last", "2025-01-31", "2024-12"),
        ("current", "2025-01-31", "2025-01"),
        ("last-month", "2025-03-31", "2025-02"),
        ("last-quarter", "2025-03-31", "2024-10..2024-12"),
        ("LAST-QUARTER", "2025-12-31", "2025-07..2025-09"),
        ("last-3-months", "2025-02-14", "2024-11..2025-01"),
        ("last-1-months", "2025-02-14", "2025-01"),
        ("2025-Q4", "1999-01-01", "2025-10..2025-12"),
        ("2025-01..2025-03", "1999-01-01", "2025-01..2025-03"),
    ] {
        let period: Period = given.parse().unwrap();
        let resolved = period.resolve(today.parse().unwrap()).unwrap();
        assert_eq!(resolved.to_string(), months, "{given} on {today}");
        assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
    }
}

#[test]
fn so_many_months_are_at_least_one() {
    for given in ["last-0-months", "last-601-months"] {
        let period: Period = given.parse().unwrap();
        assert!(
            period.resolve("2025-02-14".parse().unwrap()).is_err(),
            "{given}"
        );
    }
    for given in [
        "last--months",
        "last-x-months",
        "last-3-month",
        "last-99999999999-months",
    ] {
        assert!(given.parse::<Period>().is_err(), "{given}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_period_that_reads_back_or_is_refused(
        given in "[lL]ast-[0-9]{0,11}(-months?)?|[0-9]{4}(-[Q0-9]{1,2})?(\\.\\.[0-9-]{0,8})?|\\PC{0,12}",
        day in 0..4_000_000_u32,
    ) {
        if let Ok(period) = given.parse::<Period>() {
            prop_assert_eq!(period.to_string().parse(), Ok(period));
            let today = NaiveDate::MIN + chrono::Days::new(u64::from(day) * 40);
            let _ = period.resolve(today);
        }
    }
}

#[test]
fn a_running_month_is_marked() {
    let today = "2025-03-14".parse().unwrap();
    for (given, text) in [
        ("2025-02", "2025-02"),
        ("2025-03", "2025-03 (to date)"),
        ("2025-Q1", "2025-01..2025-03 (2025-03 to date)"),
    ] {
        assert_eq!(shown_period(given.parse().unwrap(), today), text);
    }
}

#[test]
fn what_cannot_be_read_is_told_how_to_write_it() {
    for (given, part) in [
        ("today", "\"today\" is not a period; use mtd"),
        ("last_month", "did you mean \"last-month\"?"),
        ("2025-13", "2025-Q1"),
        ("2025-03..2025-01", "ends before it begins"),
    ] {
        let message = given.parse::<Period>().unwrap_err();
        assert!(message.contains(part), "{given}: {message}");
    }
    for (given, part) in [
        ("latest", "current, last"),
        ("lastmonth", "did you mean \"last-month\"?"),
    ] {
        let message = given.parse::<Which>().unwrap_err();
        assert!(message.contains(part), "{given}: {message}");
    }
    assert!(
        ID.to_uppercase()
            .parse::<Which>()
            .unwrap_err()
            .contains("lower case")
    );
}

#[test]
fn days_tags_and_cluster_names() {
    assert_eq!(day("2025-03-08"), Ok("2025-03-08".parse().unwrap()));
    for given in ["2025-3-8", "2025-02-30", "2025-03", "yesterday", ""] {
        assert!(day(given).unwrap_err().contains("2025-03-08"), "{given}");
    }
    let pair = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
    assert_eq!(tag("team=web"), pair("team", "web"));
    assert_eq!(tag("a=b=c"), pair("a", "b=c"));
    assert_eq!(tag("none="), pair("none", ""));
    assert!(tag("team").is_err() && tag("=web").is_err());
    assert!(cluster_name(ID).unwrap_err().contains("clusters list"));
    assert_eq!(cluster_name("c0").as_deref(), Ok("c0"));
}

#[test]
fn an_invoice_or_a_period() {
    let month = Month::new(2025, 3).unwrap();
    for (given, invoice) in [
        ("current", Invoice::Current),
        ("Last", Invoice::Last),
        ("last-month", Invoice::LastMonth),
        ("2025-03", Invoice::Of(month)),
        (ID, Invoice::Id(ID.parse().unwrap())),
    ] {
        assert_eq!(given.parse(), Ok(Which::Invoice(invoice)));
    }
    assert_eq!("mtd".parse(), Ok(Invoice::Current));
    let message = "ytd".parse::<Invoice>().unwrap_err();
    assert!(message.contains("is a period"), "{message}");
    for period in ["2025", "2025-Q1", "2025-01..2025-03", "mtd", "last-quarter"] {
        assert_eq!(period.parse(), Ok(Which::Period(period.parse().unwrap())));
    }
}

#[test]
fn dimensions_are_singular_or_plural() {
    for (given, name) in [
        ("clusters", "cluster"),
        ("SKU", "sku"),
        ("days", "day"),
        ("tag:Teams", "tag:Teams"),
    ] {
        assert_eq!(dimension(given).unwrap().to_string(), name);
    }
    let message = dimension("clutser").unwrap_err();
    assert!(
        message.contains("\"clutser\"; did you mean \"cluster\"?"),
        "{message}"
    );
}

#[test]
fn durations_are_written_as_they_are_read() {
    for (given, millis, back) in [
        ("90s", 90_000, "1m30s"),
        ("1h 30m", 5_400_000, "1h30m"),
        ("500ms", 500, "500ms"),
    ] {
        assert_eq!(duration(given), Ok(Duration::from_millis(millis)));
        assert_eq!(shown_duration(Duration::from_millis(millis)), back);
        assert_eq!(duration(back), Ok(Duration::from_millis(millis)));
    }
    for (given, part) in [
        ("", "90s, 15m"),
        ("15", "unit"),
        ("0s", "longer than 0s"),
        ("8d", "7 days"),
        ("-5s", "90s, 15m"),
    ] {
        let message = duration(given).unwrap_err();
        assert!(message.contains(part), "{given}: {message}");
    }
}

#[test]
fn unknown_names_are_found_whatever_their_case() {
    assert_eq!(service("data transfer").unwrap().as_str(), "Data Transfer");
    assert_eq!(status("On hold").unwrap().as_str(), "On hold");
}
