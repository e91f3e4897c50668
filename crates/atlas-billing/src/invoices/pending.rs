//! The pending invoices, with their line items.

use std::future::IntoFuture;

use atlas_billing_raw::types::{Invoice, PendingInvoices};

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::Result;
use crate::list::page_of;
use crate::request::{CallOptions, Form, call_options};

/// A request for the pending invoices with their line items: one request, all in memory.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
/// for invoice in org.invoices().pending().await? {
///     println!("{:?}: {} line items", invoice.id, invoice.line_items.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited"]
pub struct PendingInvoicesRequest {
    org: Org,
    options: CallOptions,
}

call_options!(PendingInvoicesRequest);

impl PendingInvoicesRequest {
    pub(super) fn new(org: Org, options: CallOptions) -> Self {
        Self { org, options }
    }
}

impl IntoFuture for PendingInvoicesRequest {
    type Output = Result<Vec<Invoice>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, org) = (self.org.client(), self.org.id());
            let deadline = client.deadline(&self.options);
            let build = |raw: atlas_billing_raw::Client| async move {
                let request = raw.list_org_invoice_pending_bytes();
                request.org_id(org.as_str()).send().await
            };
            let call = client
                .pipeline()
                .prepare(Form::Json, &self.options, deadline, build);
            let page = call.await?.read(page_of::<PendingInvoices>).await?;
            Ok(page.1.results)
        })
    }
}
