//! The invoices of some months that are paid or closed.
//!
//! `cargo run --example list_invoices -- 2025`

use atlas_billing::{Client, InvoiceStatus, Months, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints one line an invoice, page after page.
pub async fn run(org: &Org, months: Months) -> Fallible<u64> {
    let statuses = [InvoiceStatus::Paid, InvoiceStatus::Closed];
    let mut invoices = org.invoices().period(months).statuses(statuses).stream();
    let mut count = 0;
    while let Some(invoice) = invoices.next().await {
        let invoice = invoice?;
        println!(
            "{:?} {:?} {:?}",
            invoice.id, invoice.status_name, invoice.end_date
        );
        count += 1;
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Fallible {
    let months = std::env::args()
        .nth(1)
        .ok_or("name the months, such as 2025")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id), months.parse()?).await?;
    Ok(())
}
