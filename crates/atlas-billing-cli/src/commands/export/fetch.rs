//! From invoices and cost reports to the files of a data set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atlas_billing::poll::Backoff;
use atlas_billing::totals::Total;
use atlas_billing::{
    Cents, CostRow, FocusColumn, GroupBy, Invoice, InvoiceId, InvoiceSummary, Month, Months, Org,
    PollPolicy,
};
use chrono::NaiveDate;

use super::plan::{Part, Planned};
use crate::args::Linked;
use crate::commands::Calendar;
use crate::commands::linked::{Owners, queried};
use crate::dataset::{
    Dataset, Draft, FileEntry, Place, Refused, SCHEMA_VERSION, Settings, Writer, cost_columns,
    focus_columns, invoice_dataset_columns, line_item_columns,
};
use crate::failure::{Failure, exit};
use crate::output::Column;
use crate::records::{InvoiceRow, ItemRow};
use crate::text::{count, counted};
use crate::voice::Voice;

/// Progress is shown after so many items.
const PROGRESS: u64 = 1_000;

/// What all jobs of an export share.
pub(super) struct Shared {
    pub(super) place: Place,
    pub(super) voice: Voice,
    pub(super) clock: Arc<Calendar>,
    pub(super) today: NaiveDate,
    pub(super) policy: PollPolicy,
    pub(super) done: Done,
}

/// How far an export has come.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// How many files there are to fetch.
    pub(super) of: AtomicU64,
    pub(super) files: AtomicU64,
    pub(super) items: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Shared {
    fn show_progress(&self) {
        let Done {
            of,
            files,
            items,
            bytes,
        } = &self.done;
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        self.voice.progress(&format!(
            "{} of {}, {} line items, {}",
            count(read(files)),
            counted(usize::try_from(read(of)).unwrap_or(usize::MAX), "file"),
            count(read(items)),
            mebibytes(read(bytes)),
        ));
    }
}

/// A number of bytes for a reader.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!(
        "{}.{} MiB",
        count(bytes >> 20),
        ((bytes % (1 << 20)) * 10) >> 20
    )
}

/// The sum and number of the records of a file that is written.
struct File<'c, R> {
    dataset: Dataset,
    writer: Writer<'c, R>,
    rows: u64,
    sum: Cents,
}

impl<'c, R> File<'c, R> {
    fn begin(
        shared: &Shared,
        dataset: Dataset,
        settings: Settings,
        columns: &'c [Column<R>],
    ) -> Result<Self, Failure> {
        let draft = shared.place.begin()?;
        Ok(Self {
            dataset,
            writer: Writer::new(dataset, settings, columns, draft)?,
            rows: 0,
            sum: Cents::ZERO,
        })
    }

    fn write(&mut self, record: &R, cents: Option<Cents>) -> Result<(), Failure> {
        let at = self.rows;
        self.writer.write(record).map_err(|refused| match refused {
            Refused::Io(error) => error.into(),
            Refused::Value {
                column,
                why,
                number,
            } => {
                let what = match self.dataset {
                    Dataset::LineItems => format!("line item {at}, "),
                    Dataset::Invoices => String::new(),
                    Dataset::Costs | Dataset::Focus => format!("row {at}, "),
                };
                let failure = Failure::new(exit::OTHER, format!("{what}{column}: {why}"));
                match number {
                    true => failure.with_help("--decimal-as-text writes such numbers as text"),
                    false => failure,
                }
            }
        })?;
        self.rows += 1;
        self.sum += cents;
        Ok(())
    }

    /// Puts the file in its place, unless the same is there.
    async fn end(
        self,
        shared: &Shared,
        part: &Part,
        planned: &Planned,
        org: &Org,
    ) -> Result<FileEntry, Failure> {
        let sum = i64::try_from(self.sum.get())
            .map_err(|_| Failure::new(exit::OTHER, "the sum of all cents does not fit 64 bits"))?;
        let mut about = BTreeMap::from([
            ("atlas_billing.dataset", self.dataset.folder().to_owned()),
            ("atlas_billing.schema_version", SCHEMA_VERSION.to_string()),
            (
                "atlas_billing.tool_version",
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            ("atlas_billing.org_id", org.id().to_string()),
            ("atlas_billing.billing_period", part.month.to_string()),
        ]);
        if let (Some(_), [source]) = (&planned.listed, &planned.invoices[..]) {
            about.insert("atlas_billing.invoice_id", source.invoice_id.clone());
            let status = source.status.clone().unwrap_or_default();
            about.insert("atlas_billing.invoice_status", status);
            let updated = source.updated.clone().unwrap_or_default();
            about.insert("atlas_billing.invoice_updated", updated);
        }
        let draft: Draft = self.writer.end(&about)?;
        let written = draft.written();
        let before = part.before.iter().flat_map(|before| &before.files);
        let mut before = before.filter(|file| file.name == planned.name);
        let same = before.any(|file| file.sha256 == written.sha256);
        let there = same && shared.place.has(&planned.name, written.bytes).await?;
        if !there {
            part.note(&shared.place, org).await?;
            shared.place.put(&planned.name, draft).await?;
        }
        shared.done.files.fetch_add(1, Ordering::Relaxed);
        shared
            .done
            .bytes
            .fetch_add(written.bytes, Ordering::Relaxed);
        shared.show_progress();
        Ok(FileEntry {
            name: planned.name.clone(),
            rows: self.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            sum_cents: self.dataset.sum_column().map(|_| sum),
            complete: !planned.invoices.iter().any(|source| source.is_pending()),
            invoices: planned.invoices.clone(),
        })
    }
}

/// An invoice, and the files that are made of it.
pub(super) struct Wanted<'a> {
    pub(super) id: InvoiceId,
    pub(super) summary: &'a InvoiceSummary,
    pub(super) line_items: Option<(&'a Part, &'a Planned)>,
    pub(super) invoices: Option<(&'a Part, &'a Planned)>,
}

/// Reads an invoice once, and writes the files that are made of it.
pub(super) async fn invoice(
    shared: &Shared,
    org: &Org,
    wanted: &Wanted<'_>,
) -> Result<Vec<FileEntry>, Failure> {
    let mut entries = Vec::new();
    let (mut head, own) = match wanted.line_items {
        Some((part, planned)) => {
            let request = org.invoice(wanted.id);
            let linked = part.settings.linked;
            let mut items = request
                .linked_items(linked != Linked::Omit)
                .line_items()
                .await?;
            let columns = line_item_columns();
            let mut file = File::begin(shared, Dataset::LineItems, part.settings, &columns)?;
            let listed: Arc<Invoice> = InvoiceRow::from(wanted.summary).invoice.into();
            let mut owners = Owners::default();
            let mut index = 0;
            let mut own = Total::default();
            while let Some(item) = items.next().await {
                let item = item?;
                index += 1;
                shared.done.items.fetch_add(1, Ordering::Relaxed);
                if index % PROGRESS == 0 {
                    shared.show_progress();
                    // Items that have arrived are no reason to wait: others get their turn.
                    tokio::task::yield_now().await;
                }
                let linked_invoice = items.linked_invoice().cloned();
                if linked_invoice.is_none() {
                    own += std::iter::once(&item).collect();
                }
                if linked == Linked::Only && linked_invoice.is_none() {
                    continue;
                }
                let linked_org = match &linked_invoice {
                    Some(linked) => {
                        let month = InvoiceRow::month_of(&listed);
                        owners.of(&shared.voice, org, month, linked).await
                    }
                    None => None,
                };
                let cents = item.total_price_cents;
                let row = ItemRow {
                    invoice: listed.clone(),
                    index: index - 1,
                    linked: linked_invoice,
                    linked_org,
                    item,
                };
                file.write(&row, cents)?;
            }
            entries.push(file.end(shared, part, planned, org).await?);
            let head = items.head().cloned().unwrap_or_default();
            if linked == Linked::Omit && !head.linked_invoices.is_empty() {
                shared.voice.once(
                    "note: line items of linked invoices are omitted; --linked include adds them",
                );
            }
            (head, Some(own))
        }
        None => {
            let items = org.invoice(wanted.id).line_items().await?;
            let summed = items.total_by(&[]).await?;
            (summed.head, Some(summed.statement.items))
        }
    };
    if let Some((part, planned)) = wanted.invoices {
        head.org_id.get_or_insert_with(|| org.id().to_string());
        let cents = head.amount_billed_cents;
        let columns = invoice_dataset_columns();
        let mut file = File::begin(shared, Dataset::Invoices, part.settings, &columns)?;
        let row = InvoiceRow {
            invoice: head,
            items: own,
        };
        file.write(&row, cents)?;
        entries.push(file.end(shared, part, planned, org).await?);
    }
    Ok(entries)
}

/// Writes the rows of an invoice's FOCUS report, which is made unless there is one that stands for the
/// invoice still.
pub(super) async fn focus(
    shared: &Shared,
    org: &Org,
    (id, summary): (InvoiceId, &InvoiceSummary),
    part: &Part,
    planned: &Planned,
) -> Result<FileEntry, Failure> {
    let request = org.focus_report(id).listed(summary.clone());
    let policy = shared.policy.with_backoff(Backoff::for_reports());
    let mut rows = request.polling(policy).await?;
    let columns = focus_columns();
    let mut file = File::begin(shared, Dataset::Focus, part.settings, &columns)?;
    while let Some(row) = rows.next().await {
        let row = row?;
        if file.rows == 0 {
            let further = further_columns(row.iter().map(|(name, _)| name));
            if !further.is_empty() {
                shared.voice.once(&format!(
                    "note: columns of FOCUS reports that this program does not know are omitted: {further}; \
                     `focus --output-dir` writes reports as received"
                ));
            }
        }
        file.write(&row, None)?;
        if file.rows % PROGRESS == 0 {
            tokio::task::yield_now().await;
        }
    }
    file.end(shared, part, planned, org).await
}

/// The names that are no column of the data set.
fn further_columns<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let is_known = |name: &&str| FocusColumn::ALL.iter().any(|column| column.name() == *name);
    let further: Vec<&str> = names.filter(|name| !is_known(name)).collect();
    further.join(", ")
}

/// The rows of a Cost Explorer query over all `months`, grouped by service, by month.
pub(super) async fn costs(
    shared: &Shared,
    org: &Org,
    months: Months,
    linked: Linked,
) -> Result<BTreeMap<Month, Vec<CostRow>>, Failure> {
    let organizations = queried(org, months, linked).await?;
    let request = org.costs(months).organizations(organizations);
    let request = request.group_by(GroupBy::Services);
    let report = request.polling(shared.policy).await?;
    let mut rows: BTreeMap<Month, Vec<CostRow>> = BTreeMap::new();
    for row in report.into_rows() {
        let Some(date) = row.usage_date else {
            let message = "a row of the cost report has no month";
            return Err(Failure::new(exit::UNREACHABLE, message));
        };
        rows.entry(Month::of(date)).or_default().push(row);
    }
    Ok(rows)
}

/// Writes the costs of a month.
pub(super) async fn cost_file(
    shared: &Shared,
    org: &Org,
    part: &Part,
    planned: &Planned,
    rows: &[CostRow],
) -> Result<FileEntry, Failure> {
    let columns = cost_columns(shared.today);
    let mut file = File::begin(shared, Dataset::Costs, part.settings, &columns)?;
    for row in rows {
        file.write(row, None)?;
    }
    file.end(shared, part, planned, org).await
}
