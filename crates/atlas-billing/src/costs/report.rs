//! A finished Cost Explorer query.

use std::collections::{BTreeMap, BTreeSet};

use atlas_billing_raw::{Decimal, Number};
use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::id::QueryToken;
use crate::meta::ResponseMeta;
use crate::money::ExactSum;

/// The result of a Cost Explorer query: its rows, and what came with them.
///
/// The amounts include every organization that is billed together, unless the query filters for
/// some. Serializes as the service sends it: an object with `usageDetails`.
///
/// ```
/// # fn show(report: &atlas_billing::CostReport) -> atlas_billing::Result<()> {
/// for (service, dollars) in report.total_by(|row| row.service.clone())? {
///     println!("{:<30} {dollars}", service.unwrap_or_default());
/// }
/// println!("{:<30} {}", "all", report.total()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
#[must_use]
pub struct CostReport {
    result: CostResult,
    #[serde(skip)]
    token: QueryToken,
    #[serde(skip)]
    meta: ResponseMeta,
    #[serde(skip)]
    unlisted: Option<Decimal>,
}

impl CostReport {
    pub(super) fn new(result: CostResult, token: QueryToken, meta: ResponseMeta) -> Self {
        Self {
            result,
            token,
            meta,
            unlisted: None,
        }
    }

    /// The rows, in the service's order.
    pub fn rows(&self) -> &[CostRow] {
        &self.result.rows
    }

    /// The rows themselves.
    pub fn into_rows(self) -> Vec<CostRow> {
        self.result.rows
    }

    /// What else the result holds beside its rows.
    pub fn other(&self) -> &BTreeMap<String, Value> {
        &self.result.other
    }

    /// The query that this is the result of.
    pub fn token(&self) -> &QueryToken {
        &self.token
    }

    /// Status, headers, rate limit and version of the response.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// How much of the [total](Self::total) is in none of the groups that were requested, in the
    /// unit of [`CostRow::usage_amount`]: services that this release does not know, organizations
    /// that were not named. The rows at the end that have neither service nor organization hold
    /// it, one a month. `None` where nothing was filled in and so nothing was compared.
    pub fn unlisted(&self) -> Option<Decimal> {
        self.unlisted
    }

    /// The sum of all amounts, in the unit of [`CostRow::usage_amount`], exact. A row without an
    /// amount adds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`] where no decimal holds an [amount](CostRow::amount), or the sum
    /// exactly; the sum is never rounded.
    pub fn total(&self) -> Result<Decimal> {
        let mut sum = ExactSum::default();
        for row in self.rows() {
            sum.add(row.amount()?);
        }
        sum.total()
    }

    /// The sum of the amounts of each group, exact; `key` says which group a row is in. The groups
    /// add up to [`total`](Self::total).
    ///
    /// # Errors
    /// As [`total`](Self::total).
    pub fn total_by<K: Ord>(&self, key: impl Fn(&CostRow) -> K) -> Result<BTreeMap<K, Decimal>> {
        let mut sums: BTreeMap<K, ExactSum> = BTreeMap::new();
        for row in self.rows() {
            sums.entry(key(row)).or_default().add(row.amount()?);
        }
        sums.into_iter()
            .map(|(key, sum)| Ok((key, sum.total()?)))
            .collect()
    }

    /// This report with rows for what it lacks beside `ungrouped`, the report of the same request
    /// without a grouping: see [`unlisted`](Self::unlisted).
    ///
    /// # Errors
    /// As [`total`](Self::total).
    pub fn completed_by(mut self, ungrouped: &Self) -> Result<Self> {
        let listed = self.total_by(|row| row.usage_date)?;
        let all = ungrouped.total_by(|row| row.usage_date)?;
        let mut unlisted = ExactSum::default();
        let dates: BTreeSet<_> = listed.keys().chain(all.keys()).copied().collect();
        for usage_date in dates {
            let mut rest = ExactSum::default();
            rest.add(all.get(&usage_date).copied().unwrap_or_default());
            rest.add(-listed.get(&usage_date).copied().unwrap_or_default());
            let rest = rest.total()?.normalize();
            if rest.is_zero() {
                continue;
            }
            unlisted.add(rest);
            self.result.rows.push(CostRow {
                usage_amount: Some(rest.into()),
                usage_date,
                ..CostRow::default()
            });
        }
        self.unlisted = Some(unlisted.total()?);
        Ok(self)
    }
}

impl IntoIterator for CostReport {
    type Item = CostRow;
    type IntoIter = std::vec::IntoIter<CostRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.result.rows.into_iter()
    }
}

impl<'a> IntoIterator for &'a CostReport {
    type Item = &'a CostRow;
    type IntoIter = std::slice::Iter<'a, CostRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows().iter()
    }
}

/// One row of a Cost Explorer result: what one service, cluster, project or organization cost in
/// one month, depending on the grouping.
///
/// The specification says nothing of a result but that it is an object. The fields are those seen
/// in responses to other clients, or inferred from them, so each is optional, and whatever else a
/// row holds is kept in `other`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CostRow {
    /// The invoice that the cost is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<String>,
    /// The organization that is charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// The project, where that was grouped by or filtered for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// The cluster, where that was grouped by or filtered for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The service, as Cost Explorer calls it, such as `Clusters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What was used, in dollars (inferred; the response names no unit), digit by digit as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_amount: Option<Number>,
    /// The first day of the month that the row is about, UTC.
    #[serde(
        default,
        deserialize_with = "day",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage_date: Option<NaiveDate>,
    /// What else the row holds, by name.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl CostRow {
    /// The amount as a decimal, zero where there is none. A number of more than 28 places, such as
    /// the 5.551115123125783e-17 that a service's own sum of doubles may leave, is rounded to 28.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`] for an amount beyond [`Decimal::MAX`].
    pub fn amount(&self) -> Result<Decimal> {
        let Some(number) = &self.usage_amount else {
            return Ok(Decimal::ZERO);
        };
        let rounded = || {
            let text = number.to_string();
            let plain = text.parse().ok();
            let decimal = plain.or_else(|| Decimal::from_scientific(&text).ok());
            // Less than half of the 28th place; a float is exact enough to tell.
            let is_tiny = || text.parse::<f64>().is_ok_and(|size| size.abs() < 1e-28);
            decimal.or_else(|| is_tiny().then_some(Decimal::ZERO))
        };
        let amount = number.decimal().or_else(rounded);
        amount.ok_or_else(|| Error::new(ErrorKind::Overflow, "an amount is out of range"))
    }
}

/// A date, or the UTC date of a timestamp.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let date = text.parse::<NaiveDate>().ok().or_else(|| {
        let time = DateTime::parse_from_rfc3339(&text).ok()?;
        Some(time.to_utc().date_naive())
    });
    match date {
        Some(date) => Ok(Some(date)),
        None => Err(serde::de::Error::custom("the date is not YYYY-MM-DD")),
    }
}

/// The body of a result.
///
/// An empty object is an empty result (the specification's own example), and so is one whose rows
/// are null. An object that has other keys and no rows is something else, and so is what is not
/// an object: neither may pass for "nothing was used".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields<R>", bound(deserialize = "R: Deserialize<'de>"))]
pub(super) struct CostResult<R = CostRow> {
    #[serde(rename = "usageDetails")]
    pub(super) rows: Vec<R>,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(bound = "R: Deserialize<'de>")]
struct Fields<R> {
    /// `None` if missing, `Some(None)` if null.
    #[serde(rename = "usageDetails", default, deserialize_with = "present")]
    rows: Option<Option<Vec<R>>>,
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<R> TryFrom<Fields<R>> for CostResult<R> {
    type Error = &'static str;

    fn try_from(fields: Fields<R>) -> Result<Self, Self::Error> {
        match fields.rows {
            None if !fields.other.is_empty() => Err("the object has no usageDetails"),
            rows => Ok(Self {
                rows: rows.flatten().unwrap_or_default(),
                other: fields.other,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(json: &str) -> serde_json::Result<CostResult> {
        serde_json::from_str(json)
    }

    fn report(json: &str) -> CostReport {
        let token = "0".repeat(64).parse().unwrap();
        let url = "https://atlas.example/x".parse().unwrap();
        let meta = ResponseMeta::new(http::StatusCode::OK, http::HeaderMap::new(), &url);
        CostReport::new(result(json).unwrap(), token, meta)
    }

    #[test]
    fn a_row_keeps_its_digits_and_what_is_not_known() {
        let json = r#"{"usageDetails":[{"invoiceId":"65c8a1b2d3e4f50617283940","service":"Clusters","usageAmount":0.1234567890123456789,"usageDate":"2024-09-01","region":{"a":[1]}}],"next":null}"#;
        let read = result(json).unwrap();
        let row = &read.rows[0];
        assert_eq!(
            row.usage_amount.as_ref().unwrap().to_string(),
            "0.1234567890123456789"
        );
        assert_eq!(row.usage_date, NaiveDate::from_ymd_opt(2024, 9, 1));
        assert_eq!(row.other["region"], serde_json::json!({ "a": [1] }));
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let row = result(
            r#"{"usageDetails":[{"usageDate":"2024-09-01T02:00:00+03:00","usageAmount":"1.50","service":null}]}"#,
        );
        let row = &row.unwrap().rows[0];
        assert_eq!(row.usage_date, NaiveDate::from_ymd_opt(2024, 8, 31));
        assert_eq!(row.amount().unwrap().to_string(), "1.50");
    }

    #[test]
    fn only_a_result_is_one() {
        for (json, rows) in [
            ("{}", Some(0)),
            (r#"{"usageDetails":null,"x":1}"#, Some(0)),
            (r#"{"usageDetails":[{}]}"#, Some(1)),
            (r#"{"x":1}"#, None),
            ("[]", None),
            (r#"{"usageDetails":{}}"#, None),
            (r#"{"usageDetails":[{"usageAmount":"much"}]}"#, None),
            (r#"{"usageDetails":[{"usageDate":"soon"}]}"#, None),
        ] {
            assert_eq!(
                result(json).ok().map(|read| read.rows.len()),
                rows,
                "{json}"
            );
        }
    }

    #[test]
    fn sums_are_exact_and_groups_add_up() {
        let report = report(
            r#"{"usageDetails":[{"service":"A","usageAmount":0.1},{"service":"B","usageAmount":0.2},
                {"service":"A","usageAmount":-5.551115123125783e-17},{"service":"A"}]}"#,
        );
        // 0.3 less 5.551115123125783e-17 at 28 places, which ends in …5123126.
        assert_eq!(
            report.total().unwrap().to_string(),
            "0.2999999999999999444888487687"
        );
        let by = report.total_by(|row| row.service.clone()).unwrap();
        assert_eq!(by[&Some("B".to_owned())].to_string(), "0.2");
    }

    #[test]
    fn an_amount_beyond_all_decimals_is_an_error() {
        let report = report(r#"{"usageDetails":[{"usageAmount":1e30},{"usageAmount":1}]}"#);
        let errors = [
            report.total().err(),
            report.total_by(|_| ()).err(),
            report.rows()[0].amount().err(),
        ];
        for error in errors {
            assert_eq!(error.unwrap().kind(), ErrorKind::Overflow);
        }
        assert_eq!(report.rows()[1].amount().unwrap(), Decimal::ONE);
        for tiny in [
            "1e-29",
            "-4e-30",
            "5e-324",
            "0.00000000000000000000000000001",
        ] {
            let row: CostRow =
                serde_json::from_str(&format!(r#"{{"usageAmount":{tiny}}}"#)).unwrap();
            assert!(row.amount().unwrap().is_zero(), "{tiny}");
        }
    }

    #[test]
    fn what_the_groups_leave_out_gets_rows_of_its_own() {
        let grouped = report(
            r#"{"usageDetails":[{"service":"A","usageAmount":1.10,"usageDate":"2025-01-01"},
                {"service":"B","usageAmount":2,"usageDate":"2025-02-01"}]}"#,
        );
        let whole = report(
            r#"{"usageDetails":[{"usageAmount":1.1,"usageDate":"2025-01-01"},
                {"usageAmount":2.75,"usageDate":"2025-02-01"},{"usageAmount":4,"usageDate":"2025-03-01"}]}"#,
        );
        let report = grouped.completed_by(&whole).unwrap();
        let rest: Vec<_> = report.rows()[2..]
            .iter()
            .map(|row| {
                (
                    row.usage_date.unwrap().to_string(),
                    row.amount().unwrap().to_string(),
                )
            })
            .collect();
        let expected = [("2025-02-01", "0.75"), ("2025-03-01", "4")];
        assert_eq!(
            rest,
            expected.map(|(day, amount)| (day.to_owned(), amount.to_owned()))
        );
        assert!(report.rows()[2].service.is_none());
        assert_eq!(report.unlisted().unwrap().to_string(), "4.75");
        assert_eq!(report.total().unwrap(), whole.total().unwrap());
    }
}
