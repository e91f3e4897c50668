//! The organizations that another one pays for, and which of their invoices are whose.

use std::collections::BTreeMap;
use std::sync::Arc;

use atlas_billing::{Error, InvoiceSummary, LinkedInvoice, Month, Months, Org, OrgId};

use crate::args::Linked;
use crate::failure::{Failure, exit};
use crate::voice::Voice;

/// The organizations that a Cost Explorer query is limited to, as `--linked` says; empty for all.
///
/// # Errors
/// [`exit::NOT_FOUND`] where only linked ones are wanted, and there are none.
pub(super) async fn queried(
    org: &Org,
    months: Months,
    linked: Linked,
) -> Result<Vec<OrgId>, Failure> {
    let organizations = match linked {
        Linked::Omit => vec![*org.id()],
        Linked::Include => Vec::new(),
        Linked::Only => linked_organizations(org, months).await?,
    };
    match linked == Linked::Only && organizations.is_empty() {
        true => Err(not_linked(org.id(), months)),
        false => Ok(organizations),
    }
}

/// No organization is linked.
pub(super) fn not_linked(org: &OrgId, period: impl std::fmt::Display) -> Failure {
    let message = format!("no organization is linked to {org} in {period}");
    Failure::new(exit::NOT_FOUND, message)
}

/// The organizations whose invoices are linked to those of `months`, each once, in the order of the
/// list of invoices.
pub(super) async fn linked_organizations(org: &Org, months: Months) -> Result<Vec<OrgId>, Error> {
    let list = org.invoices().period(months).linked(true).await?;
    let mut found = Vec::new();
    for summary in &list {
        add_linked(summary, org.id(), &mut found);
    }
    Ok(found)
}

fn add_linked(summary: &InvoiceSummary, payer: &OrgId, found: &mut Vec<OrgId>) {
    for linked in &summary.linked_invoices {
        let id = linked.org_id.as_deref().and_then(|id| id.parse().ok());
        if let Some(id) = id.filter(|id| id != payer && !found.contains(id)) {
            found.push(id);
        }
        add_linked(linked, payer, found);
    }
}

/// The organizations of linked invoices. An invoice has them behind the line items, so that they are
/// asked for, by one request at the first item that needs it.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_invoice: Option<BTreeMap<String, Arc<str>>>,
}

impl Owners {
    /// The organization of a linked invoice of `month`; `None` where it cannot be told, which is said.
    pub(super) async fn of(
        &mut self,
        voice: &Voice,
        org: &Org,
        month: Option<Month>,
        linked: &LinkedInvoice,
    ) -> Option<Arc<str>> {
        let owners = match &mut self.by_invoice {
            Some(owners) => owners,
            none => none.insert(owners(voice, org, month).await),
        };
        let owner = owners.get(linked.id()?).cloned();
        if owner.is_none() && !owners.is_empty() {
            voice.once("warning: the organizations of some linked invoices are not known");
        }
        owner
    }
}

async fn owners(voice: &Voice, org: &Org, month: Option<Month>) -> BTreeMap<String, Arc<str>> {
    let unknown = |why: &str| {
        voice.once(&format!(
            "warning: the organizations of linked invoices are not known: {why}"
        ));
        BTreeMap::new()
    };
    let Some(month) = month else {
        return unknown("the month of the invoice is not known");
    };
    match org.associated_invoices(month).await {
        Err(error) => unknown(error.message()),
        Ok(invoices) => {
            let pairs = invoices.into_iter();
            let pairs = pairs.filter_map(|it| Some((it.invoice_id?, it.org_id?.into())));
            pairs.collect()
        }
    }
}
