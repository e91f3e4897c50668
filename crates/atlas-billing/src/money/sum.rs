//! Exact sums of decimals.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorKind, Result};

/// The numbers of places that a decimal can have: 0 to 28.
const SCALES: usize = 29;

/// A sum of decimals that is never rounded, whatever their order: [`Decimal`]'s own addition drops
/// places where a sum has more digits than 96 bits hold.
///
/// ```
/// use atlas_billing::money::{Decimal, ExactSum};
///
/// let sum: ExactSum = [Decimal::new(150, 2), Decimal::new(150, 2)].into_iter().collect();
/// assert_eq!(sum.total()?.to_string(), "3.00");
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ExactSum {
    /// The sum of the mantissas of each scale.
    mantissas: [i128; SCALES],
    overflowed: bool,
}

impl ExactSum {
    /// Adds an amount.
    pub fn add(&mut self, amount: Decimal) {
        let scale = usize::try_from(amount.scale()).unwrap_or(SCALES);
        let sum = self.mantissas.get_mut(scale);
        match sum.and_then(|sum| Some((sum.checked_add(amount.mantissa())?, sum))) {
            Some((more, sum)) => *sum = more,
            None => self.overflowed = true,
        }
    }

    /// The sum, with the places that the amounts have: 1.50 and 1.50 are 3.00.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`] where no decimal holds it exactly.
    pub fn total(&self) -> Result<Decimal> {
        self.exact().ok_or_else(|| {
            Error::new(
                ErrorKind::Overflow,
                "the sum has more digits than a decimal of 96 bits holds",
            )
        })
    }

    fn exact(&self) -> Option<Decimal> {
        if self.overflowed {
            return None;
        }
        let places = self.mantissas.iter().rposition(|sum| *sum != 0);
        let places = places.unwrap_or_default();
        let mut total: i128 = 0;
        for sum in self.mantissas.iter().take(places + 1) {
            total = total.checked_mul(10)?.checked_add(*sum)?;
        }
        let mut scale = places;
        while scale > 0 && total % 10 == 0 && total.unsigned_abs() >= 1 << 96 {
            total /= 10;
            scale -= 1;
        }
        Decimal::try_from_i128_with_scale(total, u32::try_from(scale).ok()?).ok()
    }
}

impl Extend<Decimal> for ExactSum {
    fn extend<I: IntoIterator<Item = Decimal>>(&mut self, amounts: I) {
        amounts.into_iter().for_each(|amount| self.add(amount));
    }
}

impl FromIterator<Decimal> for ExactSum {
    fn from_iter<I: IntoIterator<Item = Decimal>>(amounts: I) -> Self {
        let mut sum = Self::default();
        sum.extend(amounts);
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(amounts: &[&str]) -> Result<String> {
        let amounts = amounts.iter().map(|amount| amount.parse().unwrap());
        Ok(amounts.collect::<ExactSum>().total()?.to_string())
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
                &[
                    "0.9999999999999999999999999999",
                    "0.1000000000000000000000000001",
                ],
                "1.1000000000000000000000000000",
            ),
        ] {
            assert_eq!(sum(amounts).unwrap(), expected, "{amounts:?}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_dropped_where_a_decimal_would_not_hold_them() {
        // The largest mantissa is 2^96 - 1 = 79228162514264337593543950335.
        for (amounts, expected) in [
            (
                ["7922816251426433759354395033.5", "0.5"],
                "7922816251426433759354395034",
            ),
            (
                ["-792281625142643375935439503.35", "-0.65"],
                "-792281625142643375935439504.0",
            ),
        ] {
            assert_eq!(sum(&amounts).unwrap(), expected, "{amounts:?}");
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
            let error = sum(&amounts).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Overflow, "{amounts:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter(
            mut amounts in proptest::collection::vec((any::<i64>(), 0u32..12), 0..30),
        ) {
            let total = |amounts: &[(i64, u32)]| {
                let decimal = |(mantissa, scale): &(i64, u32)| Decimal::new(*mantissa, *scale);
                amounts.iter().map(decimal).collect::<ExactSum>().total().ok()
            };
            let before = total(&amounts);
            amounts.sort();
            prop_assert_eq!(before, total(&amounts));
        }

        #[test]
        fn cents_add_up_as_integers_do(cents in proptest::collection::vec(any::<i32>(), 0..50)) {
            let decimals = cents.iter().map(|cents| Decimal::new((*cents).into(), 2));
            let whole: i64 = cents.iter().map(|cents| i64::from(*cents)).sum();
            let total = decimals.collect::<ExactSum>().total().unwrap();
            prop_assert_eq!(total, Decimal::new(whole, 2));
        }
    }
}
