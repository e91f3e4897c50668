//! What is waited for: a query or report is polled, its progress shown, and how to resume it told.

use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::poll::Polled;
use atlas_billing::{COMMERCIAL, Error, Org, PollPolicy, Query};
use tokio::time::{Instant, interval_at};

use super::Context;
use crate::args::Global;
use crate::args::values::shown_duration;
use crate::failure::{Failure, exit};
use crate::output::Format;

/// Where no line can be rewritten, a line of progress is due so often.
const STILL: Duration = Duration::from_secs(30);

/// A command that can be resumed.
pub(super) struct Resumed<'a> {
    /// Its name.
    pub(super) command: &'static str,
    /// What is waited for, at the beginning of a sentence.
    pub(super) what: &'static str,
    /// What the service knows that by.
    pub(super) token: &'a str,
    /// Options of this command that decide what is written.
    pub(super) options: Vec<(&'static str, Option<String>)>,
}

/// Says how the query or report can be resumed, as soon as it can, and returns the command for it.
pub(super) fn tell_token(context: &Context, org: &Org, resumed: &Resumed<'_>) -> Option<String> {
    if context.global.demo {
        context.voice.note(&format!(
            "{} {} (it ends with the demonstration)",
            resumed.what, resumed.token
        ));
        return None;
    }
    let command = resume_command(
        &context.global,
        resumed,
        org.id().as_str(),
        org.client().base_url(),
    );
    context.voice.must(&format!("Resume with: {command}"));
    Some(command)
}

/// A failure with how to resume what it interrupted, if that is as it was.
pub(super) fn resumable(failure: Failure, resume: Option<String>) -> Failure {
    match resume {
        Some(resume) if ![0, exit::NOT_FOUND, exit::USAGE].contains(&failure.exit) => {
            failure.with_help(format!("resume with: {resume}"))
        }
        _ => failure,
    }
}

/// How a result is polled for.
pub(super) fn policy(context: &Context, deadline: Option<Duration>) -> PollPolicy {
    let mut policy = PollPolicy::default();
    if let Some(deadline) = deadline {
        policy = policy.with_deadline(deadline);
    }
    if let Some(limit) = context.global.request_timeout {
        policy = policy.with_poll_timeout(limit);
    }
    policy
}

/// Polls until the result is ready, and tells of it.
pub(super) async fn wait<P: Polled>(
    context: &Context,
    mut query: Query<P>,
) -> Result<Query<P>, Error> {
    let began = Instant::now();
    let mut still = interval_at(began + STILL, STILL);
    let mut text = "Waiting for the result".to_owned();
    let mut polls = 0;
    loop {
        context.voice.progress(&text);
        tokio::select! {
            attempt = query.next() => match attempt {
                Some(attempt) => {
                    let attempt = attempt?;
                    polls = attempt.number();
                    text = format!("Waiting for the result: {}, the last: {}", polled(polls), attempt.status());
                }
                None => break,
            },
            _ = still.tick() => {
                context.voice.still(&format!("{text}, after {} s", began.elapsed().as_secs()));
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    context.voice.clear();
    context.voice.note(&format!(
        "Result ready after {}, {seconds:.1} s",
        polled(polls)
    ));
    Ok(query)
}

fn polled(polls: u32) -> String {
    format!("{polls} poll{}", if polls == 1 { "" } else { "s" })
}

/// `atlas-billing COMMAND --resume TOKEN …`, with all that decides where it goes and what is written.
fn resume_command(global: &Global, resumed: &Resumed<'_>, org: &str, base_url: &str) -> String {
    let Resumed { command, token, .. } = resumed;
    let base_url = base_url.trim_end_matches('/');
    let path = |file: &Option<PathBuf>| Some(file.as_ref()?.to_string_lossy().into_owned());
    let url = Some(base_url.to_owned()).filter(|url| url != COMMERCIAL);
    let version = global.api_version.map(|version| version.to_string());
    let timeout = global.request_timeout.map(shown_duration);
    let mut line = format!("atlas-billing {command} --resume {token} --org {org}");
    for (flag, value) in [
        ("--base-url", url),
        ("--ca-file", path(&global.ca_file)),
        ("--api-version", version),
        ("--request-timeout", timeout),
        ("--output", global.output.map(Format::name)),
        ("--output-file", path(&global.output_file)),
        ("--excel", global.excel.then(String::new)),
        ("--keep-token", global.keep_token.then(String::new)),
    ]
    .into_iter()
    .chain(resumed.options.iter().cloned())
    {
        match value.as_deref() {
            None => {}
            Some("") => line.push_str(&format!(" {flag}")),
            Some(value) => line.push_str(&format!(" {flag} {}", quoted(value))),
        }
    }
    line
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
    use super::*;
    use crate::args::{Cli, Command};

    fn read(line: &[&str]) -> Global {
        let line = ["atlas-billing", "costs"].iter().chain(line);
        Cli::read(line.map(Into::into)).unwrap().global
    }

    #[test]
    fn the_resume_command_says_again_what_decides_the_result() {
        const ORG: &str = "64b7f0a1c2d3e4f506172839";
        let token = "9C0d".repeat(16);
        let costs = Resumed {
            command: "costs",
            what: "Query",
            token: &token,
            options: Vec::new(),
        };
        let line = resume_command(&read(&[]), &costs, ORG, "https://cloud.mongodb.com/");
        assert_eq!(
            line,
            format!("atlas-billing costs --resume {token} --org {ORG}")
        );
        let flags = [
            "-o",
            "csv",
            "--output-file",
            "it's.csv",
            "--api-version",
            "2023-01-01",
            "--request-timeout",
            "90s",
        ];
        let line = resume_command(&read(&flags), &costs, ORG, "http://127.0.0.1:8080");
        assert_eq!(
            line,
            format!(
                "atlas-billing costs --resume {token} --org {ORG} --base-url http://127.0.0.1:8080 --api-version \
                 2023-01-01 --request-timeout 1m30s --output csv --output-file 'it'\\''s.csv'"
            )
        );
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        let line = ["atlas-billing"].into_iter().chain(words).map(Into::into);
        let Command::Costs(read) = Cli::read(line).unwrap().command else {
            panic!("not costs");
        };
        assert!(read.resume.is_some());
    }
}
