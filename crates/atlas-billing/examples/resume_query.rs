//! A Cost Explorer query that outlives the process: started by one run, finished by another.
//!
//! `cargo run --example resume_query -- 2025-01..2025-03` prints a token and each poll;
//! `cargo run --example resume_query -- TOKEN` resumes it.

use atlas_billing::{Client, Months, Org, OrgId, QueryToken};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Starts a query and leaves it; the token is all there is to save.
pub async fn start(org: &Org, months: Months) -> Fallible<QueryToken> {
    let query = org.costs(months).start().await?;
    Ok(query.token().clone())
}

/// Resumes a query and reports each poll.
pub async fn resume(org: &Org, token: QueryToken) -> Fallible {
    let mut query = org.resume(token);
    while let Some(attempt) = query.next().await {
        eprintln!("{}", attempt?);
    }
    // The last poll has brought the result: this sends no further request.
    let report = query.await?;
    println!("{} rows, {} in all", report.rows().len(), report.total()?);
    Ok(())
}

#[tokio::main]
async fn main() -> Fallible {
    let argument = std::env::args()
        .nth(1)
        .ok_or("name the months, or a token")?;
    let id = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    let org = Client::from_env()?.org(id);
    let token = match argument.parse::<Months>() {
        Ok(months) => start(&org, months).await?,
        Err(_) => argument.parse()?,
    };
    println!("{token}");
    resume(&org, token).await
}
