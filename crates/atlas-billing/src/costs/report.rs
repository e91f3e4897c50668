//! A finished Cost Explorer query.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::row::CostRow;
use super::sum::Sum;
use crate::{QueryToken, ResponseMeta, Result};

/// The result of a Cost Explorer query: its rows, and what came with them.
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
#[derive(Debug, Clone)]
#[must_use]
pub struct CostReport {
    result: CostResult,
    token: QueryToken,
    meta: ResponseMeta,
}

impl CostReport {
    pub(crate) fn new(result: CostResult, token: QueryToken, meta: ResponseMeta) -> Self {
        Self {
            result,
            token,
            meta,
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

    /// What else the result holds beside its rows: the JSON text of each value under its name.
    pub fn other(&self) -> &BTreeMap<String, String> {
        &self.result.other
    }

    /// The query that this is the result of.
    pub fn token(&self) -> &QueryToken {
        &self.token
    }

    /// Status, headers, rate limit and version of the answer.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The sum of all amounts, in the unit of [`CostRow::usage_amount`], exact. A row without an
    /// amount adds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where no decimal holds the sum exactly;
    /// it is never rounded.
    pub fn total(&self) -> Result<Decimal> {
        let mut sum = Sum::default();
        self.rows()
            .iter()
            .filter_map(|row| row.usage_amount)
            .for_each(|amount| sum.add(amount));
        sum.total()
    }

    /// The sum of the amounts of each group, exact; `key` says which group a row is in. The groups
    /// add up to [`total`](Self::total).
    ///
    /// # Errors
    /// As [`total`](Self::total).
    pub fn total_by<K: Ord>(&self, key: impl Fn(&CostRow) -> K) -> Result<BTreeMap<K, Decimal>> {
        let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
        for row in self.rows() {
            let sum = sums.entry(key(row)).or_default();
            if let Some(amount) = row.usage_amount {
                sum.add(amount);
            }
        }
        sums.into_iter()
            .map(|(key, sum)| Ok((key, sum.total()?)))
            .collect()
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

impl Serialize for CostReport {
    /// As the service sent it: an object with `usageDetails`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeMap as _};
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(ROWS, &self.result.rows)?;
        for (name, json) in &self.result.other {
            let raw = RawValue::from_string(json.clone()).map_err(S::Error::custom)?;
            map.serialize_entry(name, &raw)?;
        }
        map.end()
    }
}

const ROWS: &str = "usageDetails";

/// The body of a result.
///
/// An empty object is an empty result (the specification's own example), and so is one whose rows
/// are null. An object that has other keys and no rows is something else, and so is what is no
/// object: neither may pass for "nothing was used".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CostResult {
    pub(crate) rows: Vec<CostRow>,
    pub(crate) other: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for CostResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = CostResult;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Cost Explorer result, an object with usageDetails")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CostResult, A::Error> {
        let mut rows: Option<Option<Vec<CostRow>>> = None;
        let mut other = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == ROWS {
                rows = Some(map.next_value()?);
            } else {
                let json: Box<RawValue> = map.next_value()?;
                other.insert(name, json.get().to_owned());
            }
        }
        if rows.is_none() && !other.is_empty() {
            return Err(de::Error::custom(
                "the object has no usageDetails, so it is no Cost Explorer result",
            ));
        }
        Ok(CostResult {
            rows: rows.flatten().unwrap_or_default(),
            other,
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::ErrorKind;

    fn report(json: &str) -> CostReport {
        let result = serde_json::from_str(json).unwrap();
        let url = "https://cloud.mongodb.com/x".parse().unwrap();
        let meta = ResponseMeta::new(StatusCode::OK, HeaderMap::new(), &url);
        CostReport::new(result, "ab01".repeat(16).parse().unwrap(), meta)
    }

    #[test]
    fn an_empty_result_has_no_rows() {
        for json in [
            "{}",
            r#"{"usageDetails":null}"#,
            r#"{"usageDetails":[]}"#,
            " { } ",
        ] {
            let report = report(json);
            assert!(report.rows().is_empty(), "{json}");
            assert_eq!(report.total().unwrap(), Decimal::ZERO);
        }
    }

    #[test]
    fn anything_else_is_no_result() {
        for json in [
            "[]",
            "\"text\"",
            "null",
            "5",
            "",
            r#"{"error":404,"errorCode":"X"}"#,
            r#"{"status":"PENDING"}"#,
            r#"{"usagedetails":[]}"#,
            r#"{"usageDetails":{}}"#,
            r#"{"usageDetails":[5]}"#,
            r#"{"usageDetails":[{}"#,
            r#"{"usageDetails":[{}]} x"#,
        ] {
            assert!(serde_json::from_str::<CostResult>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn sums_are_exact_and_groups_add_up() {
        let report = report(
            r#"{"usageDetails":[
                {"service":"Clusters","usageAmount":0.1,"usageDate":"2025-01-01"},
                {"service":"Clusters","usageAmount":0.2,"usageDate":"2025-02-01"},
                {"service":"Backup","usageAmount":"-0.05"},
                {"usageAmount":7},
                {"service":"Support"}
            ]}"#,
        );
        assert_eq!(report.total().unwrap().to_string(), "7.25");
        let groups = report.total_by(|row| row.service.clone()).unwrap();
        let shown: Vec<_> = groups
            .iter()
            .map(|(key, sum)| (key.as_deref(), sum.to_string()))
            .collect();
        let expected = [
            (None, "7"),
            (Some("Backup"), "-0.05"),
            (Some("Clusters"), "0.3"),
            (Some("Support"), "0"),
        ]
        .map(|(key, sum)| (key, sum.to_owned()));
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_sum_without_an_exact_decimal_is_an_error() {
        let report = report(
            r#"{"usageDetails":[{"usageAmount":79228162514264337593543950335},{"usageAmount":0.1}]}"#,
        );
        assert_eq!(report.total().unwrap_err().kind(), ErrorKind::Overflow);
    }

    #[test]
    fn it_encodes_to_what_was_sent() {
        let json = r#"{"usageDetails":[{"service":"Clusters","usageAmount":51.190,"more":1.0}],"page":1e400}"#;
        let report = report(json);
        assert_eq!(report.other()["page"], "1e400");
        assert_eq!(serde_json::to_string(&report).unwrap(), json);
    }
}
