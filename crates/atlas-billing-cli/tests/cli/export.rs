//! `export`: what the files hold, what a second run does, and what is left of one that ends early.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use atlas_billing_mock::{
    At, CREDITS_ORG_ID, Fault, INVOICE_ID, InvoicePlan, LINKED_ORG_ID, ORG_ID, On, Operation,
    PENDING_INVOICE_ID, ScenarioBuilder, Variety,
};
use parquet::basic::{Compression, LogicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::Value;
use serde_json::value::RawValue;

use super::atlas::{Atlas, Ran, atlas, scenario, started};

/// A destination, and what is in it.
struct Dest(tempfile::TempDir);

impl Dest {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self) -> &str {
        self.path().to_str().unwrap()
    }

    /// Every file below it, but for the lock: its bytes, and when it was written.
    fn files(&self) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(self.path()).unwrap();
                let name = name.to_str().unwrap().to_owned();
                let written = fs::metadata(&path).unwrap().modified().unwrap();
                files.insert(name, (fs::read(&path).unwrap(), written));
            }
        }
        files.remove("_manifest/.lock");
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    fn manifest(&self, dataset: &str, org: &str, month: &str) -> Value {
        let path = self.path().join(manifest(dataset, org, month));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    fn rows(&self, name: &str) -> Vec<BTreeMap<String, Field>> {
        let file = File::open(self.path().join(name)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let row = |row: Row| row.into_columns().into_iter().collect();
        reader
            .get_row_iter(None)
            .unwrap()
            .map(|it| row(it.unwrap()))
            .collect()
    }
}

fn data(dataset: &str, org: &str, month: &str, file: &str) -> String {
    format!("{dataset}/org_id={org}/billing_period={month}/{file}")
}

fn manifest(dataset: &str, org: &str, month: &str) -> String {
    format!("_manifest/{dataset}/org_id={org}/billing_period={month}.json")
}

fn february() -> String {
    data(
        "line_items",
        ORG_ID,
        "2025-02",
        &format!("{INVOICE_ID}.parquet"),
    )
}

fn three() -> ScenarioBuilder {
    scenario().organizations(3).with_linked_invoices()
}

fn args<'a>(dest: &'a Dest, more: &[&'a str]) -> Vec<&'a str> {
    [&["export", "--to", dest.text()], more].concat()
}

/// The invoices that were fetched, without lists.
fn fetched(atlas: &Atlas) -> Vec<String> {
    let mut asked = atlas.asked();
    asked.retain(|line| line.contains("/invoices/") || line.contains("/costExplorer"));
    asked
}

/// A number by its digits alone: without an exponent, and without zeros at the end of a fraction.
fn digits(text: &str) -> String {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap();
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let places = i32::try_from(fraction.len()).unwrap() - exponent;
    let mut all = format!("{whole}{fraction}");
    match usize::try_from(places) {
        Err(_) => all.push_str(&"0".repeat(places.unsigned_abs() as usize)),
        Ok(places) => {
            if all.len() <= places {
                all = format!("{}{all}", "0".repeat(places + 1 - all.len()));
            }
            all.insert(all.len() - places, '.');
            all.truncate(all.trim_end_matches('0').trim_end_matches('.').len());
        }
    }
    let all = all.trim_start_matches('0');
    match all {
        "" => "0".to_owned(),
        all if all.starts_with('.') => format!("{sign}0{all}"),
        all => format!("{sign}{all}"),
    }
}

fn decimal(field: &Field) -> Option<String> {
    let decimal = match field {
        Field::Null => return None,
        Field::Decimal(decimal) => decimal,
        other => panic!("{other:?}"),
    };
    assert_eq!((decimal.precision(), decimal.scale()), (38, 9));
    let value = i128::from_be_bytes(decimal.data().try_into().unwrap());
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let (whole, rest) = (size / 1_000_000_000, size % 1_000_000_000);
    Some(digits(&format!("{sign}{whole}.{rest:09}")))
}

/// A line item with its numbers as the service wrote them.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    quantity: Option<Box<RawValue>>,
    unit_price_dollars: Option<Box<RawValue>>,
    percent_discount: Option<Box<RawValue>>,
    total_price_cents: Option<i64>,
    #[serde(default)]
    tags: Option<BTreeMap<String, Option<Vec<String>>>>,
    created: Option<String>,
    note: Option<String>,
    cloud_provider: Option<String>,
}

#[derive(serde::Deserialize)]
struct Document {
    #[serde(rename = "lineItems")]
    items: Vec<Item>,
}

fn items(atlas: &Atlas, org: &str, id: &str) -> Vec<Item> {
    let text = atlas
        .ok(&["invoices", "show", id, "--org", org, "-o", "raw-json"])
        .stdout;
    serde_json::from_str::<Document>(&text).unwrap().items
}

/// The values of each tag that has any, as they are in a file.
fn tags(field: &Field) -> BTreeMap<String, Vec<String>> {
    let Field::MapInternal(map) = field else {
        assert_eq!(*field, Field::Null);
        return BTreeMap::new();
    };
    let text = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let values = |field: &Field| match field {
        Field::ListInternal(list) => list.elements().iter().map(text).collect(),
        other => panic!("{other:?}"),
    };
    map.entries()
        .iter()
        .map(|(key, value)| (text(key), values(value)))
        .collect()
}

/// Rows and line items, sums of cents by tag, digits, texts: the same on both sides.
fn assert_same(atlas: &Atlas, dest: &Dest, org: &str, month: &str, id: &str) {
    let name = data("line_items", org, month, &format!("{id}.parquet"));
    let (rows, items) = (dest.rows(&name), items(atlas, org, id));
    assert_eq!(rows.len(), items.len(), "{name}");
    let sum = |cents: &mut dyn Iterator<Item = i64>| cents.sum::<i64>();
    for (at, (row, item)) in rows.iter().zip(&items).enumerate() {
        let number = |raw: &Option<Box<RawValue>>| {
            raw.as_ref().map(|raw| digits(raw.get().trim_matches('"')))
        };
        let place = format!("{name}, {at}");
        assert_eq!(decimal(&row["quantity"]), number(&item.quantity), "{place}");
        let price = number(&item.unit_price_dollars);
        assert_eq!(decimal(&row["unit_price_dollars"]), price, "{place}");
        let percent = number(&item.percent_discount);
        assert_eq!(decimal(&row["percent_discount"]), percent, "{place}");
        let cents = item.total_price_cents.map_or(Field::Null, Field::Long);
        assert_eq!(row["total_price_cents"], cents, "{place}");
        let given = item.tags.clone().unwrap_or_default();
        let given = given
            .into_iter()
            .map(|(key, values)| (key, values.unwrap_or_default()));
        assert_eq!(tags(&row["tags"]), given.collect(), "{place}");
        let text = |text: &Option<String>| text.clone().map_or(Field::Null, Field::Str);
        assert_eq!(row["note"], text(&item.note), "{place}");
        assert_eq!(row["cloud_provider"], text(&item.cloud_provider), "{place}");
        let created = item.created.as_deref().map(|text| {
            let moment: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
            moment.timestamp_micros()
        });
        let created = created.map_or(Field::Null, Field::TimestampMicros);
        assert_eq!(row["created"], created, "{place}");
        assert_eq!(row["item_index"], Field::Long(i64::try_from(at).unwrap()));
        assert_eq!(row["is_linked"], Field::Bool(false));
    }
    let facts = atlas.stand_in.scenario().facts(id).unwrap();
    let manifest = dest.manifest("line_items", org, month);
    let file = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["name"] == *name)
        .unwrap();
    let all = sum(&mut items.iter().filter_map(|item| item.total_price_cents));
    assert_eq!(all, facts.gross_cents);
    assert_eq!(file["sum_cents"], all);
    assert_eq!(file["rows"], rows.len());
    assert_eq!(file["complete"], facts.status != "PENDING");
    assert_eq!(file["invoices"][0]["status"], facts.status);
    let bytes = fs::read(dest.path().join(&name)).unwrap();
    assert_eq!(file["bytes"], bytes.len());
    assert_eq!(file["sha256"], sha256(&bytes));
}

fn sha256(bytes: &[u8]) -> String {
    let digits = hmac_sha256::Hash::hash(bytes);
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_value_comes_back() {
    let odd = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(900);
    let atlas = Atlas::start(three().invoice(odd.variety(Variety::Wild)));
    let dest = Dest::new();
    let ran = atlas.ok(&args(
        &dest,
        &["line-items", "invoices", "2025-01..2025-03", "--all-orgs"],
    ));
    assert_eq!(ran.stdout, "");
    let scenario = atlas.stand_in.scenario();
    let mut count = 0;
    for org in [ORG_ID, LINKED_ORG_ID, CREDITS_ORG_ID] {
        for facts in scenario.invoices_of(org) {
            let month = facts.start.format("%Y-%m").to_string();
            if *month < *"2025-01" {
                continue;
            }
            assert_same(&atlas, &dest, org, &month, &facts.id);
            let row = dest.rows(&data(
                "invoices",
                org,
                &month,
                &format!("{}.parquet", facts.id),
            ));
            let row = &row[0];
            assert_eq!(
                row["amount_billed_cents"],
                Field::Long(facts.amount_billed_cents)
            );
            assert_eq!(row["items_gross_cents"], Field::Long(facts.gross_cents));
            assert_eq!(row["invoice_status"], Field::Str(facts.status));
            count += 1;
        }
    }
    assert_eq!(count, 9);
    assert_eq!(dest.names().len(), count * 4, "a file and a manifest each");
}

#[test]
fn a_file_describes_itself() {
    let (atlas, dest) = (atlas(), Dest::new());
    atlas.ok(&args(&dest, &["line-items", "2025-02"]));
    let file = File::open(dest.path().join(february())).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata();
    let about = metadata.file_metadata().key_value_metadata().unwrap();
    for (key, value) in [
        ("atlas_billing.schema_version", "1"),
        ("atlas_billing.dataset", "line_items"),
        ("atlas_billing.org_id", ORG_ID),
        ("atlas_billing.billing_period", "2025-02"),
        ("atlas_billing.invoice_id", INVOICE_ID),
        ("atlas_billing.invoice_status", "CLOSED"),
        ("atlas_billing.tool_version", env!("CARGO_PKG_VERSION")),
    ] {
        let found = about.iter().find(|entry| entry.key == key).unwrap();
        assert_eq!(found.value.as_deref(), Some(value), "{key}");
    }
    let schema = metadata.file_metadata().schema_descr();
    for at in 0..schema.num_columns() {
        let column = schema.column(at);
        assert_ne!(column.name(), "org_id", "it is in the path");
        let chunk = metadata.row_group(0).column(at);
        assert!(matches!(chunk.compression(), Compression::ZSTD(_)));
        assert!(chunk.statistics().is_some(), "{}", column.name());
    }
    let sku = (0..schema.num_columns()).find(|at| schema.column(*at).name() == "sku");
    let sku = metadata.row_group(0).column(sku.unwrap());
    assert!(sku.dictionary_page_offset().is_some());
    let root = schema.root_schema().get_fields();
    let of = |name: &str| {
        let field = root.iter().find(|field| field.name() == name).unwrap();
        field.get_basic_info().logical_type_ref().cloned()
    };
    assert_eq!(of("tags"), Some(LogicalType::Map));
    assert_eq!(of("sku"), Some(LogicalType::String));
    assert_eq!(of("total_price_cents"), None);
    assert!(matches!(of("quantity"), Some(LogicalType::Decimal(..))));
}

#[test]
fn a_second_run_fetches_what_has_changed_and_no_more() {
    let dest = Dest::new();
    let line = ["line-items", "invoices", "costs"];
    let first = Atlas::start(scenario().with_previous_month_pending());
    first.ok(&args(&dest, &line));
    // An invoice is fetched once for both data sets.
    assert_eq!(
        fetched(&first)
            .iter()
            .filter(|it| it.contains("/invoices/"))
            .count(),
        14
    );
    let before = dest.files();
    assert_eq!(before.len(), 6 * 14);

    // The previous month has been closed, the running one is pending still.
    let second = atlas();
    second.ok(&args(&dest, &line));
    let asked = fetched(&second);
    let invoices: Vec<_> = asked
        .iter()
        .filter(|it| it.contains("/invoices/"))
        .collect();
    assert_eq!(invoices.len(), 2, "{asked:?}");
    assert!(invoices.iter().any(|it| it.ends_with(INVOICE_ID)));
    assert!(invoices.iter().any(|it| it.ends_with(PENDING_INVOICE_ID)));
    let after = dest.files();
    assert!(before.keys().eq(after.keys()));
    for (name, file) in &after {
        let changes = name.contains("=2025-02") || name.contains("=2025-03");
        assert!(changes || before[name] == *file, "{name}");
    }
    assert!(before[&february()] != after[&february()]);
    let closed = dest.manifest("line_items", ORG_ID, "2025-02");
    assert_eq!(closed["files"][0]["invoices"][0]["status"], "CLOSED");
    assert_eq!(closed["complete"], true);

    // Only what is pending is fetched again; its bytes are the same, so its file stays.
    let third = atlas();
    let ran = third.ok(&args(&dest, &line));
    assert_eq!(
        fetched(&third)
            .iter()
            .filter(|it| it.contains("/invoices/"))
            .count(),
        1
    );
    assert!(ran.stderr.contains("39 unchanged"), "{}", ran.stderr);
    for (name, file) in dest.files() {
        let rewritten = name.starts_with("_manifest/") && name.contains("=2025-03");
        assert!(rewritten || after[&name] == file, "{name}");
    }

    // And nothing at all where nothing is pending.
    let fourth = atlas();
    fourth.ok(&args(
        &dest,
        &["line-items", "invoices", "costs", "2024-01..2025-02"],
    ));
    assert_eq!(fetched(&fourth), [""; 0]);
}

#[test]
fn what_nothing_stands_for_goes_and_what_is_not_ours_stays() {
    let dest = Dest::new();
    let extra = InvoicePlan::new(EXTRA_ID).month(2025, 1);
    let first = Atlas::start(scenario().invoice(extra.items(20)));
    first.ok(&args(&dest, &["line-items"]));
    let gone = data(
        "line_items",
        ORG_ID,
        "2025-01",
        &format!("{EXTRA_ID}.parquet"),
    );
    let foreign = [
        data(
            "line_items",
            ORG_ID,
            "2025-01",
            "66a1000000000000000000fe.parquet",
        ),
        data("line_items", ORG_ID, "2019-01", "old.parquet"),
        "line_items/notes.txt".to_owned(),
        "_manifest/mine.json".to_owned(),
    ];
    for name in &foreign {
        let path = dest.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "mine").unwrap();
    }
    let before = dest.files();
    assert!(before.contains_key(&gone));
    let manifest = dest.manifest("line_items", ORG_ID, "2025-01");
    assert_eq!(manifest["files"].as_array().unwrap().len(), 2);

    // Of another period, nothing is touched.
    let second = atlas();
    second.ok(&args(&dest, &["line-items", "2024"]));
    assert_eq!(dest.files(), before);
    let plan = second.ok(&args(&dest, &["line-items", "--dry-run", "-o", "jsonl"]));
    let removed: Vec<_> = plan
        .jsonl()
        .into_iter()
        .filter(|row| row["action"] == "remove")
        .collect();
    assert_eq!(removed.len(), 1);
    assert!(removed[0]["file"].as_str().unwrap().ends_with(&gone));
    let ran = second.ok(&args(&dest, &["line-items"]));
    assert!(ran.stderr.contains("1 removed"), "{}", ran.stderr);
    let after = dest.files();
    assert!(!after.contains_key(&gone));
    for name in &foreign {
        assert_eq!(after[name], before[name], "{name}");
    }
    let manifest = dest.manifest("line_items", ORG_ID, "2025-01");
    assert_eq!(manifest["files"].as_array().unwrap().len(), 1);

    // A list that is empty is no reason to remove everything.
    let none = Atlas::start(scenario().without_invoices());
    let said = none.fails(4, &args(&dest, &["line-items"]));
    assert!(said.contains("no file is removed"), "{said}");
    assert!(dest.files().keys().eq(after.keys()));
}

#[test]
fn other_settings_replace_the_files() {
    let (atlas, dest) = (Atlas::start(three()), Dest::new());
    let line = ["line-items", "2025-02"];
    atlas.ok(&args(&dest, &line));
    let omitted = dest.rows(&february()).len();
    atlas.ok(&args(
        &dest,
        &["line-items", "2025-02", "--linked", "include"],
    ));
    let rows = dest.rows(&february());
    assert!(rows.len() > omitted);
    let linked = rows
        .iter()
        .filter(|row| row["is_linked"] == Field::Bool(true));
    assert_eq!(linked.count(), rows.len() - omitted);
    atlas.ok(&args(
        &dest,
        &["line-items", "2025-02", "--format", "jsonl"],
    ));
    let jsonl = february().replace(".parquet", ".jsonl");
    assert_eq!(
        dest.names(),
        [manifest("line_items", ORG_ID, "2025-02"), jsonl.clone()]
    );
    // The same rows as in a stream, without what the path has.
    let text = fs::read_to_string(dest.path().join(&jsonl)).unwrap();
    let direct = atlas
        .ok(&["invoices", "items", "2025-02", "-o", "jsonl"])
        .jsonl();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), direct.len());
    for (row, mut direct) in rows.into_iter().zip(direct) {
        assert_eq!(
            direct.as_object_mut().unwrap().remove("org_id").unwrap(),
            ORG_ID
        );
        assert_eq!(row, direct);
    }
    atlas.ok(&args(&dest, &["line-items", "2025-02", "--format", "csv"]));
    let csv = fs::read_to_string(dest.path().join(february().replace(".parquet", ".csv")));
    assert_eq!(csv.unwrap().lines().count(), omitted + 1);
    assert_eq!(dest.names().len(), 2);
}

#[test]
fn several_organizations_are_named_or_found() {
    let (atlas, dest) = (Atlas::start(three()), Dest::new());
    let line = [
        "line-items",
        "2025-02",
        "--org",
        LINKED_ORG_ID,
        "--org",
        ORG_ID,
    ];
    atlas.ok(&args(&dest, &line));
    assert_eq!(dest.names().len(), 4);
    let line = ["line-items", "2025-02", "--all-orgs", "--linked", "include"];
    let ran = atlas.ok(&args(&dest, &line));
    assert_eq!(dest.names().len(), 6);
    assert!(ran.stderr.contains("twice"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 organizations"), "{}", ran.stderr);
}

#[test]
fn a_dry_run_changes_nothing() {
    let (atlas, dest) = (atlas(), Dest::new());
    let to = dest.path().join("not/there");
    let line = [
        "export",
        "line-items",
        "2025",
        "--dry-run",
        "-o",
        "jsonl",
        "--to",
    ];
    let rows = atlas
        .ok(&[&line[..], &[to.to_str().unwrap()]].concat())
        .jsonl();
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .all(|row| row["action"] == "fetch" && row["why"] == "new")
    );
    assert!(!to.exists());
    assert_eq!(fetched(&atlas), [""; 0]);
    atlas.ok(&args(&dest, &["line-items", "2025"]));
    let before = dest.files();
    let rows = atlas.ok(&args(
        &dest,
        &["line-items", "2025", "--dry-run", "-o", "jsonl"],
    ));
    let steps: Vec<_> = rows
        .jsonl()
        .iter()
        .map(|row| row["action"].clone())
        .collect();
    assert_eq!(steps, ["keep", "keep", "fetch"]);
    assert_eq!(dest.files(), before);
}

#[test]
fn a_focus_report_is_rows_with_types() {
    let (atlas, dest) = (atlas(), Dest::new());
    atlas.ok(&args(&dest, &["focus", "2025-02"]));
    let name = data("focus", ORG_ID, "2025-02", &format!("{INVOICE_ID}.parquet"));
    let rows = dest.rows(&name);
    let received = atlas.ok(&["focus", "2025-02"]).stdout;
    let mut reader = csv::Reader::from_reader(received.as_bytes());
    let names = reader.headers().unwrap().clone();
    let mut count = 0;
    for (row, record) in rows.iter().zip(reader.records()) {
        let record = record.unwrap();
        for (name, cell) in names.iter().zip(&record) {
            let same = match &row[name] {
                Field::Null => cell.is_empty(),
                Field::Str(text) => text == cell,
                field @ Field::Decimal(_) => decimal(field).unwrap() == digits(cell),
                Field::TimestampMicros(micros) => {
                    let moment = chrono::DateTime::from_timestamp_micros(*micros).unwrap();
                    cell.parse() == Ok(moment)
                }
                _ => false,
            };
            assert!(same, "{name}: {cell}, {:?}", row[name]);
        }
        count += 1;
    }
    assert_eq!((rows.len(), dest.names().len()), (count, 2));
    let manifest = dest.manifest("focus", ORG_ID, "2025-02");
    assert_eq!(manifest["files"][0]["rows"], count);
    let again = super::atlas::atlas();
    again.ok(&args(&dest, &["focus", "2025-02"]));
    assert_eq!(again.asked().len(), 1, "the list alone");
}

#[test]
fn a_file_that_is_gone_or_changed_is_fetched_again() {
    let (atlas, dest) = (atlas(), Dest::new());
    let line = ["line-items", "2025-02"];
    atlas.ok(&args(&dest, &line));
    let path = dest.path().join(february());
    let whole = fs::read(&path).unwrap();
    for damage in [None, Some("short")] {
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        atlas.ok(&args(&dest, &line));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // A manifest that is none stops the run: what it stood for is not known.
    fs::write(
        dest.path().join(manifest("line_items", ORG_ID, "2025-02")),
        "{}",
    )
    .unwrap();
    let said = atlas.fails(1, &args(&dest, &line));
    assert!(said.contains("is not a manifest"), "{said}");
    let newer = r#"{"schema_version": 99}"#;
    fs::write(
        dest.path().join(manifest("line_items", ORG_ID, "2025-02")),
        newer,
    )
    .unwrap();
    let said = atlas.fails(1, &args(&dest, &line));
    assert!(said.contains("schema version 99"), "{said}");
}

/// An invoice with these line items.
fn with_items(items: &str) -> Atlas {
    let body = format!(
        r#"{{"id":"{INVOICE_ID}","orgId":"{ORG_ID}","linkedInvoices":[],"statusName":"CLOSED",
            "lineItems":[{items}]}}"#
    );
    let fault = Fault::Body(body.into());
    Atlas::start(scenario().fault(On::operation(Operation::Invoice), fault))
}

#[test]
fn a_number_that_does_not_fit_is_named() {
    let fine = r#"{"sku":"A","quantity":0.000000001,"totalPriceCents":1},"#;
    for (number, why) in [
        (
            "1.4551915228366852E-11",
            "more than 9 digits after the point",
        ),
        ("123456789012345678901234567890", "38"),
    ] {
        let item = format!(r#"{fine}{{"sku":"B","quantity":{number},"totalPriceCents":1}}"#);
        let (atlas, dest) = (with_items(&item), Dest::new());
        let said = atlas.fails(1, &args(&dest, &["line-items", "2025-02"]));
        let place = format!("invoice {INVOICE_ID}: line item 1, quantity: {number}");
        assert!(said.contains(&place) && said.contains(why), "{said}");
        assert!(said.contains("--decimal-as-text"), "{said}");
        assert_eq!(dest.names(), [""; 0]);
        atlas.ok(&args(
            &dest,
            &["line-items", "2025-02", "--decimal-as-text"],
        ));
        let quantity = dest.rows(&february())[1]["quantity"].clone();
        assert_eq!(quantity, Field::Str(number.to_owned()));
        // Text has all digits anyway.
        atlas.ok(&args(
            &dest,
            &["line-items", "2025-02", "--format", "jsonl"],
        ));
        let name = february().replace(".parquet", ".jsonl");
        let text = fs::read_to_string(dest.path().join(name)).unwrap();
        assert!(text.contains(&format!("\"quantity\":{number},")), "{text}");
    }
}

#[test]
fn a_period_is_whole_or_as_it_was() {
    let dest = Dest::new();
    let line = ["line-items", "2025-01..2025-02"];
    let first = Atlas::start(scenario().with_previous_month_pending());
    first.ok(&args(&dest, &line));
    let before = dest.files();
    // The response breaks off; the status of the month says that it is to be fetched again.
    let fault = Fault::Close(At::Body(50_000));
    let second = Atlas::start(scenario().fault(On::operation(Operation::Invoice), fault));
    let said = second.fails(7, &args(&dest, &line));
    assert!(said.contains(INVOICE_ID) && said.contains(ORG_ID), "{said}");
    assert_eq!(dest.files(), before);
    let third = atlas();
    third.ok(&args(&dest, &line));
    assert_eq!(fetched(&third).len(), 1);
}

/// Two invoices of one month, of which the second breaks off, so that no manifest names the first.
fn half() -> Atlas {
    let extra = InvoicePlan::new(EXTRA_ID).month(2025, 2).items(20);
    let breaks = On::operation(Operation::Invoice).nth(2);
    Atlas::start(
        scenario()
            .invoice(extra)
            .fault(breaks, Fault::Close(At::Body(2_000))),
    )
}

const EXTRA_ID: &str = "66a1000000000000000000ff";

#[test]
fn what_a_run_that_ended_early_has_left_goes_with_another_format() {
    let dest = Dest::new();
    let line = ["line-items", "2025-02"];
    half().fails(7, &args(&dest, &line));
    let first = data("line_items", ORG_ID, "2025-02", "");
    let note = manifest("line_items", ORG_ID, "2025-02").replace(".json", ".begun");
    let names = dest.names();
    let parquet: Vec<_> = names.iter().filter(|it| it.starts_with(&first)).collect();
    assert!(
        parquet.len() == 1 && parquet[0].ends_with(".parquet"),
        "{names:?}"
    );
    assert!(names.contains(&note) && names.len() == 2, "{names:?}");
    // Of the same kind, but written by somebody else.
    let mine = data(
        "line_items",
        ORG_ID,
        "2025-02",
        "66a1000000000000000000fe.parquet",
    );
    fs::write(dest.path().join(&mine), "mine").unwrap();

    // Once more in vain, in another format: the next run knows the files of both.
    let line = ["line-items", "2025-02", "--format", "csv"];
    half().fails(7, &args(&dest, &line));
    let names = dest.names();
    assert_eq!(names.iter().filter(|it| it.ends_with(".csv")).count(), 1);
    let line = ["line-items", "2025-02", "--format", "jsonl"];
    let atlas = atlas();
    let plan = atlas.ok(&args(
        &dest,
        &[&line[..], &["--dry-run", "-o", "jsonl"]].concat(),
    ));
    let plan = plan.jsonl();
    let removed = plan.iter().filter(|row| row["action"] == "remove");
    assert_eq!(removed.count(), 2, "{plan:?}");
    assert_eq!(dest.names(), names);
    let ran = atlas.ok(&args(&dest, &line));
    assert!(ran.stderr.contains("2 removed"), "{}", ran.stderr);
    let left = [
        manifest("line_items", ORG_ID, "2025-02"),
        february().replace(".parquet", ".jsonl"),
        mine.clone(),
    ];
    assert_eq!(dest.names(), left);
    assert_eq!(dest.files()[&mine].0, b"mine");
}

#[test]
fn a_note_that_stayed_goes_and_one_that_is_none_stops_the_run() {
    let (atlas, dest) = (atlas(), Dest::new());
    let line = ["line-items", "2025-02"];
    atlas.ok(&args(&dest, &line));
    let whole = dest.files();
    let note = manifest("line_items", ORG_ID, "2025-02").replace(".json", ".begun");
    let path = dest.path().join(&note);
    // Killed between the manifest and the end.
    let named = serde_json::json!({ "files": [february()] }).to_string();
    fs::write(&path, named).unwrap();
    atlas.ok(&args(&dest, &line));
    assert!(whole.keys().eq(dest.files().keys()));
    assert_eq!(whole[&february()], dest.files()[&february()]);
    fs::write(&path, "[").unwrap();
    let said = atlas.fails(1, &args(&dest, &line));
    assert!(
        said.contains(&note) && said.contains("no list of files"),
        "{said}"
    );
}

#[test]
fn jobs_bound_how_many_invoices_are_fetched_at_a_time() {
    let (atlas, one, four) = (atlas(), Dest::new(), Dest::new());
    atlas.ok(&args(&one, &["line-items", "--jobs", "1"]));
    atlas.ok(&args(&four, &["line-items", "--jobs", "4"]));
    let bytes = |dest: &Dest| -> BTreeMap<String, Vec<u8>> {
        let mut files = dest.files();
        files.retain(|name, _| !name.starts_with("_manifest/"));
        let files = files.into_iter();
        files.map(|(name, (bytes, _))| (name, bytes)).collect()
    };
    assert_eq!(bytes(&one), bytes(&four), "the same bytes each time");
}

#[test]
fn what_has_no_effect_is_refused() {
    let (atlas, dest) = (atlas(), Dest::new());
    for (line, part) in [
        (&["2025"] as &[&str], "name a data set"),
        (&["lineitems"], "neither a data set (line-items, "),
        (
            &["invoices", "--linked", "only"],
            "--linked is for line-items",
        ),
        (&["line-items", "-o", "csv"], "use --format"),
        (&["line-items", "--output-file", "x.csv"], "use --to"),
        (
            &["line-items", "--format", "csv", "--decimal-as-text"],
            "no effect on csv",
        ),
        (&["line-items", "--jobs", "0"], "--jobs"),
        (&["invoices", "--deadline", "1m"], "for costs and focus"),
        (
            &["line-items", "--all-orgs", "--org", ORG_ID],
            "cannot be used",
        ),
    ] {
        let said = atlas.fails(2, &args(&dest, line));
        assert!(said.contains(part), "{line:?}: {said}");
    }
    let said = atlas.fails(2, &["export", "line-items", "--to", "ftp://x/y"]);
    assert!(said.contains("ftp://x/y"), "{said}");
    assert_eq!(dest.names(), [""; 0]);
    let said = atlas.fails(4, &args(&dest, &["line-items", "2010"]));
    assert!(said.contains("no such invoice"), "{said}");
    assert_eq!(atlas.ok(&["schema", "line-item"]).stderr, "");
}

#[cfg(target_os = "linux")]
mod ends {
    use super::*;
    use crate::storage::{by_shell, mounted};

    /// A stand-in whose invoices stop in the middle.
    fn stalled() -> Atlas {
        let stall = Fault::Stall(At::Body(100_000));
        Atlas::start(scenario().fault(On::operation(Operation::Invoice), stall))
    }

    #[test]
    fn a_second_run_at_once_is_told_of_the_first() {
        let (atlas, dest) = (stalled(), Dest::new());
        let line = args(&dest, &["line-items", "2025-02"]);
        let command = atlas.command(&[&["-v"], &line[..]].concat());
        let (mut first, _) = started(command, "/invoices/");
        let said = atlas.fails(1, &line);
        let holder = format!("another run (process {} since 2", first.id());
        assert!(said.contains(&holder), "{said}");
        assert!(said.contains("_manifest/.lock"), "{said}");
        // A dry run reads alone.
        atlas.ok(&args(&dest, &["line-items", "2025-02", "--dry-run"]));
        first.kill().unwrap();
        first.wait().unwrap();
        // The lock went with its holder.
        super::atlas().ok(&line);
        assert_eq!(dest.names().len(), 2);
    }

    #[test]
    fn killed_while_it_fetches_it_leaves_what_was_there() {
        let dest = Dest::new();
        let line = args(&dest, &["line-items", "2025-02"]);
        Atlas::start(scenario().with_previous_month_pending()).ok(&line);
        let before = dest.files();
        let atlas = stalled();
        let (mut child, _) = started(atlas.command(&[&["-v"], &line[..]].concat()), "/invoices/");
        child.kill().unwrap();
        child.wait().unwrap();
        let after = dest.files();
        for (name, file) in &before {
            assert_eq!(after[name], *file, "{name}");
        }
        let parts = after.keys().filter(|name| !before.contains_key(*name));
        // Where the file system has no files without a name; engines skip it.
        assert!(parts.clone().all(|name| name.starts_with('.')), "{after:?}");
    }

    /// Kills a run at any moment: every file is the old or the new one, each manifest is one, and
    /// the next run makes all of it new.
    #[test]
    fn killed_at_any_moment_each_file_is_old_or_new() {
        let (old, new) = (
            Atlas::start(scenario().with_previous_month_pending().seed(7)),
            atlas(),
        );
        let clean = Dest::new();
        let line = ["line-items", "invoices", "2024-12..2025-02", "--jobs", "4"];
        new.ok(&args(&clean, &line));
        let whole = clean.files();
        let began = std::time::Instant::now();
        new.ok(&args(&Dest::new(), &line));
        let long = began.elapsed();
        let random = std::hash::RandomState::new();
        for tenth in 0..10 {
            // A random moment of each tenth of the time that a run takes.
            let part = u32::try_from(random.hash_one(tenth) % 1_000).unwrap();
            let moment = long * (tenth * 1_000 + part) / 10_000;
            let dest = Dest::new();
            old.ok(&args(&dest, &line));
            // Everything is fetched again where other settings made it.
            for (name, (text, _)) in dest.files() {
                if name.starts_with("_manifest/") {
                    let text = String::from_utf8(text).unwrap();
                    let text = text.replace("\"PAID\"", "\"INVOICED\"");
                    fs::write(dest.path().join(name), text).unwrap();
                }
            }
            let before = dest.files();
            let mut command = new.command(&args(&dest, &line));
            let mut child = command.arg("-q").spawn().unwrap();
            std::thread::sleep(moment);
            child.kill().unwrap();
            child.wait().unwrap();
            for (name, (bytes, _)) in dest.files() {
                if name.starts_with("_manifest/") {
                    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
                    assert_eq!(manifest["files"].as_array().unwrap().len(), 1);
                } else if !name.starts_with('.') {
                    let known = [&before, &whole].map(|files| files[&name].0 == bytes);
                    assert!(
                        known.contains(&true),
                        "{name} is neither old nor new, {moment:?}"
                    );
                }
            }
            new.ok(&args(&dest, &line));
            for (name, (bytes, _)) in dest.files() {
                if !name.starts_with("_manifest/") && !name.starts_with('.') {
                    assert!(whole[&name].0 == bytes, "{name}, {moment:?}");
                }
            }
        }
    }

    #[test]
    fn a_full_disk_and_a_read_only_folder_leave_what_was_there() {
        let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
        let folder = &directory.path().canonicalize().unwrap();
        let to = folder.to_str().unwrap();
        let command = || atlas.command(&["export", "line-items", "--to", to]);
        let run = |options, prepare| mounted(options, prepare, folder, &command());
        let Some(ran) = run("size=64k", "printf old > \"$0\"/kept") else {
            return;
        };
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(ran.stderr.contains("No space left"), "{}", ran.stderr);
        let left: Vec<_> = ran.stdout.lines().collect();
        let is_data = |name: &&&str| name.ends_with(".parquet");
        let data = left.iter().filter(is_data).count();
        let manifests = left.iter().filter(|name| name.ends_with(".json")).count();
        assert!(left.iter().any(|name| name.ends_with("/kept")), "{left:?}");
        // No manifest without its file; a file may be there whose manifest had no room any more.
        assert!(data >= manifests && data <= manifests + 2, "{left:?}");
        let asked = atlas.asked().len();
        let ran = run("ro", "").unwrap();
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(
            ran.stderr.contains("Read-only file system"),
            "{}",
            ran.stderr
        );
        assert_eq!(atlas.asked().len(), asked, "nothing is asked");
    }

    #[test]
    fn a_file_that_may_not_grow_is_not_there() {
        let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
        let folder: PathBuf = directory.path().canonicalize().unwrap();
        let to = folder.to_str().unwrap();
        let command = atlas.command(&["export", "line-items", "2025-02", "--to", to]);
        let ran: Ran = by_shell(&[], "trap '' XFSZ; ulimit -f 8", &folder, &command);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(ran.stderr.contains("File too large"), "{}", ran.stderr);
        assert!(!ran.stdout.contains("line_items"), "{}", ran.stdout);
    }
}
