//! What each service cost over some months.
//!
//! `cargo run --example costs_by_service -- 2025-01..2025-03`, with the credentials and
//! `MONGODB_ATLAS_ORG_ID` in the environment.

use atlas_billing::{Client, GroupBy, Months, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Asks, and prints one line a service.
pub async fn run(org: &Org, months: Months) -> Fallible {
    let report = org.costs(months).group_by(GroupBy::Services).await?;
    for (service, amount) in report.total_by(|row| row.service.clone())? {
        println!(
            "{amount:>14}  {}",
            service.as_deref().unwrap_or("(no service)")
        );
    }
    println!("{:>14}  {months}", report.total()?);
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible {
    let months = std::env::args()
        .nth(1)
        .ok_or("name the months, such as 2025-01..2025-03")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?.org(id), months.parse()?).await
}
