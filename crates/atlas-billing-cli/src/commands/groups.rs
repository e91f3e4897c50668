//! Line items in groups: `invoices show --by`, and `invoices compare`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use atlas_billing::MOST_PER_PAGE;
use atlas_billing::totals::{Dimension, Group, ItemFilter, Key, Project, Total, Totals};
use atlas_billing::{Cents, Org};

use super::{Context, invoices, metrics};
use crate::args::values::Format;
use crate::args::{By, CompareArgs, ItemFilters, Linked};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Cell, Column, Kind, Layout, Sink, columns};
use crate::records::InvoiceRow;

/// A group of line items of one invoice or two; without keys it is the sum of several.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct GroupRow {
    pub(super) keys: Vec<Key>,
    /// What a reader knows it by where it has no keys.
    label: String,
    /// In the first invoice, where there are two.
    from: Total,
    pub(super) total: Total,
    /// How many groups this row stands for.
    groups: usize,
}

impl GroupRow {
    /// All of `rows` as one.
    fn sum(rows: &[Self], label: String) -> Self {
        Self {
            keys: Vec::new(),
            label,
            from: rows.iter().map(|row| row.from).sum(),
            total: rows.iter().map(|row| row.total).sum(),
            groups: rows.iter().map(|row| row.groups).sum(),
        }
    }

    /// How much more the second invoice has, before discounts.
    fn change(&self) -> Cents {
        self.total.gross - self.from.gross
    }

    /// The change as a part of the first; none of nothing or of a credit.
    fn change_part(&self) -> Option<f64> {
        part(self.change(), self.from.gross).filter(|_| self.from.gross > Cents::ZERO)
    }

    /// The change in percent, for a reader.
    fn percent(&self) -> String {
        match self.change_part() {
            _ if self.change() == Cents::ZERO => String::new(),
            Some(part) => format!("{:+.1}", part * 100.0),
            None if self.from.gross == Cents::ZERO => "new".to_owned(),
            None => String::new(),
        }
    }

    fn project(&self, at: usize) -> Option<&Project> {
        match self.keys.get(at) {
            Some(Key::Project(project) | Key::Cluster { project, .. }) => project.as_ref(),
            _ => None,
        }
    }

    fn cluster(&self, at: usize) -> Option<&str> {
        match self.keys.get(at) {
            Some(Key::Cluster { name, .. }) => name.as_deref(),
            _ => None,
        }
    }

    /// The key of a dimension, for a reader.
    fn shown(&self, at: usize) -> String {
        match self.keys.get(at) {
            Some(key) => key.to_string(),
            None if at == 0 => self.label.clone(),
            None => String::new(),
        }
    }
}

/// A part of a whole, 0.25 for a quarter: for showing, no amount is made of it.
fn part(part: Cents, whole: Cents) -> Option<f64> {
    Some(part.get() as f64 / whole.get() as f64).filter(|part| part.is_finite())
}

/// Rows in the order of `size`, the largest first; those beyond `top` as one.
fn largest(
    mut rows: Vec<GroupRow>,
    top: Option<usize>,
    size: fn(&GroupRow) -> i128,
) -> Vec<GroupRow> {
    // A stable sort: equal groups stay in the order of their keys.
    rows.sort_by_key(|row| Reverse(size(row)));
    let rest = rows.split_off(top.unwrap_or(rows.len()).min(rows.len()));
    if !rest.is_empty() {
        rows.push(GroupRow::sum(&rest, format!("other ({})", rest.len())));
    }
    rows
}

/// Which line items are grouped by what, and how that is shown.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) by: Vec<Dimension>,
    pub(super) filter: ItemFilter,
    top: Option<usize>,
    /// What each SKU is, by its code, where that is wanted.
    skus: Option<Arc<BTreeMap<String, String>>>,
}

impl Groups {
    /// What the flags ask for. Fetches the list of SKUs if they are to be described.
    pub(super) async fn new(
        context: &Context,
        by: &By,
        filters: &ItemFilters,
        org: &Org,
    ) -> Result<Self, Failure> {
        let filter = filters.filter();
        invoices::tell_filter(context, &filter);
        let skus = match by.describe {
            true => Some(described_skus(org).await?),
            false => None,
        };
        Ok(Self {
            by: by.by.clone(),
            filter,
            top: by.top,
            skus,
        })
    }

    /// `invoices show --by`.
    pub(super) fn show(
        &self,
        context: &Context,
        invoice: &InvoiceRow,
        totals: Totals,
        out: Sink,
    ) -> Result<(), Failure> {
        let whole = totals.total().gross;
        let groups = changes(Vec::new(), totals.into_groups());
        let rows = largest(groups, self.top, |row| row.total.gross.get());
        let id = invoice.invoice.id.clone();
        let mut columns =
            columns! { GroupRow: "invoice_id" Text = |_| id.clone(), "The invoice."; };
        columns.extend(self.key_columns());
        columns.extend(figures(whole));
        if context.style.format == Format::Openmetrics {
            columns = metrics::groups(invoice, &self.by);
        }
        context.style.write(out, &columns, &rows, || {
            let names: Vec<String> = self.by.iter().map(ToString::to_string).collect();
            let title = format!("Invoice {} by {}", invoice.named(), names.join(" and "));
            let mut layout = self.layout(title, &rows, whole);
            layout.notes.extend(invoice.to_date_note());
            Ok(vec![layout])
        })
    }

    fn layout(&self, title: String, rows: &[GroupRow], whole: Cents) -> Layout {
        let mut columns = self.shown_columns();
        columns.extend(figures(whole));
        let note = "Gross is before discounts and tax.";
        let mut layout = self.summed(title, rows, &columns, note);
        for (line, row) in layout.rows.iter_mut().zip(rows) {
            // The rest is no group: it would set the scale.
            line.bar = (!row.keys.is_empty()).then_some(row.total.gross.get() as f64);
        }
        layout
    }

    fn changes_layout(&self, rows: &[GroupRow], from: &InvoiceRow, to: &InvoiceRow) -> Layout {
        let mut columns = self.shown_columns();
        columns.extend(compared());
        columns.extend(columns! { GroupRow: "percent" Number ("in %") = |r| r.percent(), ""; });
        for (name, invoice) in [("from_gross_cents", from), ("to_gross_cents", to)] {
            let column = columns.iter_mut().find(|column| column.name == name);
            if let Some(column) = column {
                column.heading = Some(invoice.period_plain().into());
            }
        }
        let title = format!("From {} to {}", from.period(), to.period());
        let note = "Amounts are line items before discounts.";
        let mut layout = self.summed(title, rows, &columns, note);
        let notes = [from, to].into_iter().filter_map(InvoiceRow::to_date_note);
        layout.notes.extend(notes);
        layout
    }

    /// Rows, and their sum.
    fn summed(
        &self,
        title: String,
        rows: &[GroupRow],
        columns: &[Column<GroupRow>],
        note: &str,
    ) -> Layout {
        let all = [GroupRow::sum(rows, "total".to_owned())];
        let mut notes = vec![note.to_owned()];
        notes.extend(invoices::filter_note(&self.filter));
        Layout {
            title: Some(title),
            sums: Layout::of(columns, &all).rows,
            notes,
            ..Layout::of(columns, rows)
        }
    }

    /// The columns that name a group for a reader.
    fn shown_columns(&self) -> Vec<Column<GroupRow>> {
        let mut columns = Vec::new();
        for (at, dimension) in self.by.iter().enumerate() {
            let name = dimension.to_string();
            let column = Column::new(name.clone(), Kind::Text, "", move |r: &GroupRow| {
                r.shown(at).into()
            });
            columns.push(column.shown(name));
            columns.extend(self.description(at));
        }
        columns
    }

    /// The columns that name a group: an id beside the name where there is one, none of them twice.
    fn key_columns(&self) -> Vec<Column<GroupRow>> {
        let mut columns: Vec<Column<GroupRow>> = Vec::new();
        for (at, dimension) in self.by.iter().enumerate() {
            for column in parts(at, dimension).into_iter().chain(self.description(at)) {
                if columns.iter().all(|other| other.name != column.name) {
                    columns.push(column);
                }
            }
        }
        columns
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

/// The figures of a group.
fn figures(whole: Cents) -> Vec<Column<GroupRow>> {
    columns! { GroupRow:
        "gross_cents" Cents always ("gross") = |r| r.total.gross, "The sum of the items before discounts.";
        "discount_cents" Cents always ("discount") = |r| r.total.discount, "The discounts of the items.";
        "share" Share ("share") = |r| part(r.total.gross, whole),
            "The part of all gross cents, 0.25 for a quarter.";
        "items" Integer always ("items") = |r| r.total.count, "How many items.";
        "groups" Integer always = |r| r.groups as u64, GROUPS;
    }
}

const GROUPS: &str =
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

/// `invoices compare`.
pub(super) async fn compare(context: &Context, args: &CompareArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = &connection.org(context).await?;
    let mut groups = Groups::new(context, &args.by, &args.filters, org).await?;
    if groups.by.is_empty() {
        groups.by.push(Dimension::Sku);
    }
    let from = invoices::find(context, org, &args.from).await?.id;
    let to = invoices::find(context, org, &args.to).await?.id;
    if from == to {
        return Err(Failure::usage(format!(
            "both are the invoice {from}; name two"
        )));
    }
    let (from, before) = invoices::summed(context, org, from, &groups, Linked::Omit).await?;
    let (to, after) = invoices::summed(context, org, to, &groups, Linked::Omit).await?;
    context
        .voice
        .note(&format!("Periods: {} and {}", from.period(), to.period()));
    let passed = before.total().count + after.total().count;
    invoices::note_nothing(context, &groups.filter, passed);
    let rows = changes(before.into_groups(), after.into_groups());
    let rows = largest(rows, groups.top, |row| row.change().get().saturating_abs());
    let mut columns = groups.key_columns();
    columns.extend(compared());
    context.style.write(out, &columns, &rows, || {
        Ok(vec![groups.changes_layout(&rows, &from, &to)])
    })
}

/// The groups of two invoices, each once.
fn changes(from: Vec<Group>, to: Vec<Group>) -> Vec<GroupRow> {
    let mut rows: BTreeMap<Vec<Vec<Option<String>>>, GroupRow> = BTreeMap::new();
    let from = from
        .into_iter()
        .map(|group| (group.keys, group.total, Total::default()));
    let to = to
        .into_iter()
        .map(|group| (group.keys, Total::default(), group.total));
    for (keys, from, to) in from.chain(to) {
        let row = rows.entry(keys.iter().map(identity).collect()).or_default();
        // The names of the second invoice are the newer ones.
        (row.keys, row.groups) = (keys, 1);
        row.from += from;
        row.total += to;
    }
    rows.into_values().collect()
}

/// What makes a group the same in both invoices: a project keeps its id when it is renamed.
fn identity(key: &Key) -> Vec<Option<String>> {
    let project = |project: &Option<Project>| {
        let project = project.as_ref()?;
        project.id.clone().or_else(|| project.name.clone())
    };
    match key {
        Key::Project(of) => vec![project(of)],
        Key::Cluster { project: of, name } => vec![project(of), name.clone()],
        Key::Tag {
            values: Some(values),
            ..
        } => values.iter().cloned().map(Some).collect(),
        key => vec![key.label()],
    }
}

/// The figures of a group in two invoices.
fn compared() -> Vec<Column<GroupRow>> {
    columns! { GroupRow:
        "from_gross_cents" Cents always = |r| r.from.gross, "The sum in the first invoice, before discounts.";
        "from_discount_cents" Cents always = |r| r.from.discount, "The discounts in the first invoice.";
        "to_gross_cents" Cents always = |r| r.total.gross, "The sum in the second invoice, before discounts.";
        "to_discount_cents" Cents always = |r| r.total.discount, "The discounts in the second invoice.";
        "change_cents" Change always ("change") = |r| r.change(),
            "How much more the second has, before discounts.";
        "change" Number = |r| r.change_part(),
            "The change as a part of the first, 0.25 for a quarter more; null where that is not above 0.";
        "groups" Integer always = |r| r.groups as u64, GROUPS;
    }
}

/// The columns of one of the dimensions.
fn parts(at: usize, dimension: &Dimension) -> Vec<Column<GroupRow>> {
    let means = match dimension {
        Dimension::Project | Dimension::Cluster => {
            let mut columns = columns! { GroupRow:
                "project_id" Text = |r| r.project(at).and_then(|of| of.id.as_deref()), "The project.";
                "project_name" Text = |r| r.project(at).and_then(|of| of.name.as_deref()),
                    "The name of the project.";
                "cluster_name" Text = |r| r.cluster(at), "The cluster.";
            };
            columns
                .retain(|column| *dimension == Dimension::Cluster || column.name != "cluster_name");
            return columns;
        }
        Dimension::Sku => "What was used, as a code.",
        Dimension::Provider => "The cloud provider.",
        Dimension::Day => "The day on which the usage began, UTC.",
        Dimension::Month => "The month in which the usage began, UTC.",
        Dimension::Tag(_) => "The values of the tag, joined by commas.",
        _ => "What was grouped by.",
    };
    let (name, kind) = match dimension {
        Dimension::Provider => ("cloud_provider".to_owned(), Kind::Text),
        Dimension::Day => ("day".to_owned(), Kind::Day),
        other => (other.to_string().to_ascii_lowercase(), Kind::Text),
    };
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    vec![Column::new(name, kind, means, move |r: &GroupRow| {
        r.keys.get(at).and_then(Key::label).into()
    })]
}

#[cfg(test)]
mod tests;
