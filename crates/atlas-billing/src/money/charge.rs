//! What sums need of a line item, borrowed from where it is.

use std::borrow::Cow;
use std::fmt;

use atlas_billing_raw::types::LineItem;
use atlas_billing_raw::{Cents, Number, Tags, deserialize_tags, parse_decimal, timestamp};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::de::{Error, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::totals::Total;
use crate::stream::line_items::first;

/// What sums need of a line item.
#[derive(Debug, Default)]
pub(crate) struct Charge<'a> {
    pub(crate) gross: Cents,
    pub(crate) discount: Cents,
    pub(super) sku: Option<&'a str>,
    pub(super) project_id: Option<&'a str>,
    pub(crate) project_name: Option<&'a str>,
    pub(super) cluster: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    /// The organization that used it: no part of a line item.
    pub(super) organization: Option<&'a str>,
    /// The UTC date on which the charge starts.
    pub(super) day: Option<NaiveDate>,
    pub(super) tags: Option<&'a Tags>,
    /// Whether what is charged for takes more than a day.
    pub(super) is_long: bool,
    /// Whether the item has a price: `gross` is zero without one. This and what follows is for tests
    /// of unit prices alone; the numbers are `None`, too, where no decimal holds them.
    pub(super) is_priced: bool,
    pub(super) quantity: Option<Decimal>,
    pub(super) unit_price: Option<Decimal>,
    pub(super) percent_discount: Option<Decimal>,
}

impl<'a> Charge<'a> {
    /// The sum of this one alone.
    pub(super) fn total(&self) -> Total {
        let mut total = Total::default();
        total.add_item(self.gross, self.discount);
        total
    }

    /// A line item that `organization` used.
    pub(super) fn of(item: &'a LineItem, organization: Option<&'a str>) -> Self {
        Self {
            organization,
            ..item.into()
        }
    }
}

impl<'a> From<&'a LineItem> for Charge<'a> {
    fn from(item: &'a LineItem) -> Self {
        let span = Span::of(item.start_date, item.end_date);
        Self {
            gross: item.gross().unwrap_or_default(),
            discount: item.discount().unwrap_or_default(),
            sku: item.sku.as_deref(),
            project_id: item.group_id.as_deref(),
            project_name: item.group_name.as_deref(),
            cluster: item.cluster_name.as_deref(),
            provider: item.cloud_provider.as_ref().map(AsRef::as_ref),
            organization: None,
            day: span.day,
            tags: Some(&item.tags),
            is_long: span.is_long,
            is_priced: item.total_price_cents.is_some(),
            quantity: item.quantity.as_ref().and_then(Number::decimal),
            unit_price: item.unit_price_dollars.as_ref().and_then(Number::decimal),
            percent_discount: item.percent_discount.as_ref().and_then(Number::decimal),
        }
    }
}

/// Which fields of a line item sums by some dimensions need, beyond text and cents.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(super) day: bool,
    pub(super) tags: bool,
    /// Both ends of the usage, the day included.
    pub(super) span: bool,
}

impl Needs {
    /// Reads the charge of the line item whose JSON `text` begins with, and returns how long that
    /// is. Decodes no more than is needed, most of it without a copy, so that sums over a stream are
    /// faster than over whole items. What is needed is checked as in a whole item, the rest only to
    /// be JSON.
    pub(crate) fn read<T>(
        self,
        text: &[u8],
        take: impl FnOnce(&Charge<'_>) -> T,
    ) -> serde_json::Result<(T, usize)> {
        match self.span {
            true => self.read_as::<End<'_>, T>(text, take),
            false => self.read_as::<Passed, T>(text, take),
        }
    }

    fn read_as<'a, E: EndDate<'a>, T>(
        self,
        text: &'a [u8],
        take: impl FnOnce(&Charge<'_>) -> T,
    ) -> serde_json::Result<(T, usize)> {
        let (fields, used) = first::<Fields<'_, E>>(text)?;
        let start = time(&fields.start_date, self.day || self.span, "startDate")?;
        let end = time(fields.end_date.text(), true, "endDate")?;
        let span = Span::of(start, end);
        let tags = match fields.tags {
            Some(tags) if self.tags => Some(read_tags(tags)?),
            _ => None,
        };
        let charge = Charge {
            gross: fields.total_price_cents.unwrap_or_default(),
            discount: fields.discount_cents.unwrap_or_default(),
            sku: fields.sku.as_deref(),
            project_id: fields.group_id.as_deref(),
            project_name: fields.group_name.as_deref(),
            cluster: fields.cluster_name.as_deref(),
            provider: fields.cloud_provider.as_deref(),
            organization: None,
            day: span.day,
            tags: tags.as_ref(),
            is_long: span.is_long,
            is_priced: fields.total_price_cents.is_some(),
            quantity: None,
            unit_price: None,
            percent_discount: None,
        };
        Ok((take(&charge), used))
    }
}

/// Reads the tags of a line item.
pub(super) fn read_tags(json: &RawValue) -> serde_json::Result<Tags> {
    deserialize_tags(&mut serde_json::Deserializer::from_str(json.get()))
}

/// Reads what a test of unit prices needs of the line item whose JSON `text` begins with, as
/// [`Needs::read`] does.
pub(super) fn read_prices<T>(
    text: &[u8],
    take: impl FnOnce(&Charge<'_>) -> T,
) -> serde_json::Result<(T, usize)> {
    let (fields, used) = first::<PriceFields<'_>>(text)?;
    let charge = Charge {
        gross: fields.total_price_cents.unwrap_or_default(),
        discount: fields.discount_cents.unwrap_or_default(),
        sku: fields.sku.as_deref(),
        is_priced: fields.total_price_cents.is_some(),
        quantity: number(fields.quantity)?,
        unit_price: number(fields.unit_price_dollars)?,
        percent_discount: number(fields.percent_discount)?,
        ..Charge::default()
    };
    Ok((take(&charge), used))
}

/// Reads all that sums of any kind and tests of unit prices need of the line item whose JSON `text`
/// begins with, in one pass, as [`Needs::read`] does; and its tags as they are written.
pub(crate) fn read_all<T>(
    text: &[u8],
    spans: &mut Spans,
    take: impl FnOnce(&Charge<'_>, Option<&RawValue>) -> serde_json::Result<T>,
) -> serde_json::Result<(T, usize)> {
    let (fields, used) = first::<AllFields<'_>>(text)?;
    let span = spans.read(&fields.start_date, &fields.end_date)?;
    let charge = Charge {
        gross: fields.total_price_cents.unwrap_or_default(),
        discount: fields.discount_cents.unwrap_or_default(),
        sku: fields.sku.as_deref(),
        project_id: fields.group_id.as_deref(),
        project_name: fields.group_name.as_deref(),
        cluster: fields.cluster_name.as_deref(),
        provider: fields.cloud_provider.as_deref(),
        organization: None,
        day: span.day,
        tags: None,
        is_long: span.is_long,
        is_priced: fields.total_price_cents.is_some(),
        quantity: number(fields.quantity)?,
        unit_price: number(fields.unit_price_dollars)?,
        percent_discount: number(fields.percent_discount)?,
    };
    Ok((take(&charge, fields.tags)?, used))
}

/// The fields of a line item that sums may need.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "E: EndDate<'de>"))]
struct Fields<'a, E> {
    #[serde(borrow, default, deserialize_with = "text")]
    cloud_provider: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    cluster_name: Option<Cow<'a, str>>,
    #[serde(default)]
    discount_cents: Option<Cents>,
    #[serde(default)]
    end_date: E,
    #[serde(borrow, default, deserialize_with = "text")]
    group_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    group_name: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    sku: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    start_date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
    #[serde(default)]
    total_price_cents: Option<Cents>,
}

/// A time, where it is needed. Its text is not repeated in the error: it is billing data.
fn time(
    text: &Option<Cow<'_, str>>,
    is_needed: bool,
    field: &'static str,
) -> serde_json::Result<Option<DateTime<Utc>>> {
    let text = text.as_deref().filter(|_| is_needed);
    let read = text.map(|text| timestamp::read(text).map_err(|_| Error::custom(field)));
    read.transpose()
}

/// When a charge is for.
#[derive(Clone, Copy)]
struct Span {
    day: Option<NaiveDate>,
    /// Whether it takes more than a day; one without a start or an end does not.
    is_long: bool,
}

impl Span {
    fn of(start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Self {
        let length = start.zip(end).map(|(start, end)| end - start);
        Self {
            day: start.map(|start| start.date_naive()),
            is_long: length.is_some_and(|length| length > TimeDelta::days(1)),
        }
    }
}

/// A time as the service writes it: `2025-03-01T00:00:00Z`.
type Timestamp = [u8; 20];

/// The spans that were read last, by the day of the month in their text. An invoice has few, so that most
/// items' times are parsed no second time.
#[derive(Default)]
pub(crate) struct Spans([Option<([Timestamp; 2], Span)>; 32]);

impl Spans {
    fn read(
        &mut self,
        start: &Option<Cow<'_, str>>,
        end: &Option<Cow<'_, str>>,
    ) -> serde_json::Result<Span> {
        let parsed = || {
            let start = time(start, true, "startDate")?;
            Ok(Span::of(start, time(end, true, "endDate")?))
        };
        let texts = [start, end].map(|text| text.as_deref()?.as_bytes().try_into().ok());
        let [Some(from), Some(to)]: [Option<Timestamp>; 2] = texts else {
            return parsed();
        };
        let place = from[8].wrapping_mul(10).wrapping_add(from[9]) % 32;
        let known = &mut self.0[usize::from(place)];
        match known {
            Some((texts, span)) if *texts == [from, to] => Ok(*span),
            _ => Ok(known.insert(([from, to], parsed()?)).1),
        }
    }
}

/// The end of what a line item is charged for, read or passed over: sums that do not need it would
/// take a tenth longer.
trait EndDate<'de>: Deserialize<'de> + Default {
    fn text(&self) -> &Option<Cow<'de, str>>;
}

#[derive(Default, Deserialize)]
struct End<'a>(#[serde(borrow, deserialize_with = "text")] Option<Cow<'a, str>>);

impl<'de> EndDate<'de> for End<'de> {
    fn text(&self) -> &Option<Cow<'de, str>> {
        &self.0
    }
}

#[derive(Default)]
struct Passed;

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl<'de> EndDate<'de> for Passed {
    fn text(&self) -> &Option<Cow<'de, str>> {
        &None
    }
}

/// The fields of a line item that a test of unit prices needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceFields<'a> {
    #[serde(default)]
    discount_cents: Option<Cents>,
    #[serde(borrow, default)]
    percent_discount: Option<&'a RawValue>,
    #[serde(borrow, default)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text")]
    sku: Option<Cow<'a, str>>,
    #[serde(default)]
    total_price_cents: Option<Cents>,
    #[serde(borrow, default)]
    unit_price_dollars: Option<&'a RawValue>,
}

/// All of these. One struct is twice as fast as one after the other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllFields<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    cloud_provider: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    cluster_name: Option<Cow<'a, str>>,
    #[serde(default)]
    discount_cents: Option<Cents>,
    #[serde(borrow, default, deserialize_with = "text")]
    end_date: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    group_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    group_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    percent_discount: Option<&'a RawValue>,
    #[serde(borrow, default)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "text")]
    sku: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    start_date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
    #[serde(default)]
    total_price_cents: Option<Cents>,
    #[serde(borrow, default)]
    unit_price_dollars: Option<&'a RawValue>,
}

/// A number, as [`Number`] reads it.
fn number(json: Option<&RawValue>) -> serde_json::Result<Option<Decimal>> {
    let Some(json) = json.map(RawValue::get) else {
        return Ok(None);
    };
    match json.as_bytes() {
        [b'-' | b'0'..=b'9', ..] => Ok(parse_decimal(json)),
        _ => Ok(serde_json::from_str::<Number>(json)?.decimal()),
    }
}

/// Text or null, borrowed where it is written without escapes; serde borrows nothing inside an
/// `Option`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or null")
        }

        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(text)))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text.to_owned())))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Text)
}

#[cfg(test)]
mod tests {
    use atlas_billing_raw::types::Invoice;

    use super::*;
    use crate::money::DailyGroups;
    use crate::money::statement::{Statement, StatementBuilder};
    use crate::money::totals::{Dimension, Key, Totals};

    /// Whose subtotal follows from no line item, so that its statement names SKUs.
    fn head() -> Invoice {
        serde_json::from_str(r#"{"subtotalCents":1000000}"#).unwrap()
    }

    fn invoice(item: &LineItem) -> Invoice {
        let mut invoice = head();
        invoice.line_items.push(item.clone());
        invoice
    }

    fn by() -> Vec<Dimension> {
        let mut by = Dimension::PLAIN.to_vec();
        by.push(Dimension::tag("t"));
        by
    }

    #[test]
    fn sums_as_the_whole_item_does() {
        for text in [
            "{}",
            r#"{"sku":"A","totalPriceCents":-5,"discountCents":1.0,"groupId":"g","groupName":"n\"x",
                "clusterName":"c","cloudProvider":"MOON","startDate":"2025-03-31T23:30:00-01:00",
                "endDate":"2025-04-02T00:30:01Z","quantity":1e-3,"unitPriceDollars":" 2.50",
                "percentDiscount":1e40,
                "tags":{"t":["b","a","\u00e9"],"u":null}}"#,
            r#"{"sku":null,"totalPriceCents":null,"tags":null,"startDate":null}"#,
            r#"{"tags":{"t":null},"totalPriceCents":1e3}"#,
            // 30 days.
            r#"{"totalPriceCents":7,"startDate":"2025-03-31T00:00:00Z","endDate":"2025-04-30T00:00:00Z"}"#,
        ] {
            let item: LineItem = serde_json::from_str(text).unwrap();
            if text.contains("\"sku\":\"A\"") {
                // Whatever an item can be grouped by is compared below.
                let found = by()
                    .into_iter()
                    .map(|by| Key::of(&by, &Charge::from(&item)));
                let missing: Vec<Key> = found.filter(|key| key.label().is_none()).collect();
                assert_eq!(missing, [Key::Organization(None)], "{text}");
            }
            let whole = Totals::of([&item], &by());
            let mut slim = Totals::new(&by());
            let read = Needs::of(&by()).read(text.as_bytes(), |charge| slim.add_charge(charge));
            assert_eq!(read.unwrap().1, text.len());
            assert_eq!(whole, slim, "{text}");
            let mut statement = StatementBuilder::new();
            let read = read_prices(text.as_bytes(), |charge| statement.add_charge(charge));
            assert_eq!(read.unwrap().1, text.len());
            let statement = statement.finish(&head());
            assert_eq!(statement, Statement::of(&invoice(&item)), "{text}");
            let mut daily = DailyGroups::new(&[]);
            let needs = DailyGroups::needs(&[]);
            let read = needs.read(text.as_bytes(), |charge| daily.add_charge(charge));
            read.unwrap();
            assert_eq!(daily.total(), [&item].into_iter().collect(), "{text}");
        }
    }

    #[test]
    fn a_span_that_was_read_before_is_told_from_another() {
        let mut spans = Spans::default();
        let (first, second) = ("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z");
        let april = "2025-04-01T00:00:00Z";
        for (start, end, day, long) in [
            (first, second, "2025-03-01", false),
            (first, april, "2025-03-01", true),
            (first, second, "2025-03-01", false),
            // The same day of another month, and a day whose text has the same place.
            (april, "2025-04-02T00:00:00Z", "2025-04-01", false),
            (april, "2025-04-02T00:00:01Z", "2025-04-01", true),
            ("2025-03-33T00:00:00Z", second, "", false),
            (first, "2025-03-02T00:00:00.5Z", "2025-03-01", true),
            (second, "", "2025-03-02", false),
        ] {
            let text = |time: &str| (!time.is_empty()).then(|| Cow::from(time.to_owned()));
            let read = spans.read(&text(start), &text(end));
            let expected = (!day.is_empty()).then(|| (Some(day.parse().unwrap()), long));
            assert_eq!(
                read.ok().map(|span| (span.day, span.is_long)),
                expected,
                "{start} {end}"
            );
        }
    }

    #[test]
    fn what_is_needed_is_checked_as_in_a_whole_item() {
        for text in [
            r#"{"sku":1}"#,
            r#"{"totalPriceCents":1.5}"#,
            r#"{"totalPriceCents":"1"}"#,
            r#"{"discountCents":9223372036854775808}"#,
            r#"{"startDate":"yesterday"}"#,
            r#"{"tags":[]}"#,
            r#"{"tags":{"t":"x"}}"#,
            r#"{"quantity":tru}"#,
            r#"{"sku":"a","sku":"b"}"#,
        ] {
            assert!(serde_json::from_str::<LineItem>(text).is_err(), "{text}");
            let read = Needs::of(&by()).read(text.as_bytes(), |_| ());
            assert!(read.is_err(), "{text}");
        }
        let tags = br#"{"tags":{"t":"x"}}"#;
        let read = Needs::of(&[Dimension::Sku, Dimension::Day]).read(tags, |_| ());
        assert!(read.is_ok(), "tags are not needed");
        let error = read_prices(br#"{"sku":1}"#, |_| ()).unwrap_err();
        assert!(error.to_string().contains("a string or null"), "{error}");
        for text in [
            r#"{"quantity":"many"}"#,
            r#"{"unitPriceDollars":{}}"#,
            r#"{"percentDiscount":true}"#,
            r#"{"endDate":"tomorrow"}"#,
        ] {
            assert!(serde_json::from_str::<LineItem>(text).is_err(), "{text}");
            let read = |needs: Needs| needs.read(text.as_bytes(), |_| ()).is_err();
            assert!(!read(Needs::of(&by())), "{text}");
            let prices = read_prices(text.as_bytes(), |_| ()).is_err();
            assert!(prices || read(DailyGroups::needs(&[])), "{text}");
        }
    }
}
