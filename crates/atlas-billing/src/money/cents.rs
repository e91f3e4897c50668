//! Amounts in cents.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// An exact amount in cents, negative for a credit.
///
/// The service sends cents as 64-bit integers; this holds 128 bits, so that the sum of all the
/// line items an invoice could have is still exact. The specification calls them hundredths of one
/// US dollar, but for a payment in another currency it says so per payment only, so that the unit
/// is not part of the amount: it is what the answer states, or unstated.
///
/// Displays as a decimal number with two places: `-0.05`, `1234.50`. Serializes as the integer
/// number of cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// The amount in units of a hundred cents, exactly; `None` beyond 96 bits, which is more money
    /// than there is.
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
    fn serialized_as_an_integer() {
        assert_eq!(serde_json::to_string(&Cents::new(-7)).unwrap(), "-7");
        let beyond = Cents::new(i128::from(i64::MAX) + 1);
        assert_eq!(
            serde_json::to_string(&beyond).unwrap(),
            "9223372036854775808"
        );
    }
}
