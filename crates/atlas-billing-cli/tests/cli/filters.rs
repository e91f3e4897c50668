//! Filters on line items, and descriptions of SKUs. The invoices are small enough to be added up by
//! hand, which is where the expected sums come from.

use atlas_billing_mock::{Fault, INVOICE_ID, On, Operation};
use serde_json::{Value, json};

use super::atlas::{Atlas, Ran, scenario};

const WEB: &str = "64b7f0a1c2d3e4f506172831";
const API: &str = "64b7f0a1c2d3e4f506172832";
const OTHER: &str = "66b1000000000000000000ff";

/// Day of March, project, cluster, SKU, cents, discount, tags.
type Line = (
    u32,
    &'static str,
    &'static str,
    &'static str,
    i64,
    i64,
    &'static str,
);

const MARCH: [Line; 6] = [
    (
        1,
        "web",
        "main",
        "ATLAS_AWS_INSTANCE_M10",
        100,
        10,
        r#"{"team":["a"],"env":["prod"]}"#,
    ),
    (
        2,
        "web",
        "main",
        "ATLAS_AWS_INSTANCE_M10",
        100,
        10,
        r#"{"team":["a"],"env":["prod"]}"#,
    ),
    (
        2,
        "web",
        "side",
        "ATLAS_AWS_STORAGE",
        30,
        0,
        r#"{"team":["a","b"],"env":["dev"]}"#,
    ),
    (
        3,
        "api",
        "main",
        "ATLAS_GCP_INSTANCE_M30",
        700,
        0,
        r#"{"team":["b"],"env":["prod"]}"#,
    ),
    (3, "api", "", "ATLAS_SUPPORT", 1000, 0, "{}"),
    (4, "", "", "CREDIT", -500, 0, "{}"),
];

/// An invoice of these lines.
fn invoice(id: &str, month: u32, lines: &[Line]) -> String {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(day, project, cluster, sku, cents, discount, tags)| {
            let of = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            json!({
                "startDate": format!("2025-{month:02}-{day:02}T00:00:00Z"),
                "groupId": of(project).map(|name| if name == "web" { WEB } else { API }),
                "groupName": of(project),
                "clusterName": of(cluster),
                "sku": sku,
                "totalPriceCents": cents,
                "discountCents": discount,
                "tags": serde_json::from_str::<Value>(tags).unwrap(),
            })
        })
        .collect();
    json!({
        "id": id,
        "startDate": format!("2025-{month:02}-01T00:00:00Z"),
        "endDate": format!("2025-{:02}-01T00:00:00Z", month + 1),
        "statusName": "PAID",
        "subtotalCents": 1910,
        "lineItems": lines,
    })
    .to_string()
}

fn march() -> Atlas {
    let body = invoice(INVOICE_ID, 3, &MARCH);
    Atlas::start(scenario().fault(On::operation(Operation::Invoice), Fault::Body(body.into())))
}

/// What `invoices show` adds up: items, gross, discount.
fn shown(atlas: &Atlas, filters: &[&str]) -> (u64, i64, i64) {
    let args = [&["invoices", "show", INVOICE_ID, "-o", "json"], filters].concat();
    let row = atlas.ok(&args).json().remove_first();
    let cents = |name: &str| row[name].as_i64().unwrap();
    // The figures of the invoice are those of the whole invoice.
    assert_eq!(row["subtotal_cents"], 1910);
    (
        row["items"].as_u64().unwrap(),
        cents("items_gross_cents"),
        cents("items_discount_cents"),
    )
}

trait First {
    fn remove_first(self) -> Value;
}

impl First for Value {
    fn remove_first(self) -> Value {
        self.as_array().unwrap()[0].clone()
    }
}

/// Positions of the items that `invoices items` writes.
fn written(ran: &Ran) -> Vec<u64> {
    let rows = ran.jsonl();
    let index = rows.iter().map(|row| row["item_index"].as_u64().unwrap());
    index.collect()
}

#[test]
fn each_filter_alone_and_together() {
    let atlas = march();
    for (filters, positions, gross, discount) in [
        (&[] as &[&str], &[0, 1, 2, 3, 4, 5][..], 1430, 20),
        (&["--project", "web"], &[0, 1, 2], 230, 20),
        (&["--project", API], &[3, 4], 1700, 0),
        (
            &["--project", WEB, "--project", "api"],
            &[0, 1, 2, 3, 4],
            1930,
            20,
        ),
        (&["--cluster", "main"], &[0, 1, 3], 900, 20),
        (&["--cluster", "main", "--project", "api"], &[3], 700, 0),
        (&["--sku", "*INSTANCE*"], &[0, 1, 3], 900, 20),
        (&["--sku", "atlas_aws_instance_m?0"], &[0, 1], 200, 20),
        (&["--sku", "CREDIT", "--sku", "*SUPPORT"], &[4, 5], 500, 0),
        (&["--tag", "team=b"], &[2, 3], 730, 0),
        (
            &["--tag", "team=b", "--tag", "team=a"],
            &[0, 1, 2, 3],
            930,
            20,
        ),
        (&["--tag", "team=b", "--tag", "env=prod"], &[3], 700, 0),
        (&["--since", "2025-03-03"], &[3, 4, 5], 1200, 0),
        (&["--until", "2025-03-02"], &[0, 1, 2], 230, 20),
        (
            &["--since", "2025-03-02", "--until", "2025-03-02"],
            &[1, 2],
            130,
            10,
        ),
        (
            &["--since", "2025-03-02", "--sku", "*M10", "--tag", "team=a"],
            &[1],
            100,
            10,
        ),
    ] {
        let count = positions.len() as u64;
        assert_eq!(
            shown(&atlas, filters),
            (count, gross, discount),
            "{filters:?}"
        );
        let items = ["invoices", "items", INVOICE_ID, "-o", "jsonl"];
        let ran = atlas.ok(&[&items, filters].concat());
        assert_eq!(written(&ran), positions, "{filters:?}");
        // Sums in groups by something else are those of the same items.
        let groups = [
            "invoices", "show", INVOICE_ID, "--by", "provider", "-o", "jsonl",
        ];
        let groups = atlas.ok(&[&groups, filters].concat()).jsonl();
        let sum = |name: &str| {
            groups
                .iter()
                .map(|row| row[name].as_i64().unwrap())
                .sum::<i64>()
        };
        assert_eq!(
            (sum("gross_cents"), sum("discount_cents")),
            (gross, discount)
        );
    }
}

#[test]
fn the_output_says_that_it_is_filtered() {
    let atlas = march();
    let filters = ["--project", "web", "--sku", "*M10"];
    let show =
        |args: &[&str]| atlas.ok(&[&["invoices", "show", INVOICE_ID], args, &filters].concat());
    let filter = "project web, sku *M10";
    for ran in [show(&[]), show(&["--by", "sku"])] {
        let note = format!("Filter: {filter}. The sums are those of the line items that pass it");
        assert!(ran.stdout.contains(&note), "{}", ran.stdout);
    }
    let figures = show(&[]).stdout;
    for line in [
        "filtered line items                     2",
        "subtotal                              19.10",
    ] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = figures.lines().any(|there| words(there) == words(line));
        assert!(found, "{line}: {figures}");
    }
    let ran = show(&["--by", "sku", "-o", "csv"]);
    assert!(
        ran.stderr.contains(&format!("Filter: {filter}\n")),
        "{}",
        ran.stderr
    );
    let ran = atlas.ok(&[&["invoices", "items", INVOICE_ID], &filters[..]].concat());
    assert!(ran.stderr.contains(": 2 of 6 line items"), "{}", ran.stderr);

    let message = atlas.fails(4, &["invoices", "show", INVOICE_ID, "--project", "Web"]);
    assert!(message.contains("did you mean \"web\"?"), "{message}");
    let ran = atlas.ok(&[
        "invoices", "items", INVOICE_ID, "--tag", "team=c", "-o", "csv",
    ]);
    let warning = "warning: no line item has the tag team=c";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn linked_items_are_filtered_as_well() {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let items = |how: &str| {
        let args = [
            "invoices", "show", "last", "--linked", how, "--sku", "*SUPPORT", "-o", "json",
        ];
        let rows = atlas.ok(&args).json();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["items_gross_cents"].as_i64().unwrap())
            .sum::<i64>()
    };
    // 18.50 dollars a day, for the 28 days of February.
    assert_eq!(items("omit"), 51_800);
    assert_eq!(items("only"), 51_800);
    assert_eq!(items("include"), 103_600);
}

#[test]
fn a_comparison_is_of_the_filtered_items() {
    let april: [Line; 2] = [
        (1, "web", "main", "ATLAS_AWS_INSTANCE_M10", 150, 0, "{}"),
        (1, "api", "main", "ATLAS_GCP_INSTANCE_M30", 600, 0, "{}"),
    ];
    let on = || On::operation(Operation::Invoice);
    let atlas = Atlas::start(
        scenario()
            .fault(on().every(2), Fault::Body(invoice(OTHER, 4, &april).into()))
            .fault(on(), Fault::Body(invoice(INVOICE_ID, 3, &MARCH).into())),
    );
    // The stand-in has no invoice of the second id: any other one does.
    let second = atlas.stand_in.scenario().invoices()[0].id.clone();
    let compare = [
        "invoices",
        "compare",
        INVOICE_ID,
        &second,
        "--project",
        "web",
    ];
    let rows = atlas.ok(&[&compare[..], &["-o", "jsonl"]].concat()).jsonl();
    let changes: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["sku"].as_str().unwrap(),
                row["change_cents"].as_i64().unwrap(),
            )
        })
        .collect();
    // 200 to 150, and 30 to nothing; the other project is not there.
    assert_eq!(
        changes,
        [("ATLAS_AWS_INSTANCE_M10", -50), ("ATLAS_AWS_STORAGE", -30)]
    );
    let table = atlas.ok(&compare).stdout;
    assert!(table.contains("Filter: project web. The sums"), "{table}");
}

#[test]
fn skus_are_described_by_one_request() {
    let atlas = march();
    let show = [
        "invoices",
        "show",
        INVOICE_ID,
        "--by",
        "project,sku",
        "--describe",
    ];
    let rows = atlas.ok(&[&show[..], &["-o", "jsonl"]].concat()).jsonl();
    assert_eq!(atlas.asked().len(), 2, "{:?}", atlas.asked());
    let of = |sku: &str| {
        let row = rows.iter().find(|row| row["sku"] == sku).unwrap();
        row["sku_description"].clone()
    };
    assert_eq!(of("ATLAS_AWS_INSTANCE_M10"), "Atlas AWS Instance M10");
    assert_eq!(of("ATLAS_SUPPORT"), "Support");
    assert_eq!(of("ATLAS_AWS_STORAGE"), json!(null), "not in the list");
    let table = atlas.ok(&[&show[..], &["--top", "1"]].concat()).stdout;
    let heading = table.lines().nth(1).unwrap();
    assert!(
        heading.starts_with("project") && heading.contains(" description "),
        "{table}"
    );
    assert!(table.contains("ATLAS_SUPPORT  Support"), "{table}");
    let without = atlas.ok(&["invoices", "show", INVOICE_ID, "--by", "sku", "-o", "csv"]);
    assert!(!without.stdout.contains("sku_description"));

    let on = On::operation(Operation::Skus);
    let atlas = Atlas::start(scenario().fault(on, Fault::Status(403)));
    let message = atlas.fails(3, &show);
    for part in ["cannot read the list of SKUs", "without --describe"] {
        assert!(message.contains(part), "{message}");
    }
}
