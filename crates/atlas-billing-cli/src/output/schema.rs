//! The JSON Schema of a kind of record, made from the columns that write it.

use serde_json::{Map, Value, json};

use super::column::{Column, Kind};

/// The schema of one record.
pub(crate) fn schema<R>(title: &str, about: &str, columns: &[Column<R>]) -> Value {
    let properties: Map<String, Value> = columns
        .iter()
        .map(|column| (column.name.to_string(), property(column)))
        .collect();
    let required: Vec<&str> = columns.iter().map(|column| column.name.as_ref()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
        "type": "object",
        // A field that is not said is null, so that every record has the same columns.
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property<R>(column: &Column<R>) -> Value {
    let (kind, format) = match column.kind {
        Kind::Text => ("string", None),
        Kind::Cents | Kind::Integer => ("integer", None),
        Kind::Number => ("number", None),
        Kind::Boolean => ("boolean", None),
        Kind::Day => ("string", Some("date")),
        Kind::Moment => ("string", Some("date-time")),
        Kind::Tags | Kind::Object => ("object", None),
        Kind::List => ("array", None),
    };
    let mut property = json!({ "description": column.means });
    property["type"] = match column.nullable {
        true => json!([kind, "null"]),
        false => json!(kind),
    };
    if let Some(format) = format {
        property["format"] = json!(format);
    }
    match column.kind {
        Kind::Tags => {
            let values = json!({"type": ["array", "null"], "items": {"type": "string"}});
            property["additionalProperties"] = values;
        }
        Kind::List => property["items"] = json!({"type": "object"}),
        _ => {}
    }
    property
}
