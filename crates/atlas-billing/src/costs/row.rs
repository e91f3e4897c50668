//! One row of a Cost Explorer result.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::amount::amount;
use crate::{Error, ErrorKind, Result};

/// One row of a Cost Explorer result: what one service, cluster, project or organization cost in
/// one month, depending on what was grouped by.
///
/// The specification says nothing of a result but that it is an object. The fields are those seen
/// in other clients' answers, or inferred from them, so each is optional, and whatever else a row
/// holds is kept in `other`. It encodes to JSON of the same meaning: the amount is a number, the date
/// a date, whatever was a null is gone. JSON alone is supported, since the amount is read from its
/// text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CostRow {
    /// The invoice that the cost is part of.
    pub invoice_id: Option<String>,
    /// The organization that is charged.
    pub organization_id: Option<String>,
    /// Its name.
    pub organization_name: Option<String>,
    /// The project, where that was grouped by or filtered for.
    pub project_id: Option<String>,
    /// Its name.
    pub project_name: Option<String>,
    /// The cluster, where that was grouped by or filtered for.
    pub cluster_id: Option<String>,
    /// Its name.
    pub cluster_name: Option<String>,
    /// The service, as Cost Explorer calls it, such as `Clusters`.
    pub service: Option<String>,
    /// What was used, in dollars (inferred; the answer names no unit), exactly as written: a
    /// number of more than 28 digits is rounded to so many.
    pub usage_amount: Option<Decimal>,
    /// The first day of the month that the row is about, UTC.
    pub usage_date: Option<NaiveDate>,
    /// What else the row holds: the JSON text of each value under its name.
    pub other: BTreeMap<String, String>,
}

impl CostRow {
    /// A value of [`other`](Self#structfield.other), decoded; `None` where there is none of that
    /// name.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] where it is no `T`.
    pub fn other_as<T: DeserializeOwned>(&self, name: &str) -> Option<Result<T>> {
        let json = self.other.get(name)?;
        Some(serde_json::from_str(json).map_err(|error| {
            Error::new(
                ErrorKind::Unreadable,
                format!("the field {name} of a row: {error}"),
            )
            .with_source(error)
        }))
    }

    /// The text fields under their names on the wire.
    fn text(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "invoiceId" => &mut self.invoice_id,
            "organizationId" => &mut self.organization_id,
            "organizationName" => &mut self.organization_name,
            "projectId" => &mut self.project_id,
            "projectName" => &mut self.project_name,
            "clusterId" => &mut self.cluster_id,
            "clusterName" => &mut self.cluster_name,
            "service" => &mut self.service,
            _ => return None,
        })
    }

    fn texts(&self) -> [(&'static str, Option<&String>); 8] {
        [
            ("invoiceId", self.invoice_id.as_ref()),
            ("organizationId", self.organization_id.as_ref()),
            ("organizationName", self.organization_name.as_ref()),
            ("projectId", self.project_id.as_ref()),
            ("projectName", self.project_name.as_ref()),
            ("clusterId", self.cluster_id.as_ref()),
            ("clusterName", self.cluster_name.as_ref()),
            ("service", self.service.as_ref()),
        ]
    }
}

const AMOUNT: &str = "usageAmount";
const DATE: &str = "usageDate";

impl<'de> Deserialize<'de> for CostRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = CostRow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row of a Cost Explorer result, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CostRow, A::Error> {
        let mut row = CostRow::default();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(text) = row.text(&name) {
                *text = map.next_value()?;
            } else if name == AMOUNT {
                row.usage_amount = map.next_value::<Amount>()?.0;
            } else if name == DATE {
                row.usage_date = map.next_value::<Day>()?.0;
            } else {
                let json: Box<RawValue> = map.next_value()?;
                row.other.insert(name, json.get().to_owned());
            }
        }
        Ok(row)
    }
}

/// An amount inside its row, so that an error carries its path.
struct Amount(Option<Decimal>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        if json.get() == "null" {
            return Ok(Self(None));
        }
        match amount(&json) {
            Some(amount) => Ok(Self(Some(amount))),
            None => Err(de::Error::custom(
                "the amount is no number, or one too large for a decimal",
            )),
        }
    }
}

/// A date, or the UTC date of a timestamp.
struct Day(Option<NaiveDate>);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(Self(None));
        };
        let date = text.parse::<NaiveDate>().ok().or_else(|| {
            let time = DateTime::parse_from_rfc3339(&text).ok()?;
            Some(time.to_utc().date_naive())
        });
        match date {
            Some(date) => Ok(Self(Some(date))),
            None => Err(de::Error::custom("the date is not written as YYYY-MM-DD")),
        }
    }
}

impl Serialize for CostRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).map_err(S::Error::custom);
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in self.texts() {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        if let Some(amount) = self.usage_amount {
            map.serialize_entry(AMOUNT, &raw(&amount.to_string())?)?;
        }
        if let Some(date) = self.usage_date {
            map.serialize_entry(DATE, &date)?;
        }
        for (name, json) in &self.other {
            map.serialize_entry(name, &raw(json)?)?;
        }
        map.end()
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for CostRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CostRow".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut properties = serde_json::Map::new();
        for (name, _) in Self::default().texts() {
            properties.insert(name.to_owned(), serde_json::json!({ "type": "string" }));
        }
        properties.insert(AMOUNT.to_owned(), serde_json::json!({ "type": "number" }));
        let date = serde_json::json!({ "type": "string", "format": "date" });
        properties.insert(DATE.to_owned(), date);
        schemars::json_schema!({ "type": "object", "properties": properties })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"invoiceId":"64b7f0a1c2d3e4f506172839","organizationId":"5f0c2d9e8b7a6c5d4e3f2a1b","organizationName":"Made Up","service":"Clusters","usageAmount":51.19,"usageDate":"2024-09-01"}"#;

    #[test]
    fn a_row_as_it_is_seen_in_the_field() {
        let row: CostRow = serde_json::from_str(ROW).unwrap();
        assert_eq!(row.organization_name.as_deref(), Some("Made Up"));
        assert_eq!(row.usage_amount.unwrap().to_string(), "51.19");
        assert_eq!(row.usage_date.unwrap().to_string(), "2024-09-01");
        assert_eq!(row.cluster_id, None);
        assert_eq!(serde_json::to_string(&row).unwrap(), ROW);
    }

    #[test]
    fn nothing_is_required_and_null_is_absent() {
        assert_eq!(
            serde_json::from_str::<CostRow>("{}").unwrap(),
            CostRow::default()
        );
        let nulls = r#"{"service":null,"usageAmount":null,"usageDate":null,"clusterId":null}"#;
        assert_eq!(
            serde_json::from_str::<CostRow>(nulls).unwrap(),
            CostRow::default()
        );
    }

    #[test]
    fn unknown_fields_are_kept_to_the_digit() {
        let json = r#"{"credit":0.10000000000000000000000000000001,"tags":{"a":["b"]},"x":null}"#;
        let row: CostRow = serde_json::from_str(json).unwrap();
        assert_eq!(row.other["credit"], "0.10000000000000000000000000000001");
        let tags: BTreeMap<String, Vec<String>> = row.other_as("tags").unwrap().unwrap();
        assert_eq!(tags["a"], ["b"]);
        assert!(
            row.other_as::<u8>("tags")
                .unwrap()
                .unwrap_err()
                .is_unreadable()
        );
        assert!(row.other_as::<u8>("none").is_none());
        assert_eq!(serde_json::to_string(&row).unwrap(), json);
    }

    #[test]
    fn amounts_as_text_and_dates_as_timestamps_are_taken() {
        let json = r#"{"usageAmount":"1e-3","usageDate":"2024-09-01T00:00:00Z"}"#;
        let row: CostRow = serde_json::from_str(json).unwrap();
        assert_eq!(row.usage_amount.unwrap().to_string(), "0.001");
        assert_eq!(row.usage_date.unwrap().to_string(), "2024-09-01");
    }

    #[test]
    fn what_a_field_cannot_be_is_an_error() {
        for json in [
            r#"{"usageAmount":true}"#,
            r#"{"usageAmount":"much"}"#,
            r#"{"usageDate":"September"}"#,
            r#"{"service":5}"#,
            "[]",
            "5",
        ] {
            assert!(serde_json::from_str::<CostRow>(json).is_err(), "{json}");
        }
    }
}
