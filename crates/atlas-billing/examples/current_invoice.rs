//! What the running month has cost so far, by project and SKU, to the cent.
//!
//! `cargo run --example current_invoice`

use atlas_billing::{Client, Dimension, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Asks, and prints one line a group and what the sums are to be compared with.
pub async fn run(org: &Org) -> Fallible {
    let invoice = org.current_invoice().await?;
    println!(
        "invoice {} is {:?}",
        invoice.invoice_id(),
        invoice.status_name
    );
    let totals = invoice.total_by(&[Dimension::Project, Dimension::Sku]);
    for group in totals.groups() {
        let keys: Vec<String> = group
            .keys
            .iter()
            .map(|key| key.label().unwrap_or_else(|| "(none)".into()))
            .collect();
        let total = &group.total;
        println!(
            "{:>12} {:>10} {:>6}  {}",
            total.gross,
            total.discount,
            total.count,
            keys.join(" / ")
        );
    }
    println!("{:>12} in all, before discounts", totals.total().gross);
    println!("{:#?}", invoice.reconcile());
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible {
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id)).await
}
