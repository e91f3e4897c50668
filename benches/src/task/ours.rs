//! The same jobs by `atlas-billing`.

use atlas_billing::totals::{Dimension, ItemFilter, Total};
use atlas_billing::{
    Cents, Client, Credentials, Decimal, FocusRows, Invoice, InvoiceId, LineItems, Org, ReportToken,
};
use atlas_billing_mock::ORG_ID;

use crate::Result;
use crate::gauge::{Gauge, Sample, Seen};
use crate::replay::invoice_id;

fn org(base_url: &str) -> Result<Org> {
    let client = Client::builder(Credentials::bearer("made-up"))
        .base_url(base_url)
        // A million items whole are beyond the default limit of what is kept in memory.
        .max_body(u64::MAX)
        .build()?;
    Ok(client.org(ORG_ID.parse()?))
}

fn id(items: u64) -> Result<InvoiceId> {
    Ok(invoice_id(items).parse()?)
}

fn cents(sum: Cents) -> Result<i64> {
    Ok(i64::try_from(sum.get())?)
}

fn seen(invoice: &Invoice) -> Result<Seen> {
    let prices = invoice.line_items.iter().map(|item| item.gross());
    Ok(Seen {
        count: invoice.line_items.len() as u64,
        cents: cents(prices.sum())?,
    })
}

pub(super) async fn items(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut stream = org.invoice(id(items)?).line_items().await?;
    let (mut count, mut sum) = (0, Cents::ZERO);
    while let Some(item) = stream.next().await {
        count += 1;
        sum += item?.gross();
    }
    let cents = cents(sum)?;
    Ok(gauge.stop(Seen { count, cents }))
}

pub(super) async fn total(base_url: &str, items: u64) -> Result<Sample> {
    added_up(base_url, items, async |stream| {
        let sums = stream.total_by(&[Dimension::Sku]).await?;
        Ok(sums.totals.total())
    })
    .await
}

pub(super) async fn statement(base_url: &str, items: u64) -> Result<Sample> {
    added_up(base_url, items, async |stream| {
        Ok(stream.statement().await?.items)
    })
    .await
}

pub(super) async fn days(base_url: &str, items: u64) -> Result<Sample> {
    added_up(base_url, items, async |stream| {
        let days = stream.daily(&[], &ItemFilter::new()).await?;
        Ok(days.daily.total().total())
    })
    .await
}

pub(super) async fn sums(base_url: &str, items: u64) -> Result<Sample> {
    added_up(base_url, items, async |stream| {
        let by = [Dimension::Cluster, Dimension::Sku];
        let sums = stream.sums(&by, &[Dimension::Sku]).await?;
        Ok(sums.totals.total())
    })
    .await
}

/// Reads an invoice of `items` and adds them up by `sum`.
async fn added_up(
    base_url: &str,
    items: u64,
    sum: impl AsyncFnOnce(LineItems) -> Result<Total>,
) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let total = sum(org.invoice(id(items)?).line_items().await?).await?;
    Ok(gauge.stop(Seen {
        count: total.count,
        cents: cents(total.net())?,
    }))
}

pub(super) async fn whole(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let invoice = org.invoice(id(items)?).await?;
    let sample = gauge.stop(seen(&invoice)?);
    drop(invoice);
    Ok(sample)
}

pub(super) async fn rows(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut rows = org.invoice(id(items)?).csv().await?.invoice_rows();
    let mut seen = Seen::default();
    let mut sum = 0;
    while let Some(row) = rows.next().await {
        let amount = row?.amount.ok_or("a row has an amount")?;
        // Amounts are of two decimal places; scaled to them, the number is cents.
        let mut amount = amount;
        amount.rescale(2);
        sum += amount.mantissa();
        seen.count += 1;
    }
    seen.cents = i64::try_from(sum)?;
    Ok(gauge.stop(seen))
}

pub(super) async fn records(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut records = org.invoice(id(items)?).csv().await?.records();
    let mut seen = Seen::default();
    let mut column = None;
    while let Some(record) = records.next().await {
        let record = record?;
        // Looked up once, as in `plain::csv`.
        let column = *column.get_or_insert_with(|| record.header().position("Amount"));
        let cell = column.and_then(|column| record.get_at(column));
        seen.cents += super::cents(cell.unwrap_or_default().as_bytes())?;
        seen.count += 1;
    }
    Ok(gauge.stop(seen))
}

/// The rows of a report that is there: it is polled once, and its file downloaded.
async fn focus_rows(base_url: &str, items: u64) -> Result<FocusRows> {
    let report = ReportToken::new(id(items)?, id(items)?.as_str().parse()?);
    Ok(org(base_url)?.resume_report(report).await?)
}

/// Costs are of four decimal places here; scaled to them, the number is hundredths of cents.
fn hundredths(mut cost: Decimal) -> Result<i64> {
    cost.rescale(4);
    Ok(i64::try_from(cost.mantissa())?)
}

pub(super) async fn focus(base_url: &str, items: u64) -> Result<Sample> {
    let gauge = Gauge::start();
    let mut rows = focus_rows(base_url, items).await?;
    let mut seen = Seen::default();
    while let Some(row) = rows.next().await {
        seen.cents += hundredths(row?.billed_cost().ok_or("a row has a cost")?)?;
        seen.count += 1;
    }
    Ok(gauge.stop(seen))
}

pub(super) async fn focus_total(base_url: &str, items: u64) -> Result<Sample> {
    let gauge = Gauge::start();
    let rows = focus_rows(base_url, items).await?;
    let totals = rows.total_by(["ServiceName"]).await?.totals()?;
    let mut seen = Seen::default();
    for total in totals {
        seen.cents += hundredths(total.billed_cost)?;
        seen.count += total.rows;
    }
    Ok(gauge.stop(seen))
}

pub(super) async fn calls(base_url: &str, calls: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let id = id(super::ITEMS_OF_A_SMALL_CALL)?;
    let once = async || -> Result<Seen> { seen(&org.invoice(id).await?) };
    once().await?;
    let gauge = Gauge::start();
    let mut seen = Seen::default();
    for _ in 0..calls {
        let call = once().await?;
        seen.count += call.count;
        seen.cents += call.cents;
    }
    Ok(gauge.stop(seen))
}
