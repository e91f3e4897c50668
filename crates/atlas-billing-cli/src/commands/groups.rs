//! Line items in groups: `invoices show --by`, and what `invoices compare` has in common with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use atlas_billing::MOST_PER_PAGE;
use atlas_billing::money::DailyTotals;
use atlas_billing::totals::{Dimension, ItemFilter, Key, Totals};
use atlas_billing::{Cents, InvoiceId, Org};
use chrono::NaiveDate;

use super::group_row::{GroupRow, largest, part};
use super::{Context, dimensions, invoices, lookup, metrics, nothing, tags};
use crate::args::{By, ItemFilters, Linked, LinkedItems};
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Kind, Layout, Sink, columns};
use crate::records::InvoiceRow;
use crate::text;

/// Which line items are grouped by what, and how that is shown.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) by: Vec<Dimension>,
    pub(super) filter: ItemFilter,
    pub(super) linked: Linked,
    pub(super) top: Option<usize>,
    /// Whose amounts these are, and what they are.
    pub(super) scope: Vec<String>,
    /// What each SKU is, by its code, where that is wanted.
    skus: Option<Arc<BTreeMap<String, String>>>,
    /// The names of organizations by id, where those are grouped by.
    organizations: Arc<BTreeMap<String, String>>,
}

impl Groups {
    /// What the flags ask for. Fetches the list of SKUs if they are to be described, and that of
    /// organizations if those are grouped by.
    pub(super) async fn new(
        context: &Context,
        by: &By,
        linked: &LinkedItems,
        filters: &ItemFilters,
        org: &Org,
    ) -> Result<Self, Failure> {
        let filter = filters.filter();
        invoices::tell_filter(context, &filter);
        let skus = match by.describe {
            true => Some(described_skus(org).await?),
            false => None,
        };
        let organizations = match by.by.contains(&Dimension::Organization) {
            true => lookup::organization_names(context, org).await,
            false => BTreeMap::new(),
        };
        Ok(Self {
            by: by.by.clone(),
            filter,
            linked: linked.how(&by.by),
            top: by.top,
            scope: Vec::new(),
            skus,
            organizations: organizations.into(),
        })
    }

    /// `invoices show --by`.
    pub(super) fn show(
        &self,
        context: &Context,
        invoice: &InvoiceRow,
        rows: Vec<GroupRow>,
        out: Sink,
    ) -> Result<(), Failure> {
        let rows = self.arranged(rows);
        let whole = rows.iter().map(|row| row.total.gross).sum();
        let mut columns = invoice_columns(std::slice::from_ref(invoice));
        columns.extend(self.key_columns());
        columns.extend(figures(move |_| whole));
        if context.style.format == Format::Openmetrics {
            columns = metrics::groups(invoice, &self.by);
        }
        context.style.write(out, &columns, &rows, || {
            let layout = |shape| {
                let mut layout = self.shown_layout(invoice, &rows, shape);
                layout
                    .notes
                    .extend(self.incomplete_note(context.today, invoice, &rows));
                layout
            };
            Ok(vec![with_shape(context, "days", &rows, layout)])
        })
    }

    /// The largest groups of one dimension, without a filter.
    pub(super) fn largest_by(dimension: Dimension, top: usize) -> Self {
        Self {
            by: vec![dimension],
            top: Some(top),
            ..Self::default()
        }
    }

    /// What `invoices show --by` shows.
    pub(super) fn table(&self, invoice: &InvoiceRow, totals: Totals) -> Layout {
        let rows = totals.into_groups().into_iter().map(GroupRow::from);
        self.shown_layout(invoice, &self.arranged(rows.collect()), None)
    }

    fn shown_layout(
        &self,
        invoice: &InvoiceRow,
        rows: &[GroupRow],
        shape: Option<Column<GroupRow>>,
    ) -> Layout {
        let whole = rows.iter().map(|row| row.total.gross).sum();
        let mut columns = self.shown_columns();
        columns.extend(figures(move |_| whole));
        columns.extend(shape);
        let (invoice_named, by) = (invoice.named(), self.names());
        let title = match self.linked {
            Linked::Omit => format!("Invoice {invoice_named} by {by}"),
            Linked::Include => format!("Invoice {invoice_named}, and those linked to it, by {by}"),
            Linked::Only => format!("Invoices linked to {invoice_named}, by {by}"),
        };
        let mut layout = self.layout(title, rows, &columns);
        layout.notes.extend(invoice.to_date_note());
        layout
    }

    /// From which day on charges of a pending invoice are still missing, where days are shown and all
    /// charges are there to tell.
    fn incomplete_note(
        &self,
        today: NaiveDate,
        invoice: &InvoiceRow,
        rows: &[GroupRow],
    ) -> Option<String> {
        let is_growing = invoice.is_pending() && self.filter.is_empty();
        let month = invoice.month().filter(|_| is_growing)?;
        let mut daily = DailyTotals::new();
        for row in rows {
            let days = row.keys.iter().filter_map(|key| match key {
                Key::Day(day) => *day,
                _ => None,
            });
            days.for_each(|day| *daily.days.entry(day).or_default() += row.total);
        }
        let last = daily.last_day(month)?;
        let complete = daily.complete_through(month, today);
        let from = complete.map_or(Some(month.first_day()), |day| day.succ_opt())?;
        (from <= last)
            .then(|| format!("Days from {from} on are incomplete: charges are still added."))
    }

    /// What is grouped by, for a reader.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self.by.iter().map(ToString::to_string).collect();
        names.join(" and ")
    }

    fn is_time(&self, at: usize) -> bool {
        self.by.get(at).is_some_and(Dimension::is_time)
    }

    /// Whether days or months are among what is grouped by.
    pub(super) fn has_time(&self) -> bool {
        self.by.iter().any(Dimension::is_time)
    }

    /// The largest rows first, those beyond `--top` as one; days and months in the order of the
    /// calendar, below the group that they are of.
    pub(super) fn arranged(&self, rows: Vec<GroupRow>) -> Vec<GroupRow> {
        let mut sizes: HashMap<Option<Key>, Cents> = HashMap::new();
        for row in &rows {
            *sizes.entry(row.keys.first().cloned()).or_default() += row.total.gross;
        }
        let mut rows = largest(rows, self.top, |row| row.total.gross.get());
        let rest = rows.pop_if(|row| row.keys.is_empty());
        let key =
            |row: &GroupRow, at: usize| row.keys.get(at).filter(|_| self.is_time(at)).cloned();
        match (self.is_time(0), self.is_time(1)) {
            // Stable: within a day the largest stay first.
            (true, _) => rows.sort_by_cached_key(|row| (key(row, 0), key(row, 1))),
            (false, true) => rows.sort_by_cached_key(|row| {
                let first = row.keys.first().cloned();
                (Reverse(sizes.get(&first).copied()), first, key(row, 1))
            }),
            (false, false) => {}
        }
        rows.extend(rest);
        rows
    }

    pub(super) fn layout(
        &self,
        title: String,
        rows: &[GroupRow],
        columns: &[Column<GroupRow>],
    ) -> Layout {
        let note = "Gross is the sum of prices, before tax.";
        let mut layout = self.summed(title, rows, columns, note);
        layout
            .notes
            .extend(credits_note(rows, |row| self.title(row)));
        layout.notes.extend(untagged_note(rows));
        for (line, row) in layout.rows.iter_mut().zip(rows) {
            // The rest is no group: it would set the scale.
            line.bar = (!row.keys.is_empty()).then_some(row.total.gross.get() as f64);
        }
        layout
    }

    /// Rows, and their sum.
    pub(super) fn summed(
        &self,
        title: String,
        rows: &[GroupRow],
        columns: &[Column<GroupRow>],
        note: &str,
    ) -> Layout {
        let all = [GroupRow::sum(rows, "total".to_owned())];
        let mut notes = vec![note.to_owned()];
        notes.extend(invoices::filter_note(&self.filter));
        notes.extend(self.scope.iter().cloned());
        Layout {
            title: Some(title),
            sums: Layout::of(columns, &all).rows,
            notes,
            ..Layout::of(columns, rows)
        }
    }

    /// What is asked of the line items of `invoices`.
    pub(super) fn asked<'a>(
        &'a self,
        invoices: &'a [InvoiceId],
        filters: &'a ItemFilters,
    ) -> nothing::Asked<'a> {
        nothing::Asked {
            invoices,
            linked: self.linked,
            filters,
            by: &self.by,
        }
    }

    /// What a reader knows a row by.
    fn title(&self, row: &GroupRow) -> String {
        let name = |at: usize| {
            let name = row
                .organization(at)
                .and_then(|id| self.organizations.get(id));
            name.cloned().unwrap_or_else(|| row.shown(at))
        };
        let names: Vec<String> = (0..row.keys.len().max(1)).map(name).collect();
        names.join("/")
    }

    /// The columns that name a group for a reader.
    pub(super) fn shown_columns(&self) -> Vec<Column<GroupRow>> {
        let mut columns = Vec::new();
        for (at, dimension) in self.by.iter().enumerate() {
            let name = dimension.to_string();
            let organizations = self.organizations.clone();
            let column = Column::new(name.clone(), Kind::Text, "", move |r: &GroupRow| {
                match r.organization(at).and_then(|id| organizations.get(id)) {
                    Some(name) => name.clone().into(),
                    None => r.shown(at).into(),
                }
            });
            columns.push(column.shown(name));
            columns.extend(self.description(at));
        }
        columns
    }

    /// The columns that name a group: an id beside the name where there is one, none of them twice.
    pub(super) fn key_columns(&self) -> Vec<Column<GroupRow>> {
        let mut columns = columns! { GroupRow:
            "kind" Text always = |r| if r.keys.is_empty() { "other" } else { "group" },
                "group: the row is a group; other: it is those that --top leaves over, as one, and the columns \
                 that name a group are null.";
        };
        for (at, dimension) in self.by.iter().enumerate() {
            let parts = dimensions::columns(at, dimension).into_iter();
            let described = self.description(at).into_iter();
            for column in parts.chain(described).chain(self.organization_name(at)) {
                if columns.iter().all(|other| other.name != column.name) {
                    columns.push(column);
                }
            }
        }
        columns
    }

    /// The name of the organization of a group, where that is the dimension.
    fn organization_name(&self, at: usize) -> Option<Column<GroupRow>> {
        let organizations = self.organizations.clone();
        let is_organization = self.by.get(at) == Some(&Dimension::Organization);
        let means = "Its name; null where the credentials do not see the organization.";
        let name = "used_by_org_name";
        is_organization.then(|| {
            Column::new(name, Kind::Text, means, move |r: &GroupRow| {
                let name = r.organization(at).and_then(|id| organizations.get(id));
                name.cloned().into()
            })
        })
    }

    /// What the SKU of a group is, where the dimension is the SKU and that is wanted.
    fn description(&self, at: usize) -> Option<Column<GroupRow>> {
        let is_sku = self.by.get(at) == Some(&Dimension::Sku);
        let skus = self.skus.clone().filter(|_| is_sku)?;
        let means = "What the SKU is, in English; null where the list of SKUs does not have it.";
        let column = Column::new(
            "sku_description",
            Kind::Text,
            means,
            move |r: &GroupRow| match r.keys.get(at) {
                Some(Key::Sku(Some(code))) => skus.get(code).cloned().into(),
                _ => Cell::Null,
            },
        );
        Some(column.shown("description"))
    }
}

/// What tells the invoice of a row.
pub(super) fn invoice_columns(invoices: &[InvoiceRow]) -> Vec<Column<GroupRow>> {
    let ids: Vec<_> = invoices.iter().map(|it| it.invoice.id.clone()).collect();
    let periods: Vec<_> = invoices.iter().map(InvoiceRow::period_plain).collect();
    columns! { GroupRow:
        "invoice_id" Text = |r| ids.get(r.at).cloned().flatten(), "The invoice.";
        "period" Text = |r| periods.get(r.at).cloned(), "The month that it is for, or its days.";
    }
}

/// Says what part of the cost does not carry the tag, where one alone is grouped by.
fn untagged_note(rows: &[GroupRow]) -> Option<String> {
    let is_untagged =
        |row: &&GroupRow| matches!(row.keys.as_slice(), [Key::Tag { values: None, .. }]);
    let untagged = rows.iter().find(is_untagged)?;
    let whole = rows.iter().map(|row| row.total).sum();
    let part = tags::part_of_cost(&untagged.total, &whole);
    Some(format!(
        "Without this tag: {part}; the shares above are of gross, credits included."
    ))
}

/// Says in which rows credits are, if there are any.
fn credits_note(rows: &[GroupRow], title: impl Fn(&GroupRow) -> String) -> Option<String> {
    /// So many rows are named.
    const NAMED: usize = 3;
    let credits = |row: &GroupRow| row.total.gross - row.total.positive;
    let with: Vec<&GroupRow> = rows
        .iter()
        .filter(|row| credits(row) < Cents::ZERO)
        .collect();
    let sum: Cents = with.iter().map(|row| credits(row)).sum();
    let mut named: Vec<String> = with.iter().take(NAMED).map(|row| title(row)).collect();
    if with.len() > NAMED {
        named.push(format!("and {} more", with.len() - NAMED));
    }
    let note = || {
        let sum = text::cents(sum.get());
        format!("Gross contains credits of {sum}: in {}.", named.join(", "))
    };
    (!with.is_empty()).then(note)
}

/// Fewer days or months say little as a line of blocks: the amounts stand beside it.
pub(super) const LEAST_SHAPE: usize = 4;

/// A layout with a column of the shape of each series, where there is a shape and room for it.
pub(super) fn with_shape(
    context: &Context,
    heading: &'static str,
    rows: &[GroupRow],
    layout: impl Fn(Option<Column<GroupRow>>) -> Layout,
) -> Layout {
    let has_shape = rows.iter().any(|row| row.series.len() >= LEAST_SHAPE);
    if has_shape && context.style.format == Format::Table {
        let shape = Column::new(heading, Kind::Text, "", |r: &GroupRow| {
            text::sparkline(r.series.iter().map(|total| total.gross.get() as f64)).into()
        });
        let layout = layout(Some(shape.shown(heading)));
        if context.style.fits(&layout) {
            return layout;
        }
    }
    layout(None)
}

/// The figures of a group.
pub(super) fn figures(
    whole: impl Fn(&GroupRow) -> Cents + Send + Sync + 'static,
) -> Vec<Column<GroupRow>> {
    columns! { GroupRow:
        "gross_cents" Cents always ("gross") = |r| r.total.gross, "The sum of the prices of the items.";
        "discount_cents" Cents always ("discount") = |r| r.total.discount, "The discounts of the items.";
        "net_cents" Cents always ("net") = |r| r.total.net(),
            "Gross less discounts: what it costs if prices are before discounts.";
        "share" Share ("share") = |r| part(r.total.gross, whole(r)),
            "The part of all gross cents, 0.25 for a quarter.";
        "items" Integer always ("items") = |r| r.total.count, "How many items.";
        "groups" Integer always = |r| r.groups as u64, GROUPS;
    }
}

pub(super) const GROUPS: &str =
    "How many groups the row stands for: 1, or with --top the number of those left over.";

/// What each SKU is, by its code.
async fn described_skus(org: &Org) -> Result<Arc<BTreeMap<String, String>>, Failure> {
    let skus = org.client().skus().per_page(MOST_PER_PAGE).await;
    let skus = skus.map_err(|error| {
        let failure = Failure::from(error);
        let message = format!("cannot read the list of SKUs: {}", failure.message);
        Failure { message, ..failure }.with_help("without --describe it is not needed")
    })?;
    let skus = skus.into_iter();
    let skus = skus.filter_map(|sku| Some((sku.id?, sku.description?)));
    Ok(Arc::new(skus.collect()))
}

#[cfg(test)]
mod tests;
