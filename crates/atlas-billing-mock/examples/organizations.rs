//! Three organizations with linked invoices and fourteen months, one invoice of odd items, on a port of
//! its own: `cargo run -p atlas-billing-mock --example organizations [pending | ITEMS]`. With `pending`
//! the previous month is not closed yet; with a number, each month has a further invoice of so many
//! line items. Prints the base URL and runs until it is ended.

use std::error::Error;

use atlas_billing_mock::{InvoicePlan, Scenario, StandIn, Variety};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let odd = InvoicePlan::new("66a1000000000000000000d3").month(2024, 12);
    let mut scenario = Scenario::builder()
        .today("2025-03-09".parse()?)
        .organizations(3)
        .with_linked_invoices()
        .invoice(odd.items(2_000).variety(Variety::Wild));
    match std::env::args().nth(1).as_deref() {
        None | Some("closed") => {}
        Some("pending") => scenario = scenario.with_previous_month_pending(),
        Some(items) => {
            let items = items.parse()?;
            let months = (2..=12).map(|month| (2024, month));
            for (year, month) in months.chain((1..=3).map(|month| (2025, month))) {
                let plan = InvoicePlan::new(format!("66a2000000000000{year:04}{month:04}"));
                scenario =
                    scenario.invoice(plan.month(year, month).seed(month.into()).items(items));
            }
        }
    }
    let atlas = StandIn::start(scenario.build()).await?;
    println!("{}", atlas.base_url());
    std::future::pending().await
}
