//! What the main commands print for the made-up data, word for word. `UPDATE_GOLDEN=1` rewrites
//! the files.

use std::path::Path;

use super::atlas::{Ran, TODAY, bare};

/// Commands by file. A word before the command is the width of the terminal.
const GOLDEN: &[(&str, &[&str])] = &[
    (
        "help",
        &[
            "-h",
            "--help",
            "costs -h",
            "invoices -h",
            "invoices show -h",
            "invoices items -h",
            "invoices search -h",
            "invoices tags -h",
            "invoices compare -h",
            "orgs list -h",
            "projects list -h",
            "clusters list -h",
            "skus list -h",
            "export -h",
            "report -h",
        ],
    ),
    (
        "costs",
        &[
            "100 --demo costs 2025-Q1",
            "60 --demo costs ytd --by organizations",
            "--demo costs mtd -o markdown",
            "--demo costs --compare",
            "--demo costs last-month --compare --by organizations -o csv",
            "100 --demo costs last-month --by projects",
            "--demo costs last-month --by clusters --cluster warehouse -o jsonl",
        ],
    ),
    (
        "invoices",
        &[
            "--demo invoices list 2024-Q4",
            "--demo invoices list last-month -o jsonl",
            "--demo invoices show last",
            "--demo invoices show 2024-10 -o markdown",
            "80 --demo invoices show last-month --by projects,sku --top 5",
            "--demo invoices show last --by cluster --linked include -o csv",
            "--demo invoices show last --by tag:team --linked only -o csv --excel",
            "--demo invoices show last --linked only",
            "100 --demo invoices show last --by organization",
            "--demo invoices compare last-month current --by provider",
            "--demo invoices compare --top 5",
            "--demo invoices compare 2024-Q3 2024-Q4 --by project -o csv",
            "100 --demo invoices show 2024-Q4 --by project",
            "60 --demo invoices show 2024-Q4 --by provider",
            "--demo invoices show 2025-01..2025-02 --by provider --top 2 -o csv",
            "--demo invoices show 2024-11..2024-12 -o markdown",
            "120 --demo invoices show last --by project --fail-over +5%",
            "--demo invoices show current --by day,provider --top 4",
            "--demo invoices tags",
            "--demo invoices tags 2025-01..2025-02 --linked include -o jsonl",
            "--demo invoices show last --project analytics --since 2025-02-27",
            "--demo invoices show last --by sku --describe --sku *INSTANCE_M?0 --top 3",
            "--demo invoices show last --by sku --describe --sku *_M10 -o csv",
            "--demo invoices compare last-month current --tag team=booking --describe --top 2",
            "--demo invoices items last --cluster events --until 2025-02-01",
            "--demo invoices search last --project analytics --since 2025-02-28 --sort price --order desc",
            "--demo invoices search --service Support --since 2025-03-09 -o json",
        ],
    ),
    (
        "lists",
        &[
            "--demo orgs list",
            "--demo orgs list -o jsonl",
            "--demo projects list",
            "--demo projects list -o csv",
            "--demo clusters list",
            "--demo clusters list -o json",
            "--demo skus list BACKUP",
            "--demo skus list m10 -o markdown",
        ],
    ),
    (
        "figures",
        &[
            "--demo invoices reconcile last",
            "--demo invoices reconcile last --focus -o csv",
            "--demo forecast",
            "--demo forecast --by project",
            "--demo forecast --method last-month-shape -o json",
        ],
    ),
    ("check", &["--demo check", "--demo check -o json"]),
    (
        "schema",
        &[
            "schema costs",
            "schema invoice",
            "schema line-item",
            "schema usage-item",
            "schema tag-key",
            "schema organization",
            "schema project",
            "schema cluster",
            "schema sku",
        ],
    ),
    (
        "messages",
        &[
            "costs",
            "costs today",
            "--demo costs --by projects --project analitics",
            "--demo costs --cluster nothing-like-it",
            "--demo invoices show last --project analitics --by sku",
            "--demo invoices show last --sku *M10 -o raw-json",
            "invoices items last --cluster 62c0aa11bb22cc33dd44ee01",
            "skus list -o raw-csv",
            "costs --deadline 15",
            "costs --output-file t.xlsx",
            "--demo costs -o csv --output-file no/such/file.csv",
            "invoices show lastmonth",
            "invoices show --by regoin",
            "invoices items last --status PAID",
            "invoices list -o raw-json",
            "invoices frobnicate",
            "schema costs -o csv",
            "--demo invoices show 2031-01",
            "--demo invoices show 64b7f0a1c2d3e4f506172839",
            "--demo invoices items 2025 -o raw-csv",
            "--demo invoices compare last last-month",
            "--demo invoices compare ytd --top 1 --by provider",
            "--demo costs --resume 9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d9c0d",
        ],
    ),
];

/// The command, its exit code unless it is 0, and what it printed.
fn session(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    let mut command = bare();
    if words[0].parse::<u16>().is_ok() {
        command.env("COLUMNS", words.remove(0));
    }
    command.args(["--today", TODAY]).args(&words);
    let Ran {
        code,
        stdout,
        stderr,
    } = Ran::of(command);
    let exit = match code {
        Some(0) => String::new(),
        code => format!("exit {}\n", code.unwrap()),
    };
    format!(
        "$ atlas-billing {}\n{stdout}{}{exit}\n",
        words.join(" "),
        without_times(&stderr)
    )
}

/// How long something took differs from run to run, and so do ports.
fn without_times(stderr: &str) -> String {
    let line = |line: &str| match line.split_once(" polls, ") {
        Some((before, _)) => format!("{before} polls, N s\n"),
        None => format!("{line}\n"),
    };
    stderr.lines().map(line).collect()
}

#[test]
fn commands_print_what_they_printed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (name, lines) in GOLDEN {
        let printed: String = lines.iter().map(|line| session(line)).collect();
        // The stand-in listens on a port of its own each time.
        let printed = without_ports(&printed);
        let path = directory.join(format!("{name}.txt"));
        if update {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&path, &printed).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        for (at, (printed, golden)) in printed.lines().zip(golden.lines()).enumerate() {
            assert_eq!(
                printed,
                golden,
                "{name}.txt:{}; UPDATE_GOLDEN=1 rewrites it",
                at + 1
            );
        }
        assert_eq!(printed.len(), golden.len(), "{name}.txt");
    }
}

fn without_ports(text: &str) -> String {
    let mut parts = text.split("http://127.0.0.1:");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str("http://127.0.0.1:PORT");
        whole.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    whole
}
