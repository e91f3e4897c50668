//! An invoice of any size, item by item, in bounded memory.
//!
//! `cargo run --example line_items -- 2025-03`

use atlas_billing::{Client, Month, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints each item while the response arrives, and returns how many there were.
pub async fn run(org: &Org, month: Month) -> Fallible<u64> {
    let mut items = org.invoice_of(month).line_items().await?;
    let mut count = 0;
    while let Some(item) = items.next().await {
        let item = item?;
        println!("{:?} {:?} {:?}", item.sku, item.gross(), item.tag("team"));
        count += 1;
    }
    // The invoice's own figures may come after its items.
    if let Some(head) = items.head() {
        println!("{count} items of {:?}", head.subtotal_cents);
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
