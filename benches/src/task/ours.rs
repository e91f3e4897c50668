//! The same jobs by `atlas-billing`.

use atlas_billing::{Cents, Client, Credentials, Dimension, InvoiceId, Org};
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

pub(super) async fn items(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut stream = org.invoice(id(items)?).line_items().await?;
    let mut seen = Seen::default();
    while let Some(item) = stream.next().await {
        let item = item?;
        seen.count += 1;
        seen.cents += item.total_price_cents.unwrap_or(0);
    }
    Ok(gauge.stop(seen))
}

pub(super) async fn total(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut stream = org.invoice(id(items)?).line_items().await?;
    let totals = stream.total_by(&[Dimension::Sku]).await?;
    let total = totals.total();
    let net = total
        .gross
        .checked_sub(total.discount)
        .ok_or("the sum has an end")?;
    Ok(gauge.stop(Seen {
        count: total.count,
        cents: cents(net)?,
    }))
}

pub(super) async fn whole(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let invoice = org.invoice(id(items)?).await?;
    let count = invoice.line_items.len() as u64;
    let cents = invoice
        .line_items
        .iter()
        .filter_map(|item| item.total_price_cents)
        .sum();
    let sample = gauge.stop(Seen { count, cents });
    drop(invoice);
    Ok(sample)
}

pub(super) async fn rows(base_url: &str, items: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let gauge = Gauge::start();
    let mut rows = org.invoice(id(items)?).csv().await?.rows();
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
    while let Some(record) = records.next().await {
        let record = record?;
        seen.cents += super::cents(record.get("Amount").unwrap_or_default().as_bytes())?;
        seen.count += 1;
    }
    Ok(gauge.stop(seen))
}

pub(super) async fn calls(base_url: &str, calls: u64) -> Result<Sample> {
    let org = org(base_url)?;
    let id = id(super::ITEMS_OF_A_SMALL_CALL)?;
    let once = async || -> Result<Seen> {
        let invoice = org.invoice(id).await?;
        let cents = invoice
            .line_items
            .iter()
            .filter_map(|item| item.total_price_cents)
            .sum();
        Ok(Seen {
            count: invoice.line_items.len() as u64,
            cents,
        })
    };
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
