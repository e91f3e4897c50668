//! Where each setting comes from: a flag, the environment, a profile of the Atlas CLI or the keyring
//! that holds its secrets, in this order, key by key. Credentials come whole from one of them.

use std::path::Path;

use atlas_billing::environment::{
    ACCESS_TOKEN, BASE_URLS, CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEYS, PUBLIC_KEYS, base_url,
};
use atlas_billing::{ApiVersion, Credentials, GOVERNMENT, OrgId};

use crate::args::Global;
use crate::failure::Failure;
use crate::keyring::SecretStore;
use crate::profile::{PROFILE, Profile};

const WITHOUT_ACCOUNT: &str = "without an account, try: atlas-billing --demo costs";

/// A value and where it comes from, for a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) from: String,
}

impl<T> Setting<T> {
    fn new(value: T, from: impl ToString) -> Self {
        let from = from.to_string();
        Self { value, from }
    }
}

/// All that a client is made of.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name of the profile, if one is there.
    pub(crate) profile: Option<Setting<String>>,
    pub(crate) credentials: Credentials,
    /// What kind of credentials they are.
    pub(crate) kind: Setting<&'static str>,
    /// What is wrong with it matters to commands that need it.
    pub(crate) org: Result<Option<Setting<OrgId>>, Failure>,
    pub(crate) base_url: Option<Setting<String>>,
    pub(crate) api_version: Option<Setting<ApiVersion>>,
}

/// What settings are read from.
pub(crate) struct Sources<'a> {
    pub(crate) global: &'a Global,
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder of the Atlas CLI.
    pub(crate) folder: Option<&'a Path>,
    pub(crate) keyring: &'a dyn SecretStore,
}

impl Sources<'_> {
    /// Reads all settings; `warn` is told of a file that cannot be read and is not needed.
    ///
    /// # Errors
    /// When there are no credentials, the profile that is asked for is not there, or a value is
    /// invalid.
    pub(crate) fn settings(&self, warn: impl FnOnce(&str)) -> Result<Settings, Failure> {
        let given = Credentials::from_variables(self.variable)?;
        let (profile, how) = self.profile(given.is_some(), warn)?;
        let profile = profile.as_ref();
        let (credentials, kind) = match given {
            Some(credentials) => {
                let (kind, names) = self.kind_in_environment();
                (credentials, Setting::new(kind, names))
            }
            None => self.credentials(profile)?,
        };
        Ok(Settings {
            profile: profile.map(|profile| Setting::new(profile.name.clone(), how)),
            credentials,
            kind,
            org: self.org(profile),
            base_url: self.base_url(profile)?,
            api_version: self.api_version(profile)?,
        })
    }

    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|text| !text.trim().is_empty())
    }

    /// The profile that is meant, and how it was chosen.
    fn profile(
        &self,
        has_credentials: bool,
        warn: impl FnOnce(&str),
    ) -> Result<(Option<Profile>, String), Failure> {
        let variable = self.set(PROFILE);
        let asked = match (&self.global.profile, &variable) {
            (Some(name), _) => Some((name.trim(), "--profile")),
            (None, Some(name)) => Some((name.trim(), PROFILE)),
            (None, None) => None,
        };
        match Profile::find(asked, self.folder) {
            // Whoever has no use for the file need not mend it.
            Err(failure) if asked.is_none() && has_credentials => {
                warn(&format!("warning: {}", failure.message));
                Ok((None, String::new()))
            }
            found => {
                let found = found?;
                let file = || found.as_ref().map(|found| found.file.display().to_string());
                let how = match asked {
                    Some((_, by)) => by.to_owned(),
                    None => file().unwrap_or_default(),
                };
                Ok((found, how))
            }
        }
    }

    /// What kind of credentials the environment holds, in the library's order, and in which
    /// variables.
    fn kind_in_environment(&self) -> (&'static str, String) {
        let both = |one: &str, other: &str| format!("{one} and {other}");
        if self.set(ACCESS_TOKEN).is_some() {
            return (TOKEN.what, ACCESS_TOKEN.to_owned());
        }
        if self.set(CLIENT_ID).is_some() {
            return (SERVICE_ACCOUNT.what, both(CLIENT_ID, CLIENT_SECRET));
        }
        let mut pairs = PUBLIC_KEYS.into_iter().zip(PRIVATE_KEYS);
        let is_set = |(one, other): &(&str, &str)| self.set(one).and(self.set(other)).is_some();
        let pair = pairs.find(is_set);
        let names = pair.map(|(one, other)| both(one, other));
        (API_KEY.what, names.unwrap_or_default())
    }

    /// The credentials of a profile: those in the keyring, else those in the file.
    fn credentials(
        &self,
        profile: Option<&Profile>,
    ) -> Result<(Credentials, Setting<&'static str>), Failure> {
        let Some(profile) = profile else {
            return Err(self.no_credentials(None, None));
        };
        let mut locked = None;
        let kept = |key: &str| {
            if locked.is_some() {
                return None;
            }
            let secret = self.keyring.get(&profile.name, key);
            let secret = secret.unwrap_or_else(|why| {
                locked = Some(why);
                None
            });
            secret.filter(|secret| !secret.trim().is_empty())
        };
        let place = format!("keyring, profile {}", profile.name);
        let found = match pick(profile, &place, kept) {
            Ok(Some(found)) => Ok(Some(found)),
            // Half a pair in one place, and a whole one in the other: the whole one it is.
            half => {
                let filed = |key: &str| profile.get(key).map(str::to_owned);
                match (pick(profile, &profile.to_string(), filed), half) {
                    (Ok(None), half) => half,
                    (found, _) => found,
                }
            }
        };
        found?.ok_or_else(|| self.no_credentials(Some(profile), locked))
    }

    fn org(&self, profile: Option<&Profile>) -> Result<Option<Setting<OrgId>>, Failure> {
        if let Some(org) = self.global.org {
            return Ok(Some(Setting::new(org, "--org")));
        }
        if let Some(org) = OrgId::from_variables(self.variable)? {
            return Ok(Some(Setting::new(org, ORG_ID)));
        }
        let valid = |text: &str| text.parse().ok();
        let what = "the id of an organization, 24 hexadecimal digits";
        of_profile(profile, "org_id", what, valid)
    }

    fn base_url(&self, profile: Option<&Profile>) -> Result<Option<Setting<String>>, Failure> {
        if let Some(url) = &self.global.base_url {
            return Ok(Some(Setting::new(url.clone(), "--base-url")));
        }
        // A second name for the first: they are the same, or the library refuses them.
        if let Some(url) = base_url(self.variable)? {
            let name = BASE_URLS.into_iter().find(|name| self.set(name).is_some());
            return Ok(Some(Setting::new(url, name.unwrap_or_default())));
        }
        for key in ["base_url", "ops_manager_url"] {
            let url = of_profile(profile, key, "", |text| Some(text.to_owned()))?;
            if url.is_some() {
                return Ok(url);
            }
        }
        let what = "cloud or cloudgov, the services that have bills";
        let url = of_profile(profile, "service", what, |text| match text {
            "cloud" => Some(None),
            "cloudgov" => Some(Some(GOVERNMENT.to_owned())),
            _ => None,
        })?;
        Ok(url.and_then(|Setting { value, from }| {
            Some(Setting {
                value: value?,
                from,
            })
        }))
    }

    fn api_version(
        &self,
        profile: Option<&Profile>,
    ) -> Result<Option<Setting<ApiVersion>>, Failure> {
        if let Some(version) = self.global.api_version {
            return Ok(Some(Setting::new(version, "--api-version")));
        }
        let valid = |text: &str| text.parse().ok();
        of_profile(profile, "api_version", "a version of the API", valid)
    }

    fn no_credentials(&self, profile: Option<&Profile>, locked: Option<String>) -> Failure {
        let failure = match profile {
            None => Failure::usage("no credentials in the environment, and no profile"),
            Some(profile) => Failure::usage(format!(
                "no credentials in the environment, and none of {profile}"
            )),
        };
        let failure = match (profile, locked) {
            (Some(_), Some(why)) => failure.with_help(format!("the keyring cannot be read: {why}")),
            (Some(_), None) if !cfg!(feature = "keyring") => failure.with_help(
                "this build does not read the keyring, where the Atlas CLI keeps secrets: build it with --features keyring",
            ),
            _ => failure,
        };
        let names = Profile::names(self.folder);
        let failure = match (profile, names.as_slice()) {
            (None, [_, ..]) => {
                failure.with_help(format!("choose a profile with -P: {}", names.join(", ")))
            }
            _ => failure.with_help(
                "with a profile of the Atlas CLI there is nothing to set: atlas auth login",
            ),
        };
        let [public, private] = [PUBLIC_KEYS[0], PRIVATE_KEYS[0]];
        failure
            .with_help("else set one of these, in the environment:")
            .with_help(format!("  {CLIENT_ID} and {CLIENT_SECRET}, a service account"))
            .with_help(format!("  {public} and {private}, an API key"))
            .with_help(format!("  {ACCESS_TOKEN}, a ready-made token"))
            .with_help("in Atlas: organization, Access Manager, Applications; the role is Organization Billing Viewer")
            .with_help(WITHOUT_ACCOUNT)
    }
}

/// A value of a profile's, if it is set. An invalid one is not shown: it may be a secret.
fn of_profile<T>(
    profile: Option<&Profile>,
    key: &str,
    what: &str,
    valid: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<Setting<T>>, Failure> {
    let Some((profile, text)) = profile.and_then(|profile| Some((profile, profile.get(key)?)))
    else {
        return Ok(None);
    };
    match valid(text) {
        Some(value) => Ok(Some(Setting::new(value, profile))),
        None => Err(Failure::usage(format!("{key} of {profile} is not {what}"))),
    }
}

/// A kind of credentials, and its keys in a profile.
struct Kind {
    what: &'static str,
    /// What the Atlas CLI calls it.
    auth_type: &'static str,
    keys: &'static [&'static str],
}

const SERVICE_ACCOUNT: Kind = Kind {
    what: "service account",
    auth_type: "service_account",
    keys: &["client_id", "client_secret"],
};
const API_KEY: Kind = Kind {
    what: "API key",
    auth_type: "api_keys",
    keys: &["public_api_key", "private_api_key"],
};
const TOKEN: Kind = Kind {
    what: "access token",
    auth_type: "user_account",
    keys: &["access_token"],
};

type Picked = Option<(Credentials, Setting<&'static str>)>;

/// The credentials in one place: of the kind that the profile says, else the first that is there.
///
/// # Errors
/// When there is no kind of which every part is there, and a part of one.
fn pick(
    profile: &Profile,
    place: &str,
    mut get: impl FnMut(&str) -> Option<String>,
) -> Result<Picked, Failure> {
    let kinds = [SERVICE_ACCOUNT, API_KEY, TOKEN];
    let auth_type = profile.get("auth_type").unwrap_or_default();
    let said = kinds.iter().any(|kind| kind.auth_type == auth_type);
    let kinds = kinds.into_iter();
    let mut half = None;
    for kind in kinds.filter(|kind| !said || kind.auth_type == auth_type) {
        let parts: Vec<Option<String>> = kind.keys.iter().map(|key| get(key)).collect();
        let credentials = match parts.as_slice() {
            [Some(id), Some(secret)] if kind.what == SERVICE_ACCOUNT.what => {
                Credentials::service_account(id.as_str(), secret.as_str())
            }
            [Some(public), Some(private)] => {
                Credentials::api_key(public.as_str(), private.as_str())
            }
            [Some(token)] => Credentials::bearer(token.as_str()),
            [Some(_), None] => {
                half = half.or(Some((kind.keys[0], kind.keys[1])));
                continue;
            }
            [None, Some(_)] => {
                half = half.or(Some((kind.keys[1], kind.keys[0])));
                continue;
            }
            _ => continue,
        };
        return Ok(Some((credentials, Setting::new(kind.what, place))));
    }
    match half {
        Some((there, missing)) => Err(Failure::usage(format!(
            "{place} has {there} but no {missing}"
        ))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
