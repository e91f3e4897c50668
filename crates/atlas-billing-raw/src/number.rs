//! Numbers of quantity and money, with the digits that were received.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::{Error, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::decimal::{parse_decimal, short};

/// An exact number, as JSON writes it: a quantity, a unit price, a percentage.
///
/// Holds a [`Decimal`] where that has the number's digits, else the digits themselves, so that no
/// number fails to decode or is rounded. [`decimal`](Self::decimal) computes with it; `Display` and
/// `Serialize` give the digits as received, also `1e-7` and `12.50`.
///
/// Two numbers are equal if their values are, however they are written.
///
/// Deserializes from a number or from a string that holds one. Serialized by serde_json, it is the
/// number as received; other formats get an integer or a double where that has the same digits.
///
/// ```
/// use atlas_billing_raw::Number;
///
/// let number: Number = serde_json::from_str("0.1234567890123456789").unwrap();
/// assert_eq!(number.to_string(), "0.1234567890123456789");
/// assert_eq!(number.decimal().unwrap().round_dp(4).to_string(), "0.1235");
/// ```
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// Displays as the digits that were received.
    Decimal(Decimal),
    /// A number by JSON's grammar whose digits a decimal does not reproduce.
    Text(Box<str>),
}

impl Number {
    /// The number as a decimal; `None` if 96 bits and 28 places do not hold it exactly.
    pub fn decimal(&self) -> Option<Decimal> {
        match &self.0 {
            Repr::Decimal(decimal) => Some(*decimal),
            Repr::Text(text) => parse_decimal(text),
        }
    }

    /// The nearest double, for shares and charts: never for money.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Decimal(decimal) => decimal.to_f64().unwrap_or(f64::NAN),
            Repr::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// A number that is known to follow JSON's grammar.
    fn of_json(text: &str) -> Self {
        // A decimal has no negative zero.
        let plain = !text.starts_with("-0");
        if plain && let Some(decimal) = short(text.as_bytes()) {
            return Self(Repr::Decimal(decimal));
        }
        match Decimal::from_str_exact(text) {
            Ok(decimal) if decimal.to_string() == text => Self(Repr::Decimal(decimal)),
            _ => Self(Repr::Text(text.into())),
        }
    }
}

/// The number zero.
impl Default for Number {
    fn default() -> Self {
        Self(Repr::Decimal(Decimal::ZERO))
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self(Repr::Decimal(decimal))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Decimal::from(number).into()
    }
}

/// A text that is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotANumber;

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number")
    }
}

impl std::error::Error for NotANumber {}

impl FromStr for Number {
    type Err = NotANumber;

    /// Parses a number as JSON writes it, without spaces around it.
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        match is_json_number(text.as_bytes()) {
            true => Ok(Self::of_json(text)),
            false => Err(NotANumber),
        }
    }
}

/// Whether `text` is a number by RFC 8259, section 6.
fn is_json_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then(|| &text[count..])
    }
    let rest = match text.strip_prefix(b"-").unwrap_or(text) {
        [b'0', rest @ ..] => Some(rest),
        text => digits(text),
    };
    let rest = rest.and_then(|rest| match rest {
        [b'.', fraction @ ..] => digits(fraction),
        rest => Some(rest),
    });
    let rest = rest.and_then(|rest| match rest {
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            digits(exponent)
        }
        rest => Some(rest),
    });
    rest.is_some_and(<[u8]>::is_empty)
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // The decimal takes a precision to round to, which would not be the digits received.
            Repr::Decimal(decimal) if f.width().is_none() => write!(f, "{decimal}"),
            Repr::Decimal(decimal) => f.pad(&decimal.to_string()),
            Repr::Text(text) => f.pad(text),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Text(one), Repr::Text(other)) if one == other => true,
            _ => match (self.decimal(), other.decimal()) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            },
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (&self.0, self.decimal()) {
            (Repr::Text(text), None) => text.hash(state),
            (_, decimal) => decimal.hash(state),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Repr::Decimal(decimal) = &self.0
            && decimal.scale() == 0
            && let Some(integer) = decimal.to_i64()
        {
            return serializer.serialize_i64(integer);
        }
        let text = self.to_string();
        if let Some(double) = same_double(&text) {
            return serializer.serialize_f64(double);
        }
        let raw = RawValue::from_string(text).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// The double that every writer of JSON prints as `text`.
fn same_double(text: &str) -> Option<f64> {
    // Beyond these, writers differ in when they use an exponent.
    const PLAIN: std::ops::Range<f64> = 1e-3..1e15;
    let double: f64 = text.parse().ok()?;
    (PLAIN.contains(&double.abs()) && format!("{double:?}") == text).then_some(double)
}

/// The name under which serde_json passes a value's text (`serde_json::value::RawValue`). It
/// is asked for by name, since that type is either borrowed, which a reader cannot give, or an
/// allocation for each number. If it ever changed, numbers would be read as doubles; a test tells.
const RAW: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW, Digits)
    }
}

/// Reads a number from whatever a deserializer has: its text, a value, or a string.
struct Digits;

impl<'de> Visitor<'de> for Digits {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        match map.next_key::<IsRaw>()? {
            Some(IsRaw(true)) => {
                let Text(number) = map.next_value()?;
                Ok(number)
            }
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Err(A::Error::invalid_type(Unexpected::Map, &self))
            }
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Number, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Decimal::from(number).into())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Number, E> {
        Ok(Number::of_json(&number.to_string()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Number, E> {
        Ok(Number::of_json(&number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        let text = format!("{number:?}");
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Other("infinite number"), &self))
    }

    /// The content of a string is not repeated in the error: it is billing data.
    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        text.trim()
            .parse()
            .map_err(|_| E::invalid_type(Unexpected::Other("string"), &self))
    }
}

/// Whether a key announces a value's text.
struct IsRaw(bool);

impl<'de> Deserialize<'de> for IsRaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = IsRaw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<IsRaw, E> {
                Ok(IsRaw(key == RAW))
            }
        }
        deserializer.deserialize_identifier(Key)
    }
}

/// A number from the JSON text of a value.
struct Text(Number);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Json;
        impl Visitor<'_> for Json {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a number")
            }

            #[inline]
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                let found = match text.as_bytes() {
                    [b'-' | b'0'..=b'9', ..] => return Ok(Text(Number::of_json(text))),
                    [b'"', ..] => match serde_json::from_str::<String>(text) {
                        Ok(text) => return Digits.visit_str(&text).map(Text),
                        Err(error) => return Err(E::custom(error)),
                    },
                    [b'n', ..] => Unexpected::Unit,
                    [b'[', ..] => Unexpected::Seq,
                    [b'{', ..] => Unexpected::Map,
                    _ => Unexpected::Other("boolean"),
                };
                Err(E::invalid_type(found, &Digits))
            }
        }
        deserializer.deserialize_str(Json)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const NUMBERS: [&str; 17] = [
        "0",
        "-0",
        "-0.0",
        "0.00",
        "7",
        "12.50",
        "-0.05",
        "51.19",
        "3.7250000000000005",
        "0.1234567890123456789",
        "1e-7",
        "1.5E+3",
        "1e999",
        "0.1000000000000000000000000000000000000000",
        "79228162514264337593543950336",
        "123456789012345678901234567890123456789012345678901234567890.5",
        "9223372036854775808",
    ];

    #[test]
    fn digits_are_kept_from_every_source() {
        for text in NUMBERS {
            let from_str: Number = serde_json::from_str(text).unwrap();
            let from_slice: Number = serde_json::from_slice(text.as_bytes()).unwrap();
            let from_reader: Number = serde_json::from_reader(text.as_bytes()).unwrap();
            let from_string: Number = serde_json::from_str(&format!("\" {text}\"")).unwrap();
            for number in [from_str, from_slice, from_reader, from_string] {
                assert_eq!(number.to_string(), text);
                assert_eq!(serde_json::to_string(&number).unwrap(), text);
                assert_eq!(number, text.parse().unwrap());
            }
        }
    }

    #[test]
    fn usual_numbers_are_held_without_an_allocation() {
        for (text, held) in [
            ("12.50", true),
            ("-0.05", false),
            ("0.1234567890123456789", true),
            ("1e-7", false),
        ] {
            let number: Number = text.parse().unwrap();
            let is_decimal = matches!(number.0, Repr::Decimal(_));
            assert!(is_decimal || !held, "{text}");
        }
    }

    #[test]
    fn what_was_decoded_before_is_taken_too() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(untagged)]
        enum Buffered {
            One { quantity: Number },
        }
        #[derive(Deserialize)]
        struct Flat {
            #[serde(flatten)]
            inner: std::collections::BTreeMap<String, Number>,
        }
        for (text, shown) in [
            ("7", "7"),
            ("-7", "-7"),
            ("0.5", "0.5"),
            ("5.0", "5.0"),
            ("\"12.50\"", "12.50"),
        ] {
            let object = format!("{{\"quantity\":{text}}}");
            let Buffered::One { quantity } = serde_json::from_str(&object).unwrap();
            assert_eq!(quantity.to_string(), shown);
            let flat: Flat = serde_json::from_str(&object).unwrap();
            assert_eq!(flat.inner["quantity"].to_string(), shown);
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(
                serde_json::from_value::<Number>(value).unwrap().to_string(),
                shown
            );
        }
    }

    #[test]
    fn other_values_are_refused_without_their_content() {
        for (text, found) in [
            ("\"secret\"", "string"),
            ("\"\"", "string"),
            ("\"1,5\"", "string"),
            ("\"1.\"", "string"),
            ("\"01\"", "string"),
            ("\"NaN\"", "string"),
            ("[1]", "sequence"),
            ("{\"secret\":1}", "map"),
            ("true", "boolean"),
            ("null", "null"),
        ] {
            let error = serde_json::from_str::<Number>(text).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("invalid type: "), "{message}");
            assert!(message.contains(found), "{text}: {message}");
            assert!(!message.contains("secret"), "{message}");
            let value: Value = serde_json::from_str(text).unwrap();
            let message = serde_json::from_value::<Number>(value)
                .unwrap_err()
                .to_string();
            assert!(!message.contains("secret"), "{message}");
        }
        assert_eq!(
            serde_json::from_str::<Option<Number>>("null").unwrap(),
            None
        );
    }

    #[test]
    fn equal_by_value() {
        use std::collections::HashSet;
        let of = |text: &str| text.parse::<Number>().unwrap();
        for (one, other) in [
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-0", "0"),
            ("1e99", "1e99"),
        ] {
            assert_eq!(of(one), of(other));
            assert_eq!(HashSet::from([of(one), of(other)]).len(), 1);
        }
        assert_ne!(of("1e99"), of("1e98"));
        assert_ne!(of("1e99"), of("1"));
    }

    #[test]
    fn shown_padded_and_as_a_double() {
        let of = |text: &str| text.parse::<Number>().unwrap();
        assert_eq!(
            format!("{:>6}|{:<6}|", of("1.5"), of("1e2")),
            "   1.5|1e2   |"
        );
        assert_eq!(of("1.5").to_f64(), 1.5);
        assert_eq!(of("1e99").to_f64(), 1e99);
        assert_eq!(of("1e99").decimal(), None);
        assert_eq!(Number::default(), of("0"));
    }

    proptest! {
        #[test]
        fn every_json_number_reads_back(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?") {
            let number: Number = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(number.to_string(), text.as_str());
            prop_assert_eq!(serde_json::to_string(&number).unwrap(), text.as_str());
            let _ = (number.decimal(), number.to_f64());
        }

        #[test]
        fn the_grammar_is_jsons(text in "[-+.eE0-9]{0,12}") {
            let is_number = serde_json::from_str::<f64>(&text).is_ok() || text.contains(['e', 'E']);
            let parsed = text.parse::<Number>().is_ok();
            prop_assert!(!parsed || is_number, "{}", text);
            if serde_json::from_str::<f64>(&text).is_ok() {
                prop_assert!(parsed, "{}", text);
            }
        }
    }
}
