//! An invoice's CSV file, row by row, with its tags.
//!
//! `cargo run --example invoice_csv -- 2025-03`

use atlas_billing::{Client, Month, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints the billing period, then each row.
pub async fn run(org: &Org, month: Month) -> Fallible<u64> {
    let mut rows = org.invoice_of(month).csv().await?.invoice_rows();
    println!("{:?}", rows.read_preamble().await?.get("Billing Period"));
    let mut count = 0;
    while let Some(row) = rows.next().await {
        let row = row?;
        println!(
            "{:?} {:?} {:?} {:?}",
            row.usage_date, row.sku, row.amount, row.tags
        );
        count += 1;
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Fallible {
    let month = std::env::args()
        .nth(1)
        .ok_or("name the month, such as 2025-03")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id), month.parse()?).await?;
    Ok(())
}
