//! Reading the line items of an invoice into sums: those of linked invoices as `--linked` says.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

use atlas_billing::money::{DailyGroups, DailyTotals, Statement, TagTotals};
use atlas_billing::totals::{Dimension, ItemFilter, Total, Totals};
use atlas_billing::{Error, Invoice, InvoiceId, LineItem, LineItems, LinkedInvoice, Org};

use super::Context;
use super::groups::Groups;
use super::invoices::note_omitted;
use super::linked::Owners;
use super::reconcile::warn_unreconciled;
use crate::args::Linked;
use crate::records::InvoiceRow;

/// An invoice without its line items, and its charges by day.
pub(super) struct ByDay {
    pub(super) row: InvoiceRow,
    /// Those that pass the filter, in groups.
    pub(super) daily: DailyGroups,
    /// All of them.
    pub(super) all: DailyTotals,
}

impl ByDay {
    /// The invoice with the sum of its line items.
    pub(super) fn summed(&self) -> InvoiceRow {
        InvoiceRow {
            items: Some(self.daily.total().total()),
            ..self.row.clone()
        }
    }
}

/// An invoice with the sum of its line items, and the sums of those in groups.
pub(super) async fn summed(
    context: &Context,
    org: &Org,
    id: InvoiceId,
    groups: &Groups,
) -> Result<(InvoiceRow, Totals), Error> {
    let reader = Reader::new(context, org, groups);
    let items = reader.open(id).await?;
    if reader.is_plain() {
        let summed = items.total_filtered(&groups.by, &groups.filter).await?;
        let mut row = reader.row(summed.head, Some(summed.statement));
        row.items = Some(summed.totals.total());
        return Ok((row, summed.totals));
    }
    let mut totals = Totals::new(&groups.by);
    let add = |item: &LineItem, _: Option<&LinkedInvoice>, used_by: Option<&str>| {
        if groups.filter.passes(item) {
            totals.add_of(item, used_by);
        }
    };
    let mut row = reader.each(items, add).await?;
    row.items = Some(totals.total());
    Ok((row, totals))
}

/// The charges of an invoice by day, in groups.
pub(super) async fn by_day(
    context: &Context,
    org: &Org,
    id: InvoiceId,
    groups: &Groups,
) -> Result<ByDay, Error> {
    let reader = Reader::new(context, org, groups);
    let items = reader.open(id).await?;
    if reader.is_plain() {
        let days = items.daily(&groups.by, &groups.filter).await?;
        return Ok(ByDay {
            row: reader.row(days.head, Some(days.statement)),
            daily: days.daily,
            all: days.all,
        });
    }
    let (mut daily, mut all) = (DailyGroups::new(&groups.by), DailyTotals::new());
    let add = |item: &LineItem, _: Option<&LinkedInvoice>, used_by: Option<&str>| {
        all.add(item);
        if groups.filter.passes(item) {
            daily.add_of(item, used_by);
        }
    };
    let row = reader.each(items, add).await?;
    Ok(ByDay { row, daily, all })
}

/// The invoices that `--linked` selects, each with the sum of its own line items.
pub(super) async fn figures(
    context: &Context,
    org: &Org,
    id: InvoiceId,
    groups: &Groups,
) -> Result<Vec<InvoiceRow>, Error> {
    if groups.linked == Linked::Omit {
        let (row, _) = summed(context, org, id, groups).await?;
        return Ok(vec![row]);
    }
    let reader = Reader::new(context, org, groups);
    let mut sums: BTreeMap<Vec<usize>, Total> = BTreeMap::new();
    let add = |item: &LineItem, linked: Option<&LinkedInvoice>, _: Option<&str>| {
        if groups.filter.passes(item) {
            let path = linked.map(LinkedInvoice::path).unwrap_or_default();
            *sums.entry(path.to_vec()).or_default() += iter::once(item).collect();
        }
    };
    let row = reader.each(reader.open(id).await?, add).await?;
    let mut rows = Vec::new();
    add_rows(&row.invoice, &mut Vec::new(), &sums, &mut rows);
    if groups.linked == Linked::Only {
        rows.remove(0);
    }
    Ok(rows)
}

/// Adds an invoice at `path`, and those linked to it.
fn add_rows(
    invoice: &Invoice,
    path: &mut Vec<usize>,
    sums: &BTreeMap<Vec<usize>, Total>,
    rows: &mut Vec<InvoiceRow>,
) {
    rows.push(InvoiceRow {
        invoice: invoice.clone(),
        items: Some(sums.get(path).copied().unwrap_or_default()),
    });
    for (at, linked) in invoice.linked_invoices.iter().enumerate() {
        path.push(at);
        add_rows(linked, path, sums, rows);
        path.pop();
    }
}

/// Adds the line items of an invoice to the sums by tag keys.
pub(super) async fn tags(
    context: &Context,
    org: &Org,
    id: InvoiceId,
    (filter, linked): (&ItemFilter, Linked),
    tags: &mut TagTotals,
) -> Result<InvoiceRow, Error> {
    let reader = Reader {
        context,
        org,
        by: &[],
        is_filtered: true,
        linked,
    };
    let items = reader.open(id).await?;
    if reader.is_plain() {
        let found = items.tags(filter).await?;
        *tags += found.tags;
        return Ok(reader.row(found.head, None));
    }
    let add = |item: &LineItem, _: Option<&LinkedInvoice>, _: Option<&str>| {
        if filter.passes(item) {
            tags.add(item);
        }
    };
    reader.each(items, add).await
}

struct Reader<'a> {
    context: &'a Context,
    org: &'a Org,
    by: &'a [Dimension],
    is_filtered: bool,
    linked: Linked,
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context, org: &'a Org, groups: &'a Groups) -> Self {
        Self {
            context,
            org,
            by: &groups.by,
            is_filtered: !groups.filter.is_empty(),
            linked: groups.linked,
        }
    }

    async fn open(&self, id: InvoiceId) -> Result<LineItems, Error> {
        let request = self.org.invoice(id);
        let request = request.linked_items(self.linked != Linked::Omit);
        request.line_items().await
    }

    fn by_organization(&self) -> bool {
        self.by.contains(&Dimension::Organization)
    }

    /// Whether the items need not be told apart by the invoice that they are on: sums over the stream
    /// are faster.
    fn is_plain(&self) -> bool {
        self.linked != Linked::Only && !self.by_organization()
    }

    /// Hands on each line item that is wanted, with the linked invoice that it is on and, where that is
    /// grouped by, the organization that used it.
    async fn each(
        &self,
        mut items: LineItems,
        mut take: impl FnMut(&LineItem, Option<&LinkedInvoice>, Option<&str>),
    ) -> Result<InvoiceRow, Error> {
        let own: Arc<str> = self.org.id().as_str().into();
        let (mut owners, mut month) = (Owners::default(), None);
        while let Some(item) = items.next().await {
            let item = item?;
            let linked = items.linked_invoice();
            let used_by = match linked {
                None if self.linked == Linked::Only => continue,
                None => Some(own.clone()),
                Some(linked) if self.by_organization() => {
                    let month =
                        *month.get_or_insert_with(|| InvoiceRow::month_of(&items.partial_head()));
                    owners
                        .of(&self.context.voice, self.org, month, linked)
                        .await
                }
                Some(_) => None,
            };
            take(&item, linked, used_by.as_deref());
        }
        let statement = items.ended_statement();
        let statement = statement.filter(|_| self.linked != Linked::Only);
        Ok(self.row(items.head().cloned().unwrap_or_default(), statement))
    }

    /// An invoice that was read.
    fn row(&self, mut invoice: Invoice, statement: Option<Statement>) -> InvoiceRow {
        if let Some(statement) = statement.filter(|_| !self.is_filtered) {
            warn_unreconciled(self.context, &statement);
        }
        note_omitted(self.context, &invoice, self.linked);
        let own = || self.org.id().to_string();
        invoice.org_id.get_or_insert_with(own);
        InvoiceRow {
            invoice,
            items: None,
        }
    }
}
