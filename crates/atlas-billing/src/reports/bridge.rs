//! From the costs of a FOCUS report to the amount billed of its invoice.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Serialize;

use super::totals::{FocusTotal, FocusTotals};
use crate::error::{Error, ErrorKind, Result};
use crate::money::{Cents, CreditRule, ExactSum, RowKind, Statement, as_number, can_be_rounding};
use crate::stream::csv::FocusColumn;

/// From the billed costs of a FOCUS report to the amount billed of its invoice, in the billing
/// currency.
///
/// A report has no rows for sales tax, shortfall charges, adjustments and refunds. Of these, an
/// invoice states tax and refunds; the others are part of the difference. Whether a report contains
/// credits is not documented: it is taken from its charge categories, or else from which of the two
/// leaves the smaller difference, and [`findings`](Self::findings) say so.
///
/// ```no_run
/// use atlas_billing::Bridge;
///
/// # async fn run(org: atlas_billing::Org, id: atlas_billing::InvoiceId) -> atlas_billing::Result<()> {
/// let statement = org.invoice(id.clone()).line_items().await?.statement().await?;
/// let report = org.focus_report(id).await?.total_by(["ChargeCategory"]).await?;
/// let bridge = Bridge::of(&report, &statement)?;
/// for row in &bridge.rows {
///     println!("{:>14} {}", row.amount, row.label);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Bridge {
    /// The billing currency, as the report names it; `None` if it does not.
    pub currency: Option<String>,
    /// What one unit of the invoice's pricing currency costs in the billing currency, from the
    /// payments' `unitPrice`; 1 where none has another.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub rate: Decimal,
    /// The rows: the total is the sum of all components and the difference.
    pub rows: Vec<BridgeRow>,
    /// The amount billed less the components: what is not explained.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub unexplained: Decimal,
    /// Whether rounding each row of the report to a cent can explain that: at most half a cent a row,
    /// and √(0.75 × rows) cents, three standard deviations.
    pub within_rounding: bool,
    /// What was found, each a sentence without a final period.
    pub findings: Vec<String>,
}

/// One row of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BridgeRow {
    /// What the row is part of.
    pub kind: RowKind,
    /// What it is, in English.
    pub label: String,
    /// The amount in the billing currency.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub amount: Decimal,
    /// The column of the report, or the field of the invoice; `None` for the difference.
    pub field: Option<&'static str>,
}

impl Bridge {
    /// From the totals of a report to the statement of its invoice. Totals by `ChargeCategory` alone
    /// become a row each, others one row.
    ///
    /// # Errors
    /// [`ErrorKind::Input`]: the invoice states no amount billed, there is more than one billing
    /// currency or rate, or the payments are in another currency than the report.
    /// [`ErrorKind::Overflow`]: an amount that no decimal holds exactly.
    pub fn of(report: &FocusTotals, statement: &Statement) -> Result<Self> {
        let totals = report.totals()?;
        let sums = FocusTotals::sums_of(&totals)?;
        let currency = match sums.as_slice() {
            [] => None,
            [sum] => sum.currency.clone(),
            _ => return Err(Error::input("the report has costs in several currencies")),
        };
        let rate = rate(statement, currency.as_deref())?;
        let in_billing_currency = |cents: Cents| {
            let product = cents.get().checked_mul(rate.mantissa());
            let amount =
                product.and_then(|it| Decimal::try_from_i128_with_scale(it, rate.scale() + 2).ok());
            amount.ok_or_else(|| Error::new(ErrorKind::Overflow, "an amount of the invoice"))
        };
        let billed = statement.rows_of("amountBilledCents");
        let billed = billed.map(|row| row.cents).next().ok_or_else(|| {
            Error::input("the invoice does not state what was billed (amountBilledCents)")
        })?;
        let target = in_billing_currency(billed)?;
        let by_category = report.columns() == [FocusColumn::ChargeCategory.name()];
        let mut rows = report_rows(&totals, &sums, by_category);
        let mut findings = Vec::new();

        let billed_rule = statement.billed_rule();
        if billed_rule.is_some_and(|rule| rule.sales_tax)
            && let Some(tax) = statement.rows_of("salesTaxCents").next()
        {
            rows.push(component(
                "Sales tax, which a report leaves out",
                in_billing_currency(tax.cents)?,
                "salesTaxCents",
            ));
        }
        let (credits, field) = credits(statement);
        if credits != Cents::ZERO {
            let credits = in_billing_currency(credits)?;
            let without = difference(target, &rows)?;
            let row = component("Credits, which this report leaves out", credits, field);
            rows.push(row);
            let with = difference(target, &rows)?;
            let in_report = totals
                .iter()
                .any(|total| by_category && total.group == [Some("Credit".to_owned())]);
            if in_report || (!by_category && without.abs() <= with.abs()) {
                rows.pop();
            }
            findings.push(match (by_category, in_report) {
                (_, true) => {
                    "the report contains credits: it has a charge category for them".into()
                }
                (true, false) => "the report has no charge category for credits".into(),
                (false, _) => {
                    "whether the report contains credits was told by the smaller difference".into()
                }
            });
        }
        let unexplained = difference(target, &rows)?;
        if !unexplained.is_zero() {
            rows.push(BridgeRow {
                kind: RowKind::Difference,
                label: "Difference: shortfall charges, adjustments, rounding, or unexplained"
                    .into(),
                amount: unexplained,
                field: None,
            });
        }
        rows.push(BridgeRow {
            kind: RowKind::Total,
            label: "Amount billed".into(),
            amount: target,
            field: Some("amountBilledCents"),
        });
        memos(statement, &mut rows, in_billing_currency, &mut findings)?;
        let count: u64 = sums.iter().map(|sum| sum.rows).sum();
        let cents = unexplained.checked_mul(Decimal::ONE_HUNDRED);
        Ok(Self {
            currency,
            rate,
            within_rounding: cents.is_some_and(|cents| can_be_rounding(cents, count)),
            rows,
            unexplained,
            findings,
        })
    }
}

/// The rate of the pricing currency, if there is one rate.
fn rate(statement: &Statement, currency: Option<&str>) -> Result<Decimal> {
    let paid_in = match statement.rates.first() {
        Some(rate) => rate.currency.as_deref(),
        None => statement
            .owed
            .as_ref()
            .and_then(|owed| owed.currency.as_deref()),
    };
    if let (Some(paid_in), Some(currency)) = (paid_in, currency)
        && paid_in != currency
    {
        return Err(Error::input(format!(
            "the report is in {currency}, the payments of the invoice are in {paid_in}"
        )));
    }
    let rates: BTreeSet<_> = statement.rates.iter().map(|rate| rate.unit_price).collect();
    match rates.first() {
        None => Ok(Decimal::ONE),
        Some(rate) if rates.len() == 1 => Ok(*rate),
        Some(_) => Err(Error::input(
            "the payments of the invoice convert its pricing currency at different rates",
        )),
    }
}

/// A component.
fn component(label: impl Into<String>, amount: Decimal, field: &'static str) -> BridgeRow {
    BridgeRow {
        kind: RowKind::Component,
        label: label.into(),
        amount,
        field: Some(field),
    }
}

fn report_rows(totals: &[FocusTotal], sums: &[FocusTotal], by_category: bool) -> Vec<BridgeRow> {
    let field = FocusColumn::BilledCost.name();
    let row = |total: &FocusTotal| {
        let label = match total.group.as_slice() {
            [Some(category)] => format!("Report: {category}"),
            [None] => "Report: no charge category".to_owned(),
            _ => "Report".to_owned(),
        };
        component(label, total.billed_cost, field)
    };
    let shown = if by_category { totals } else { sums };
    shown.iter().map(row).collect()
}

/// What the amount billed contains for credits, and the field that it is from.
fn credits(statement: &Statement) -> (Cents, &'static str) {
    let items = statement.items;
    match statement.billed_rule().map(|rule| rule.credits) {
        Some(CreditRule::Subtracted | CreditRule::Added) => {
            let mut rows = statement.rows_of("creditsCents");
            let row = rows.find(|row| row.kind == RowKind::Component);
            (row.map_or(Cents::ZERO, |row| row.cents), "creditsCents")
        }
        Some(CreditRule::NegativeItems) => {
            (items.gross - items.positive, "lineItems[].totalPriceCents")
        }
        Some(CreditRule::Ignored) | None => (Cents::ZERO, "creditsCents"),
    }
}

/// The target less the components.
fn difference(target: Decimal, rows: &[BridgeRow]) -> Result<Decimal> {
    let amounts = rows.iter().map(|row| -row.amount);
    amounts.chain([target]).collect::<ExactSum>().total()
}

/// What stands beside the amount billed.
fn memos(
    statement: &Statement,
    rows: &mut Vec<BridgeRow>,
    in_billing_currency: impl Fn(Cents) -> Result<Decimal>,
    findings: &mut Vec<String>,
) -> Result<()> {
    let in_billed = statement.billed_rule().is_some_and(|rule| rule.sales_tax);
    for (field, label, shown) in [
        (
            "salesTaxCents",
            "Sales tax, on top of the amount billed",
            !in_billed,
        ),
        (
            "refunds[].amountCents",
            "Refunds, which do not change the amount billed",
            true,
        ),
    ] {
        let row = statement.rows_of(field).next();
        let Some(row) = row.filter(|row| shown && row.cents != Cents::ZERO) else {
            continue;
        };
        if statement.rates.is_empty() {
            rows.push(BridgeRow {
                kind: RowKind::Memo,
                label: label.into(),
                amount: in_billing_currency(row.cents)?,
                field: Some(field),
            });
        } else {
            findings.push(format!(
                "{field} of {} is not a row: whether it is in the pricing or the billing currency is not documented",
                row.cents
            ));
        }
    }
    findings.push(
        "a report has no rows for sales tax, shortfall charges, adjustments and refunds".into(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;
    use crate::stream::csv::FocusRows;

    async fn report(columns: &[&str], rows: &str) -> FocusTotals {
        let file = format!("BilledCost,ChargeCategory,BillingCurrency\n{rows}");
        let body = stream::iter([Ok(Bytes::from(file))]);
        let rows = FocusRows::new(body);
        rows.total_by(columns.iter().copied()).await.unwrap()
    }

    fn statement(figures: &str, payments: &str) -> Statement {
        let text = format!(
            r#"{{{figures}"payments":[{payments}],"lineItems":[
                {{"totalPriceCents":3000}},{{"totalPriceCents":-500}}]}}"#
        );
        Statement::of(&serde_json::from_str(&text).unwrap())
    }

    fn rows(bridge: &Bridge) -> Vec<(&str, String)> {
        let rows = bridge.rows.iter();
        rows.map(|row| (row.label.as_str(), row.amount.to_string()))
            .collect()
    }

    const FIGURES: &str = r#""subtotalCents":3000,"creditsCents":500,"amountBilledCents":2500,"#;
    const CATEGORY: &[&str] = &["ChargeCategory"];

    #[tokio::test]
    async fn categories_lead_to_the_amount_billed() {
        // 28.004 + 1.50 - 5.00 = 24.504; 25.00 is 0.496 more.
        let costs = "20.004,Usage,USD\n8,Usage,USD\n1.50,Purchase,USD\n-5,Credit,USD\n";
        let figures = FIGURES.to_owned() + r#""salesTaxCents":200,"refunds":[{"amountCents":7}],"#;
        let bridge = Bridge::of(&report(CATEGORY, costs).await, &statement(&figures, "")).unwrap();
        assert_eq!(
            rows(&bridge),
            [
                ("Report: Credit", "-5".to_owned()),
                ("Report: Purchase", "1.50".to_owned()),
                ("Report: Usage", "28.004".to_owned()),
                (
                    "Difference: shortfall charges, adjustments, rounding, or unexplained",
                    "0.496".to_owned()
                ),
                ("Amount billed", "25.00".to_owned()),
                ("Sales tax, on top of the amount billed", "2.00".to_owned()),
                (
                    "Refunds, which do not change the amount billed",
                    "0.07".to_owned()
                ),
            ]
        );
        assert!(!bridge.within_rounding);
        assert!(bridge.findings[0].starts_with("the report contains credits"));
        let json = serde_json::to_value(&bridge).unwrap();
        assert_eq!(json["unexplained"], 0.496);
    }

    #[tokio::test]
    async fn credits_and_tax_are_named_where_the_report_leaves_them_out() {
        let statement_of = |figures| statement(figures, "");
        // 25.00 + 2.00 of tax, of which the report has 30.00.
        let figures = r#""subtotalCents":3000,"creditsCents":500,"salesTaxCents":200,"amountBilledCents":2700,"#;
        for columns in [CATEGORY, &[]] {
            let report = report(columns, "10,Usage,USD\n20.01,Usage,USD\n").await;
            let bridge = Bridge::of(&report, &statement_of(figures)).unwrap();
            let amounts: Vec<_> = rows(&bridge)
                .into_iter()
                .map(|(_, amount)| amount)
                .collect();
            assert_eq!(amounts, ["30.01", "2.00", "-5.00", "-0.01", "27.00"]);
            assert_eq!(bridge.rows[2].field, Some("creditsCents"));
            // One cent in two rows: 1 <= 0.75 x 2.
            assert!(bridge.within_rounding);
        }
        // A report of 25.00 has the credits.
        let report = report(&[], "25,Usage,USD\n").await;
        let bridge = Bridge::of(&report, &statement_of(FIGURES)).unwrap();
        assert_eq!(
            (bridge.rows.len(), bridge.unexplained),
            (2, Decimal::new(0, 2))
        );
        assert_eq!(bridge.rows[0].label, "Report");
    }

    #[tokio::test]
    async fn credits_that_are_line_items_are_the_prices_below_zero() {
        // 30.00 - 5.00 = 25.00, of which the report has 30.00, by a row without a category.
        let figures = r#""subtotalCents":3000,"amountBilledCents":2500,"#;
        let report = report(CATEGORY, "30,,USD\n").await;
        let bridge = Bridge::of(&report, &statement(figures, "")).unwrap();
        assert_eq!(
            rows(&bridge),
            [
                ("Report: no charge category", "30".to_owned()),
                ("Credits, which this report leaves out", "-5.00".to_owned()),
                ("Amount billed", "25.00".to_owned()),
            ]
        );
        assert_eq!(bridge.rows[1].field, Some("lineItems[].totalPriceCents"));
    }

    #[tokio::test]
    async fn an_empty_report_leaves_all_unexplained() {
        let figures = r#""subtotalCents":2500,"amountBilledCents":2500,"#;
        let bridge = Bridge::of(&report(&[], "").await, &statement(figures, "")).unwrap();
        assert_eq!(
            (bridge.currency, bridge.unexplained),
            (None, Decimal::from(25))
        );
    }

    #[tokio::test]
    async fn a_rate_converts_the_invoice() {
        let figures = r#""subtotalCents":3000,"creditsCents":0,"salesTaxCents":9,"amountBilledCents":3000,"startingBalanceCents":0,"#;
        let payment = |rate: &str, currency: &str| {
            format!(r#"{{"unitPrice":"{rate}","currency":"{currency}","amountBilledCents":1}}"#)
        };
        let report = report(&[], "25.5,Usage,EUR\n").await;
        let bridge = |payments: &str| Bridge::of(&report, &statement(figures, payments));
        // 30.00 x 0.85.
        let found = bridge(&payment("0.85", "EUR")).unwrap();
        assert_eq!(found.rate.to_string(), "0.85");
        assert_eq!(rows(&found)[1], ("Amount billed", "25.5000".to_owned()));
        assert_eq!(found.currency.as_deref(), Some("EUR"));
        assert!(found.findings[0].starts_with("salesTaxCents of 0.09 is not a row"));
        let two = format!("{},{}", payment("0.85", "EUR"), payment("1", "EUR"));
        for payments in [payment("0.85", "USD"), two] {
            assert_eq!(bridge(&payments).unwrap_err().kind(), ErrorKind::Input);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_compared_is_an_error() {
        let mixed = report(&[], "1,Usage,EUR\n1,Usage,USD\n").await;
        let one = report(&[], "1,Usage,EUR\n").await;
        let stated = statement(FIGURES, "");
        let nothing = statement("", "");
        for (report, statement) in [(&mixed, &stated), (&one, &nothing)] {
            let error = Bridge::of(report, statement).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input);
        }
    }
}
