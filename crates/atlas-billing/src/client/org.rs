//! The billing of one organization.

use crate::{Client, OrgId};

/// The billing of one organization: where every question begins. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Org {
    pub(crate) client: Client,
    pub(crate) id: OrgId,
}

impl Org {
    pub(super) fn new(client: Client, id: OrgId) -> Self {
        Self { client, id }
    }

    /// The organization.
    pub fn id(&self) -> &OrgId {
        &self.id
    }

    /// The client that asks.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
