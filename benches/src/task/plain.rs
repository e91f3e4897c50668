//! The jobs as a program without this project does them: `bytes()`, then a decoder over the whole.

use std::collections::BTreeMap;

use atlas_billing_mock::ORG_ID;
use reqwest::header::ACCEPT;

use crate::Result;
use crate::gauge::{Gauge, Sample, Seen};
use crate::plain::Invoice;
use crate::replay::invoice_id;

pub(super) fn invoice_url(base_url: &str, items: u64) -> String {
    format!(
        "{base_url}/api/atlas/v2/orgs/{ORG_ID}/invoices/{}",
        invoice_id(items)
    )
}

async fn fetch(base_url: &str, items: u64) -> Result<Invoice> {
    let client = reqwest::Client::new();
    let url = invoice_url(base_url, items);
    let request = client
        .get(url)
        .header(ACCEPT, "application/vnd.atlas.2023-01-01+json");
    let bytes = request.send().await?.error_for_status()?.bytes().await?;
    Ok(serde_json::from_slice(&bytes)?)
}

pub(super) async fn whole(base_url: &str, items: u64) -> Result<Sample> {
    let gauge = Gauge::start();
    let invoice = fetch(base_url, items).await?;
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

pub(super) async fn total(base_url: &str, items: u64) -> Result<Sample> {
    let gauge = Gauge::start();
    let invoice = fetch(base_url, items).await?;
    let mut groups: BTreeMap<&str, (i64, i64, u64)> = BTreeMap::new();
    for item in &invoice.line_items {
        let group = groups
            .entry(item.sku.as_deref().unwrap_or_default())
            .or_default();
        group.0 += item.total_price_cents.unwrap_or(0);
        group.1 += item.discount_cents.unwrap_or(0);
        group.2 += 1;
    }
    let cents = groups.values().map(|group| group.0 - group.1).sum();
    let count = groups.values().map(|group| group.2).sum();
    let sample = gauge.stop(Seen { count, cents });
    drop(invoice);
    Ok(sample)
}

pub(super) async fn csv(base_url: &str, items: u64) -> Result<Sample> {
    let client = reqwest::Client::new();
    let gauge = Gauge::start();
    let url = invoice_url(base_url, items);
    let request = client
        .get(url)
        .header(ACCEPT, "application/vnd.atlas.2023-01-01+csv");
    let bytes = request.send().await?.error_for_status()?.bytes().await?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(&*bytes);
    let mut record = csv::ByteRecord::new();
    let mut amount_column = None;
    let (mut count, mut cents) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        match amount_column {
            None => amount_column = record.iter().position(|field| field == b"Amount"),
            Some(column) => {
                cents += super::cents(record.get(column).unwrap_or_default())?;
                count += 1;
            }
        }
    }
    Ok(gauge.stop(Seen { count, cents }))
}

pub(super) async fn calls(base_url: &str, calls: u64) -> Result<Sample> {
    let client = reqwest::Client::new();
    let url = invoice_url(base_url, super::ITEMS_OF_A_SMALL_CALL);
    let once = async || -> Result<Seen> {
        let request = client
            .get(&url)
            .header(ACCEPT, "application/vnd.atlas.2023-01-01+json");
        let answer = request
            .bearer_auth("made-up")
            .send()
            .await?
            .error_for_status()?;
        let invoice: Invoice = serde_json::from_slice(&answer.bytes().await?)?;
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
