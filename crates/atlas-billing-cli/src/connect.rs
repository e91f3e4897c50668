//! From flags and environment to a client, and to the one organization that is meant.

use std::sync::Arc;

use atlas_billing::environment::{
    ACCESS_TOKEN, BASE_URLS, CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEYS, PUBLIC_KEYS,
};
use atlas_billing::{
    Client, ClientBuilder, Credentials, ErrorKind, MOST_PER_PAGE, Org, OrgId, Organization,
    Timeouts,
};

use crate::args::Global;
use crate::commands::Context;
use crate::failure::{Failure, exit};
use crate::tokens::TokenFiles;

const WITHOUT_ACCOUNT: &str = "without an account, try: atlas-billing --demo costs";

/// A client, and the stand-in behind it in a demonstration.
pub(crate) struct Connection {
    pub(crate) client: Client,
    #[cfg(feature = "demo")]
    _stand_in: Option<atlas_billing_mock::StandIn>,
}

/// Prepares the way to the service. Nothing is sent yet.
pub(crate) async fn connect(context: &Context) -> Result<Connection, Failure> {
    #[cfg(feature = "demo")]
    if context.global.demo {
        let stand_in = crate::demo::start(context).await?;
        let builder = Client::builder(Credentials::none()).base_url(stand_in.base_url());
        return Ok(Connection {
            client: build(context, builder)?,
            _stand_in: Some(stand_in),
        });
    }
    let base_url = context.global.base_url.as_deref();
    // A flag wins over the environment, whatever that holds.
    let read = |name: &str| match base_url {
        Some(_) if BASE_URLS.contains(&name) => None,
        _ => std::env::var(name).ok(),
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
    Ok(Connection {
        client: build(context, builder)?,
        #[cfg(feature = "demo")]
        _stand_in: None,
    })
}

impl Connection {
    /// The organization that was named; else the only one that the credentials see, by one request.
    pub(crate) async fn org(&self, context: &Context) -> Result<Org, Failure> {
        let id = match named_org(&context.global)? {
            Some(id) => id,
            None => self.only_org(context).await?,
        };
        Ok(self.client.org(id))
    }

    async fn only_org(&self, context: &Context) -> Result<OrgId, Failure> {
        let mut orgs = match self.client.orgs().per_page(MOST_PER_PAGE).await {
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let why = "these credentials may not list organizations, so the organization has to be named";
                return Err(no_organization("no organization").with_help(why));
            }
            orgs => orgs?,
        };
        orgs.retain(|org| org.is_deleted != Some(true));
        let shown = |org: &Organization| {
            let id = org.id.as_deref().unwrap_or("without id");
            format!("{id}  {}", org.name.as_deref().unwrap_or("without a name"))
        };
        match orgs.as_slice() {
            [] => Err(no_organization("these credentials see no organization")),
            [only] => {
                let id = only.id.as_deref().unwrap_or_default();
                let id = id.parse().map_err(|_| {
                    let what = "the organization that the credentials see has no valid id";
                    Failure::new(exit::UNREACHABLE, what)
                })?;
                context
                    .voice
                    .note(&format!("Organization: {}", shown(only)));
                Ok(id)
            }
            several => {
                let what = format!("these credentials see {} organizations", several.len());
                let failure = Failure::usage(format!("{what}: set {ORG_ID} or use --org ID"));
                let with_help = |failure: Failure, org| failure.with_help(shown(org));
                Err(several.iter().fold(failure, with_help))
            }
        }
    }
}

/// The organization that a flag or the environment names; in a demonstration that of the stand-in.
fn named_org(global: &Global) -> Result<Option<OrgId>, Failure> {
    #[cfg(feature = "demo")]
    if global.demo {
        return Ok(Some(atlas_billing_mock::ORG_ID.parse()?));
    }
    match global.org {
        Some(org) => Ok(Some(org)),
        None => Ok(OrgId::from_variables(&|name: &str| {
            std::env::var(name).ok()
        })?),
    }
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

fn no_organization(what: &str) -> Failure {
    Failure::usage(format!("{what}: set {ORG_ID} or use --org ID"))
        .with_help("Atlas shows the id in the settings of the organization, and in the browser's address after /org/")
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
