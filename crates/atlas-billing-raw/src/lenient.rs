//! Integers that were written by something that knows doubles only: 1.0 is 1, 1.5 is an error.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads an integer, also from a number with an empty fraction.
pub(crate) fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    deserializer.deserialize_any(Whole(PhantomData))
}

/// The same where null means that there is none.
pub(crate) fn optional_integer<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let read = Option::<Read<T>>::deserialize(deserializer)?;
    Ok(read.map(|Read(number)| number))
}

/// An integer that is read by [`integer`].
#[derive(Deserialize)]
#[serde(bound = "T: TryFrom<i64>")]
struct Read<T>(#[serde(deserialize_with = "integer")] T);

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Whole<T> {
    fn fit<E: Error>(value: i64) -> Result<T, E> {
        T::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &"an integer in range"))
    }
}

impl<T: TryFrom<i64>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        Self::fit(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        let value = i64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &"an integer in range"))?;
        Self::fit(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        // From 2^53 on a double no longer tells neighbours apart: what was meant is not known.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < EXACT {
            #[allow(clippy::cast_possible_truncation)]
            return Self::fit(value as i64);
        }
        Err(E::invalid_value(Unexpected::Float(value), &self))
    }
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Sums {
        #[serde(default, deserialize_with = "super::optional_integer")]
        cents: Option<i64>,
        #[serde(deserialize_with = "super::integer")]
        count: i32,
    }

    fn read(text: &str) -> Result<Sums, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn whole_numbers_are_integers_however_they_are_written() {
        let table = [
            (r#"{"cents":1,"count":2}"#, Some(1)),
            (r#"{"cents":1.0,"count":2.0}"#, Some(1)),
            (r#"{"cents":-1.5e3,"count":2}"#, Some(-1500)),
            (
                r#"{"cents":-9223372036854775808,"count":2}"#,
                Some(i64::MIN),
            ),
            (r#"{"cents":null,"count":2}"#, None),
            (r#"{"count":2}"#, None),
        ];
        for (text, cents) in table {
            assert_eq!(read(text).unwrap(), Sums { cents, count: 2 }, "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for text in [
            r#"{"cents":1.5,"count":2}"#,
            r#"{"cents":"1","count":2}"#,
            r#"{"cents":9223372036854775808,"count":2}"#,
            r#"{"cents":1e16,"count":2}"#,
            r#"{"count":2147483648}"#,
            r#"{"count":null}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
