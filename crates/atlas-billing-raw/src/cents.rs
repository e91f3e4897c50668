//! Amounts in cents.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact amount in hundredths of a currency unit, negative for a credit.
///
/// The service sends 64-bit integers; this holds 128 bits, so that no sum of amounts it can send
/// overflows. The operators saturate at the limits of 128 bits instead of panicking; the `checked_*`
/// methods report them. The currency is not part of the amount.
///
/// Displays as a decimal with two places (`-0.05`, `1234.50`) and serializes as the integer number
/// of cents. Deserializes from an integer of 64 bits, also one written with an empty fraction
/// (`1.0`).
///
/// Absent amounts count as zero in sums:
///
/// ```
/// use atlas_billing_raw::Cents;
///
/// let prices = [Some(Cents::from(1250)), None, Some(Cents::from(-50))];
/// assert_eq!(prices.into_iter().sum::<Cents>().to_string(), "12.00");
///
/// let mut total = Cents::ZERO;
/// total += Cents::from(5);
/// total += prices[0];
/// assert_eq!(total, Cents::from(1255));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Sixteen bytes that are aligned as eight: an invoice has millions of optional ones.
#[repr(Rust, packed(8))]
pub struct Cents(i128);

impl Cents {
    /// No cents.
    pub const ZERO: Self = Self(0);

    /// An amount of `cents`.
    pub const fn new(cents: i128) -> Self {
        Self(cents)
    }

    /// The number of cents.
    pub const fn get(self) -> i128 {
        self.0
    }

    /// The amount in units of a hundred cents, exactly; `None` beyond 96 bits.
    pub fn to_decimal(self) -> Option<Decimal> {
        Decimal::try_from_i128_with_scale(self.0, 2).ok()
    }

    /// The sum; `None` if it leaves 128 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` if it leaves 128 bits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl From<i64> for Cents {
    fn from(cents: i64) -> Self {
        Self(cents.into())
    }
}

impl Add for Cents {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cents {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Cents {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl AddAssign<Option<Self>> for Cents {
    fn add_assign(&mut self, other: Option<Self>) {
        *self += other.unwrap_or_default();
    }
}

impl SubAssign for Cents {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl SubAssign<Option<Self>> for Cents {
    fn sub_assign(&mut self, other: Option<Self>) {
        *self -= other.unwrap_or_default();
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a Self> for Cents {
    fn sum<I: Iterator<Item = &'a Self>>(amounts: I) -> Self {
        amounts.copied().sum()
    }
}

impl Sum<Option<Self>> for Cents {
    fn sum<I: Iterator<Item = Option<Self>>>(amounts: I) -> Self {
        amounts.flatten().sum()
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        f.pad_integral(self.0 >= 0, "", &format!("{whole}.{cents:02}"))
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(cents) => serializer.serialize_i64(cents),
            Err(_) => serializer.serialize_i128(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::lenient::integer(deserializer)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Cents {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cents".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_two_places() {
        for (cents, shown) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (-123_456, "-1234.56"),
            (i128::from(i64::MIN), "-92233720368547758.08"),
        ] {
            assert_eq!(Cents::new(cents).to_string(), shown);
            let decimal = Cents::new(cents).to_decimal().unwrap();
            assert_eq!(decimal.to_string(), shown);
        }
        assert_eq!(
            format!("{:>8}|{:<6}|", Cents::new(-5), Cents::new(5)),
            "   -0.05|0.05  |"
        );
        assert_eq!(Cents::new(i128::MAX).to_decimal(), None);
        assert!(
            Cents::new(i128::MIN)
                .to_string()
                .starts_with("-17014118346")
        );
    }

    #[test]
    fn arithmetic_is_exact_and_never_panics() {
        let [two, five] = [2, 5].map(Cents::new);
        assert_eq!(two + five, Cents::new(7));
        assert_eq!(two - five, Cents::new(-3));
        assert_eq!(-two, Cents::new(-2));
        assert_eq!([two, five].iter().sum::<Cents>(), Cents::new(7));
        assert_eq!([two, five].into_iter().sum::<Cents>(), Cents::new(7));
        assert_eq!([Some(two), None].into_iter().sum::<Cents>(), two);
        let mut total = five;
        total -= two;
        total -= Some(two);
        total += None;
        assert_eq!(total, Cents::new(1));
        let [least, most] = [i128::MIN, i128::MAX].map(Cents::new);
        assert_eq!(most + two, most);
        assert_eq!(least - two, least);
        assert_eq!(-least, most);
        assert_eq!(most.checked_add(two), None);
        assert_eq!(least.checked_sub(two), None);
    }

    #[test]
    fn serialized_as_an_integer() {
        assert_eq!(serde_json::to_string(&Cents::new(-7)).unwrap(), "-7");
        let beyond = Cents::new(i128::from(i64::MAX) + 1);
        assert_eq!(
            serde_json::to_string(&beyond).unwrap(),
            "9223372036854775808"
        );
        for text in ["-7", "-7.0"] {
            assert_eq!(
                serde_json::from_str::<Cents>(text).unwrap(),
                Cents::from(-7)
            );
        }
        assert!(serde_json::from_str::<Cents>("1.5").is_err());
    }
}
