//! A line item with what its invoice says: a row of `invoices items`.

use std::sync::Arc;

use atlas_billing::raw::enums::CloudProvider;
use atlas_billing::raw::types::InvoiceLineItem;

use super::invoice::InvoiceRow;
use crate::output::{Cell, Column, Kind};

/// A line item of an invoice.
#[derive(Debug)]
pub(crate) struct ItemRow {
    /// What is known of the invoice that was asked for.
    pub(crate) invoice: Arc<InvoiceRow>,
    /// Counted from 0 in the order sent.
    pub(crate) index: u64,
    /// Whether the item is of a linked invoice.
    pub(crate) linked: bool,
    /// The linked invoice, where its id was said before its items.
    pub(crate) linked_invoice: Option<String>,
    pub(crate) item: InvoiceLineItem,
}

/// Describes the record.
pub(crate) fn columns() -> Vec<Column<ItemRow>> {
    let mut columns = of_the_invoice();
    columns.extend(of_the_resource());
    columns.extend(of_the_price());
    columns
}

fn of_the_invoice() -> Vec<Column<ItemRow>> {
    vec![
        Column::new(
            "org_id",
            Kind::Text,
            "The organization whose invoice it is.",
            |r: &ItemRow| Cell::maybe(r.invoice.org_id.as_deref()),
        ),
        Column::new(
            "invoice_id",
            Kind::Text,
            "The invoice that was asked for: what a load replaces by.",
            |r: &ItemRow| Cell::maybe(r.invoice.id.as_deref()),
        ),
        Column::new(
            "item_index",
            Kind::Integer,
            "The item's place in the invoice, from 0, in the order sent; items of linked invoices \
             count along where they are included.",
            |r: &ItemRow| Cell::integer(i64::try_from(r.index).ok()),
        )
        .always(),
        Column::new(
            "period_start",
            Kind::Moment,
            "The beginning of the invoice's period, UTC. Null where the list of invoices could \
             not be read, as for the next three.",
            |r: &ItemRow| Cell::moment(r.invoice.start),
        ),
        Column::new(
            "period_end",
            Kind::Moment,
            "The end of the invoice's period, UTC, excluded.",
            |r: &ItemRow| Cell::moment(r.invoice.end),
        ),
        Column::new(
            "invoice_status",
            Kind::Text,
            "The invoice's status when it was read; while it is PENDING, items are added and \
             changed.",
            |r: &ItemRow| Cell::maybe(r.invoice.status.as_ref().map(|status| status.as_str())),
        ),
        Column::new(
            "invoice_updated",
            Kind::Moment,
            "When the invoice had last changed, UTC.",
            |r: &ItemRow| Cell::moment(r.invoice.updated),
        ),
        Column::new(
            "is_linked",
            Kind::Boolean,
            "Whether the item is of a linked invoice: another organization's, paid by this one.",
            |r: &ItemRow| Cell::Boolean(r.linked),
        )
        .always(),
        Column::new(
            "linked_invoice_id",
            Kind::Text,
            "The linked invoice, where the service named it before its items.",
            |r: &ItemRow| Cell::maybe(r.linked_invoice.as_deref()),
        ),
    ]
}

fn of_the_resource() -> Vec<Column<ItemRow>> {
    vec![
        Column::new(
            "start_date",
            Kind::Moment,
            "When the usage began, UTC.",
            |r: &ItemRow| Cell::moment(r.item.start_date),
        )
        .shown("day"),
        Column::new(
            "end_date",
            Kind::Moment,
            "When the usage ended, UTC, excluded.",
            |r: &ItemRow| Cell::moment(r.item.end_date),
        ),
        Column::new(
            "created",
            Kind::Moment,
            "When the item was made, UTC.",
            |r: &ItemRow| Cell::moment(r.item.created),
        ),
        text(
            "sku",
            "What was used, as a code; the set of codes is open.",
            |i| i.sku.as_deref(),
        )
        .shown("sku"),
        text(
            "cloud_provider",
            "The cloud that the usage belongs to; the set of codes is open.",
            |i| i.cloud_provider.as_ref().map(CloudProvider::as_str),
        ),
        text("project_id", "The project.", |i| i.group_id.as_deref()),
        text("project_name", "The project's name.", |i| {
            i.group_name.as_deref()
        })
        .shown("project"),
        text(
            "cluster_name",
            "The cluster, unique in its project alone.",
            |i| i.cluster_name.as_deref(),
        )
        .shown("cluster"),
        text("app_name", "The application of App Services.", |i| {
            i.stitch_app_name.as_deref()
        }),
        text("note", "A remark of the service's.", |i| i.note.as_deref()),
        Column::new(
            "tags",
            Kind::Tags,
            "The resource's tags as of the time of the call: the values by key.",
            |r: &ItemRow| Cell::json(r.item.tags.as_ref()),
        ),
    ]
}

fn of_the_price() -> Vec<Column<ItemRow>> {
    vec![
        number("quantity", "How many units were used.", |i| i.quantity).shown("quantity"),
        text("unit", "What quantity counts.", |i| i.unit.as_deref()).shown("unit"),
        number(
            "unit_price_dollars",
            "The price of one unit in US dollars.",
            |i| i.unit_price_dollars,
        ),
        cents(
            "total_price_cents",
            "The price in US cents: unit price times quantity, as documented before the discount.",
            |i| i.total_price_cents,
        )
        .shown("price"),
        cents("discount_cents", "The discount in US cents.", |i| {
            i.discount_cents
        })
        .shown("discount"),
        number("percent_discount", "The discount in percent.", |i| {
            i.percent_discount
        }),
        number(
            "tier_lower_bound",
            "From how many units on the price holds.",
            |i| i.tier_lower_bound,
        ),
        number(
            "tier_upper_bound",
            "Up to how many units the price holds.",
            |i| i.tier_upper_bound,
        ),
    ]
}

fn text(
    name: &'static str,
    means: &'static str,
    read: fn(&InvoiceLineItem) -> Option<&str>,
) -> Column<ItemRow> {
    Column::new(name, Kind::Text, means, move |r: &ItemRow| {
        Cell::maybe(read(&r.item))
    })
}

fn number(
    name: &'static str,
    means: &'static str,
    read: fn(&InvoiceLineItem) -> Option<f64>,
) -> Column<ItemRow> {
    Column::new(name, Kind::Number, means, move |r: &ItemRow| {
        Cell::float(read(&r.item))
    })
}

fn cents(
    name: &'static str,
    means: &'static str,
    read: fn(&InvoiceLineItem) -> Option<i64>,
) -> Column<ItemRow> {
    Column::new(name, Kind::Cents, means, move |r: &ItemRow| {
        Cell::integer(read(&r.item))
    })
}
