//! From flags and environment to the billing of one organization.

use std::sync::Arc;

use atlas_billing::{ClientBuilder, Credentials, Org, OrgId, Timeouts};

use crate::args::ORG_VARIABLE;
use crate::context::Context;
use crate::demo;
use crate::failure::Failure;
use crate::watch::Watch;

const NO_ORG: &str = "\
no organization is named: set MONGODB_ATLAS_ORG_ID or give --org ID.
Atlas shows the id in the organization's settings, and in the browser's address after /org/.
Without an account, try: atlas-billing --demo costs";

const NO_CREDENTIALS: &str = "\
no credentials: they are read from the environment alone. Set one of
  MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET            a service account
  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY     an API key
  MONGODB_ATLAS_ACCESS_TOKEN                                         a ready-made token
In Atlas, open the organization, then Access Manager, then Applications, and make a service account
or an API key with the role Organization Billing Viewer.
Without an account, try: atlas-billing --demo costs";

/// The names of a base URL that the library reads.
const BASE_URLS: [&str; 2] = ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"];

/// An organization's billing, and the stand-in behind it if it is a demonstration.
pub(crate) struct Connection {
    pub(crate) org: Org,
    pub(crate) demo: Option<demo::Running>,
}

/// Prepares the way to the organization. Nothing is sent yet.
pub(crate) async fn connect(context: &Context) -> Result<Connection, Failure> {
    if context.global.demo {
        let demo = demo::start(context).await?;
        let builder = atlas_billing::Client::builder(Credentials::none()).base_url(demo.base_url());
        let org = demo.org()?;
        return Ok(Connection {
            org: build(context, builder)?.org(org),
            demo: Some(demo),
        });
    }
    let org = org(context.global.org, variable(ORG_VARIABLE))?;
    let said = context.global.base_url.as_deref();
    // A flag wins over the environment, whatever that holds.
    let read = |name: &str| match said {
        Some(_) if BASE_URLS.contains(&name) => None,
        _ => variable(name),
    };
    if Credentials::from_env_with(&read)?.is_none() {
        return Err(Failure::usage(NO_CREDENTIALS));
    }
    let mut builder = ClientBuilder::from_variables(&read)?;
    if let Some(base_url) = said {
        builder = builder.base_url(base_url);
    }
    Ok(Connection {
        org: build(context, builder)?.org(org),
        demo: None,
    })
}

fn build(context: &Context, builder: ClientBuilder) -> Result<atlas_billing::Client, Failure> {
    let mut builder = builder
        .user_agent(concat!("atlas-billing-cli/", env!("CARGO_PKG_VERSION")))
        .observer(Arc::new(Watch::new(context.voice.clone())));
    if let Some(limit) = context.global.request_timeout {
        builder = builder.timeouts(Timeouts::default().with_head(limit).with_idle(limit));
    }
    if let Some(version) = context.global.api_version {
        builder = builder.version(version);
    }
    Ok(builder.build()?)
}

/// The organization of the flag, or of the variable.
fn org(flag: Option<OrgId>, variable: Option<String>) -> Result<OrgId, Failure> {
    match (flag, variable) {
        (Some(org), _) => Ok(org),
        (None, Some(text)) => text.parse().map_err(|error: atlas_billing::Error| {
            Failure::usage(format!("{ORG_VARIABLE}: {error}"))
        }),
        (None, None) => Err(Failure::usage(NO_ORG)),
    }
}

/// One variable of the environment; empty counts as not set.
fn variable(name: &str) -> Option<String> {
    let text = std::env::var(name).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "64b7f0a1c2d3e4f506172839";

    #[test]
    fn the_flag_wins_over_the_variable() {
        let flag: OrgId = ID.parse().unwrap();
        assert_eq!(org(Some(flag), Some("nonsense".into())), Ok(flag));
        assert_eq!(org(None, Some(ID.into())), Ok(flag));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (variable, part) in [
            (None, "--org ID"),
            (None, "MONGODB_ATLAS_ORG_ID"),
            (Some("nonsense"), "MONGODB_ATLAS_ORG_ID: \"nonsense\""),
        ] {
            let Err(Failure::Said { message, .. }) = org(None, variable.map(Into::into)) else {
                panic!("an error");
            };
            assert!(message.contains(part), "{message}");
        }
    }
}
