//! From settings to a client, and to the one organization that is meant.

use std::sync::Arc;

use atlas_billing::environment::ORG_ID;
use atlas_billing::{
    Client, ClientBuilder, ErrorKind, MOST_PER_PAGE, Org, OrgId, Organization, Timeouts,
};

use crate::commands::Context;
use crate::failure::{Failure, exit};
use crate::folders;
use crate::keyring::Keyring;
use crate::settings::{Settings, Sources};
use crate::tokens::TokenFiles;

/// A client, and the stand-in behind it in a demonstration.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// None in a demonstration.
    pub(crate) settings: Option<Settings>,
    #[cfg(feature = "demo")]
    _stand_in: Option<atlas_billing_mock::StandIn>,
}

/// Prepares the way to the service. Nothing is sent yet.
pub(crate) async fn connect(context: &Context) -> Result<Connection, Failure> {
    #[cfg(feature = "demo")]
    if context.global.demo {
        let stand_in = crate::demo::start(context).await?;
        let none = atlas_billing::Credentials::none();
        let builder = Client::builder(none).base_url(stand_in.base_url());
        return Ok(Connection {
            client: build(context, builder)?,
            settings: None,
            _stand_in: Some(stand_in),
        });
    }
    // A keyring may wait for somebody to unlock it; the task of the signals is another.
    let folder = folders::atlas_cli();
    let sources = Sources {
        global: &context.global,
        variable: &|name| std::env::var(name).ok(),
        folder: folder.as_deref(),
        keyring: &Keyring,
    };
    let settings = sources.settings(|text| context.voice.must(text))?;
    let is_service_account = settings.credentials.is_service_account();
    let mut builder = Client::builder(settings.credentials.clone());
    if let Some(base_url) = &settings.base_url {
        builder = builder.base_url(&base_url.value);
    }
    if let Some(version) = &settings.api_version {
        builder = builder.version(version.value);
    }
    if let Some(file) = &context.global.ca_file {
        builder = builder.ca_file(file);
    }
    if context.global.keep_token {
        if !is_service_account {
            let kind = settings.kind.value;
            return Err(Failure::usage(format!(
                "--keep-token is for service accounts: these credentials are of the kind {kind}"
            )));
        }
        let files = TokenFiles::of_user()
            .ok_or_else(|| Failure::usage("--keep-token: there is no cache folder; set HOME"))?;
        builder = builder.token_store(Arc::new(files));
    }
    Ok(Connection {
        client: build(context, builder)?,
        settings: Some(settings),
        #[cfg(feature = "demo")]
        _stand_in: None,
    })
}

impl Connection {
    /// The organization that was named; else the only one that the credentials see, by one request.
    pub(crate) async fn org(&self, context: &Context) -> Result<Org, Failure> {
        let id = match self.named_org()? {
            Some(id) => id,
            None => self.only_org(context).await?,
        };
        Ok(self.client.org(id))
    }

    /// The organization that a setting names; in a demonstration that of the stand-in.
    fn named_org(&self) -> Result<Option<OrgId>, Failure> {
        match &self.settings {
            Some(settings) => Ok(settings.org.clone()?.map(|org| org.value)),
            #[cfg(feature = "demo")]
            None => Ok(Some(atlas_billing_mock::ORG_ID.parse()?)),
            #[cfg(not(feature = "demo"))]
            None => Ok(None),
        }
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
