//! The largest groups, and the rest as one.

use std::cmp::Reverse;

use atlas_billing::{Cents, Dimension, Group, Key, Total};

use crate::output::{Heading, Layout, Row, amount};
use crate::records::group::GroupRow;

/// Groups as rows, the largest first; those beyond `top` as one.
pub(super) fn rows(
    mut groups: Vec<Group>,
    whole: Total,
    top: Option<usize>,
    invoice_id: Option<&str>,
) -> Vec<GroupRow> {
    // A stable sort: equal groups stay in the order of their keys.
    groups.sort_by_key(|group| Reverse(group.total.gross));
    let rest = groups.split_off(top.unwrap_or(groups.len()).min(groups.len()));
    let row = |keys: Vec<Key>, total: Total, groups: usize| {
        // For showing: exact enough, and no amount is made of it.
        let share = total.gross.get() as f64 / whole.gross.get() as f64;
        GroupRow {
            invoice_id: invoice_id.map(str::to_owned),
            keys,
            total,
            share: Some(share).filter(|share| share.is_finite()),
            groups,
        }
    };
    let mut rows: Vec<GroupRow> = groups
        .into_iter()
        .map(|group| row(group.keys, group.total, 1))
        .collect();
    if !rest.is_empty() {
        let total = sum(rest.iter().map(|group| group.total));
        rows.push(row(Vec::new(), total, rest.len()));
    }
    rows
}

/// The sum of totals. Sums of 64-bit cents stay far inside of 128 bits.
pub(super) fn sum(totals: impl Iterator<Item = Total>) -> Total {
    totals.fold(Total::default(), |mut sum, total| {
        sum.gross = Cents::new(sum.gross.get().saturating_add(total.gross.get()));
        sum.discount = Cents::new(sum.discount.get().saturating_add(total.discount.get()));
        sum.count = sum.count.saturating_add(total.count);
        sum
    })
}

/// The headings of what is grouped by.
pub(super) fn key_headings(by: &[Dimension]) -> Vec<Heading> {
    by.iter()
        .map(|dimension| Heading::left(dimension.to_string()))
        .collect()
}

/// A group's keys for a reader, one text a dimension.
pub(super) fn key_texts(keys: &[Key], by: &[Dimension], groups: usize) -> Vec<String> {
    if !keys.is_empty() || by.is_empty() {
        return keys.iter().map(ToString::to_string).collect();
    }
    let mut texts = vec![format!("other ({groups})")];
    texts.resize(by.len(), String::new());
    texts
}

/// Groups as a table: gross, discount, share, count.
pub(super) fn layout(title: String, rows: &[GroupRow], by: &[Dimension], whole: Total) -> Layout {
    let mut headings = key_headings(by);
    headings.extend(["gross", "discount", "share", "items"].map(Heading::right));
    headings.push(Heading::bar());
    let mut layout = Layout::titled(title, headings);
    let figures = |total: &Total, share: Option<f64>| {
        [
            amount::cents(total.gross.get()),
            amount::cents(total.discount.get()),
            share.map_or(String::new(), |share| amount::share(share, 1.0)),
            amount::count(total.count),
        ]
    };
    for row in rows {
        let mut texts = key_texts(&row.keys, by, row.groups);
        texts.extend(figures(&row.total, row.share));
        layout
            .rows
            .push(Row::new(texts).with_bar(row.total.gross.get() as f64));
    }
    let mut texts = vec!["total".to_owned()];
    texts.resize(by.len(), String::new());
    texts.extend(figures(&whole, Some(1.0)));
    layout.sums.push(Row::new(texts));
    layout.notes.push(
        "Gross is before discounts, as documented; tax and credits that were applied stand apart."
            .to_owned(),
    );
    layout
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(sku: &str, gross: i128) -> Group {
        let mut items = atlas_billing::Totals::new(&[Dimension::Sku]);
        let mut item = atlas_billing::LineItem::default();
        item.sku = Some(sku.to_owned());
        item.total_price_cents = Some(i64::try_from(gross).unwrap());
        item.discount_cents = Some(1);
        items.add(&item);
        items.into_groups().remove(0)
    }

    #[test]
    fn the_rest_is_one_row_and_everything_adds_up() {
        let groups = vec![
            group("a", 10),
            group("b", 70),
            group("c", -5),
            group("d", 25),
        ];
        let whole = sum(groups.iter().map(|group| group.total));
        for top in [None, Some(1), Some(2), Some(4), Some(9)] {
            let rows = rows(groups.clone(), whole, top, None);
            assert_eq!(sum(rows.iter().map(|row| row.total)), whole);
            assert_eq!(rows[0].keys[0].to_string(), "b");
            assert_eq!(rows.iter().map(|row| row.groups).sum::<usize>(), 4);
            let others = rows.iter().filter(|row| row.keys.is_empty()).count();
            assert_eq!(others, usize::from(top.is_some_and(|top| top < 4)));
        }
        let two = rows(groups, whole, Some(2), Some("id"));
        assert_eq!(two[2].total.gross, Cents::new(5));
        assert_eq!(two[0].share, Some(0.7));
        let drawn = layout("t".into(), &two, &[Dimension::Sku], whole);
        assert_eq!(
            drawn.rows[2].texts,
            ["other (2)", "0.05", "0.02", "5.0 %", "2"]
        );
        assert_eq!(
            drawn.sums[0].texts,
            ["total", "1.00", "0.04", "100.0 %", "4"]
        );
    }
}
