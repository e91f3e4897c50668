//! Runs every case in turn, several rounds of it, and holds the medians against the goals.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Result;
use crate::gauge::Sample;
use crate::process::{Server, sample};
use crate::table::markdown;
use crate::task::Task;

/// Small calls that one run makes.
const CALLS: u64 = 20_000;
const THOUSANDS: u64 = 100_000;
const MILLION: u64 = 1_000_000;
const MILLIONS: u64 = 10_000_000;
/// The rows of a FOCUS file of about 1 GB.
const GIGABYTE: u64 = 1_600_000;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    rounds: usize,
    largest: u64,
    only: Vec<Task>,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 5,
            largest: MILLIONS,
            only: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} wants a value"))
            };
            match *argument {
                "--quick" => (options.rounds, options.largest) = (1, THOUSANDS),
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--largest" => options.largest = value()?.parse()?,
                "--only" => {
                    let names = value()?.split(',').map(str::parse);
                    options.only = names.collect::<std::result::Result<_, _>>()?;
                }
                _ => {
                    return Err(
                        "usage: [--quick] [--rounds N] [--largest ITEMS] [--only TASK,..]".into(),
                    );
                }
            }
        }
        Ok(options)
    }

    /// Each task with each size it is run at, and how many rounds of it.
    fn plan(&self) -> Vec<(Task, u64, usize)> {
        let mut plan = Vec::new();
        for (task, _) in Task::ALL {
            let sizes: &[u64] = match task {
                Task::PlainCalls | Task::Calls => &[CALLS],
                // Ten million are there to show that memory stays where it is.
                Task::FloorJson | Task::Items => &[THOUSANDS, MILLION, MILLIONS],
                Task::FloorFocus | Task::Focus | Task::FocusTotal => &[THOUSANDS, GIGABYTE],
                _ => &[THOUSANDS, MILLION],
            };
            if self.only.is_empty() || self.only.contains(task) {
                let sizes = sizes.iter().filter(|size| **size <= self.largest);
                plan.extend(sizes.map(|size| {
                    let rounds = if *size == MILLIONS { 1 } else { self.rounds };
                    (*task, *size, rounds)
                }));
            }
        }
        plan
    }
}

type Samples = BTreeMap<(Task, u64), Vec<Sample>>;

/// Runs the plan and prints the tables.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = Server::start("serve")?;
    let plan = options.plan();
    let mut samples = Samples::new();
    // Rounds go around all tasks, so that a machine that slows down slows all of them.
    for round in 0..options.rounds {
        for (task, size, rounds) in &plan {
            if round < *rounds {
                eprintln!("round {} of {}: {task} {size}", round + 1, rounds);
                let taken = sample(*task, *size, &server.base_url)?;
                samples.entry((*task, *size)).or_default().push(taken);
            }
        }
    }
    same_result(&samples)?;
    println!("{}", measured(&samples));
    println!("{}", goals(&samples));
    Ok(())
}

/// Ways of doing one job have to see the same items and the same cents.
fn same_result(samples: &Samples) -> Result<()> {
    let job = |task: Task| match task {
        Task::FloorJson => 0,
        Task::FloorCsv => 1,
        Task::PlainWhole | Task::Whole | Task::Items => 2,
        Task::PlainTotal | Task::Total | Task::Statement | Task::Days | Task::Sums => 3,
        Task::PlainCsv | Task::Rows | Task::Records => 4,
        Task::PlainCalls | Task::Calls => 5,
        Task::FloorFocus => 6,
        Task::Focus | Task::FocusTotal => 7,
    };
    let mut first = BTreeMap::new();
    for ((task, size), taken) in samples {
        for sample in taken {
            let (other, seen) = first
                .entry((job(*task), *size))
                .or_insert((*task, sample.seen));
            if *seen != sample.seen {
                let found = format!("{task} saw {:?}, {other} saw {seen:?}", sample.seen);
                return Err(format!("{found} of the same {size}").into());
            }
        }
    }
    Ok(())
}

/// What a task's ratios are taken to.
fn baseline(task: Task) -> Task {
    match task {
        Task::FloorCsv | Task::PlainCsv | Task::Rows | Task::Records => Task::FloorCsv,
        Task::FloorFocus | Task::Focus | Task::FocusTotal => Task::FloorFocus,
        Task::PlainCalls | Task::Calls => Task::PlainCalls,
        _ => Task::PlainWhole,
    }
}

fn median<T: Ord + Copy>(taken: &[Sample], figure: impl Fn(&Sample) -> T) -> Option<T> {
    let mut figures: Vec<T> = taken.iter().map(figure).collect();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied()
}

fn wall(samples: &Samples, task: Task, size: u64) -> Option<Duration> {
    median(samples.get(&(task, size))?, |sample| sample.wall)
}

fn cpu(samples: &Samples, task: Task, size: u64) -> Option<Duration> {
    median(samples.get(&(task, size))?, |sample| sample.cpu)
}

/// The largest of all rounds, in MiB: a bound has to hold every time.
fn peak(samples: &Samples, task: Task, size: u64) -> Option<f64> {
    let peak = samples
        .get(&(task, size))?
        .iter()
        .map(|sample| sample.peak_kib)
        .max()?;
    Some(peak as f64 / 1024.0)
}

fn ratio(one: Option<Duration>, other: Option<Duration>) -> Option<f64> {
    Some(one?.as_secs_f64() / other?.as_secs_f64())
}

fn shown(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}

fn measured(samples: &Samples) -> String {
    let header = [
        "task",
        "items or calls",
        "wall ms",
        "(fastest, slowest)",
        "cpu ms",
        "peak MiB",
        "wall / base",
        "cpu / base",
    ];
    let rows = samples.iter().map(|((task, size), taken)| {
        let base = baseline(*task);
        let milliseconds = |time: Option<Duration>| shown(time.map(|t| t.as_secs_f64() * 1e3), 0);
        let of = |pick: fn(&mut dyn Iterator<Item = Duration>) -> Option<Duration>| {
            milliseconds(pick(&mut taken.iter().map(|sample| sample.wall)))
        };
        let (fastest, slowest) = (of(|walls| walls.min()), of(|walls| walls.max()));
        vec![
            task.to_string(),
            size.to_string(),
            milliseconds(wall(samples, *task, *size)),
            format!("{fastest}, {slowest}"),
            milliseconds(cpu(samples, *task, *size)),
            shown(peak(samples, *task, *size), 1),
            shown(
                ratio(wall(samples, *task, *size), wall(samples, base, *size)),
                2,
            ),
            shown(
                ratio(cpu(samples, *task, *size), cpu(samples, base, *size)),
                2,
            ),
        ]
    });
    markdown(&header, &rows.collect::<Vec<_>>())
}

/// One line of what was aimed at: what it is, the figure and the goal.
type Goal = (&'static str, Option<f64>, f64);

fn goals(samples: &Samples) -> String {
    let wall_ratio = |task, to, size| ratio(wall(samples, task, size), wall(samples, to, size));
    let peak_ratio =
        || Some(peak(samples, Task::Whole, MILLION)? / peak(samples, Task::PlainWhole, MILLION)?);
    let growth = |task| {
        let (small, large) = (wall(samples, task, THOUSANDS), wall(samples, task, MILLION));
        Some(ratio(large, small)? / 10.0)
    };
    let cpu_of_calls = ratio(
        cpu(samples, Task::Calls, CALLS),
        cpu(samples, Task::PlainCalls, CALLS),
    );
    let over_total = |task| wall_ratio(task, Task::Total, MILLION);
    let rows: [Goal; 14] = [
        (
            "stream of typed items, 1M, wall / baseline",
            wall_ratio(Task::Items, Task::PlainWhole, MILLION),
            0.50,
        ),
        (
            "its peak MiB at 100k",
            peak(samples, Task::Items, THOUSANDS),
            9.0,
        ),
        (
            "its peak MiB at 1M",
            peak(samples, Task::Items, MILLION),
            9.0,
        ),
        (
            "its peak MiB at 10M",
            peak(samples, Task::Items, MILLIONS),
            9.0,
        ),
        (
            "total by SKU over the stream, 1M, wall / baseline",
            wall_ratio(Task::Total, Task::PlainWhole, MILLION),
            0.30,
        ),
        (
            "statement (`reconcile`), 1M, wall / total by SKU",
            over_total(Task::Statement),
            1.3,
        ),
        (
            "sums by day (`forecast`), 1M, wall / total by SKU",
            over_total(Task::Days),
            1.3,
        ),
        (
            "all sums (`report`), 1M, wall / total by SKU",
            over_total(Task::Sums),
            1.3,
        ),
        (
            "whole invoice, 1M, wall / baseline",
            wall_ratio(Task::Whole, Task::PlainWhole, MILLION),
            0.60,
        ),
        ("whole invoice, 1M, peak / baseline", peak_ratio(), 0.30),
        (
            "CSV records, 1M, wall / floor",
            wall_ratio(Task::Records, Task::FloorCsv, MILLION),
            2.0,
        ),
        (
            "rows of a FOCUS file of 1 GB, peak MiB",
            peak(samples, Task::Focus, GIGABYTE),
            16.0,
        ),
        ("small call, cpu / baseline", cpu_of_calls, 1.05),
        (
            "stream, growth from 100k to 1M, over linear",
            growth(Task::Items),
            1.15,
        ),
    ];
    let rows = rows.iter().map(|(case, figure, goal)| {
        let reached = match figure {
            None => "not run",
            Some(figure) if figure <= goal => "yes",
            Some(_) => "no",
        };
        let figures = [shown(*figure, 2), format!("{goal:.2}")];
        let mut row = vec![(*case).to_owned()];
        row.extend(figures);
        row.push(reached.to_owned());
        row
    });
    markdown(
        &["case", "figure", "goal", "reached"],
        &rows.collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::Seen;

    fn taken(wall_ms: u64, peak_kib: u64, cents: i64) -> Sample {
        let wall = Duration::from_millis(wall_ms);
        Sample {
            wall,
            cpu: wall,
            peak_kib,
            seen: Seen {
                count: MILLION,
                cents,
            },
        }
    }

    #[test]
    fn options_are_read() {
        let options = Options::parse(&["--quick", "--only", "items,plain-whole"]).unwrap();
        assert_eq!((options.rounds, options.largest), (1, THOUSANDS));
        assert_eq!(options.plan().len(), 2);
        assert!(Options::parse(&["--rounds"]).is_err());
        assert!(Options::parse(&["--only", "x"]).is_err());
        let all = Options::parse(&[]).unwrap().plan();
        assert!(all.contains(&(Task::Items, MILLIONS, 1)));
        assert!(all.contains(&(Task::Whole, MILLION, 5)));
    }

    #[test]
    fn figures_are_medians_and_ratios() {
        let samples = Samples::from([
            (
                (Task::PlainWhole, MILLION),
                vec![taken(100, 1_000, 5), taken(1, 1, 5), taken(200, 1, 5)],
            ),
            ((Task::Items, MILLION), vec![taken(45, 10 * 1024, 5)]),
        ]);
        same_result(&samples).unwrap();
        let goals = goals(&samples);
        let line = goals
            .lines()
            .find(|line| line.contains("1M, wall"))
            .unwrap();
        assert!(
            line.contains(" 0.45 ") && line.ends_with("|     yes |"),
            "{line}"
        );
        assert!(goals.contains("not run"));
        assert!(measured(&samples).contains("1, 200"));
    }

    #[test]
    fn two_ways_with_two_results_are_refused() {
        let samples = Samples::from([
            ((Task::PlainWhole, MILLION), vec![taken(100, 1, 5)]),
            ((Task::Items, MILLION), vec![taken(60, 1, 6)]),
        ]);
        let error = same_result(&samples).unwrap_err().to_string();
        assert!(error.contains("items saw"), "{error}");
    }
}
