//! Lengths of time as people type them: `90s`, `15m`, `1h30m`.

use std::time::Duration;

/// The units, longest first: the order in which they may follow each other.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Longer than this is a typing error.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// Reads a length of time: numbers with units, the longer unit first, each once.
pub(crate) fn parse(given: &str) -> Result<Duration, String> {
    let refuse =
        |why: &str| format!("{why}: write a number and its unit, such as 90s, 15m, 1h30m or 500ms");
    let mut rest = given.trim();
    let mut units = UNITS.as_slice();
    let mut millis: u64 = 0;
    if rest.is_empty() {
        return Err(refuse("no length of time"));
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (unit, after) = after.split_at(letters);
        if number.is_empty() {
            return Err(refuse("a number is missing"));
        }
        if unit.is_empty() {
            return Err(refuse("the unit is missing"));
        }
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            return Err(refuse(&format!("{unit:?} is no unit here")));
        };
        let length = number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(units[at].1));
        let sum = length.and_then(|length| millis.checked_add(length));
        millis = sum.ok_or_else(|| refuse("too long"))?;
        units = &units[at + 1..];
        rest = after.trim_start();
    }
    match Duration::from_millis(millis) {
        Duration::ZERO => Err("a length of time has to be longer than nothing".to_owned()),
        long if long > LONGEST => Err("longer than 7 days".to_owned()),
        length => Ok(length),
    }
}

/// Writes a length of time as [`parse`] reads it.
pub(crate) fn shown(length: Duration) -> String {
    let mut left = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if left >= millis {
            text.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_way_of_writing_and_writes_it_back() {
        for (given, millis, back) in [
            ("90s", 90_000, "1m30s"),
            ("15m", 900_000, "15m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("1h 30m", 5_400_000, "1h30m"),
            ("500ms", 500, "500ms"),
            ("1s500ms", 1_500, "1s500ms"),
            ("7d", 604_800_000, "7d"),
        ] {
            let length = parse(given).unwrap();
            assert_eq!(length, Duration::from_millis(millis), "{given}");
            assert_eq!(shown(length), back);
            assert_eq!(parse(back).unwrap(), length);
        }
    }

    #[test]
    fn refuses_with_what_is_wrong() {
        for (given, why) in [
            ("", "no length of time"),
            ("15", "the unit is missing"),
            ("m", "a number is missing"),
            ("-5s", "a number is missing"),
            ("5 s", "the unit is missing"),
            ("5y", "\"y\" is no unit here"),
            ("1m1h", "\"h\" is no unit here"),
            ("1m1m", "\"m\" is no unit here"),
            ("0s", "longer than nothing"),
            ("8d", "longer than 7 days"),
            ("99999999999999999999s", "too long"),
            ("99999999999999999d", "too long"),
            ("1.5h", "the unit is missing"),
        ] {
            let message = parse(given).unwrap_err();
            assert!(message.contains(why), "{given}: {message}");
        }
    }
}
