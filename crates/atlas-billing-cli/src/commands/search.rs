//! `invoices search`: line items that the service finds, page by page.

use std::sync::Arc;

use atlas_billing::MOST_PER_PAGE;
use atlas_billing::{CloudProvider, LineItemFilters, LineItemSearch, UsageLineItem};

use super::lookup::{Kind, choose};
use super::{Context, invoices, scope};
use crate::args::{Linked, SearchArgs};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Column, columns};
use crate::records::InvoiceRow;
use crate::text::counted;

pub(super) async fn run(context: &Context, args: &SearchArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = connection.org(context).await?;
    let mut filters = LineItemFilters::default();
    let projects = choose(&org, Kind::Project, &args.project, false).await?;
    let clusters = choose(&org, Kind::Cluster, &args.cluster, false).await?;
    filters.group_ids = present(projects.ids);
    filters.cluster_ids = present(clusters.ids);
    filters.sku_services = present(args.service.clone());
    (filters.usage_start_date, filters.usage_end_date) = (args.since, args.until);
    (filters.bill_start_date, filters.bill_end_date) = (args.billed_since, args.billed_until);
    filters.include_zero_cent_line_items = args.include_zero.then_some(true);
    let mut search = LineItemSearch::from(filters);
    search.sort_field = args.sort.map(Into::into);
    search.sort_order = args.order.map(Into::into);

    let found = invoices::find(context, &org, &args.invoice).await?;
    let (id, org_id): (Arc<str>, Arc<str>) = (found.id.as_str().into(), org.id().as_str().into());
    let columns = columns();
    let mut records = context.style.records(&columns, out)?;
    let request = org.invoice(found.id).search_line_items(search);
    let mut items = request.per_page(MOST_PER_PAGE).stream();
    while let Some(item) = items.next().await {
        records.write(&Found {
            org_id: org_id.clone(),
            invoice_id: id.clone(),
            item: item?,
        })?;
    }
    let period = found
        .summary
        .as_ref()
        .map(|summary| InvoiceRow::from(summary).period());
    let period = period.map_or(String::new(), |period| format!(", {period}"));
    let count = counted(records.written(), "line item");
    context
        .voice
        .note(&format!("Invoice {id}{period}: {count} found"));
    let mut out = records.end()?;
    let row = found.summary.as_ref().map(InvoiceRow::from);
    let mut row = row.unwrap_or_default();
    row.invoice.id.get_or_insert_with(|| id.to_string());
    let scope = row.scope(org.id(), Linked::Omit, scope::Basis::Found);
    context.style.notes(&scope, &mut out)?;
    Ok(out.finish()?)
}

/// A list that is empty is not sent.
fn present<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// A line item that was found, with its invoice.
#[derive(Debug)]
pub(super) struct Found {
    org_id: Arc<str>,
    invoice_id: Arc<str>,
    item: UsageLineItem,
}

/// Describes the record of a line item that was found.
pub(super) fn columns() -> Vec<Column<Found>> {
    columns! { Found:
        "org_id" Text always = |r| &*r.org_id, "The organization whose invoice it is.";
        "invoice_id" Text always = |r| &*r.invoice_id, "The invoice.";
        "usage_date" Moment ("day") = |r| r.item.usage_date, "The day of the usage, UTC.";
        "bill_date" Moment = |r| r.item.bill_date, "The day on which it was billed, UTC.";
        "description" Text ("description") = |r| r.item.description.as_deref(), "What is charged, in English.";
        "cloud_provider" Text = |r| r.item.cloud_provider.as_ref().map(CloudProvider::as_str),
            "The cloud provider; the set is open.";
        "project_id" Text ("project") = |r| r.item.group_id.as_deref(), "The project.";
        "cluster_name" Text ("cluster") = |r| r.item.cluster_name.as_deref(),
            "The cluster, unique in its project alone.";
        "quantity" Number ("quantity") = |r| r.item.quantity.as_ref(), "How many units were used.";
        "unit_price_dollars" Number = |r| r.item.unit_price_dollars.as_ref(),
            "The price of one unit, in dollars or the pricing currency.";
        "total_price_cents" Cents ("price") = |r| r.item.total_price_cents,
            "The price in cents of the pricing currency: unit price times quantity.";
        "processor_id" Text = |r| details(r).and_then(|of| of.processor_id.as_deref()), "The stream processor.";
        "processor_name" Text = |r| details(r).and_then(|of| of.processor_name.as_deref()),
            "The name of the stream processor.";
        "workspace" Text = |r| details(r).and_then(|of| of.workspace.as_deref()),
            "The name of the stream processing workspace.";
    }
}

fn details(found: &Found) -> Option<&atlas_billing::raw::types::UsageLineItemDetails> {
    found.item.additional_data.as_ref()
}
