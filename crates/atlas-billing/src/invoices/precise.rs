//! Decodes a line item with its numbers as they are written, and its timestamps at little cost.
//!
//! serde_json reads a double of more than 15 digits to within one unit in the last place, and only
//! a feature that would change every other crate of a build makes it exact. A price is not to
//! differ from what was sent, and an invoice is to be the same after being written and read again,
//! so the item's numbers are taken as text while the item is decoded.
//!
//! A general date parser makes up a fifth of the time that an item takes. The one form in which
//! timestamps come, in UTC without a fraction, is read by its digits; every other form is left to
//! the general one, so that what is accepted does not change. The values of a tag, mostly one, are
//! given no more room than they take, a tenth of what an item keeps.

use std::fmt;
use std::marker::PhantomData;

use atlas_billing_raw::types::InvoiceLineItem;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::value::F64Deserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::split::first;
use super::tags::Tags;

/// The text of an item's numbers that have more digits than a double keeps apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LongNumbers {
    pub(super) quantity: Option<Box<str>>,
    pub(super) unit_price: Option<Box<str>>,
}

/// A line item, its doubles the nearest to what is written.
#[derive(Debug)]
pub(super) struct PreciseItem {
    pub(super) item: InvoiceLineItem,
    pub(super) long: Option<Box<LongNumbers>>,
}

impl PreciseItem {
    /// Decodes the item at the beginning of `text`, and says how long it is.
    #[inline]
    pub(super) fn read(text: &[u8]) -> serde_json::Result<(Self, usize)> {
        first::<Self>(text).map_err(|error| match error.is_eof() {
            true => error,
            // Of what is wrong with a number serde_json does not know where it stands; of what is
            // wrong with the generated type it does.
            false => first::<InvoiceLineItem>(text).err().unwrap_or(error),
        })
    }
}

/// Every decimal of this many digits comes back from a double as it went in.
const SAFE_DIGITS: usize = 15;

/// A field of a line item that is decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Quantity,
    UnitPrice,
    OtherDouble,
    Created,
    EndDate,
    StartDate,
    Tags,
}

impl Field {
    #[inline]
    fn of(key: &str) -> Option<Self> {
        match key {
            "created" => Some(Self::Created),
            "endDate" => Some(Self::EndDate),
            "percentDiscount" | "tierLowerBound" | "tierUpperBound" => Some(Self::OtherDouble),
            "quantity" => Some(Self::Quantity),
            "startDate" => Some(Self::StartDate),
            "tags" => Some(Self::Tags),
            "unitPriceDollars" => Some(Self::UnitPrice),
            _ => None,
        }
    }
}

/// What is decoded beside the generated type.
#[derive(Debug, Default)]
struct Beside {
    long: Option<Box<LongNumbers>>,
    created: Option<DateTime<Utc>>,
    end_date: Option<DateTime<Utc>>,
    start_date: Option<DateTime<Utc>>,
    tags: Option<Tags>,
}

/// Decodes from serde_json's text only: other formats have no text of a number to give.
impl<'de> Deserialize<'de> for PreciseItem {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut beside = Beside::default();
        let mut item = InvoiceLineItem::deserialize(Watched {
            inner: deserializer,
            beside: &mut beside,
        })?;
        // What was read here was given to the generated type as absent.
        item.created = item.created.or(beside.created);
        item.end_date = item.end_date.or(beside.end_date);
        item.start_date = item.start_date.or(beside.start_date);
        item.tags = beside.tags.map(|Tags(tags)| tags);
        Ok(Self {
            item,
            long: beside.long,
        })
    }
}

/// Hands a struct's fields through, and looks at each key.
struct Watched<'a, T> {
    inner: T,
    beside: &'a mut Beside,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Watched<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = Watched {
            inner: visitor,
            beside: self.beside,
        };
        self.inner.deserialize_struct(name, fields, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Entries {
            inner: map,
            field: None,
            beside: self.beside,
        })
    }
}

/// A struct's fields with their values.
struct Entries<'a, A> {
    inner: A,
    /// What the key that was last read says of its value.
    field: Option<Field>,
    beside: &'a mut Beside,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.field = None;
        self.inner.next_key_seed(Key {
            inner: seed,
            field: &mut self.field,
        })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let time = match self.field {
            None => return self.inner.next_value_seed(seed),
            Some(Field::Created) => &mut self.beside.created,
            Some(Field::EndDate) => &mut self.beside.end_date,
            Some(Field::StartDate) => &mut self.beside.start_date,
            Some(Field::Tags) => {
                self.beside.tags = self.inner.next_value()?;
                return seed.deserialize(Decoded::from(None));
            }
            Some(double) => {
                let text = self.inner.next_value::<&'de RawValue>()?.get();
                if text.len() > SAFE_DIGITS {
                    keep(double, text, &mut self.beside.long);
                }
                return match text.parse::<f64>() {
                    // What Rust reads beyond JSON's numbers is no JSON value and never gets here.
                    Ok(number) if number.is_finite() => {
                        seed.deserialize(Decoded::from(Some(number)))
                    }
                    _ => again(seed, text),
                };
            }
        };
        let text = self.inner.next_value::<&'de RawValue>()?.get();
        *time = quoted_utc(text);
        match time {
            Some(_) => seed.deserialize(Decoded::from(None)),
            None => again(seed, text),
        }
    }
}

/// Leaves a value to serde_json and the field's own type.
#[cold]
fn again<'de, S, E>(seed: S, text: &'de str) -> Result<S::Value, E>
where
    S: DeserializeSeed<'de>,
    E: Error,
{
    let mut decoder = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut decoder).map_err(E::custom)
}

/// The time of a JSON string, its quotes included, if it is of the form that the service writes.
fn quoted_utc(json: &str) -> Option<DateTime<Utc>> {
    utc(json.strip_prefix('"')?.strip_suffix('"')?.as_bytes())
}

/// The time that `text` is, if it is of the form `2025-03-01T00:00:00Z`.
pub(super) fn utc(text: &[u8]) -> Option<DateTime<Utc>> {
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)?
        .and_hms_opt(number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?)
        .map(|time| time.and_utc())
}

/// Keeps `text` if a double cannot be trusted to hold it.
#[cold]
fn keep(double: Field, text: &str, long: &mut Option<Box<LongNumbers>>) {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    // Zeros in front are no digits that count.
    if digits.skip_while(|digit| *digit == b'0').count() <= SAFE_DIGITS {
        return;
    }
    match double {
        Field::Quantity => long.get_or_insert_default().quantity = Some(text.into()),
        Field::UnitPrice => long.get_or_insert_default().unit_price = Some(text.into()),
        _ => {}
    }
}

/// Reads a key as its struct does, and notes what it is.
struct Key<'a, T> {
    inner: T,
    field: &'a mut Option<Field>,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = K::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        self.inner.deserialize(Key {
            inner: deserializer,
            field: self.field,
        })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Key<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_identifier(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_identifier(Key {
            inner: visitor,
            field: self.field,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Key<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<V::Value, E> {
        *self.field = Field::of(key);
        self.inner.visit_str(key)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<V::Value, E> {
        *self.field = Field::of(key);
        self.inner.visit_borrowed_str(key)
    }
}

/// A number that has been decoded, or null.
struct Decoded<E> {
    number: Option<f64>,
    error: PhantomData<E>,
}

impl<E> From<Option<f64>> for Decoded<E> {
    fn from(number: Option<f64>) -> Self {
        Self {
            number,
            error: PhantomData,
        }
    }
}

impl<'de, E: Error> Deserializer<'de> for Decoded<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_option(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.number {
            None => visitor.visit_none(),
            Some(number) => visitor.visit_some(F64Deserializer::new(number)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> serde_json::Result<PreciseItem> {
        serde_json::from_str(text)
    }

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        for (number, long) in [
            ("3.7250000000000005", true),
            ("0.1", false),
            ("1e-7", false),
            ("0.000000000000000000123", false),
            ("-12", false),
            ("123456789012345", false),
            ("0.12345678901234567890", true),
        ] {
            let text = format!(r#"{{"quantity":{number},"sku":"a","unitPriceDollars":{number}}}"#);
            let read = read(&text).unwrap();
            assert_eq!(read.item.quantity, number.parse().ok());
            assert_eq!(read.item.unit_price_dollars, number.parse().ok());
            assert_eq!(read.item.sku.as_deref(), Some("a"));
            let kept = read.long.map(|long| (long.quantity, long.unit_price));
            let expected = long.then(|| (Some(number.into()), Some(number.into())));
            assert_eq!(kept, expected, "{number}");
        }
    }

    #[test]
    fn what_the_generated_type_refuses_is_refused() {
        for text in [
            r#"{"quantity":"1"}"#,
            r#"{"quantity":[1]}"#,
            r#"{"quantity":true}"#,
            r#"{"quantity":01}"#,
            r#"{"quantity":1e999}"#,
            r#"{"quantity":nan}"#,
            r#"{"quantity":inf}"#,
            r#"{"quantity":1,"quantity":2}"#,
            r#"{"sku":1}"#,
            "[]",
            "null",
        ] {
            assert!(read(text).is_err(), "{text}");
            // serde takes an array of a struct's fields; an item must be an object.
            if text != "[]" {
                assert!(
                    serde_json::from_str::<InvoiceLineItem>(text).is_err(),
                    "{text}"
                );
            }
        }
        let null = read(r#"{"quantity":null,"unitPriceDollars":null}"#).unwrap();
        assert_eq!(null.item, InvoiceLineItem::default());
    }

    #[test]
    fn timestamps_are_read_as_the_generated_type_reads_them() {
        for time in [
            r#""2025-03-01T00:00:00Z""#,
            r#""2024-02-29T23:59:59Z""#,
            r#""2025-02-29T00:00:00Z""#,
            r#""2025-13-01T00:00:00Z""#,
            r#""2025-03-01T24:00:00Z""#,
            r#""2025-03-01T23:59:60Z""#,
            r#""2025-03-01T23:59:61Z""#,
            r#""2025-03-01T00:00:00.5Z""#,
            r#""2025-03-01T00:00:00z""#,
            r#""2025-03-01T02:00:00+02:00""#,
            r#""2025-03-01 00:00:00Z""#,
            r#""2025-03-01T00:00:0\u0030Z""#,
            r#""2025-03-01T00:0:00:0Z""#,
            r#""+025-03-01T00:00:00Z""#,
            r#""2025-03-01""#,
            r#""""#,
            "null",
            "1",
            "{}",
        ] {
            for field in ["created", "endDate", "startDate"] {
                let text = format!(r#"{{"{field}":{time}}}"#);
                let plain = serde_json::from_str::<InvoiceLineItem>(&text).ok();
                let read = PreciseItem::read(text.as_bytes()).ok();
                assert_eq!(read.map(|(read, _)| read.item), plain, "{text}");
            }
        }
        let twice = r#"{"created":"2025-03-01T00:00:00Z","created":"2025-03-01T00:00:00Z"}"#;
        assert!(read(twice).is_err());
    }

    proptest! {
        #[test]
        fn every_time_is_read(seconds in -62_167_219_200i64..253_402_300_800) {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            let text = time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            prop_assert_eq!(utc(text.as_bytes()), Some(time));
        }

        #[test]
        fn every_double_survives_being_written_and_read(
            bits in prop::array::uniform5(any::<u64>()),
        ) {
            let [a, b, c, d, e] = bits.map(|bits| Some(f64::from_bits(bits)).filter(|f| f.is_finite()));
            let mut item = InvoiceLineItem::default();
            (item.quantity, item.unit_price_dollars, item.percent_discount) = (a, b, c);
            (item.tier_lower_bound, item.tier_upper_bound) = (d, e);
            let text = serde_json::to_string(&item).unwrap();
            prop_assert_eq!(read(&text).unwrap().item, item);
        }
    }
}
