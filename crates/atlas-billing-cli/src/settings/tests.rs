use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::args::Cli;

/// A keyring of `profile/key=value`, and what it was asked.
#[derive(Default)]
struct Kept {
    secrets: BTreeMap<String, String>,
    locked: bool,
    asked: RefCell<Vec<String>>,
}

impl SecretStore for Kept {
    fn get(&self, profile: &str, key: &str) -> Result<Option<String>, String> {
        let name = format!("{profile}/{key}");
        self.asked.borrow_mut().push(name.clone());
        match self.locked {
            true => Err("it is locked".to_owned()),
            false => Ok(self.secrets.get(&name).cloned()),
        }
    }
}

/// One case: what is given, in words; the file has one line for each `;`.
#[derive(Default, Clone, Copy)]
struct Given {
    flags: &'static str,
    environment: &'static str,
    file: &'static str,
    keyring: &'static str,
    locked: bool,
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        pair.split_once('=')
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    text.split_ascii_whitespace().filter_map(pair).collect()
}

fn read(given: Given) -> (Result<Settings, Failure>, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("config.toml"),
        given.file.replace(';', "\n"),
    )
    .unwrap();
    let line = format!("atlas-billing check {}", given.flags);
    let cli = Cli::read(line.split_ascii_whitespace().map(Into::into)).unwrap();
    let environment = pairs(given.environment);
    let keyring = Kept {
        secrets: pairs(given.keyring),
        locked: given.locked,
        ..Kept::default()
    };
    let sources = Sources {
        global: &cli.global,
        variable: &|name| {
            environment
                .get(name.strip_prefix("MONGODB_ATLAS_")?)
                .cloned()
        },
        folder: Some(folder.path()),
        keyring: &keyring,
    };
    let mut warned = Vec::new();
    let settings = sources.settings(|text| warned.push(text.to_owned()));
    let settings = settings.and_then(|settings| match &settings.org {
        Err(failure) => Err(failure.clone()),
        Ok(_) => Ok(settings),
    });
    (settings, warned, keyring.asked.into_inner())
}

/// The settings as `credentials | organization | base URL | version`, each with where it is from,
/// without the path of the file.
fn shown(given: Given) -> String {
    fn of<T: ToString>(setting: Option<&Setting<T>>) -> String {
        setting.map_or("-".to_owned(), |setting| {
            let from = setting.from.split(" in ").next().unwrap();
            format!("{} ({from})", setting.value.to_string())
        })
    }
    match read(given).0 {
        Ok(settings) => [
            of(Some(&settings.kind)),
            of(settings.org.unwrap().as_ref()),
            of(settings.base_url.as_ref()),
            of(settings.api_version.as_ref()),
        ]
        .join(" | "),
        Err(failure) => {
            let folder = failure
                .message
                .find(" in /")
                .unwrap_or(failure.message.len());
            let end = failure
                .message
                .find("config.toml")
                .map_or(folder, |at| at + 11);
            format!("{}{}", &failure.message[..folder], &failure.message[end..])
        }
    }
}

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const FLAGS: &str =
    "--org aaaaaaaaaaaaaaaaaaaaaaaa --base-url https://f.example --api-version 2024-08-05";
const ENVIRONMENT: &str = "CLIENT_ID=i CLIENT_SECRET=s ORG_ID=bbbbbbbbbbbbbbbbbbbbbbbb \
    BASE_URL=https://e.example";
const FILE: &str = "[default];org_id='cccccccccccccccccccccccc';base_url='https://p.example';\
    api_version='2023-01-01';public_api_key='k';private_api_key='s'";

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_profile() {
    let (flags, environment, file) = (FLAGS, ENVIRONMENT, FILE);
    let all = Given {
        flags,
        environment,
        file,
        ..Given::default()
    };
    for (given, expected) in [
        (
            all,
            "service account (MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET) | \
             aaaaaaaaaaaaaaaaaaaaaaaa (--org) | https://f.example (--base-url) | 2024-08-05 (--api-version)",
        ),
        (
            Given { flags: "", ..all },
            "service account (MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET) | \
             bbbbbbbbbbbbbbbbbbbbbbbb (MONGODB_ATLAS_ORG_ID) | https://e.example (MONGODB_ATLAS_BASE_URL) | \
             2023-01-01 (profile default)",
        ),
        (
            Given {
                flags: "",
                environment: "",
                ..all
            },
            "API key (profile default) | cccccccccccccccccccccccc (profile default) | \
             https://p.example (profile default) | 2023-01-01 (profile default)",
        ),
        // Key by key.
        (
            Given {
                flags: "--base-url https://f.example",
                environment: "ORG_ID=bbbbbbbbbbbbbbbbbbbbbbbb",
                ..all
            },
            "API key (profile default) | bbbbbbbbbbbbbbbbbbbbbbbb (MONGODB_ATLAS_ORG_ID) | \
             https://f.example (--base-url) | 2023-01-01 (profile default)",
        ),
        // What is set and empty is not set.
        (
            Given {
                flags: "",
                environment: "ORG_ID= BASE_URL= CLIENT_ID= PROFILE=",
                ..all
            },
            "API key (profile default) | cccccccccccccccccccccccc (profile default) | \
             https://p.example (profile default) | 2023-01-01 (profile default)",
        ),
        (
            Given {
                environment: "ACCESS_TOKEN=t OPS_MANAGER_URL=https://o.example",
                ..Given::default()
            },
            "access token (MONGODB_ATLAS_ACCESS_TOKEN) | - | https://o.example (MONGODB_ATLAS_OPS_MANAGER_URL) | -",
        ),
        (
            Given {
                environment: "PUBLIC_KEY=p PRIVATE_KEY=q",
                ..Given::default()
            },
            "API key (MONGODB_ATLAS_PUBLIC_KEY and MONGODB_ATLAS_PRIVATE_KEY) | - | - | -",
        ),
    ] {
        assert_eq!(shown(given), expected);
    }
}

#[test]
fn credentials_are_never_mixed() {
    for (given, expected) in [
        // Half in the environment is an error, whatever the profile has.
        (
            Given {
                environment: "CLIENT_ID=i",
                file: FILE,
                ..Given::default()
            },
            "the environment sets MONGODB_ATLAS_CLIENT_ID but not MONGODB_ATLAS_CLIENT_SECRET",
        ),
        (
            Given {
                file: "[a];client_id='i'",
                ..Given::default()
            },
            "profile a has client_id but no client_secret",
        ),
        (
            Given {
                file: "[a];private_api_key='i'",
                ..Given::default()
            },
            "profile a has private_api_key but no public_api_key",
        ),
        // The id in the file, the secret in the keyring.
        (
            Given {
                file: "[a];client_id='i'",
                keyring: "a/client_secret=s",
                ..Given::default()
            },
            "profile a has client_id but no client_secret",
        ),
        (
            Given {
                file: "[a];x='1'",
                keyring: "a/client_secret=s",
                ..Given::default()
            },
            "keyring, profile a has client_secret but no client_id",
        ),
        // The whole pair, wherever it is.
        (
            Given {
                file: "[a];client_id='i';client_secret='s'",
                keyring: "a/client_id=i",
                ..Given::default()
            },
            "service account (profile a) | - | - | -",
        ),
        (
            Given {
                file: "[a];client_id='i';client_secret='s'",
                keyring: "a/public_api_key=p a/private_api_key=q",
                ..Given::default()
            },
            "API key (keyring, profile a) | - | - | -",
        ),
        // The keyring of another profile is not asked.
        (
            Given {
                file: "[a];x='1'",
                keyring: "b/access_token=t",
                ..Given::default()
            },
            "no credentials in the environment, and none of profile a",
        ),
        (
            Given {
                flags: "-P B",
                file: "[a];[b]",
                keyring: "b/access_token=t",
                ..Given::default()
            },
            "access token (keyring, profile b) | - | - | -",
        ),
    ] {
        assert_eq!(shown(given), expected);
    }
}

#[test]
fn the_profile_says_which_kind_is_used() {
    let keyring =
        "a/client_id=i a/client_secret=s a/public_api_key=p a/private_api_key=q a/access_token=t";
    for (file, what, asked) in [
        ("[a];auth_type='service_account'", "service account", 2),
        ("[a];auth_type='api_keys'", "API key", 2),
        ("[a];auth_type='user_account'", "access token", 1),
        ("[a];auth_type='other'", "service account", 2),
        ("[a]", "service account", 2),
    ] {
        let given = Given {
            file,
            keyring,
            ..Given::default()
        };
        let (settings, _, questions) = read(given);
        assert_eq!(settings.unwrap().kind.value, what, "{file}");
        assert_eq!(questions.len(), asked, "{file}: {questions:?}");
    }
}

#[test]
fn the_keyring_is_asked_no_more_than_needed() {
    // Not where the environment has credentials, and not again once it could not be read.
    let locked = Given {
        file: FILE,
        locked: true,
        ..Given::default()
    };
    for (given, asked) in [
        (
            Given {
                environment: ENVIRONMENT,
                ..locked
            },
            0,
        ),
        (
            Given {
                file: "",
                environment: "ACCESS_TOKEN=t",
                ..locked
            },
            0,
        ),
        (locked, 1),
    ] {
        let (settings, _, questions) = read(given);
        settings.unwrap();
        assert_eq!(questions.len(), asked, "{questions:?}");
    }
    let (settings, _, _) = read(Given {
        file: "[a];x='1'",
        ..locked
    });
    let help = settings.unwrap_err().help;
    assert_eq!(help[0], "the keyring cannot be read: it is locked");
}

#[test]
fn the_service_sets_the_base_url() {
    for (keys, expected) in [
        (
            "service='cloudgov'",
            "https://cloud.mongodbgov.com (profile a)",
        ),
        ("service='cloud'", "-"),
        (
            "service='cloudgov';ops_manager_url='https://x.example'",
            "https://x.example (profile a)",
        ),
        (
            "base_url='https://b.example';ops_manager_url='https://x.example'",
            "https://b.example (profile a)",
        ),
    ] {
        let file: &'static str = format!("[a];access_token='t';{keys}").leak();
        let shown = shown(Given {
            file,
            ..Given::default()
        });
        assert_eq!(
            shown,
            format!("access token (profile a) | - | {expected} | -"),
            "{keys}"
        );
    }
    let file = "[a];access_token='t';service='ops-manager'";
    let shown = shown(Given {
        file,
        ..Given::default()
    });
    assert!(
        shown.starts_with("service of profile a is not cloud"),
        "{shown}"
    );
}

#[test]
fn profiles_are_named_by_flag_or_variable() {
    let file = "[default];access_token='t';[work];access_token='u'";
    for (flags, environment, name, from) in [
        ("", "", "default", None),
        ("", "PROFILE=work", "work", Some("MONGODB_ATLAS_PROFILE")),
        ("-P work", "PROFILE=none", "work", Some("--profile")),
        (
            "--profile DEFAULT",
            "PROFILE=work",
            "default",
            Some("--profile"),
        ),
    ] {
        let given = Given {
            flags,
            environment,
            file,
            ..Given::default()
        };
        let profile = read(given).0.unwrap().profile.unwrap();
        assert_eq!(profile.value, name);
        match from {
            Some(from) => assert_eq!(profile.from, from),
            None => assert!(profile.from.ends_with("config.toml"), "{profile:?}"),
        }
    }
    // One that is asked for has to be there, even if it is not needed.
    for (flags, environment) in [
        ("-P home", ENVIRONMENT),
        ("", "PROFILE=home ACCESS_TOKEN=t"),
    ] {
        let failure = read(Given {
            flags,
            environment,
            file,
            ..Given::default()
        })
        .0
        .unwrap_err();
        assert_eq!(failure.exit, 2);
        assert!(
            failure.help[0].ends_with("has: default, work"),
            "{failure:?}"
        );
    }
}

#[test]
fn a_broken_file_is_an_error_where_it_is_needed() {
    let file = "[a;access_token='planted'";
    let (settings, warned, _) = read(Given {
        file,
        environment: ENVIRONMENT,
        ..Given::default()
    });
    assert!(settings.unwrap().profile.is_none());
    assert!(warned[0].contains("line 1 is not valid TOML"), "{warned:?}");
    for (flags, environment) in [("", ""), ("-P a", ENVIRONMENT)] {
        let failure = read(Given {
            flags,
            environment,
            file,
            ..Given::default()
        })
        .0
        .unwrap_err();
        assert!(failure.message.contains("line 1"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("planted"));
    }
}

#[test]
fn an_invalid_value_is_named_and_not_shown() {
    for (keys, part) in [
        ("org_id='planted'", "org_id of profile a in "),
        ("api_version='planted'", "api_version of profile a in "),
        ("service='planted'", "service of profile a in "),
    ] {
        let file: &'static str = format!("[a];access_token='t';{keys}").leak();
        let failure = read(Given {
            file,
            ..Given::default()
        })
        .0
        .unwrap_err();
        assert_eq!(failure.exit, 2);
        assert!(failure.message.starts_with(part), "{failure:?}");
        assert!(!failure.message.contains("planted"), "{failure:?}");
    }
    // A flag in its place makes it unimportant.
    let file = "[a];access_token='t';org_id='x'";
    let flags: &'static str = format!("--org {A}").leak();
    assert!(
        read(Given {
            file,
            flags,
            ..Given::default()
        })
        .0
        .is_ok()
    );
}

#[test]
fn without_credentials_the_profiles_there_are_offered() {
    let file = "[b];access_token='t';[c];access_token='t'";
    let failure = read(Given {
        file,
        ..Given::default()
    })
    .0
    .unwrap_err();
    assert_eq!(
        failure.message,
        "no credentials in the environment, and no profile"
    );
    assert!(
        failure
            .help
            .iter()
            .any(|line| line == "choose a profile with -P: b, c"),
        "{failure:?}"
    );
}
