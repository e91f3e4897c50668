//! Rows of files that are written here, by hand or at random.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;

use super::{FocusColumn, FocusRow, FocusRows};
use crate::error::{Error, ErrorKind, Result};

/// The reader of `file`, which comes in pieces of so many bytes.
fn rows_in(file: &[u8], size: usize) -> FocusRows {
    let pieces: Vec<Result<Bytes>> = file
        .chunks(size)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    FocusRows::new(stream::iter(pieces))
}

/// The rows up to the end or the first error.
fn read_in(file: &[u8], size: usize) -> (Vec<FocusRow>, Option<Error>) {
    let mut rows = rows_in(file, size);
    let mut read = Vec::new();
    while let Some(row) = rows.next().now_or_never().unwrap() {
        match row {
            Ok(row) => read.push(row),
            Err(error) => {
                assert!(rows.next().now_or_never().unwrap().is_none());
                return (read, Some(error));
            }
        }
    }
    (read, None)
}

fn read(file: &str) -> Vec<FocusRow> {
    let (rows, error) = read_in(file.as_bytes(), usize::MAX);
    assert!(error.is_none(), "{file}: {error:?}");
    rows
}

fn error(file: &str) -> Error {
    let (_, error) = read_in(file.as_bytes(), usize::MAX);
    error.unwrap_or_else(|| panic!("{file} is read"))
}

/// One row with one cell.
fn one(column: FocusColumn, cell: &str) -> FocusRow {
    read(&format!("{},Other\n{cell},x\n", column.name())).remove(0)
}

fn decimal(text: &str) -> Option<String> {
    let row = one(FocusColumn::BilledCost, text);
    row.billed_cost().map(|cost| cost.to_string())
}

#[test]
fn the_columns_are_those_that_are_documented() {
    // In the order of the documentation, which is the alphabet's but for case.
    let documented = "BilledCost BillingAccountId BillingAccountName BillingCurrency \
        BillingPeriodEnd BillingPeriodStart ChargeCategory ChargeDescription ChargePeriodEnd \
        ChargePeriodStart ConsumedQuantity ConsumedUnit ContractApplied ContractedCost \
        ContractedUnitPrice EffectiveCost HostProviderName InvoiceIssuer ListCost ListUnitPrice \
        PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost \
        PricingCurrencyListUnitPrice PricingQuantity PricingUnit RegionId RegionName ResourceName \
        ServiceCategory ServiceName ServiceProviderName SkuId SkuMeter SkuPriceDetails SkuPriceId \
        SubAccountId SubAccountName Tags x_AtlasSku x_BilledDateEnd x_BilledDateStart \
        x_PricingCurrencyRate x_SkuCategory";
    let names = FocusColumn::ALL.map(FocusColumn::name);
    assert_eq!(names.join(" "), documented);
    assert_eq!(names.len(), 44);
}

#[test]
fn columns_are_found_in_any_order_with_missing_and_further_ones() {
    let files = [
        "ServiceName,BilledCost,SubAccountId\nClusters,1.50,61b0\n",
        "SubAccountId,x_Unheard,BilledCost,ServiceName\n61b0,7,1.50,Clusters\n",
        "\u{feff}BilledCost,ServiceName,SubAccountId,ProviderName\r\n1.50,Clusters,61b0,MongoDB\r\n",
        " BilledCost , ServiceName ,SubAccountId\n 1.50 , Clusters ,61b0\n",
    ];
    for file in files {
        let rows = read(file);
        assert_eq!(rows.len(), 1, "{file}");
        let row = &rows[0];
        assert_eq!(row.service_name(), Some("Clusters"), "{file}");
        assert_eq!(row.sub_account_id(), Some("61b0"), "{file}");
        assert_eq!(row.billed_cost().unwrap().to_string(), "1.50", "{file}");
        // What the report does not have.
        assert_eq!(
            (row.effective_cost(), row.charge_period_start()),
            (None, None)
        );
        assert_eq!((row.region_id(), row.get("Nonsense")), (None, None));
        assert!(row.tags().unwrap().is_empty(), "{file}");
    }
    let further = &read(files[1])[0];
    assert_eq!(further.get("x_Unheard"), Some("7"));
    let cells: Vec<_> = further.iter().collect();
    assert_eq!(cells[1], ("x_Unheard", "7"));
    assert_eq!(further.header().position("BilledCost"), Some(2));
}

#[test]
fn amounts_are_exact() {
    for (text, expected) in [
        ("0", "0"),
        ("1.50", "1.50"),
        ("-12.345678901234567", "-12.345678901234567"),
        ("0.1", "0.1"),
        (
            "0.0000000000000000000000000001",
            "0.0000000000000000000000000001",
        ),
        (
            "79228162514264337593543950335",
            "79228162514264337593543950335",
        ),
        ("1e3", "1000"),
        ("2.5E-3", "0.0025"),
        ("\"1.50\"", "1.50"),
    ] {
        assert_eq!(decimal(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn empty_and_null_cells_are_none() {
    for text in ["", " ", "null", "NULL", "Null", "\"\"", "\"null\""] {
        assert_eq!(decimal(text), None, "{text:?}");
        for column in FocusColumn::ALL {
            let row = one(column, text);
            assert_eq!(row.text(column), None, "{text:?} {}", column.name());
            assert_eq!(row.get(column.name()), None, "{text:?} {}", column.name());
            assert_eq!((row.decimal(column), row.time(column)), (None, None));
        }
    }
}

#[test]
fn times_are_utc() {
    let start = |text: &str| {
        let row = one(FocusColumn::ChargePeriodStart, text);
        row.charge_period_start().map(|time| time.to_rfc3339())
    };
    for (text, expected) in [
        ("2025-02-28T23:30:00Z", "2025-02-28T23:30:00+00:00"),
        ("2025-02-28T23:30:00.250Z", "2025-02-28T23:30:00.250+00:00"),
        ("2025-03-01T00:30:00+01:00", "2025-02-28T23:30:00+00:00"),
        (
            "2025-02-28T18:30:00.250-05:00",
            "2025-02-28T23:30:00.250+00:00",
        ),
        ("2025-02-28T23:30:00", "2025-02-28T23:30:00+00:00"),
        ("2025-02-28T23:30:00.250", "2025-02-28T23:30:00.250+00:00"),
        ("2025-03-01", "2025-03-01T00:00:00+00:00"),
    ] {
        assert_eq!(start(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn each_column_has_its_type() {
    let time = ["BillingPeriod", "ChargePeriod", "x_BilledDate"];
    let amount = ["Cost", "Price", "Quantity", "Rate"];
    for column in FocusColumn::ALL {
        let name = column.name();
        let is_time = time.iter().any(|part| name.starts_with(part));
        let is_amount = amount.iter().any(|part| name.ends_with(part));
        let cell = match (is_time, is_amount) {
            (true, _) => "2025-03-01T00:00:00Z",
            (_, true) => "1.25",
            _ => "some text",
        };
        let row = one(column, cell);
        assert_eq!(row.text(column), Some(cell), "{name}");
        assert_eq!(row.time(column).is_some(), is_time, "{name}");
        assert_eq!(row.decimal(column).is_some(), is_amount, "{name}");
    }
}

#[test]
fn tags_are_an_object() {
    let tags = |json: &str| {
        let cell = format!("\"{}\"", json.replace('"', "\"\""));
        one(FocusColumn::Tags, &cell).tags()
    };
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    for (json, expected) in [
        ("{}", map(&[])),
        ("", map(&[])),
        ("null", map(&[])),
        (
            r#"{"team":"größe","a,b":"\"c\"\n"}"#,
            map(&[("team", "größe"), ("a,b", "\"c\"\n")]),
        ),
        (
            r#"{"n":1.50,"b":true,"z":null}"#,
            map(&[("b", "true"), ("n", "1.5"), ("z", "null")]),
        ),
        (r#"{"l":["a","b"]}"#, map(&[("l", r#"["a","b"]"#)])),
    ] {
        assert_eq!(tags(json).unwrap(), expected, "{json}");
    }
    for json in ["[1]", "team=a", "{", "{\"a\":1} b", "7"] {
        let error = tags(json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{json}");
        assert!(error.message().contains("Tags"), "{json}: {error}");
    }
}

#[test]
fn an_invalid_cell_is_named_by_record_and_column() {
    for (cell, column) in [
        ("abc", FocusColumn::BilledCost),
        ("1,5", FocusColumn::ListCost),
        ("1_000", FocusColumn::EffectiveCost),
        ("NaN", FocusColumn::ContractedCost),
        ("0x10", FocusColumn::PricingQuantity),
        (
            "0.00000000000000000000000000001",
            FocusColumn::ListUnitPrice,
        ),
        (
            "792281625142643375935439503360",
            FocusColumn::ConsumedQuantity,
        ),
        ("yesterday", FocusColumn::ChargePeriodStart),
        ("2025-13-01", FocusColumn::ChargePeriodEnd),
        ("2025-02-30T00:00:00Z", FocusColumn::BillingPeriodEnd),
        ("1740787200", FocusColumn::XBilledDateStart),
    ] {
        // The header is the first record, so that this is the third.
        let name = column.name();
        let file = format!("ServiceName,{name}\nA,\nB,\"{cell}\"\nC,\n");
        for size in [1, 3, usize::MAX] {
            let (rows, error) = read_in(file.as_bytes(), size);
            let error = error.unwrap_or_else(|| panic!("{name} {cell} is read"));
            assert_eq!(rows.len(), 1, "{name} {cell}");
            assert_eq!(error.kind(), ErrorKind::Decode, "{name} {cell}: {error}");
            for part in ["record 3", &format!("{name:?}")] {
                assert!(error.message().contains(part), "{name} {cell}: {error}");
            }
        }
    }
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    for file in [
        "",
        "\n\n",
        "Name,Value\na,1\n",
        "billedcost,servicename\n1,a\n",
        "Date,SKU,Amount",
        "hello",
    ] {
        let error = error(file);
        assert_eq!(error.kind(), ErrorKind::Decode, "{file:?}");
        assert!(
            error.message().contains("not a FOCUS report"),
            "{file:?}: {error}"
        );
    }
    // One without charges is a report.
    let mut rows = rows_in(b"BilledCost,Tags\n", 4);
    assert!(rows.next().now_or_never().unwrap().is_none());
    assert_eq!(rows.header().unwrap().names(), ["BilledCost", "Tags"]);
}

#[test]
fn rows_may_be_shorter_or_longer_than_the_header() {
    let rows = read("BilledCost,ServiceName,Tags\n1.5\n2.5,Backup\n3.5,Storage,{},more,and more\n");
    let costs: Vec<_> = rows
        .iter()
        .map(|row| row.billed_cost().unwrap().to_string())
        .collect();
    assert_eq!(costs, ["1.5", "2.5", "3.5"]);
    let names: Vec<_> = rows.iter().map(FocusRow::service_name).collect();
    assert_eq!(names, [None, Some("Backup"), Some("Storage")]);
    assert!(rows.iter().all(|row| row.tags().unwrap().is_empty()));
    assert_eq!(rows[0].iter().count(), 1);
}

#[test]
fn quoted_cells_hold_what_would_end_them() {
    let file = "ServiceName,BilledCost,ChargeDescription\n\
        \"a,b\",1,\"say \"\"hi\"\"\"\n\
        \"two\nlines\r\nand more\",2,\",\"\n";
    for size in [1, 2, 5, usize::MAX] {
        let (rows, error) = read_in(file.as_bytes(), size);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(rows[0].service_name(), Some("a,b"));
        assert_eq!(rows[0].charge_description(), Some("say \"hi\""));
        assert_eq!(rows[1].service_name(), Some("two\nlines\r\nand more"));
        assert_eq!(rows[1].charge_description(), Some(","));
    }
    let error = error("ServiceName\n\"open");
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[test]
fn text_that_is_not_utf_8_and_a_body_that_breaks_are_errors() {
    let (rows, error) = read_in(b"ServiceName\nA\n\xff\xfe\n", usize::MAX);
    assert_eq!(rows.len(), 1);
    assert_eq!(error.unwrap().kind(), ErrorKind::Decode);

    let broken = Error::new(ErrorKind::Truncated, "the connection broke");
    let pieces = [Ok(Bytes::from_static(b"ServiceName\nA\nB")), Err(broken)];
    let rows = FocusRows::new(stream::iter(pieces));
    let read: Vec<_> = rows.collect::<Vec<_>>().now_or_never().unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[1].as_ref().unwrap_err().kind(), ErrorKind::Truncated);
}

/// A cell of text that means itself.
fn text() -> impl Strategy<Value = String> {
    let any = "[a-zA-Zäß0-9,;\"'\n\r ={}:-]{0,12}";
    any.prop_filter("it means itself", |text| {
        text.trim() == text && !text.eq_ignore_ascii_case("null")
    })
}

/// An amount as it is written.
fn amount() -> impl Strategy<Value = String> {
    let number =
        (any::<i32>(), 0u32..1_000_000_000).prop_map(|(whole, part)| format!("{whole}.{part:09}"));
    prop_oneof![number, any::<i64>().prop_map(|number| number.to_string())]
}

proptest! {
    #[test]
    fn any_file_reads_back_in_pieces_of_any_size(
        rows in proptest::collection::vec((amount(), text(), text(), text()), 0..8),
        order in Just([0usize, 1, 2, 3]).prop_shuffle(),
        quotes in any::<bool>(),
        crlf in any::<bool>(),
        size in 1usize..40,
    ) {
        let written = |text: &str| {
            let special = text.contains([',', '"', '\n', '\r']);
            match quotes || special || text.is_empty() {
                true => format!("\"{}\"", text.replace('"', "\"\"")),
                false => text.to_owned(),
            }
        };
        let end = if crlf { "\r\n" } else { "\n" };
        let line = |cells: [&str; 4]| order.map(|at| written(cells[at])).join(",") + end;
        let mut file = line(["BilledCost", "ServiceName", "ChargeDescription", "x_Further"]);
        for (cost, one, two, three) in &rows {
            file += &line([cost, one, two, three]);
        }
        let (read, error) = read_in(file.as_bytes(), size);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(read.len(), rows.len());
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (row, (cost, one, two, three)) in read.iter().zip(&rows) {
            prop_assert_eq!(row.billed_cost(), Some(cost.parse().unwrap()));
            let cells = [row.service_name(), row.charge_description(), row.get("x_Further")];
            let expected = [one, two, three].map(|text| some(text));
            prop_assert_eq!(cells.map(|cell| cell.map(str::to_owned)), expected);
        }
    }

    #[test]
    fn no_bytes_panic_and_pieces_make_no_difference(
        rest in proptest::collection::vec(any::<u8>(), 0..80),
        size in 1usize..20,
    ) {
        let file = [b"BilledCost,Tags,ChargePeriodStart\n1,", &rest[..]].concat();
        let shown = |size| {
            let (rows, error) = read_in(&file, size);
            (format!("{rows:?}"), error.map(|error| error.to_string()))
        };
        prop_assert_eq!(shown(size), shown(usize::MAX));
    }
}
