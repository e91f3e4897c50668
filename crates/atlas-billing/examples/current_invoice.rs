//! What the running month has cost so far, by project and SKU, to the cent.
//!
//! `cargo run --example current_invoice`

use atlas_billing::money::Statement;
use atlas_billing::totals::{Dimension, Totals};
use atlas_billing::{Client, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints one line a group, and the figures that the invoice states itself.
pub async fn run(org: &Org) -> Fallible {
    let invoice = org.current_invoice().await?;
    println!("invoice {:?} is {:?}", invoice.id, invoice.status_name);
    let totals = Totals::of(&invoice.line_items, &[Dimension::Project, Dimension::Sku]);
    for group in totals.groups() {
        let (keys, total) = (&group.keys, group.total);
        println!(
            "{:>12} {:>10} {:>6}  {} / {}",
            total.gross, total.discount, total.count, keys[0], keys[1]
        );
    }
    println!("{:>12} in all", totals.total().gross);
    let statement = Statement::of(&invoice);
    for row in &statement.rows {
        println!("{:>12} {}", row.cents, row.label);
    }
    for finding in &statement.findings {
        println!("{}", finding.text);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible {
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id)).await
}
