//! Runs this program again: once as the server, and once for each run of a task.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::Result;
use crate::gauge::Sample;
use crate::task::Task;

/// A server's process, ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) base_url: String,
}

impl Server {
    /// Starts this program as `server`, which says its address first.
    pub(crate) fn start(server: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut server = Self {
            child,
            output: BufReader::new(output),
            base_url: String::new(),
        };
        server.base_url = server.line()?;
        Ok(server)
    }

    /// Sends an empty line, and reads the one that comes back.
    pub(crate) fn ask(&mut self) -> Result<String> {
        let input = self.child.stdin.as_mut().ok_or("the server has no input")?;
        input.write_all(b"\n")?;
        self.line()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the server has ended".into());
        }
        Ok(line.trim_end().to_owned())
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
