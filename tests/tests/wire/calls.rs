//! Every call of the wrapper by name, and each with an answer of one's choice.

use atlas_billing::{Error, Org};
use atlas_billing_mock::{Fault, On, Operation};
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, org, scenario, stand_in};

/// What is called, told from the others by its result as text.
pub(crate) const CALLS: [&str; 7] = [
    "create",
    "report",
    "cost file",
    "invoice",
    "items",
    "file",
    "list",
];

pub(crate) async fn call(name: &str, org: &Org) -> Result<String, Error> {
    let months = "2025-01".parse()?;
    let invoice = || Ok::<_, Error>(org.invoice(INVOICE.parse()?));
    Ok(match name {
        "create" => {
            let query = org.costs(months).start().await?;
            query.token().as_str().len().to_string()
        }
        "report" => format!("{} rows", org.costs(months).await?.rows().len()),
        "cost file" => {
            let file = org.costs(months).csv().await?.bytes().await?;
            String::from_utf8_lossy(&file).into_owned()
        }
        "invoice" => format!("{} items", invoice()?.await?.line_items.len()),
        "items" => {
            let mut items = invoice()?.line_items().await?;
            let mut count = 0;
            while let Some(item) = items.next().await {
                item?;
                count += 1;
            }
            format!("{count} items")
        }
        "file" => {
            let file = invoice()?.csv().await?.bytes().await?;
            String::from_utf8_lossy(&file).into_owned()
        }
        _ => {
            let list = org.invoices().await?;
            format!("{} invoices", list.len())
        }
    })
}

/// Which requests a call's own answer is the answer to.
fn struck(name: &str) -> On {
    match name {
        "create" => On::operation(Operation::CreateQuery),
        "report" => On::operation(Operation::Look),
        "cost file" => On::operation(Operation::Look).from(2),
        "list" => On::operation(Operation::Invoices),
        _ => On::operation(Operation::Invoice),
    }
}

pub(crate) fn is_file(name: &str) -> bool {
    name.ends_with("file")
}

/// What `name` comes to where its answer is `status`, `media` and `body`.
pub(crate) async fn answered(
    name: &str,
    status: u16,
    media: &str,
    body: &str,
) -> Result<String, Error> {
    let headers = vec![("content-type".to_owned(), media.to_owned())];
    let body = body.to_owned().into();
    let reply = Fault::Reply {
        status,
        headers,
        body,
    };
    let stand_in = stand_in(scenario().fault(struck(name), reply)).await;
    call(name, &org(Protocol::Http1, &stand_in.base_url())).await
}
