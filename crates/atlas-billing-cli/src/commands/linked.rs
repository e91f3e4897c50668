//! The organizations that another one pays for, and which of their invoices are whose.

use std::collections::BTreeMap;
use std::sync::Arc;

use atlas_billing::{Error, InvoiceSummary, LinkedInvoice, Month, Months, Org, OrgId};

use crate::voice::Voice;

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
            "warning: the organizations of linked invoices are not known, and empty in used_by_org_id: {why}"
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
