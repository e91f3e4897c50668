//! A Cost Explorer result as the service's own CSV file, and record by record.
//!
//! `cargo run --example costs_csv -- 2025-03 > costs.csv`

use std::io::Write as _;

use atlas_billing::{Client, Months, Org, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The file, byte for byte.
pub async fn save(org: &Org, months: Months, mut file: impl std::io::Write) -> Fallible {
    let mut pieces = org.costs(months).csv().await?;
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?)?;
    }
    Ok(())
}

/// The same, by the names of its header row.
pub async fn print(org: &Org, months: Months) -> Fallible {
    let mut records = org.costs(months).csv().await?.records();
    while let Some(record) = records.next().await {
        for (name, value) in record?.iter() {
            print!("{name}={value} ");
        }
        println!();
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible {
    let months = std::env::args()
        .nth(1)
        .ok_or("name the months, such as 2025-03")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    let org = Client::from_env()?.org(id);
    save(&org, months.parse()?, std::io::stdout().lock()).await?;
    std::io::stdout().flush()?;
    Ok(())
}
