//! The command line as it is read, and what is refused.

use atlas_billing::totals::Dimension;

use super::values::{Invoice, Which};
use super::*;

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(line.split(' ').map(OsString::from))
}

#[test]
fn the_definition_is_sound() {
    definition().debug_assert();
}

#[test]
fn aliases_lead_to_the_same_commands() {
    assert!(matches!(
        read("atlas-billing usage").unwrap().command,
        Command::Costs(_)
    ));
    for line in ["invoices list", "invoice ls", "invoice list"] {
        let command = read(&format!("atlas-billing {line}")).unwrap().command;
        assert!(
            matches!(command, Command::Invoices(InvoicesCommand::List(_))),
            "{line}"
        );
    }
    for line in ["show", "describe", "get"] {
        let command = read(&format!("atlas-billing invoices {line} last"))
            .unwrap()
            .command;
        let Command::Invoices(InvoicesCommand::Show(show)) = command else {
            panic!("{line}: {command:?}");
        };
        assert_eq!(show.invoice, Which::Invoice(Invoice::Last));
    }
}

#[test]
fn flags_of_the_atlas_cli_are_taken_and_not_shown() {
    let id = "64b7f0a1c2d3e4f506172839";
    let cli = read(&format!(
        "atlas-billing invoices describe --orgId {id} --invoiceId {id} --outputFile x.csv"
    ));
    let cli = cli.unwrap();
    assert_eq!(cli.global.format(), Ok(Format::Csv));
    let Command::Invoices(InvoicesCommand::Show(show)) = cli.command else {
        panic!("show");
    };
    assert!(matches!(show.invoice, Which::Invoice(Invoice::Id(given)) if given.as_str() == id));
    let help = definition().render_long_help().to_string();
    assert!(help.contains("--org ") && !help.contains("orgId") && !help.contains("outputFile"));
}

#[test]
fn global_flags_go_before_and_after_the_command() {
    assert!(
        read("atlas-billing --excel -q costs -o csv")
            .unwrap()
            .global
            .excel
    );
    assert!(read("atlas-billing costs --verbose -P a").is_ok_and(|cli| cli.global.verbose));
    assert!(read("atlas-billing costs -q").unwrap().global.quiet);
    assert!(
        read("atlas-billing invoices --keep-token list -q")
            .unwrap()
            .global
            .keep_token
    );
}

#[test]
fn help_is_short_and_shows_global_options_once() {
    let mut command = definition();
    let short = command.render_help().to_string();
    assert!(short.lines().count() < 40, "{short}");
    assert!(short.contains("\nGlobal options:\n") && !short.contains("Options:"));
    let long = command.render_long_help().to_string();
    for (option, only_long) in [
        ("--output-file", false),
        ("--ca-file", true),
        ("--excel", true),
    ] {
        assert!(long.contains(option), "{option}: {long}");
        assert_eq!(!short.contains(option), only_long, "{option}: {short}");
    }
    assert!(long.contains("\nAdvanced global options:\n"), "{long}");
    for path in [
        vec!["costs"],
        vec!["invoices", "show"],
        vec!["invoices", "items"],
        vec!["invoices", "search"],
        vec!["invoices", "compare"],
        vec!["orgs", "list"],
        vec!["skus", "list"],
        vec!["check"],
        vec!["man"],
        vec!["plugin", "install"],
    ] {
        let mut page = &mut command;
        for name in &path {
            page = page.find_subcommand_mut(name).unwrap();
        }
        let page = page.render_help().to_string();
        assert!(page.lines().count() < 40, "{page}");
        assert!(
            !page.contains("--base-url") && page.contains("\nExamples:\n"),
            "{page}"
        );
    }
}

#[test]
fn what_has_no_effect_or_contradicts_is_refused() {
    let token = "9c0d".repeat(16);
    for (line, part) in [
        ("costs -q -v", "cannot be used"),
        #[cfg(feature = "demo")]
        (
            "costs --demo --base-url https://cloud.mongodb.com",
            "cannot be used",
        ),
        #[cfg(feature = "demo")]
        ("costs --demo -P work", "cannot be used"),
        ("completions bash -P work", "--profile has no effect"),
        (
            "plugin install --output-file a.txt",
            "--output-file has no effect",
        ),
        ("focus last -o raw-json", "a report is CSV"),
        ("focus last --by ServiceName -o raw-json", "a report is CSV"),
        (
            "invoices items 2025-03 --output-dir d -o markdown",
            "is for files to load",
        ),
        (
            "invoices list -o openmetrics",
            "`costs`, `forecast` and `invoices show --by`",
        ),
        (&format!("costs 2025 --resume {token}"), "cannot be used"),
        (
            &format!("costs --resume {token} --no-wait"),
            "cannot be used",
        ),
        (
            &format!("costs --resume {token} --service Clusters"),
            "cannot be used",
        ),
        ("costs --no-wait --deadline 1m", "cannot be used"),
        ("costs --resume tooshort", "--resume"),
        (
            "costs --deadline 15",
            "--deadline <DURATION>: \"15\" is not a duration",
        ),
        ("costs today", "[PERIOD]: \"today\" is not a period"),
        ("costs --by servces", "services"),
        ("costs --output-file t.xlsx", "--excel"),
        ("costs --excel", "-o csv"),
        ("invoices list --top 3", "--top"),
        ("invoices show --top 3", "--by"),
        ("invoices show --by sku,skus", "twice"),
        ("invoices show --by sku,day,month", "not 3"),
        ("invoices show --by sku -o raw-json", "--by has no effect"),
        (
            "invoices show --linked only -o raw-json",
            "--linked has no effect",
        ),
        (
            "invoices items --linked omit -o raw-csv",
            "--linked has no effect",
        ),
        ("invoices items last --status PAID", "--status"),
        (
            "invoices items --output-dir d --output-file f",
            "cannot be used",
        ),
        ("invoices items --output-dir d -o table", "--output-dir"),
        (
            "invoices list -o raw-csv",
            "`invoices list` does not support raw-csv",
        ),
        ("invoices compare last current -o raw-json", "raw-json"),
        ("invoices compare --by sku,days", "cannot be a day or month"),
        (
            "invoices show --sku A* -o raw-json",
            "--sku has no effect on raw-json",
        ),
        (
            "invoices items --tag team=web -o raw-csv",
            "--tag has no effect on raw-csv",
        ),
        (
            "invoices show --since 2025-03-02 --until 2025-03-01",
            "--until is before --since",
        ),
        ("invoices show --since yesterday", "2025-03-08"),
        ("invoices items --tag team", "team=web"),
        (
            "invoices compare last current --cluster 64b7f0a1c2d3e4f506172839",
            "no cluster ids",
        ),
        ("invoices show --describe", "--describe needs --by sku"),
        (
            "invoices compare last current --by project --describe",
            "--by sku",
        ),
        (
            "invoices search -o raw-json",
            "`invoices search` does not support raw-json",
        ),
        ("skus list -o raw-csv", "`skus list` does not support"),
        (
            "orgs list --org 64b7f0a1c2d3e4f506172839",
            "--org has no effect",
        ),
        ("check -o raw-csv", "`check` does not support raw-csv"),
        ("schema costs -o csv", "--output has no effect"),
        #[cfg(feature = "demo")]
        ("mock --org 64b7f0a1c2d3e4f506172839", "--org has no effect"),
    ] {
        let error = read(&format!("atlas-billing {line}")).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(part), "{line}: {error}");
    }
}

#[test]
fn with_a_status_a_month_is_a_period() {
    let cli = read("atlas-billing invoices items 2025-02 --status PAID").unwrap();
    let Command::Invoices(InvoicesCommand::Items(items)) = cli.command else {
        panic!("items");
    };
    assert!(matches!(items.which().as_slice(), [Which::Period(_)]));
}

#[test]
fn the_help_names_every_dimension() {
    // The dimensions that the help of `--by` names.
    let named = |path: &[&str]| {
        let mut command = &mut definition();
        for name in path {
            command = command.find_subcommand_mut(name).unwrap();
        }
        let mut arguments = command.get_arguments();
        let by = arguments
            .find(|argument| argument.get_id() == "by")
            .unwrap();
        let help = by.get_help().unwrap().to_string();
        let words = help.split([' ', ',', '(', ')', '\n']).map(str::to_owned);
        let forms = Dimension::forms();
        words
            .filter(|word| forms.contains(word))
            .collect::<Vec<_>>()
    };
    let all = Dimension::forms();
    assert_eq!(named(&["invoices", "show"]), all);
    assert_eq!(named(&["invoices", "compare"]), all);
    // A forecast is of a month of one organization.
    let of_month = |form: &String| !["day", "month", "organization"].contains(&form.as_str());
    let of_month: Vec<String> = all.into_iter().filter(of_month).collect();
    assert_eq!(named(&["forecast"]), of_month);
}
