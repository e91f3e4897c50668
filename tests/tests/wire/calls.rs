//! Every call of the wrapper by name, and each with a response of one's choice.

use atlas_billing::{Error, Org};
use atlas_billing_mock::{Fault, On, Operation};
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, january, org, scenario, stand_in};

/// The calls, each of which tells its result as text.
pub(crate) const CALLS: [&str; 10] = [
    "create",
    "report",
    "cost bytes",
    "cost file",
    "invoice",
    "items",
    "sums",
    "bytes",
    "file",
    "list",
];

pub(crate) async fn call(name: &str, org: &Org) -> Result<String, Error> {
    let costs = || org.costs(january());
    let invoice = || Ok::<_, Error>(org.invoice(INVOICE.parse()?));
    Ok(match name {
        "create" => {
            let query = costs().start().await?;
            query.token().as_str().len().to_string()
        }
        "report" => format!("{} rows", costs().await?.rows().len()),
        "cost bytes" => String::from_utf8_lossy(&costs().bytes().await?.1).into_owned(),
        "cost file" => {
            let file = costs().csv().await?.bytes().await?;
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
        "sums" => {
            let items = invoice()?.line_items().await?;
            format!("{} items", items.total_by(&[]).await?.totals.total().count)
        }
        "bytes" => String::from_utf8_lossy(&invoice()?.bytes().await?.1).into_owned(),
        "file" => {
            let file = invoice()?.csv().await?.bytes().await?;
            String::from_utf8_lossy(&file).into_owned()
        }
        _ => format!("{} invoices", org.invoices().await?.len()),
    })
}

/// The requests whose response decides what comes of a call.
fn struck(name: &str) -> On {
    match name {
        "create" => On::operation(Operation::CreateQuery),
        "report" | "cost bytes" => On::operation(Operation::Poll),
        "cost file" => On::operation(Operation::Poll).from(2),
        "list" => On::operation(Operation::Invoices),
        _ => On::operation(Operation::Invoice),
    }
}

pub(crate) fn is_file(name: &str) -> bool {
    name.ends_with("file")
}

/// What comes of `name` where `fault` strikes the response that decides.
pub(crate) async fn struck_by(name: &str, fault: Fault) -> Result<String, Error> {
    let stand_in = stand_in(scenario().fault(struck(name), fault)).await;
    call(name, &org(Protocol::Http1, &stand_in.base_url())).await
}

/// What comes of `name` where the response that decides is `status`, `media` and `body`.
pub(crate) async fn responded(
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
    struck_by(name, reply).await
}
