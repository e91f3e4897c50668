//! The description of a kind of record: the one source of each form's columns and of the schema.

use std::borrow::Cow;

use super::amount;
use super::cell::Cell;
use super::layout::Align;

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Whole cents.
    Cents,
    /// A count or a position.
    Integer,
    /// A number with a fraction.
    Number,
    Boolean,
    /// A calendar day, `YYYY-MM-DD`.
    Day,
    /// A moment, RFC 3339 in UTC.
    Moment,
    /// An object of lists of text: a tag's key, and its values.
    Tags,
    /// An object of any form.
    Object,
    /// A list of objects.
    List,
}

type Read<R> = Box<dyn for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync>;

/// One column of a kind of record.
pub(crate) struct Column<R> {
    /// The name in snake case: CSV's header, JSON's key.
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    /// Whether a record may leave it unsaid.
    pub(crate) nullable: bool,
    /// What it means, in a sentence.
    pub(crate) means: Cow<'static, str>,
    /// The heading in a table; a column without one is not shown there.
    pub(crate) heading: Option<Cow<'static, str>>,
    read: Read<R>,
}

impl<R> Column<R> {
    /// A column that may be null and is not shown in tables.
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        means: impl Into<Cow<'static, str>>,
        read: impl for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            nullable: true,
            means: means.into(),
            heading: None,
            read: Box::new(read),
        }
    }

    /// The same, always said.
    pub(crate) fn always(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The same, shown in tables.
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
            (Kind::Cents, Cell::Integer(cents)) => amount::cents(cents.into()),
            (Kind::Moment, cell) => cell.plain().trim_end_matches("T00:00:00Z").to_owned(),
            (_, cell) => cell.plain().into_owned(),
        }
    }

    /// How it stands in a table.
    pub(crate) fn align(&self) -> Align {
        match self.kind {
            Kind::Cents | Kind::Integer | Kind::Number => Align::Right,
            _ => Align::Left,
        }
    }
}
