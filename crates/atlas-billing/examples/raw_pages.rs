//! A list operation of the generated client, page by page.
//!
//! `cargo run --example raw_pages`

use atlas_billing::raw::Pages;
use atlas_billing::{Client, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints the organization's invoices, two a page.
pub async fn run(client: &Client, org: &OrgId) -> Fallible<usize> {
    let raw = client.raw();
    let list = || {
        raw.list_org_invoices()
            .org_id(org.as_str())
            .items_per_page(2)
    };
    let mut pages = Pages::new(|page: i64| list().page_num(page).send());
    let mut count = 0;
    while let Some(invoices) = pages.next().await {
        for invoice in invoices? {
            println!("{:?} {:?}", invoice.id, invoice.subtotal_cents);
            count += 1;
        }
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Fallible {
    let org = OrgId::from_env()?.ok_or("set MONGODB_ATLAS_ORG_ID")?;
    run(&Client::from_env()?, &org).await?;
    Ok(())
}
