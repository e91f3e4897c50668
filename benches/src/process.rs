//! Runs this program again: once as the server, and once for each run of a task.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::gauge::Sample;
use crate::task::Task;

/// The server's process, ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) base_url: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut server = Self {
            child,
            base_url: String::new(),
        };
        BufReader::new(stdout).read_line(&mut server.base_url)?;
        server.base_url.truncate(server.base_url.trim_end().len());
        if server.base_url.is_empty() {
            return Err("the server did not start".into());
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One run of a task in a process of its own, since peak memory is a process's.
pub(crate) fn sample(task: Task, count: u64, base_url: &str) -> Result<Sample> {
    let arguments = ["task", &task.to_string(), &count.to_string(), base_url].map(str::to_owned);
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{task} of {count} failed: {}", output.status).into());
    }
    Sample::parse(&String::from_utf8_lossy(&output.stdout))
}
