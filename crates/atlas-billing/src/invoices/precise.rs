//! Decodes a line item with its numbers as they are written.
//!
//! serde_json reads a double of more than 15 digits to within one unit in the last place, and only
//! a feature that would change every other crate of a build makes it exact. A price is not to
//! differ from what was sent, and an invoice is to be the same after being written and read again,
//! so the item's numbers are taken as text while the item is decoded.

use std::fmt;
use std::marker::PhantomData;

use atlas_billing_raw::types::InvoiceLineItem;
use serde::de::value::F64Deserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::split::first;

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

/// A field of a line item that is a double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Double {
    Quantity,
    UnitPrice,
    Other,
}

impl Double {
    fn of(key: &str) -> Option<Self> {
        match key {
            "quantity" => Some(Self::Quantity),
            "unitPriceDollars" => Some(Self::UnitPrice),
            "percentDiscount" | "tierLowerBound" | "tierUpperBound" => Some(Self::Other),
            _ => None,
        }
    }
}

/// Decodes from serde_json's text only: other formats have no text of a number to give.
impl<'de> Deserialize<'de> for PreciseItem {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut long = None;
        let item = InvoiceLineItem::deserialize(Watched {
            inner: deserializer,
            long: &mut long,
        })?;
        Ok(Self { item, long })
    }
}

type Long = Option<Box<LongNumbers>>;

/// Hands a struct's fields through, and looks at each key.
struct Watched<'a, T> {
    inner: T,
    long: &'a mut Long,
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
            long: self.long,
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
            double: None,
            long: self.long,
        })
    }
}

/// A struct's fields with their values.
struct Entries<'a, A> {
    inner: A,
    /// What the key that was last read says of its value.
    double: Option<Double>,
    long: &'a mut Long,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.double = None;
        self.inner.next_key_seed(Key {
            inner: seed,
            double: &mut self.double,
        })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let Some(double) = self.double else {
            return self.inner.next_value_seed(seed);
        };
        let text = self.inner.next_value::<&'de RawValue>()?.get();
        if text.len() > SAFE_DIGITS {
            keep(double, text, self.long);
        }
        seed.deserialize(Number {
            text,
            error: PhantomData,
        })
    }
}

/// Keeps `text` if a double cannot be trusted to hold it.
#[cold]
fn keep(double: Double, text: &str, long: &mut Long) {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    // Zeros in front are no digits that count.
    if digits.skip_while(|digit| *digit == b'0').count() <= SAFE_DIGITS {
        return;
    }
    match double {
        Double::Quantity => long.get_or_insert_default().quantity = Some(text.into()),
        Double::UnitPrice => long.get_or_insert_default().unit_price = Some(text.into()),
        Double::Other => {}
    }
}

/// Reads a key as its struct does, and notes what it is.
struct Key<'a, T> {
    inner: T,
    double: &'a mut Option<Double>,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = K::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        self.inner.deserialize(Key {
            inner: deserializer,
            double: self.double,
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
            double: self.double,
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
        *self.double = Double::of(key);
        self.inner.visit_str(key)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<V::Value, E> {
        *self.double = Double::of(key);
        self.inner.visit_borrowed_str(key)
    }
}

/// A JSON value that should be a number or null, as text.
struct Number<'a, E> {
    text: &'a str,
    error: PhantomData<E>,
}

impl<'de, E: Error> Deserializer<'de> for Number<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.deserialize_option(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if self.text == "null" {
            return visitor.visit_none();
        }
        // What Rust reads beyond JSON's numbers (inf, nan) is no JSON value and never gets here.
        let number: f64 = self.text.parse().map_err(|_| {
            let shown: String = self.text.chars().take(40).collect();
            E::custom(format_args!(
                "invalid type: {shown}, expected a number or null"
            ))
        })?;
        if number.is_infinite() {
            return Err(E::custom("number out of range"));
        }
        visitor.visit_some(F64Deserializer::new(number))
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

    proptest! {
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
