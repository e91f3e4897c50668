//! Records as OpenMetrics, for node_exporter's textfile collector and for Prometheus
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>). A column of numbers is a metric, every
//! other column a label of all of them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use atlas_billing::Decimal;

use super::{Cell, Column, Kind};
use crate::text::is_unsafe;

/// Writes `rows` as gauges, a family for each column of numbers. Values with the same labels are
/// added up, since a label set stands for one value; a label without a value is left out, which
/// means the same as an empty one.
///
/// # Errors
/// When a value or a sum is outside of what a decimal can hold, and those of `out`.
pub(super) fn write<R>(columns: &[Column<R>], rows: &[R], out: &mut impl Write) -> io::Result<()> {
    let (families, labels): (Vec<_>, Vec<_>) = columns.iter().partition(|column| {
        let numbers = [Kind::Cents, Kind::Change, Kind::Integer, Kind::Number];
        numbers.contains(&column.kind)
    });
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let values = labels
            .iter()
            .map(|label| (label.name.as_ref(), label.read(row)));
        let set = values.filter_map(|(name, value)| match value {
            Cell::Null => None,
            value => Some(format!("{name}=\"{}\"", escaped(&value.plain()))),
        });
        keys.push(set.collect::<Vec<_>>().join(","));
    }
    for family in families {
        let mut samples: BTreeMap<&str, Decimal> = BTreeMap::new();
        for (row, key) in rows.iter().zip(&keys) {
            let value = family.read(row);
            if value == Cell::Null {
                continue;
            }
            let sum = samples.entry(key).or_default();
            let value = value.plain().parse::<Decimal>().ok();
            *sum = value
                .and_then(|value| sum.checked_add(value))
                .ok_or_else(|| {
                    io::Error::other(format!("a value of {} is too large", family.name))
                })?;
        }
        let (name, means) = (family.name.as_ref(), family.means);
        writeln!(out, "# TYPE {name} gauge")?;
        // The one unit there is; the name of a family has to end in it.
        if name.ends_with("_cents") {
            writeln!(out, "# UNIT {name} cents")?;
        }
        writeln!(out, "# HELP {name} {}", escaped(means))?;
        for (labels, value) in samples {
            let labels = match labels {
                "" => String::new(),
                labels => format!("{{{labels}}}"),
            };
            writeln!(out, "{name}{labels} {}", value.normalize())?;
        }
    }
    writeln!(out, "# EOF")
}

/// A label name out of any text.
pub(crate) fn label_name(text: &str) -> String {
    text.to_ascii_lowercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// The three escapes that the specification has. Other characters that a terminal could act on are
/// replaced: there is no way to write them.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => safe.push_str("\\\\"),
            '"' => safe.push_str("\\\""),
            '\n' => safe.push_str("\\n"),
            c if is_unsafe(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::columns;

    struct Sold {
        what: &'static str,
        cents: Option<i128>,
        weight: &'static str,
    }

    fn columns() -> Vec<Column<Sold>> {
        columns! { Sold:
            "what" Text = |sold| Some(sold.what).filter(|what| !what.is_empty()), "";
            "sold_cents" Cents = |sold| sold.cents, "What was \"sold\".";
            "sold_weight" Number = |sold| Cell::Number(sold.weight.into()), "How heavy it was.";
        }
    }

    fn written(sold: &[Sold]) -> io::Result<String> {
        let mut out = Vec::new();
        write(&columns(), sold, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn sold(what: &'static str, cents: Option<i128>, weight: &'static str) -> Sold {
        Sold {
            what,
            cents,
            weight,
        }
    }

    #[test]
    fn a_family_for_each_number_and_one_value_for_each_label_set() {
        let sold = [
            sold("tea", Some(5), "0.10"),
            sold("cup", None, "2.5"),
            sold("tea", Some(-7), "0.2"),
            sold("", Some(1), "1"),
        ];
        assert_eq!(
            written(&sold).unwrap(),
            "# TYPE sold_cents gauge\n\
             # UNIT sold_cents cents\n\
             # HELP sold_cents What was \\\"sold\\\".\n\
             sold_cents 1\n\
             sold_cents{what=\"tea\"} -2\n\
             # TYPE sold_weight gauge\n\
             # HELP sold_weight How heavy it was.\n\
             sold_weight 1\n\
             sold_weight{what=\"cup\"} 2.5\n\
             sold_weight{what=\"tea\"} 0.3\n\
             # EOF\n"
        );
    }

    #[test]
    fn labels_are_escaped_as_the_specification_has_it() {
        let text = written(&[sold("a\"b\\c\nd\te", Some(1), "1")]).unwrap();
        let line = "sold_cents{what=\"a\\\"b\\\\c\\nd\u{fffd}e\"} 1\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn what_a_decimal_cannot_hold_is_an_error() {
        for rows in [
            vec![sold("a", Some(1), "1e400")],
            vec![sold("a", Some(i128::MAX), "1")],
            vec![
                sold("a", Some(1), "79228162514264337593543950335"),
                sold("a", Some(1), "79228162514264337593543950335"),
            ],
        ] {
            let error = written(&rows).unwrap_err().to_string();
            assert!(error.contains("is too large"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_quotes(text in "(.|[\\p{Cc}\\p{Cf}\u{2028}\"\\\\]){0,30}") {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(is_unsafe), "{safe:?}");
            let plain = safe.replace("\\\\", "").replace("\\\"", "").replace("\\n", "");
            prop_assert!(!plain.contains(['"', '\\']), "{safe:?}");
        }

        #[test]
        fn any_text_becomes_a_label_name(text in "\\PC{0,20}") {
            prop_assert!(label_name(&text).bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()));
        }
    }
}
