//! What `atlas-billing` costs in time and memory, beside what a program without it would pay.
//!
//! `cargo run --release -p atlas-billing-benches` runs every case and prints the tables of
//! BENCHMARKS.md; `-- --quick` runs the small sizes once, `-- --only items,total` some of them.
//! `-- load` puts one client under load for a minute instead.

mod gauge;
mod load;
mod plain;
mod process;
mod replay;
mod suite;
mod table;
mod task;

use std::process::ExitCode;

use suite::Options;

/// Any failure ends the program, with its text.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["serve"] => runtime()?.block_on(replay::Replay::serve()),
        ["task", name, count, base_url] => {
            let (task, count) = (name.parse::<task::Task>()?, count.parse()?);
            let sample = runtime()?.block_on(task.run(base_url, count))?;
            println!("{}", sample.line());
            Ok(())
        }
        ["stand-in"] => runtime()?.block_on(load::serve()),
        ["load", rest @ ..] => load::run(rest),
        _ => suite::run(&Options::parse(arguments)?),
    }
}

/// One thread: the client's own work, without the luck of how two threads meet.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
