//! `docs/datasets.md`: what data sets hold, made from the columns that they are written by.

use std::fmt::Write;
use std::path::Path;

use super::{Dataset, cost_columns, focus_columns, invoice_dataset_columns, line_item_columns};
use crate::output::{Column, Kind};

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Cents | Kind::Change => "cents",
        Kind::Integer => "count",
        Kind::Number | Kind::Amount | Kind::Share => "number",
        Kind::Boolean => "boolean",
        Kind::Day => "day",
        Kind::Moment => "moment",
        Kind::Tags => "tags",
        Kind::Object | Kind::List => "document",
    }
}

fn section<R>(dataset: Dataset, about: &str, columns: &[Column<R>]) -> String {
    let mut text = format!(
        "\n## {}\n\n{about}\n\n| column | kind | null | what it is |\n|---|---|---|---|\n",
        dataset.folder()
    );
    for column in columns {
        let null = if column.nullable { "yes" } else { "no" };
        let means = column.means.replace('|', "\\|");
        let (name, kind) = (&column.name, kind(column.kind));
        let _ = writeln!(text, "| `{name}` | {kind} | {null} | {means} |");
    }
    let message = super::parquet::message(dataset.folder(), columns, super::Numbers::default());
    let _ = write!(text, "\n```text\n{message}```\n");
    text
}

fn document() -> String {
    [
        include_str!("document.md").to_owned(),
        section(
            Dataset::LineItems,
            "A line item a row: a file an invoice, in the order received. `atlas-billing schema \
             line-item` prints the same columns as JSON Schema, with `org_id`.",
            &line_item_columns(),
        ),
        section(
            Dataset::Invoices,
            "An invoice a row, and a file. `atlas-billing schema invoice` prints the same columns as \
             JSON Schema, with `org_id`.",
            &invoice_dataset_columns(),
        ),
        section(
            Dataset::Costs,
            "Cost Explorer's amounts by service: a file a month, fetched again when an invoice of the \
             month changes. They include the organizations that are billed together. `atlas-billing \
             schema costs` prints the columns as JSON Schema.",
            &cost_columns(chrono::NaiveDate::default()),
        ),
        section(
            Dataset::Focus,
            "A charge of a FOCUS report a row: a file an invoice. A report is of one organization, and \
             lacks tax, adjustments and refunds: its sum is not the invoice's. Costs are in the \
             `BillingCurrency`. Columns that a report does not have are null, further ones are omitted.",
            &focus_columns(),
        ),
    ]
    .concat()
}

#[test]
fn the_document_is_made_from_the_columns() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/datasets.md");
    let document = document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap();
    assert!(
        there == document,
        "UPDATE_GOLDEN=1 rewrites docs/datasets.md"
    );
}
