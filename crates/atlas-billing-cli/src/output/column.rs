//! The description of a kind of record: the one source of the columns of every format and of the
//! schema.

use std::borrow::Cow;

use atlas_billing::{Cents, Decimal, Number, Tags};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::table::Align;
use crate::text;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Whole cents; `--excel` writes units with two decimals.
    Cents,
    /// Cents that a reader sees with their sign in any case.
    Change,
    /// A count or a position.
    Integer,
    /// A number with a fraction, by its digits.
    Number,
    /// The same, an amount: a reader sees two decimals.
    Amount,
    /// A part of a whole, 0.25 for a quarter; a reader sees percent.
    Share,
    Boolean,
    /// A calendar day, `YYYY-MM-DD`.
    Day,
    /// A moment, RFC 3339 in UTC.
    Moment,
    /// An object of lists of text: the values of each tag.
    Tags,
    /// An object of any form.
    Object,
    /// A list of objects.
    List,
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Not in the response.
    Null,
    Text(Cow<'a, str>),
    Integer(i128),
    /// A number by its digits, as JSON writes them.
    Number(Cow<'a, str>),
    Boolean(bool),
    Day(NaiveDate),
    Moment(DateTime<Utc>),
    /// The values of each tag.
    Tags(&'a Tags),
    /// A JSON document.
    Json(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// Any value as a JSON document; null where it is absent.
    pub(crate) fn json<T: Serialize>(value: Option<&T>) -> Self {
        let text = value.and_then(|value| serde_json::to_string(value).ok());
        text.map_or(Self::Null, |text| Self::Json(text.into()))
    }

    /// The text without any quoting; empty for null.
    pub(crate) fn plain(self) -> Cow<'a, str> {
        match self {
            Self::Null => "".into(),
            Self::Text(text) | Self::Number(text) | Self::Json(text) => text,
            Self::Integer(value) => value.to_string().into(),
            Self::Boolean(value) => if value { "true" } else { "false" }.into(),
            Self::Day(day) => day.to_string().into(),
            // In UTC, to the second unless it is finer.
            Self::Moment(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
            Self::Tags(tags) => serde_json::to_string(tags).unwrap_or_default().into(),
        }
    }
}

/// How a value of each type becomes a cell.
macro_rules! cells {
    ($($from:ty => |$value:ident| $cell:expr;)*) => {$(
        impl<'a> From<$from> for Cell<'a> {
            fn from($value: $from) -> Self {
                $cell
            }
        }
    )*};
}

cells! {
    &'a str => |text| Cell::Text(text.into());
    String => |text| Cell::Text(text.into());
    bool => |value| Cell::Boolean(value);
    u64 => |value| Cell::Integer(value.into());
    i128 => |value| Cell::Integer(value);
    Cents => |cents| Cell::Integer(cents.get());
    f64 => |value| Cell::Number(value.to_string().into());
    Decimal => |value| Cell::Number(value.to_string().into());
    // Digit by digit as received.
    &'a Number => |value| Cell::Number(value.to_string().into());
    NaiveDate => |day| Cell::Day(day);
    DateTime<Utc> => |moment| Cell::Moment(moment);
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

type Read<R> = Box<dyn for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync>;

/// One column of a kind of record.
pub(crate) struct Column<R> {
    /// The name in snake case: header in CSV, key in JSON.
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// What it means, in a sentence.
    pub(crate) means: &'static str,
    /// The heading in a table; a column without one is not in tables.
    pub(crate) heading: Option<Cow<'static, str>>,
    read: Read<R>,
}

impl<R> Column<R> {
    /// A column that may be null and is not in tables.
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        means: &'static str,
        read: impl for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            nullable: true,
            means,
            heading: None,
            read: Box::new(read),
        }
    }

    /// The same, never null.
    pub(crate) fn always(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The same, in tables under this heading.
    pub(crate) fn shown(mut self, heading: impl Into<Cow<'static, str>>) -> Self {
        self.heading = Some(heading.into());
        self
    }

    /// The value in a record.
    pub(crate) fn read<'a>(&self, record: &'a R) -> Cell<'a> {
        (self.read)(record)
    }

    /// The value in a record, for a person.
    pub(crate) fn show(&self, record: &R) -> String {
        match (self.kind, self.read(record)) {
            (Kind::Cents, Cell::Integer(cents)) => text::cents(cents),
            (Kind::Change, Cell::Integer(cents)) => text::change(cents),
            (Kind::Share, Cell::Number(part)) => text::share(part.parse().unwrap_or(f64::NAN), 1.0),
            (Kind::Integer, Cell::Integer(count)) => text::count(count),
            (Kind::Amount, Cell::Number(digits)) => match digits.parse() {
                Ok(amount) => text::decimal(amount),
                Err(_) => digits.into_owned(),
            },
            (Kind::Moment, cell) => cell.plain().trim_end_matches("T00:00:00Z").to_owned(),
            (_, cell) => cell.plain().into_owned(),
        }
    }

    /// How it stands in a table.
    pub(crate) fn align(&self) -> Align {
        match self.kind {
            Kind::Cents | Kind::Change | Kind::Integer => Align::Right,
            Kind::Number | Kind::Amount | Kind::Share => Align::Right,
            _ => Align::Left,
        }
    }
}

/// Columns as a table: name, [`Kind`], `always` where it is never null, the heading in tables in
/// parentheses, how to read it, what it means.
macro_rules! columns {
    ($record:ty: $($name:literal $kind:ident $($always:ident)? $(($heading:expr))?
        = |$r:pat_param| $read:expr, $means:expr;)*) => {
        vec![$($crate::output::Column::<$record>::new(
            $name,
            $crate::output::Kind::$kind,
            $means,
            move |$r| $crate::output::Cell::from($read),
        )$(.$always())?$(.shown($heading))?),*]
    };
}
pub(crate) use columns;

/// The JSON Schema of one record. A value that is not in the response is null, so that every record
/// has the same columns.
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
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property<R>(column: &Column<R>) -> Value {
    let mut property = match column.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Cents | Kind::Change | Kind::Integer => json!({"type": "integer"}),
        Kind::Number | Kind::Amount | Kind::Share => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Day => json!({"type": "string", "format": "date"}),
        Kind::Moment => json!({"type": "string", "format": "date-time"}),
        Kind::Object => json!({"type": "object"}),
        Kind::List => json!({"type": "array", "items": {"type": "object"}}),
        Kind::Tags => {
            let values = json!({"type": ["array", "null"], "items": {"type": "string"}});
            json!({"type": "object", "additionalProperties": values})
        }
    };
    property["description"] = json!(column.means);
    if column.nullable {
        property["type"] = json!([property["type"], "null"]);
    }
    property
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_and_short() {
        for (given, written, shown) in [
            ("2025-03-01T00:00:00Z", "2025-03-01T00:00:00Z", "2025-03-01"),
            (
                "2025-03-01T02:00:00.25+02:00",
                "2025-03-01T00:00:00.250Z",
                "2025-03-01T00:00:00.250Z",
            ),
        ] {
            let moment: DateTime<Utc> = given.parse().unwrap();
            let column = Column::new("at", Kind::Moment, "When.", |moment: &DateTime<Utc>| {
                Cell::from(*moment)
            });
            assert_eq!(column.read(&moment).plain(), written);
            assert_eq!(column.show(&moment), shown);
        }
    }
}
