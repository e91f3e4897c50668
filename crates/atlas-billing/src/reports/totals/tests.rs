//! Totals beside sums that are calculated by hand.

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};

use super::{FocusTotal, FocusTotals};
use crate::error::{Error, ErrorKind, Result};
use crate::stream::csv::FocusRows;

fn rows(file: &'static str) -> FocusRows {
    FocusRows::new(stream::iter([Ok(Bytes::from_static(file.as_bytes()))]))
}

fn total_by(file: &'static str, columns: &[&str]) -> Result<FocusTotals> {
    let columns = columns.iter().copied();
    rows(file).total_by(columns).now_or_never().unwrap()
}

fn add(totals: &mut FocusTotals, file: &'static str) -> Result<()> {
    let mut rows = rows(file);
    while let Some(row) = rows.next().now_or_never().unwrap() {
        totals.add(&row?)?;
    }
    Ok(())
}

/// A total in a line: group, currency, rows, and the costs billed, effective, listed, contracted.
fn line(total: &FocusTotal) -> String {
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let group: Vec<_> = total.group.iter().map(shown).collect();
    format!(
        "{} {} {} {} {} {} {}",
        group.join("/"),
        shown(&total.currency),
        total.rows,
        total.billed_cost,
        total.effective_cost,
        total.list_cost,
        total.contracted_cost
    )
}

fn lines(totals: &FocusTotals) -> Vec<String> {
    totals.totals().unwrap().iter().map(line).collect()
}

/// Costs that no binary fraction holds, in two currencies.
const FEBRUARY: &str = "\
ServiceName,SubAccountName,BillingCurrency,BilledCost,EffectiveCost,ListCost,ContractedCost
Clusters,shop,USD,0.1,0.1,0.2,0.15
Clusters,shop,USD,0.2,0.2,0.4,0.30
Clusters,app,USD,10.005,9,12,11
Backup,shop,USD,1,,1.5,1
Clusters,shop,EUR,7,7,7,7
Backup,,USD,-2.5,-2.5,-2.5,-2.5
Backup,null,USD,0.5,0.5,0.5,0.5
";

/// The same month of another organization: other columns in another order.
const OTHER: &str = "\
BilledCost,BillingCurrency,ServiceName,Tags
100,USD,Clusters,{}
0.7,EUR,Clusters,{}
";

#[test]
fn groups_are_added_up_exactly() {
    let by_service = total_by(FEBRUARY, &["ServiceName"]).unwrap();
    assert_eq!(
        lines(&by_service),
        [
            "Backup USD 3 -1.0 -2.0 -0.5 -1.0",
            "Clusters EUR 1 7 7 7 7",
            "Clusters USD 3 10.305 9.3 12.6 11.45",
        ]
    );
    assert_eq!(by_service.columns(), ["ServiceName"]);
    let by_both = total_by(FEBRUARY, &["SubAccountName", "ServiceName"]).unwrap();
    assert_eq!(
        lines(&by_both),
        [
            "-/Backup USD 2 -2.0 -2.0 -2.0 -2.0",
            "app/Clusters USD 1 10.005 9 12 11",
            "shop/Backup USD 1 1 0 1.5 1",
            "shop/Clusters EUR 1 7 7 7 7",
            "shop/Clusters USD 2 0.3 0.3 0.6 0.45",
        ]
    );
}

#[test]
fn without_a_column_each_currency_has_one_total() {
    let all = total_by(FEBRUARY, &[]).unwrap();
    assert_eq!(
        lines(&all),
        [" EUR 1 7 7 7 7", " USD 6 9.305 7.3 12.1 10.45"]
    );
    let none = total_by("BilledCost,ServiceName\n", &["ServiceName"]).unwrap();
    assert!(lines(&none).is_empty());
    // No currency is another one.
    let unnamed = "BilledCost,BillingCurrency\n1,\n2,USD\n4,null\n";
    assert_eq!(
        lines(&total_by(unnamed, &[]).unwrap()),
        [" - 2 5 0 0 0", " USD 1 2 0 0 0"]
    );
}

#[test]
fn several_reports_add_up_whatever_their_columns() {
    let mut totals = FocusTotals::new(["ServiceName"]);
    for file in [FEBRUARY, OTHER, OTHER] {
        add(&mut totals, file).unwrap();
    }
    assert_eq!(
        lines(&totals),
        [
            "Backup USD 3 -1.0 -2.0 -0.5 -1.0",
            "Clusters EUR 3 8.4 7 7 7",
            "Clusters USD 5 210.305 9.3 12.6 11.45",
        ]
    );
}

#[test]
fn an_unknown_column_is_named_with_those_that_there_are() {
    let rejected = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        for part in ["servicename", "BilledCost", "SubAccountName"] {
            assert!(error.message().contains(part), "{error}");
        }
    };
    rejected(total_by(FEBRUARY, &["servicename"]).unwrap_err());
    // Also where only a later report lacks it; what was added before stays.
    let mut totals = FocusTotals::new(["SubAccountName"]);
    add(&mut totals, FEBRUARY).unwrap();
    let before = lines(&totals);
    let error = add(&mut totals, OTHER).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    assert_eq!(lines(&totals), before);
}

#[test]
fn cells_do_not_run_into_each_other() {
    let file = "BilledCost,ServiceName,SkuId\n1,ab,c\n2,a,bc\n4,abc,\n8,,abc\n16,a,bc\n";
    assert_eq!(
        lines(&total_by(file, &["ServiceName", "SkuId"]).unwrap()),
        [
            "-/abc - 1 8 0 0 0",
            "a/bc - 2 18 0 0 0",
            "ab/c - 1 1 0 0 0",
            "abc/- - 1 4 0 0 0",
        ]
    );
}

#[test]
fn a_sum_that_no_decimal_holds_is_an_error() {
    let file = "BilledCost\n79228162514264337593543950335\n0.1\n";
    let totals = total_by(file, &[]).unwrap();
    assert_eq!(totals.totals().unwrap_err().kind(), ErrorKind::Overflow);
    // In another order of signs it fits.
    let file = "BilledCost\n79228162514264337593543950335\n0.1\n-79228162514264337593543950335\n";
    assert_eq!(lines(&total_by(file, &[]).unwrap()), [" - 3 0.1 0 0 0"]);
}
