//! The command that goes on with a query, complete, to copy into any shell.

use atlas_billing::{COMMERCIAL, Org, QueryToken};

use crate::args::{Format, Global};

/// `atlas-billing … costs --resume TOKEN`, with all that decides where it goes and what comes of it.
pub(super) fn command(global: &Global, org: &Org, token: &QueryToken) -> String {
    line(
        global,
        org.id().as_str(),
        org.client().base_url(),
        token.as_str(),
    )
}

fn line(global: &Global, org: &str, base_url: &str, token: &str) -> String {
    let mut words = vec![
        "atlas-billing".to_owned(),
        "--org".to_owned(),
        org.to_owned(),
    ];
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    let base_url = base_url.trim_end_matches('/');
    if base_url != COMMERCIAL {
        flag("--base-url", base_url);
    }
    if let Some(version) = &global.api_version {
        flag("--api-version", &version.to_string());
    }
    if let Some(limit) = global.request_timeout {
        flag("--request-timeout", &crate::args::shown_duration(limit));
    }
    if global.form() != Format::default() {
        flag("--output", global.form().name());
    }
    if let Some(file) = &global.output_file {
        flag("--output-file", &file.to_string_lossy());
    }
    flag("costs --resume", token);
    words.join(" ")
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    const ORG: &str = "64b7f0a1c2d3e4f506172839";

    fn global(line: &[&str]) -> Global {
        Cli::try_parse_from([&["atlas-billing", "costs"], line].concat())
            .unwrap()
            .global
    }

    #[test]
    fn nothing_is_said_that_goes_without_saying() {
        let token = "9C0d".repeat(16);
        assert_eq!(
            line(&global(&[]), ORG, "https://cloud.mongodb.com/", &token),
            format!("atlas-billing --org {ORG} costs --resume {token}")
        );
    }

    #[test]
    fn what_decides_the_result_is_said_again() {
        let token = "9C0d".repeat(16);
        let global = global(&[
            "-o",
            "csv",
            "--output-file",
            "it's here.csv",
            "--api-version",
            "2023-01-01",
            "--request-timeout",
            "90s",
        ]);
        let text = line(&global, ORG, "http://127.0.0.1:8080", &token);
        assert_eq!(
            text,
            format!(
                "atlas-billing --org {ORG} --base-url http://127.0.0.1:8080 --api-version \
                 2023-01-01 --request-timeout 1m30s --output csv --output-file \
                 'it'\\''s here.csv' costs --resume {token}"
            )
        );
        let words = text.replace("'it'\\''s here.csv'", "its_here.csv");
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        assert!(matches!(cli.command, Command::Costs(args) if args.resume.is_some()));
    }
}
