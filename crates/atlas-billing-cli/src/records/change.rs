//! What changed between two invoices: a row of `invoices compare`.

use atlas_billing::{Cents, Dimension, Key, Total};

use super::group::{Keyed, groups_column, key_columns};
use crate::output::{Cell, Column, Kind};

/// A group of line items in two invoices.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangeRow {
    pub(crate) keys: Vec<Key>,
    pub(crate) from: Total,
    pub(crate) to: Total,
    /// How many groups this row stands for.
    pub(crate) groups: usize,
}

impl ChangeRow {
    /// What the second has more, gross.
    pub(crate) fn change(&self) -> i128 {
        self.to.gross.get().saturating_sub(self.from.gross.get())
    }

    /// The change as a part of what it was, 0.25 for a quarter more; nothing where it was nothing.
    pub(crate) fn part(&self) -> Option<f64> {
        // For showing: exact enough, and no amount is made of it.
        let part = self.change() as f64 / self.from.gross.get().unsigned_abs() as f64;
        Some(part).filter(|part| part.is_finite())
    }
}

impl Keyed for ChangeRow {
    fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// Describes the record of changes by `by`.
pub(crate) fn columns(by: &[Dimension]) -> Vec<Column<ChangeRow>> {
    type R = ChangeRow;
    let mut columns = key_columns(by);
    let cents = |name: &'static str, means: &'static str, read: fn(&R) -> Cents| {
        Column::new(name, Kind::Cents, means, move |r: &R| Cell::cents(read(r))).always()
    };
    columns.extend([
        cents(
            "from_gross_cents",
            "The prices in the first invoice, before discounts.",
            |r| r.from.gross,
        ),
        cents(
            "from_discount_cents",
            "The discounts in the first invoice.",
            |r| r.from.discount,
        ),
        cents(
            "to_gross_cents",
            "The prices in the second invoice, before discounts.",
            |r| r.to.gross,
        ),
        cents(
            "to_discount_cents",
            "The discounts in the second invoice.",
            |r| r.to.discount,
        ),
        cents(
            "change_cents",
            "What the second has more, before discounts.",
            |r| Cents::new(r.change()),
        ),
        Column::new(
            "change",
            Kind::Number,
            "The change as a part of the first, 0.25 for a quarter more; null where that is 0.",
            |r: &R| Cell::float(r.part()),
        ),
        groups_column(|r: &R| r.groups),
    ]);
    columns
}
