//! `costs`: tokens, resuming, deadlines.

use atlas_billing_mock::{Fault, NotReady, On, Operation, Ready};

use super::atlas::{Atlas, Ran, SECRET, TODAY, atlas, bare, scenario, started};

/// The command that standard error says to resume with, as words.
fn resume(stderr: &str) -> Vec<String> {
    let line = stderr
        .lines()
        .find_map(|line| line.strip_prefix("Resume with: atlas-billing "));
    let words = line
        .unwrap_or_else(|| panic!("no resume command: {stderr}"))
        .split(' ');
    words
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

#[test]
fn no_wait_prints_the_token_alone_and_resume_fetches_the_result() {
    let atlas = atlas();
    let created = atlas.ok(&["costs", "2025-02", "--no-wait"]);
    let token = created.stdout.trim_end();
    assert_eq!((token.len(), created.stdout.lines().count()), (64, 1));
    assert_eq!(atlas.asked().len(), 1);
    let ran = atlas.ok(&["costs", "--resume", token]);
    assert!(
        ran.stdout.starts_with("Costs 2025-02 by services"),
        "{}",
        ran.stdout
    );
    assert_eq!(atlas.asked().len(), 2);
    assert!(atlas.asked()[1].ends_with(token));
}

#[test]
fn the_resume_command_is_complete_and_said_before_the_result_even_if_quiet() {
    let atlas = Atlas::start(scenario().ready(Ready::Never));
    let command = atlas.command(&["-q", "costs", "2025-02", "-o", "csv"]);
    let (mut child, said) = started(command, "--resume");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        said.starts_with("Resume with: atlas-billing costs --resume"),
        "{said}"
    );

    // In an environment with nothing but credentials.
    let atlas = super::atlas::atlas();
    let ran = atlas.ok(&["-q", "costs", "2025-02", "-o", "csv"]);
    let mut command = bare();
    command.args(["--today", TODAY]).args(resume(&ran.stderr));
    command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
    let again = Ran::of(command);
    assert_eq!(
        (again.code, &again.stdout),
        (Some(0), &ran.stdout),
        "{}",
        again.stderr
    );
}

#[test]
fn at_the_deadline_the_code_is_5_and_the_way_on_is_said() {
    let atlas = Atlas::start(scenario().ready(Ready::Never));
    let message = atlas.fails(5, &["costs", "2025-02", "--deadline", "10ms"]);
    assert!(message.contains("error: "), "{message}");
    // Once when the token came, once at the end.
    assert_eq!(message.matches("--resume").count(), 2, "{message}");
}

#[test]
fn the_result_is_waited_for_in_each_form_of_not_ready() {
    for form in [
        NotReady::Documented,
        Fault::Gateway(504).into(),
        Fault::Bare102(atlas_billing_mock::After102::Close).into(),
    ] {
        let atlas = Atlas::start(
            scenario()
                .ready(Ready::AfterPolls(1))
                .not_ready([form.clone()]),
        );
        let ran = atlas.ok(&["costs", "2025-02", "--service", "Clusters"]);
        assert!(
            ran.stderr.contains("Result ready after 2 polls"),
            "{form:?}: {}",
            ran.stderr
        );
        let looks = atlas
            .asked()
            .iter()
            .filter(|asked| asked.starts_with("GET"))
            .count();
        assert_eq!(looks, 2, "{form:?}");
    }
}

#[test]
fn a_token_that_nobody_knows_is_not_found() {
    let token = "9c0d".repeat(16);
    let message = atlas().fails(4, &["costs", "--resume", &token]);
    assert!(message.contains("404"), "{message}");
}

#[test]
fn a_query_that_cannot_be_created_leaves_nothing_to_resume() {
    let on = On::operation(Operation::CreateQuery);
    let atlas = Atlas::start(scenario().fault(on, Fault::Status(400)));
    let message = atlas.fails(6, &["costs", "2025-02"]);
    assert!(!message.contains("createCost"), "{message}");
    let verbose = atlas.fails(6, &["-v", "costs", "2025-02"]);
    assert!(
        verbose.contains("(createCostExplorerQueryProcess)"),
        "{verbose}"
    );
    assert!(!message.contains("--resume"), "{message}");
}
