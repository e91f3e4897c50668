//! Each operation and form, met by each fault, over real sockets, on HTTP/1.1 and HTTP/2: what
//! comes out, after how many requests, and that no credential shows and nothing panics.
//!
//! Two lists make the matrix: [`rows::Row`], what is called, and [`faults::ALL`], what goes wrong.
//! What must come out of a cell is [`expected::of`]. The table of all cells is printed and kept in
//! `FAULTS.md`; `KEEP_FAULTS=1 cargo test -p atlas-billing-tests --test fault_matrix` writes it
//! again.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fault_matrix {
    pub(super) mod expected;
    pub(super) mod faults;
    pub(super) mod over_tls;
    pub(super) mod rows;
    pub(super) mod run;
    pub(super) mod table;
    pub(super) mod watch;
}

use atlas_billing_tests::{listen, panics};
use fault_matrix::{over_tls, run, table};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_fault_on_each_operation_ends_as_it_must() {
    panics::count_from_here();
    let heard = listen::to_everything();
    let outcomes = run::all().await;
    let over_tls = over_tls::table().await;
    println!("{}", table::summary(&outcomes));

    let wrong: Vec<String> = outcomes.iter().filter_map(run::Outcome::trouble).collect();
    assert!(
        wrong.is_empty(),
        "{} cells:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(!outcomes.is_empty());

    // The crates that see credentials have to have been heard, or this proves nothing.
    let lines = heard.lines();
    for source in ["atlas_billing", "h2", "hyper_util", "reqwest"] {
        assert!(
            lines.contains_key(source),
            "{source} was not heard: {lines:?}"
        );
    }
    assert_eq!(heard.leaks(), Vec::<String>::new());
    assert_eq!(panics::seen(), Vec::<String>::new());
    table::keep(&(table::text(&outcomes) + &over_tls));
}
