//! `focus`: reports as files and totals, and how they end.

use std::fs;

use atlas_billing_mock::{
    CREDITS_ORG_ID, Fault, INVOICE_ID, ManualClock, ORG_ID, On, Operation, Ready, ReportSettings,
};
use serde_json::json;

use super::atlas::{Atlas, Ran, SECRET, TODAY, atlas, scenario};

/// The reports that were requested, by method and path.
fn created(atlas: &Atlas) -> usize {
    let requests = atlas.stand_in.requests();
    let created = requests
        .iter()
        .filter(|request| request.operation == Operation::CreateReport);
    created.count()
}

fn shows_no_url(ran: &Ran) {
    let all = format!("{}{}", ran.stdout, ran.stderr);
    for part in ["X-Amz", "Signature", "billing-reports", SECRET] {
        assert!(!all.contains(part), "{part}: {all}");
    }
}

#[test]
fn the_file_is_written_as_received_and_verbose_output_shows_no_url() {
    // Whatever the time of this day is, a report of its first second was requested in the past.
    let midnight = format!("{TODAY}T00:00:00Z").parse().unwrap();
    let reports = ReportSettings::default().gzip("application/octet-stream");
    let scenario = scenario().clock(ManualClock::at(midnight)).reports(reports);
    let atlas = Atlas::start(scenario);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.csv");
    let ran = atlas.ok(&[
        "-v",
        "focus",
        "last",
        "--output-file",
        file.to_str().unwrap(),
    ]);
    assert_eq!(ran.stdout, "");
    shows_no_url(&ran);
    let plain = atlas.ok(&["focus", "last"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), plain.stdout);
    assert!(plain.stdout.starts_with("BilledCost,BillingAccountId,"));
    // A closed invoice's report is used again, unless a new one is wanted.
    assert_eq!(created(&atlas), 1);
    atlas.ok(&["focus", "last", "--fresh"]);
    assert_eq!(created(&atlas), 2);
    let pending = atlas.ok(&["focus", "current", "--by", "ServiceName"]);
    assert!(
        pending
            .stderr
            .contains("is pending: its report is not final"),
        "{}",
        pending.stderr
    );
    atlas.ok(&["focus", "current", "--by", "ServiceName"]);
    assert_eq!(created(&atlas), 4);
}

#[test]
fn totals_are_those_of_the_invoice_s_line_items() {
    let atlas = atlas();
    let facts = atlas.stand_in.scenario().facts(INVOICE_ID).unwrap();
    let ran = atlas.ok(&[
        "focus",
        INVOICE_ID,
        "--by",
        "billingaccountid",
        "-o",
        "json",
    ]);
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows[0]["BillingAccountId"], ORG_ID);
    assert_eq!(rows[0]["BillingCurrency"], "USD");
    assert_eq!(rows[0]["rows"], json!(facts.line_items));
    let cents = |field: &str| {
        let text = rows[0][field].to_string();
        let amount: atlas_billing::Decimal = text.parse().unwrap();
        (amount * atlas_billing::Decimal::from(100))
            .normalize()
            .to_string()
    };
    // What the invoice states, in its own fields.
    assert_eq!(cents("ListCost"), facts.gross_cents.to_string());
    assert_eq!(
        cents("BilledCost"),
        (facts.gross_cents - facts.discount_cents).to_string()
    );
}

/// A linked organization that the credentials cannot read is named; the other reports are made.
#[test]
fn a_linked_organization_that_cannot_be_read_is_omitted_aloud() {
    // Its organizations are linked, and only one is there to be read.
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let linked = "--linked=include";
    let ran = atlas.run(&[
        "focus",
        "2025-01",
        linked,
        "--by",
        "BillingAccountId",
        "-o",
        "json",
    ]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let accounts: Vec<_> = rows.as_array().unwrap().iter().collect();
    assert_eq!(accounts.len(), 1, "{rows}");
    assert_eq!(accounts[0]["BillingAccountId"], ORG_ID);
    let warned = |ran: &Ran| {
        let lines = ran.stderr.lines();
        let warning = "warning: the report of the linked organization ";
        lines.filter(|line| line.starts_with(warning)).count()
    };
    let omitted = warned(&ran);
    assert!(omitted > 0, "{}", ran.stderr);
    let sum = format!("{omitted} of {} reports are omitted", omitted + 1);
    assert!(ran.stderr.contains(&sum), "{}", ran.stderr);

    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let ran = atlas.run(&["focus", "2025-01", linked, "--output-dir", directory]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert_eq!(warned(&ran), omitted);
    let file = folder.path().join("billing_period=2025-01").join(ORG_ID);
    assert_eq!(fs::read_dir(file).unwrap().count(), 1);

    // With nothing to read there is nothing to write.
    let file = folder.path().join("f.csv");
    let path = file.to_str().unwrap();
    let ran = atlas.run(&[
        "focus",
        "2025-01",
        "--linked=only",
        "--by",
        "SkuId",
        "--output-file",
        path,
    ]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(!file.exists());
}

#[test]
fn each_report_of_a_period_has_a_file_of_its_own() {
    let atlas = Atlas::start(scenario().with_linked_invoices().organizations(3));
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    atlas.ok(&[
        "focus",
        "2025-01..2025-02",
        "--linked",
        "include",
        "--output-dir",
        directory,
    ]);
    let mut files = Vec::new();
    for month in fs::read_dir(folder.path()).unwrap() {
        for org in fs::read_dir(month.unwrap().path()).unwrap() {
            for file in fs::read_dir(org.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let shown = path.strip_prefix(folder.path()).unwrap();
                files.push(shown.display().to_string());
            }
        }
    }
    files.sort();
    let own: Vec<_> = files.iter().filter(|file| file.contains(ORG_ID)).collect();
    assert_eq!(own.len(), 2, "{files:?}");
    assert!(
        files.len() > 2 && files[0].starts_with("billing_period=2025-01/"),
        "{files:?}"
    );
    // Nobody pays for an organization of somebody else.
    assert!(
        !files.iter().any(|file| file.contains(CREDITS_ORG_ID)),
        "{files:?}"
    );

    let ran = atlas.run(&["focus", "2025-01..2025-02"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("2 reports cannot go into one stream"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_report_that_is_not_ready_can_be_resumed() {
    let atlas =
        Atlas::start(scenario().reports(ReportSettings::default().ready(Ready::AfterPolls(1))));
    let ran = atlas.run(&["focus", "last", "--by", "ServiceName", "--deadline", "1s"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(5), ""));
    let line = ran
        .stderr
        .lines()
        .find_map(|line| line.split_once("resume with: atlas-billing "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.stderr)).1;
    assert!(line.contains("--by ServiceName"), "{line}");
    let words: Vec<&str> = line.split(' ').collect();
    let ran = atlas.ok(&words);
    assert!(ran.stdout.contains("Clusters"), "{}", ran.stdout);
    let token = atlas.ok(&["focus", "last", "--no-wait"]);
    assert_eq!(token.stdout.trim().len(), 49);
}

#[test]
fn each_end_has_its_exit_code_and_leaves_no_file() {
    let html = Fault::Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<!DOCTYPE html><title>Sign in</title>".into(),
    };
    let redirect = Fault::Reply {
        status: 302,
        headers: vec![(
            "location".to_owned(),
            "https://elsewhere.invalid/planted".to_owned(),
        )],
        body: "".into(),
    };
    let failing = ReportSettings::default().failing("the invoice is too old");
    let on = || On::operation(Operation::Download);
    for (scenario, code, words) in [
        (scenario().reports(failing), 6, "the invoice is too old"),
        (
            scenario().fault(on(), html),
            7,
            "is a web page where CSV was expected",
        ),
        (
            scenario().fault(on(), redirect),
            6,
            "redirects are not followed",
        ),
        (
            scenario().refuse_downloads(99),
            6,
            "the storage host refused the download",
        ),
        (
            scenario().reports(ReportSettings::default().url_origin("ftp://files.example")),
            7,
            "is not https",
        ),
        (
            scenario().reports(ReportSettings::default().url_origin("http://files.example")),
            7,
            "is not https",
        ),
    ] {
        let atlas = Atlas::start(scenario);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.csv");
        let ran = atlas.run(&[
            "-v",
            "focus",
            "last",
            "--output-file",
            file.to_str().unwrap(),
        ]);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        shows_no_url(&ran);
        assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let atlas = atlas();
    for (args, words) in [
        (&["focus", "last", "-o", "json"][..], "needs --by"),
        (
            &["focus", "last", "--by", "ServiceName", "-o", "raw-csv"],
            "no effect",
        ),
        (&["focus", "last", "--by", ""], "empty"),
        (
            &[
                "focus",
                "last",
                "--resume",
                &format!("{INVOICE_ID}/{INVOICE_ID}"),
            ],
            "cannot be used with",
        ),
        (&["focus", "--resume", "x"], "is not the token of a report"),
        (&["focus", "last", "--excel", "-o", "csv"], "needs --by"),
    ] {
        let ran = atlas.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(atlas.asked().len(), 0);
    let ran = atlas.run(&["focus", "last", "--by", "Servce"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("no column \"Servce\""),
        "{}",
        ran.stderr
    );
}
