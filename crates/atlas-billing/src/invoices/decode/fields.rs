//! The fields of a line item that are decoded here, and the values they come to.

use std::marker::PhantomData;

use serde::de::value::F64Deserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

use super::LongNumbers;
use super::tags::Tags;

/// Every decimal of this many digits comes back from a double as it went in.
pub(super) const SAFE_DIGITS: usize = 15;

/// A field of a line item that is decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Quantity,
    UnitPrice,
    OtherDouble,
    Tags,
}

impl Field {
    #[inline]
    pub(super) fn of(key: &str) -> Option<Self> {
        match key {
            "percentDiscount" | "tierLowerBound" | "tierUpperBound" => Some(Self::OtherDouble),
            "quantity" => Some(Self::Quantity),
            "tags" => Some(Self::Tags),
            "unitPriceDollars" => Some(Self::UnitPrice),
            _ => None,
        }
    }
}

/// What is decoded beside the generated type.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) long: Option<Box<LongNumbers>>,
    pub(super) tags: Option<Tags>,
}

/// Keeps `text` if a double cannot be trusted to hold it.
#[cold]
pub(super) fn keep(double: Field, text: &str, long: &mut Option<Box<LongNumbers>>) {
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

/// Leaves a value to serde_json and the field's own type.
#[cold]
pub(super) fn again<'de, S, E>(seed: S, text: &'de str) -> Result<S::Value, E>
where
    S: DeserializeSeed<'de>,
    E: Error,
{
    let mut decoder = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut decoder).map_err(E::custom)
}

/// A number that has been decoded, or null.
pub(super) struct Decoded<E> {
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
