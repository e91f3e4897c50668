//! What is said of environment variables names them and shows no value.

use std::error::Error as _;
use std::process::Command;

use atlas_billing::{Client, ClientBuilder, Error, OrgId, environment};
use atlas_billing_tests::protocol::Protocol;

/// A secret that was put into every wrong place.
const PLANTED: &str = "planted-in-the-environment";

const NAMES: [&str; 10] = [
    environment::ACCESS_TOKEN,
    environment::CLIENT_ID,
    environment::CLIENT_SECRET,
    environment::PUBLIC_KEYS[0],
    environment::PRIVATE_KEYS[0],
    environment::PUBLIC_KEYS[1],
    environment::PRIVATE_KEYS[1],
    environment::BASE_URLS[0],
    environment::BASE_URLS[1],
    environment::ORG_ID,
];

/// All that an error says, with what caused it.
fn texts(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    text
}

#[test]
fn no_set_of_variables_shows_a_value() {
    let values = [
        format!("{PLANTED} "),
        format!("{PLANTED}:\"\\"),
        format!("https://user:{PLANTED}@atlas.example"),
        format!("http://atlas.example/?{PLANTED}"),
        format!("ftp://{PLANTED}"),
        PLANTED.to_owned(),
    ];
    let mut refused = 0;
    // Every set of up to three variables that hold the same, and another value elsewhere.
    for value in &values {
        for mask in (0u32..1 << NAMES.len()).filter(|mask| mask.count_ones() <= 3) {
            let built = ClientBuilder::from_variables(&|name| {
                let at = NAMES.iter().position(|known| *known == name)?;
                let numbered = at.is_multiple_of(2).then(|| format!("{value}{at}"));
                (mask >> at & 1 == 1).then(|| numbered.unwrap_or_else(|| value.clone()))
            });
            let built = built.map(|builder| Protocol::Http1.on(builder));
            let shown = match built.and_then(ClientBuilder::build) {
                Ok(client) => format!("{client:?}"),
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("MONGODB_ATLAS") || mask != 0);
                    texts(&error)
                }
            };
            assert!(!shown.contains(PLANTED), "{mask:b} {value}: {shown}");
        }
    }
    assert!(refused > 100, "{refused}");
}

/// The process's own environment, in a process of its own: this one's is not ours to change.
#[test]
fn the_processs_environment_shows_no_value() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "secrets::environment::reads_the_environment"]);
    command.args(["--ignored", "--nocapture"]);
    for name in NAMES {
        command.env_remove(name);
    }
    let secret = format!("{PLANTED} x");
    let ran = command
        .env("MONGODB_ATLAS_ORG_ID", &secret)
        .env("MONGODB_ATLAS_CLIENT_ID", &secret)
        .env("MONGODB_ATLAS_CLIENT_SECRET", &secret)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}");
    assert!(
        said.contains("MONGODB_ATLAS_ORG_ID is not the id of an organization"),
        "{said}"
    );
    assert!(!said.contains(PLANTED), "{said}");
}

#[test]
#[ignore = "run by the test above, in an environment of its own"]
fn reads_the_environment() {
    println!("{}", texts(&OrgId::from_env().unwrap_err()));
    println!("{}", texts(&Client::from_env().unwrap_err()));
}
