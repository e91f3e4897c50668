//! What one month cost by service, from the invoice's FOCUS report.
//!
//! `cargo run --example focus_report -- 2025-02`
//!
//! The service makes the report first, which takes seconds to minutes, and keeps it for seven days:
//! another run uses it again. Tax, adjustments and refunds are not in it.

use atlas_billing::{Client, FocusTotal, Month, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints one line a service.
pub async fn run(org: &Org, month: Month) -> Fallible<Vec<FocusTotal>> {
    let mut report = org.invoice_of(month).focus_report().start().await?;
    while let Some(attempt) = report.next().await {
        eprintln!("{}", attempt?);
    }
    // The file is read while it arrives, however large it is.
    let totals = report.await?.total_by(["ServiceName"]).await?.totals()?;
    for total in &totals {
        let service = total.group.first().and_then(Option::as_deref);
        let currency = total.currency.as_deref().unwrap_or_default();
        println!(
            "{:>12} {currency} {}",
            total.billed_cost,
            service.unwrap_or("-")
        );
    }
    Ok(totals)
}

#[tokio::main]
async fn main() -> Fallible {
    let month = std::env::args()
        .nth(1)
        .ok_or("name the month, such as 2025-02")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id), month.parse()?).await?;
    Ok(())
}
