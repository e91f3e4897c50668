//! Exact sums of decimals.

use rust_decimal::Decimal;

use crate::{Error, ErrorKind, Result};

/// The places that a decimal can have, 0 to 28.
const SCALES: usize = 29;

/// A sum that is never rounded, whatever the order: rust_decimal's own addition drops places where
/// a sum has more digits than 96 bits hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sum {
    /// The sum of the mantissas of each scale.
    mantissas: [i128; SCALES],
    overflowed: bool,
}

impl Sum {
    pub(crate) fn add(&mut self, amount: Decimal) {
        let scale = usize::try_from(amount.scale()).unwrap_or(SCALES);
        let sum = self.mantissas.get_mut(scale);
        match sum.and_then(|sum| Some((sum.checked_add(amount.mantissa())?, sum))) {
            Some((more, sum)) => *sum = more,
            None => self.overflowed = true,
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`] where no decimal holds it exactly.
    pub(crate) fn total(&self) -> Result<Decimal> {
        self.exact().ok_or_else(|| {
            Error::new(
                ErrorKind::Overflow,
                "the amounts add up to more digits than a decimal of 96 bits holds: add up fewer \
                 rows at a time",
            )
        })
    }

    fn exact(&self) -> Option<Decimal> {
        if self.overflowed {
            return None;
        }
        // The places that any amount was written with: 1.50 and 1.50 are 3.00.
        let written = self.mantissas.iter().rposition(|sum| *sum != 0);
        let written = written.unwrap_or_default();
        let mut total: i128 = 0;
        for sum in &self.mantissas[..=written] {
            total = total.checked_mul(10)?.checked_add(*sum)?;
        }
        let mut scale = written;
        while scale > 0 && total % 10 == 0 && total.unsigned_abs() >= 1 << 96 {
            total /= 10;
            scale -= 1;
        }
        Decimal::try_from_i128_with_scale(total, u32::try_from(scale).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(amounts: &[&str]) -> Result<String> {
        let mut sum = Sum::default();
        for amount in amounts {
            sum.add(amount.parse().unwrap());
        }
        Ok(sum.total()?.to_string())
    }

    #[test]
    fn sums_keep_every_digit() {
        for (amounts, expected) in [
            (&[][..], "0"),
            (&["0.1", "0.2"], "0.3"),
            (&["1.50", "1.50"], "3.00"),
            (&["51.19", "-51.19"], "0"),
            (
                &["10000000000000000000", "0.000000001"],
                "10000000000000000000.000000001",
            ),
            (
                &["0.9999999999999999999999999999", "9"],
                "9.9999999999999999999999999999",
            ),
        ] {
            match sum(amounts) {
                Ok(total) => assert_eq!(total.parse::<Decimal>(), expected.parse(), "{amounts:?}"),
                Err(error) => assert_eq!(expected.len(), 30, "{amounts:?}: {error}"),
            }
        }
    }

    #[test]
    fn a_sum_beyond_a_decimal_is_an_error_and_never_rounded() {
        for amounts in [
            ["79228162514264337593543950335", "1"],
            ["79228162514264337593543950335", "0.1"],
            [
                "-79228162514264337593543950335",
                "-79228162514264337593543950335",
            ],
            ["0.0000000000000000000000000001", "10"],
        ] {
            assert_eq!(
                sum(&amounts).unwrap_err().kind(),
                ErrorKind::Overflow,
                "{amounts:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter(mut amounts in proptest::collection::vec((any::<i64>(), 0u32..12), 0..30)) {
            let total = |amounts: &[(i64, u32)]| {
                let mut sum = Sum::default();
                for (mantissa, scale) in amounts {
                    sum.add(Decimal::try_from_i128_with_scale((*mantissa).into(), *scale).unwrap());
                }
                sum.total().ok()
            };
            let before = total(&amounts);
            amounts.reverse();
            prop_assert_eq!(before, total(&amounts));
            amounts.sort();
            prop_assert_eq!(before, total(&amounts));
        }

        #[test]
        fn cents_add_up_as_integers_do(cents in proptest::collection::vec(any::<i32>(), 0..50)) {
            let mut sum = Sum::default();
            for cents in &cents {
                sum.add(Decimal::try_from_i128_with_scale((*cents).into(), 2).unwrap());
            }
            let whole: i128 = cents.iter().map(|cents| i128::from(*cents)).sum();
            let expected = Decimal::try_from_i128_with_scale(whole, 2).unwrap();
            prop_assert_eq!(sum.total().unwrap(), expected);
        }
    }
}
