//! The range of a forecast, from the spread of the days that it is from.

use super::rounded;

/// How likely a month ends within the range, in percent.
pub(super) const PERCENT: u32 = 80;

/// Student's t for 1 to 30 degrees of freedom, 10 % at either side, in thousandths.
const STUDENT: [i128; 30] = [
    3078, 1886, 1638, 1533, 1476, 1440, 1415, 1397, 1383, 1372, 1363, 1356, 1350, 1345, 1341, 1337,
    1333, 1330, 1328, 1325, 1323, 1321, 1319, 1318, 1316, 1315, 1314, 1313, 1311, 1310,
];

/// Half the width of the range for `estimated` days, rounded down to a cent, from days with their
/// weights. `None` inside if a single day has no spread, outside beyond 128 bits.
pub(super) fn half_width(
    days: &[(i128, i128)],
    sum: i128,
    total_weight: i128,
    estimated: u32,
) -> Option<Option<i128>> {
    let Some(t) = days.len().checked_sub(2).and_then(|at| STUDENT.get(at)) else {
        return Some(None);
    };
    let mut squares: i128 = 0;
    for (amount, weight) in days {
        let expected = rounded(sum.checked_mul(*weight)?, total_weight)?;
        let deviation = amount.checked_sub(expected)?;
        squares = squares.checked_add(deviation.checked_mul(deviation)?)?;
    }
    let (n, r) = (i128::try_from(days.len()).ok()?, i128::from(estimated));
    // t² s² (r + r²/n), with s² the squares by n - 1.
    let scale = squares.checked_mul(r * (n + r))?;
    let half = match scale.checked_mul(t * t) {
        Some(scaled) => (scaled / (n * (n - 1) * 1_000_000)).isqrt(),
        None => (scale / (n * (n - 1))).isqrt().checked_mul(*t)? / 1000,
    };
    Some(Some(half))
}
