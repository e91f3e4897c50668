//! From flags and environment to the billing of one organization.

use std::sync::Arc;

use atlas_billing::environment::{
    ACCESS_TOKEN, BASE_URLS, CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEYS, PUBLIC_KEYS,
};
use atlas_billing::{Client, ClientBuilder, Credentials, Org, OrgId, Timeouts};

use crate::commands::Context;
use crate::failure::Failure;
use crate::tokens::TokenFiles;

const WITHOUT_ACCOUNT: &str = "without an account, try: atlas-billing --demo costs";

/// The billing of an organization, and the stand-in behind it in a demonstration.
pub(crate) struct Connection {
    pub(crate) org: Org,
    _access: Access,
}

/// A client for any organization, and the stand-in behind it in a demonstration.
pub(crate) struct Access {
    pub(crate) client: Client,
    /// The organization that flags or environment name.
    pub(crate) org: Option<OrgId>,
    #[cfg(feature = "demo")]
    _stand_in: Option<atlas_billing_mock::StandIn>,
}

/// Prepares the way to the organization. Nothing is sent yet.
pub(crate) async fn connect(context: &Context) -> Result<Connection, Failure> {
    let access = access(context, true).await?;
    let org = access.org.ok_or_else(no_organization)?;
    Ok(Connection {
        org: access.client.org(org),
        _access: access,
    })
}

/// Prepares the way to all organizations; one has to be named if `named`. Nothing is sent yet.
pub(crate) async fn access(context: &Context, named: bool) -> Result<Access, Failure> {
    #[cfg(feature = "demo")]
    if context.global.demo {
        let stand_in = crate::demo::start(context).await?;
        let builder = Client::builder(Credentials::none()).base_url(stand_in.base_url());
        return Ok(Access {
            client: build(context, builder)?,
            org: Some(atlas_billing_mock::ORG_ID.parse()?),
            _stand_in: Some(stand_in),
        });
    }
    let base_url = context.global.base_url.as_deref();
    // A flag wins over the environment, whatever that holds.
    let read = |name: &str| match base_url {
        Some(_) if BASE_URLS.contains(&name) => None,
        _ => std::env::var(name).ok(),
    };
    let org = match context.global.org {
        Some(org) => Some(org),
        None if named => Some(OrgId::from_variables(&read)?.ok_or_else(no_organization)?),
        None => None,
    };
    let credentials = Credentials::from_variables(&read)?.ok_or_else(no_credentials)?;
    let mut builder = ClientBuilder::from_variables(&read)?;
    if let Some(base_url) = base_url {
        builder = builder.base_url(base_url);
    }
    if let Some(file) = &context.global.ca_file {
        builder = builder.ca_file(file);
    }
    if context.global.keep_token {
        if !credentials.is_service_account() {
            return Err(Failure::usage(format!(
                "--keep-token is for service accounts: set {CLIENT_ID} and {CLIENT_SECRET} alone"
            )));
        }
        let files = TokenFiles::of_user()
            .ok_or_else(|| Failure::usage("--keep-token: there is no cache folder; set HOME"))?;
        builder = builder.token_store(Arc::new(files));
    }
    Ok(Access {
        client: build(context, builder)?,
        org,
        #[cfg(feature = "demo")]
        _stand_in: None,
    })
}

fn build(context: &Context, builder: ClientBuilder) -> Result<Client, Failure> {
    let mut builder = builder
        .user_agent(concat!("atlas-billing-cli/", env!("CARGO_PKG_VERSION")))
        .clock(context.clock.clone())
        .observer(Arc::new(context.voice.clone()));
    if let Some(limit) = context.global.request_timeout {
        builder = builder.timeouts(Timeouts::default().with_head(limit).with_idle(limit));
    }
    if let Some(version) = context.global.api_version {
        builder = builder.version(version);
    }
    let client = builder.build()?;
    // For the end of the run.
    let _ = context.client.set(client.clone());
    Ok(client)
}

fn no_organization() -> Failure {
    Failure::usage(format!("no organization: set {ORG_ID} or use --org ID"))
        .with_help("Atlas shows the id in the settings of the organization, and in the browser's address after /org/")
        .with_help(WITHOUT_ACCOUNT)
}

fn no_credentials() -> Failure {
    let [public, private] = [PUBLIC_KEYS[0], PRIVATE_KEYS[0]];
    Failure::usage("no credentials in the environment")
        .with_help("set one of these, in the environment alone:")
        .with_help(format!("  {CLIENT_ID} and {CLIENT_SECRET}, a service account"))
        .with_help(format!("  {public} and {private}, an API key"))
        .with_help(format!("  {ACCESS_TOKEN}, a ready-made token"))
        .with_help("in Atlas: organization, Access Manager, Applications; the role is Organization Billing Viewer")
        .with_help(WITHOUT_ACCOUNT)
}
