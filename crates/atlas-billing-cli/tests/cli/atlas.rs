//! The command beside a stand-in, both on a fixed day.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};

use atlas_billing_mock::{ORG_ID, RecordedRequest, Scenario, ScenarioBuilder, StandIn};
use serde_json::Value;

/// The day that the stand-in's data ends with, and that the command takes for today.
pub(crate) const TODAY: &str = "2025-03-09";

/// A secret that no output may show.
pub(crate) const SECRET: &str = "planted-secret-0123456789";

/// A stand-in at work.
pub(crate) struct Atlas {
    // Keeps the stand-in's tasks running; dropped after it.
    pub(crate) stand_in: StandIn,
    _runtime: tokio::runtime::Runtime,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The built-in data as of [`TODAY`].
pub(crate) fn scenario() -> ScenarioBuilder {
    Scenario::builder().today(TODAY.parse().unwrap())
}

/// A stand-in with the built-in data.
pub(crate) fn atlas() -> Atlas {
    Atlas::start(scenario())
}

/// What of this process's environment a command gets. The proxies are of no use to it: everything
/// here is on loopback.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars()
        .filter(|(name, _)| name == "PATH" || name.to_ascii_uppercase().ends_with("_PROXY"))
}

/// The command in an environment that is empty but for that.
pub(crate) fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas-billing"));
    command.env_clear().envs(environment());
    command.stdin(Stdio::null());
    command
}

impl Atlas {
    pub(crate) fn start(scenario: ScenarioBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.unwrap();
        let stand_in = runtime.block_on(StandIn::start(scenario.build())).unwrap();
        Self {
            stand_in,
            _runtime: runtime,
        }
    }

    /// The command, with this stand-in in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare();
        command.args(["--today", TODAY]).args(args);
        command.env("MONGODB_ATLAS_BASE_URL", self.stand_in.base_url());
        command.env("MONGODB_ATLAS_ORG_ID", ORG_ID);
        command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args))
    }

    /// Runs what has to succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:#?}");
        ran
    }

    /// Runs what has to fail with this code, and gives its message.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:#?}");
        assert_eq!(ran.stdout, "", "{args:?}");
        assert!(ran.stderr.contains("error: "), "{args:?}: {}", ran.stderr);
        ran.stderr
    }

    /// What the stand-in was asked, as method and path.
    pub(crate) fn asked(&self) -> Vec<String> {
        let line = |request: &RecordedRequest| format!("{} {}", request.method(), request.path());
        self.stand_in.requests().iter().map(line).collect()
    }

    /// The last request's JSON body.
    pub(crate) fn last_created(&self) -> Value {
        let requests = self.stand_in.requests();
        let created = requests
            .iter()
            .rev()
            .find(|request| request.method() == "POST")
            .unwrap();
        serde_json::from_slice(&created.request.body).unwrap()
    }
}

impl Ran {
    pub(crate) fn of(mut command: Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Self {
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        };
        for shown in [&ran.stdout, &ran.stderr] {
            assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
        }
        ran
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Standard output as JSON, a value a line.
    pub(crate) fn jsonl(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Starts a command and gives it back once standard error has said `word`.
pub(crate) fn started(mut command: Command, word: &str) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let stderr = child.stderr.as_mut().unwrap();
    let mut byte = [0];
    while !said.contains(word) {
        assert_eq!(
            stderr.read(&mut byte).unwrap(),
            1,
            "it ended having said: {said}"
        );
        said.push(char::from(byte[0]));
    }
    (child, said)
}
