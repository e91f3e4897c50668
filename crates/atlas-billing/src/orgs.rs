//! What is around a bill: organizations, their projects and clusters, and the SKUs.

use atlas_billing_raw::types::{
    Organization, OrganizationPage, Project, ProjectClusters, ProjectClustersPage, ProjectPage,
    Sku, SkuPage,
};

use crate::client::{Client, Org};
use crate::error::{Error, Result};
use crate::list::{ListRequest, Listed, PageCall};
use crate::request::{Call, CallOptions, Form};

impl Client {
    /// The organizations that the credentials see.
    ///
    /// ```no_run
    /// # async fn run(atlas: atlas_billing::Client) -> atlas_billing::Result<()> {
    /// for org in atlas.orgs().await? {
    ///     println!("{:?} {:?}", org.id, org.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn orgs(&self) -> OrgsRequest {
        ListRequest::new(self, Orgs { name: None })
    }

    /// The SKUs that Atlas charges for, each with a description.
    pub fn skus(&self) -> SkusRequest {
        ListRequest::new(self, Skus)
    }

    /// One SKU by its code, such as `ATLAS_AWS_INSTANCE_M10`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for a code that there is not;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for one without a letter or digit.
    pub async fn sku(&self, code: &str) -> Result<Sku> {
        // Dots alone would make another path of it (RFC 3986 section 5.2.4).
        if !code.contains(char::is_alphanumeric) {
            let message = format!("{code:?} is not the code of a SKU");
            return Err(Error::input(message).with_operation("getSku"));
        }
        let options = CallOptions::default();
        let deadline = self.deadline(&options);
        let build = |raw: atlas_billing_raw::Client| async move {
            raw.get_sku_bytes().sku_id(code).send().await
        };
        let call = self
            .pipeline()
            .prepare(Form::Json, &options, deadline, build);
        let (_, sku) = call.await?.json().await?;
        Ok(sku)
    }
}

impl Org {
    /// The organization's projects.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// let ids = org.projects().await?.into_iter().filter_map(|project| project.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn projects(&self) -> ProjectsRequest {
        let list = Projects {
            org: self.clone(),
            name: None,
        };
        ListRequest::new(self.client(), list)
    }

    /// The organization's clusters, project by project.
    ///
    /// The service lists the clusters of all organizations that the credentials see; those of other
    /// organizations are left out here. Clusters that span several cloud providers are not listed.
    pub fn clusters(&self) -> ClustersRequest {
        ListRequest::new(self.client(), Clusters { org: self.clone() })
    }
}

/// A request for the list of organizations.
pub type OrgsRequest = ListRequest<Orgs>;

/// The organizations that the credentials see, and a filter for them.
#[derive(Debug, Clone)]
pub struct Orgs {
    name: Option<String>,
}

impl OrgsRequest {
    /// Only organizations whose name begins with this text, whatever its case.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.list.name = Some(name.into());
        self
    }
}

impl Listed for Orgs {
    type Item = Organization;
    type Page = OrganizationPage;
    const OPERATION: &'static str = "listOrgs";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            let request = raw.list_orgs_bytes();
            let mut request = request.page_num(number).items_per_page(per_page);
            if let Some(name) = &self.name {
                request = request.name(name);
            }
            request.send().await
        })
        .await
    }

    fn id(org: &Organization) -> Option<&str> {
        org.id.as_deref()
    }
}

/// A request for the list of an organization's projects.
pub type ProjectsRequest = ListRequest<Projects>;

/// The projects of an organization, and a filter for them.
#[derive(Debug, Clone)]
pub struct Projects {
    org: Org,
    name: Option<String>,
}

impl ProjectsRequest {
    /// Only projects that the service finds by this name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.list.name = Some(name.into());
        self
    }
}

impl Listed for Projects {
    type Item = Project;
    type Page = ProjectPage;
    const OPERATION: &'static str = "listOrgGroups";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            let request = raw.list_org_groups_bytes().org_id(self.org.id().as_str());
            let mut request = request.page_num(number).items_per_page(per_page);
            if let Some(name) = &self.name {
                request = request.name(name);
            }
            request.send().await
        })
        .await
    }

    fn id(project: &Project) -> Option<&str> {
        project.id.as_deref()
    }
}

/// A request for the list of an organization's clusters.
pub type ClustersRequest = ListRequest<Clusters>;

/// The clusters of an organization.
#[derive(Debug, Clone)]
pub struct Clusters {
    org: Org,
}

impl Listed for Clusters {
    type Item = ProjectClusters;
    type Page = ProjectClustersPage;
    const OPERATION: &'static str = "listClusterDetails";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            let request = raw.list_cluster_details_bytes();
            let request = request.page_num(number).items_per_page(per_page);
            request.send().await
        })
        .await
    }

    fn id(project: &ProjectClusters) -> Option<&str> {
        project.group_id.as_deref()
    }

    fn lets_pass(&self, project: &ProjectClusters) -> bool {
        project.org_id.as_deref() == Some(self.org.id().as_str())
    }
}

/// A request for the list of SKUs.
pub type SkusRequest = ListRequest<Skus>;

/// The SKUs that Atlas charges for.
#[derive(Debug, Clone)]
pub struct Skus;

impl Listed for Skus {
    type Item = Sku;
    type Page = SkuPage;
    const OPERATION: &'static str = "listSkus";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            let request = raw.list_skus_bytes();
            let request = request.page_num(number).items_per_page(per_page);
            request.send().await
        })
        .await
    }

    fn id(sku: &Sku) -> Option<&str> {
        sku.id.as_deref()
    }
}
