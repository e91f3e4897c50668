//! The SKUs that Atlas charges for, page by page, through the generated client.
//!
//! `cargo run --example list_skus`

use atlas_billing::Client;
use atlas_billing::raw::Pages;

/// Prints one line a SKU, ten a page.
pub async fn run(client: &Client) -> Result<usize, Box<dyn std::error::Error>> {
    let raw = client.raw();
    let fetch = |page: i64| raw.list_skus().items_per_page(10).page_num(page).send();
    let (mut pages, mut count) = (Pages::new(fetch), 0);
    while let Some(skus) = pages.next().await {
        for sku in skus? {
            println!("{:?} {:?}", sku.id, sku.description);
            count += 1;
        }
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&Client::from_env()?).await.map(drop)
}
