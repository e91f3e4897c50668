//! Groups of line items in several periods beside each other, and what changed between two.

use std::collections::BTreeMap;

use atlas_billing_raw::{Cents, Decimal};
use serde::Serialize;

use super::totals::{Group, Key, Total};

/// A group of line items in several periods, such as months.
///
/// ```
/// use atlas_billing::money::{GroupSeries, Presence};
/// use atlas_billing::totals::{Dimension, Totals};
///
/// # fn show(february: &atlas_billing::Invoice, march: &atlas_billing::Invoice) {
/// let [before, after] = [february, march].map(|invoice| {
///     Totals::of(&invoice.line_items, &[Dimension::Sku]).into_groups()
/// });
/// for group in GroupSeries::align([before, after]) {
///     let is_new = group.presence() == Some(Presence::New);
///     println!("{} {} {is_new}", group.keys[0], group.change());
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GroupSeries {
    /// The values that the items share, one for each dimension. A project has the name of the last
    /// period that it is in.
    pub keys: Vec<Key>,
    /// The sum of each period, in the order of the periods; zero where the group has no items.
    pub totals: Vec<Total>,
}

/// In which of two periods a group has line items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Presence {
    /// In both.
    Both,
    /// In the later one alone.
    New,
    /// In the earlier one alone.
    Gone,
}

impl Presence {
    /// Of what is there in the earlier period, in the later one; `None` if in neither.
    pub fn of(earlier: bool, later: bool) -> Option<Self> {
        match (earlier, later) {
            (true, true) => Some(Self::Both),
            (false, true) => Some(Self::New),
            (true, false) => Some(Self::Gone),
            (false, false) => None,
        }
    }
}

impl GroupSeries {
    /// The groups of some periods, each once, in ascending order of their identity: the sums of a
    /// period stay what they are. A project is the same by its id, also when it is renamed. A period
    /// may name a group several times, as the groups of several invoices do.
    pub fn align(periods: impl IntoIterator<Item = Vec<Group>>) -> Vec<Self> {
        let periods: Vec<Vec<Group>> = periods.into_iter().collect();
        let count = periods.len();
        let mut aligned: BTreeMap<Vec<Vec<Option<String>>>, Self> = BTreeMap::new();
        for (at, groups) in periods.into_iter().enumerate() {
            for group in groups {
                let identity = group.keys.iter().map(Key::identity).collect();
                let series = aligned.entry(identity).or_insert_with(|| Self {
                    keys: Vec::new(),
                    totals: vec![Total::default(); count],
                });
                series.keys = group.keys;
                if let Some(total) = series.totals.get_mut(at) {
                    *total += group.total;
                }
            }
        }
        aligned.into_values().collect()
    }

    /// The sum of all periods.
    pub fn total(&self) -> Total {
        self.totals.iter().copied().sum()
    }

    /// The prices of the last period less those of the first.
    pub fn change(&self) -> Cents {
        let [first, last] = self.ends();
        last.gross - first.gross
    }

    /// In which of the first and the last period it has items.
    pub fn presence(&self) -> Option<Presence> {
        let [first, last] = self.ends();
        Presence::of(first.count > 0, last.count > 0)
    }

    fn ends(&self) -> [Total; 2] {
        [self.totals.first(), self.totals.last()].map(|end| end.copied().unwrap_or_default())
    }
}

/// The change from one amount to another as a part of the first, 0.25 for a quarter more. `None` where
/// that would mean nothing: the first is not above zero, or the second is below; and where a decimal
/// cannot hold it.
///
/// ```
/// use atlas_billing::money::{Decimal, relative_change};
///
/// let change = |from: i64, to: i64| relative_change(Decimal::from(from), Decimal::from(to));
/// assert_eq!(change(8, 10), Some(Decimal::new(25, 2)));
/// assert_eq!(change(-30, -115), None);
/// ```
pub fn relative_change(from: Decimal, to: Decimal) -> Option<Decimal> {
    if from <= Decimal::ZERO || to < Decimal::ZERO {
        return None;
    }
    to.checked_sub(from)?.checked_div(from)
}

#[cfg(test)]
mod tests {
    use atlas_billing_raw::types::LineItem;
    use proptest::prelude::*;

    use super::*;
    use crate::money::totals::{Dimension, Totals};

    fn item((sku, cents): (&str, i64)) -> LineItem {
        let text = format!(r#"{{"sku":"{sku}","totalPriceCents":{cents},"discountCents":1}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn groups(items: &[(&str, i64)]) -> Vec<Group> {
        let items: Vec<LineItem> = items.iter().copied().map(item).collect();
        Totals::of(&items, &[Dimension::Sku]).into_groups()
    }

    /// SKU, change, presence.
    fn shown(series: &[GroupSeries]) -> Vec<(String, i128, Option<Presence>)> {
        let shown = series.iter().map(|one| {
            let change = one.change().get();
            (one.keys[0].to_string(), change, one.presence())
        });
        shown.collect()
    }

    #[test]
    fn each_group_once_with_what_changed() {
        let january = groups(&[("kept", 500), ("gone", 50), ("credit", -30), ("free", 0)]);
        let february = groups(&[("kept", 450), ("kept", 20), ("new", 120), ("credit", -115)]);
        assert_eq!(
            shown(&GroupSeries::align([january, february])),
            [
                ("credit".to_owned(), -85, Some(Presence::Both)),
                ("free".to_owned(), 0, Some(Presence::Gone)),
                ("gone".to_owned(), -50, Some(Presence::Gone)),
                ("kept".to_owned(), -30, Some(Presence::Both)),
                ("new".to_owned(), 120, Some(Presence::New)),
            ]
        );
    }

    #[test]
    fn three_periods_and_one_of_two_invoices() {
        let two = [groups(&[("a", 1)]), groups(&[("a", 2), ("b", 4)])].concat();
        let series = GroupSeries::align([two, Vec::new(), groups(&[("b", 8)])]);
        let gross = |series: &GroupSeries| -> Vec<i128> {
            let totals = series.totals.iter();
            totals.map(|total| total.gross.get()).collect()
        };
        assert_eq!(gross(&series[0]), [3, 0, 0]);
        assert_eq!(gross(&series[1]), [4, 0, 8]);
        assert_eq!(series[1].total().gross, Cents::from(12));
        assert_eq!(series[1].total().count, 2);
        assert!(GroupSeries::align([]).is_empty());
    }

    #[test]
    fn a_renamed_project_is_the_same_one() {
        let project = |name: &str, cents: i64| {
            let text = format!(
                r#"{{"groupId":"64b7f0a1c2d3e4f506172839","groupName":"{name}","totalPriceCents":{cents}}}"#
            );
            let item: LineItem = serde_json::from_str(&text).unwrap();
            Totals::of([&item], &[Dimension::Project]).into_groups()
        };
        let series = GroupSeries::align([project("old", 10), project("new", 15)]);
        assert_eq!(
            shown(&series),
            [("new".to_owned(), 5, Some(Presence::Both))]
        );
    }

    #[test]
    fn a_part_only_where_it_means_something() {
        for (from, to, part) in [
            ("100", "125", Some("0.25")),
            ("8", "7", Some("-0.125")),
            ("16", "0", Some("-1")),
            ("0", "5", None),
            ("-30", "-115", None),
            ("-1", "5", None),
            ("5", "-1", None),
            (
                "0.0000000000000000000000000001",
                "79228162514264337593543950335",
                None,
            ),
        ] {
            let found = relative_change(from.parse().unwrap(), to.parse().unwrap());
            let found = found.map(|part| part.normalize().to_string());
            assert_eq!(found.as_deref(), part, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn the_rows_add_up_to_the_difference_in_any_order(
            mut lines in prop::collection::vec(("[a-d]", -999..999i64, 0..3usize), 0..40),
        ) {
            let align = |lines: &[(String, i64, usize)]| {
                let period = |at: usize| {
                    let lines = lines.iter().filter(|line| line.2 == at);
                    let lines: Vec<(&str, i64)> = lines.map(|line| (&*line.0, line.1)).collect();
                    groups(&lines)
                };
                GroupSeries::align([0, 1, 2].map(period))
            };
            let series = align(&lines);
            let of = |at: usize| -> i64 {
                lines.iter().filter(|line| line.2 == at).map(|line| line.1).sum()
            };
            let change: Cents = series.iter().map(GroupSeries::change).sum();
            prop_assert_eq!(change, Cents::from(of(2) - of(0)));
            let all: Total = series.iter().map(GroupSeries::total).sum();
            prop_assert_eq!(all.gross, Cents::from(of(0) + of(1) + of(2)));
            prop_assert_eq!(all.count, lines.len() as u64);
            lines.sort();
            prop_assert_eq!(align(&lines), series);
        }
    }
}
