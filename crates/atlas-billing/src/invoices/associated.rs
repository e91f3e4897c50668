//! The invoices of all linked organizations for one month.

use std::future::IntoFuture;

use atlas_billing_raw::types::{AssociatedInvoice, AssociatedInvoices};

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::period::Month;
use crate::request::{CallOptions, Form, call_options};

impl Org {
    /// The invoices of this organization and those linked to it for one month (UTC), each with the
    /// organization it belongs to.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// use atlas_billing::Month;
    ///
    /// for invoice in org.associated_invoices(Month::new(2025, 2)?).await? {
    ///     println!("{:?} of {:?}", invoice.invoice_id, invoice.org_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn associated_invoices(&self, month: Month) -> AssociatedInvoicesRequest {
        AssociatedInvoicesRequest {
            org: self.clone(),
            month,
            linked: true,
            options: CallOptions::new(),
        }
    }
}

/// A request for the invoices of one month: those of linked organizations, too, unless they are
/// [omitted](Self::linked).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited"]
pub struct AssociatedInvoicesRequest {
    org: Org,
    month: Month,
    linked: bool,
    options: CallOptions,
}

call_options!(AssociatedInvoicesRequest);

impl AssociatedInvoicesRequest {
    /// Whether the invoices of linked organizations are listed, too, as they are by default.
    pub fn linked(mut self, linked: bool) -> Self {
        self.linked = linked;
        self
    }
}

impl IntoFuture for AssociatedInvoicesRequest {
    type Output = Result<Vec<AssociatedInvoice>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, request) = (self.org.client(), &self);
            let deadline = client.deadline(&self.options);
            let build = |raw: atlas_billing_raw::Client| async move {
                raw.list_associated_invoices_bytes()
                    .org_id(request.org.id().as_str())
                    .month(i64::from(request.month.month()))
                    .year(i64::from(request.month.year()))
                    .include_linked_orgs(request.linked)
                    .send()
                    .await
            };
            let call = client
                .pipeline()
                .prepare(Form::Json, &self.options, deadline, build);
            let (meta, list) = call.await?.json::<AssociatedInvoices>().await?;
            // An object of another kind decodes to a list without a month.
            if list.associated_invoices.is_empty() && list.month.is_none() {
                let error = Error::decode("the response is not a list of associated invoices");
                return Err(error.with_meta(meta));
            }
            Ok(list.associated_invoices)
        })
    }
}
