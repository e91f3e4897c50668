//! Records as Parquet: the schema that columns have, and a writer that holds one row group.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use atlas_billing::Tags;
use atlas_billing::chrono::NaiveDate;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::decimal::{SCALE, scaled};
use super::{Numbers, Refused};
use crate::output::{Cell, Column, Kind};

/// A row group is written at whichever comes first: so many rows, or so many bytes of values. Both
/// bound the memory of a writer, whatever the number of rows.
const MOST_ROWS: usize = 64 * 1024;
const MOST_BYTES: usize = 8 << 20;

/// How many values go to the encoder at a time.
const BATCH: usize = 1024;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Integer,
    Decimal,
    Boolean,
    Day,
    Moment,
    Tags,
}

impl Type {
    fn of(kind: Kind, numbers: Numbers) -> Self {
        match kind {
            Kind::Number | Kind::Amount | Kind::Share if numbers == Numbers::Text => Self::Text,
            Kind::Number | Kind::Amount | Kind::Share => Self::Decimal,
            Kind::Cents | Kind::Change | Kind::Integer => Self::Integer,
            Kind::Boolean => Self::Boolean,
            Kind::Day => Self::Day,
            Kind::Moment => Self::Moment,
            Kind::Tags => Self::Tags,
            // Documents are text: engines disagree about JSON as a type.
            Kind::Text | Kind::Object | Kind::List => Self::Text,
        }
    }

    /// The field in Parquet's notation; `name` is the column's.
    fn field(self, name: &str, presence: &str) -> String {
        let (physical, logical) = match self {
            Self::Text => ("binary", " (STRING)".to_owned()),
            Self::Integer => ("int64", String::new()),
            Self::Decimal => (
                "fixed_len_byte_array(16)",
                format!(" (DECIMAL(38,{SCALE}))"),
            ),
            Self::Boolean => ("boolean", String::new()),
            Self::Day => ("int32", " (DATE)".to_owned()),
            Self::Moment => ("int64", " (TIMESTAMP(MICROS,true))".to_owned()),
            Self::Tags => {
                return format!(
                    "{presence} group {name} (MAP) {{ repeated group key_value {{ \
                     required binary key (STRING); optional group value (LIST) {{ \
                     repeated group list {{ optional binary element (STRING); }} }} }} }}"
                );
            }
        };
        format!("{presence} {physical} {name}{logical};")
    }
}

/// The schema of a data set in Parquet's notation.
pub(super) fn message<R>(name: &str, columns: &[Column<R>], numbers: Numbers) -> String {
    let mut text = format!("message {name} {{\n");
    for column in columns {
        let presence = if column.nullable {
            "optional"
        } else {
            "required"
        };
        let field = Type::of(column.kind, numbers).field(&column.name, presence);
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {field}");
    }
    text + "}\n"
}

/// Writes records of one kind. What it holds is one row group.
pub(crate) struct Writer<'c, R, W: Write + Send> {
    columns: &'c [Column<R>],
    numbers: Numbers,
    file: SerializedFileWriter<W>,
    buffers: Vec<Buffer>,
    rows: usize,
    bytes: usize,
}

impl<'c, R, W: Write + Send> Writer<'c, R, W> {
    pub(super) fn new(
        name: &str,
        columns: &'c [Column<R>],
        numbers: Numbers,
        out: W,
    ) -> io::Result<Self> {
        let schema = parse_message_type(&message(name, columns, numbers)).map_err(io_error)?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("atlas-billing ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Page)
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        let buffers = columns
            .iter()
            .map(|column| Buffer::new(Type::of(column.kind, numbers), column.nullable));
        Ok(Self {
            columns,
            numbers,
            file: file.map_err(io_error)?,
            buffers: buffers.collect(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Adds one record.
    pub(super) fn write(&mut self, record: &R) -> Result<(), Refused> {
        for (column, buffer) in self.columns.iter().zip(&mut self.buffers) {
            let cell = column.read(record);
            self.bytes += buffer.push(cell).map_err(|why| Refused::Value {
                column: column.name.to_string(),
                why,
                number: self.numbers == Numbers::Decimal
                    && matches!(column.kind, Kind::Number | Kind::Share),
            })?;
        }
        self.rows += 1;
        if self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what comes after the last record, and what describes the file.
    pub(super) fn end(mut self, about: &BTreeMap<&'static str, String>) -> io::Result<W> {
        if self.rows > 0 {
            self.flush()?;
        }
        for (key, value) in about {
            let entry = KeyValue::new((*key).to_owned(), value.clone());
            self.file.append_key_value_metadata(entry);
        }
        self.file.into_inner().map_err(io_error)
    }

    /// Writes a row group.
    fn flush(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(io_error)?;
        for buffer in &mut self.buffers {
            for part in buffer.parts() {
                let Some(mut column) = group.next_column().map_err(io_error)? else {
                    return Err(io::Error::other("the schema has too few columns"));
                };
                part.encode(&mut column).map_err(io_error)?;
                column.close().map_err(io_error)?;
            }
        }
        group.close().map_err(io_error)?;
        self.rows = 0;
        self.bytes = 0;
        self.buffers.iter_mut().for_each(Buffer::clear);
        Ok(())
    }
}

/// The error of the writer below, if it was one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// The values of one leaf of the schema in a row group, with their levels.
#[derive(Debug, Default)]
struct Leaf {
    /// Empty where no value may be absent.
    definition: Vec<i16>,
    /// Empty where nothing repeats.
    repetition: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Each text once, and which it is for each row.
    Text {
        known: HashMap<Box<str>, u32>,
        texts: Vec<ByteArray>,
        at: Vec<u32>,
    },
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Bool(Vec<bool>),
    Decimal(Vec<i128>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Text {
            known: HashMap::new(),
            texts: Vec::new(),
            at: Vec::new(),
        }
    }
}

/// How much a value takes beside its own bytes: its place in the column, its levels, and for a text
/// that is new its place among those that are known.
const PLACE: usize = 8;
const NEW_TEXT: usize = 96;

impl Leaf {
    fn of(kind: Type) -> Self {
        let values = match kind {
            Type::Text | Type::Tags => Values::default(),
            Type::Integer | Type::Moment => Values::Int64(Vec::new()),
            Type::Day => Values::Int32(Vec::new()),
            Type::Boolean => Values::Bool(Vec::new()),
            Type::Decimal => Values::Decimal(Vec::new()),
        };
        Self {
            values,
            ..Self::default()
        }
    }

    /// Adds a text, and returns how much it takes.
    fn text(&mut self, text: &str) -> usize {
        let Values::Text { known, texts, at } = &mut self.values else {
            return 0;
        };
        if let Some(index) = known.get(text) {
            at.push(*index);
            return PLACE;
        }
        // A row group ends long before.
        let index = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        texts.push(ByteArray::from(text.as_bytes().to_vec()));
        known.insert(text.into(), index);
        at.push(index);
        PLACE + NEW_TEXT + 2 * text.len()
    }

    fn clear(&mut self) {
        self.definition.clear();
        self.repetition.clear();
        match &mut self.values {
            Values::Text { known, texts, at } => {
                known.clear();
                texts.clear();
                at.clear();
            }
            Values::Int64(values) => values.clear(),
            Values::Int32(values) => values.clear(),
            Values::Bool(values) => values.clear(),
            Values::Decimal(values) => values.clear(),
        }
    }

    fn encode(&self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        match &self.values {
            Values::Text { texts, at, .. } => {
                let text = |at: &u32| texts.get(*at as usize).cloned().unwrap_or_default();
                self.batches(column.typed::<ByteArrayType>(), at, text)
            }
            Values::Int64(values) => self.batches(column.typed::<Int64Type>(), values, |v| *v),
            Values::Int32(values) => self.batches(column.typed::<Int32Type>(), values, |v| *v),
            Values::Bool(values) => self.batches(column.typed::<BoolType>(), values, |v| *v),
            Values::Decimal(values) => {
                let bytes = |value: &i128| FixedLenByteArray::from(value.to_be_bytes().to_vec());
                self.batches(column.typed::<FixedLenByteArrayType>(), values, bytes)
            }
        }
    }

    /// Hands values to the encoder a batch at a time, so that their encoder's form is never there
    /// for all of them.
    fn batches<V, T: DataType>(
        &self,
        column: &mut ColumnWriterImpl<'_, T>,
        values: &[V],
        convert: impl Fn(&V) -> T::T,
    ) -> Result<(), ParquetError> {
        let mut batch = Vec::with_capacity(BATCH);
        if self.definition.is_empty() {
            for chunk in values.chunks(BATCH) {
                batch.clear();
                batch.extend(chunk.iter().map(&convert));
                column.write_batch(&batch, None, None)?;
            }
            return Ok(());
        }
        let whole = column.get_descriptor().max_def_level();
        let (mut from, mut value) = (0, 0);
        while from < self.definition.len() {
            let mut to = (from + BATCH).min(self.definition.len());
            // A batch holds whole rows: the next one begins at repetition level 0.
            while self.repetition.get(to).is_some_and(|level| *level > 0) {
                to += 1;
            }
            let definition = &self.definition[from..to];
            let present = definition.iter().filter(|level| **level == whole).count();
            batch.clear();
            batch.extend(values[value..value + present].iter().map(&convert));
            let repetition = self.repetition.get(from..to);
            column.write_batch(&batch, Some(definition), repetition)?;
            (from, value) = (to, value + present);
        }
        Ok(())
    }
}

/// The values of one column in a row group.
struct Buffer {
    kind: Type,
    nullable: bool,
    leaf: Leaf,
    /// The values of tags, whose keys are in `leaf`.
    elements: Option<Leaf>,
}

impl Buffer {
    fn new(kind: Type, nullable: bool) -> Self {
        Self {
            kind,
            nullable,
            leaf: Leaf::of(kind),
            elements: (kind == Type::Tags).then(|| Leaf::of(kind)),
        }
    }

    /// The leaves in the order of the schema.
    fn parts(&self) -> impl Iterator<Item = &Leaf> {
        [&self.leaf].into_iter().chain(&self.elements)
    }

    fn clear(&mut self) {
        self.leaf.clear();
        self.elements.iter_mut().for_each(Leaf::clear);
    }

    /// Adds a value, and returns how much it takes; why it cannot be added otherwise.
    fn push(&mut self, cell: Cell<'_>) -> Result<usize, String> {
        if let Some(elements) = &mut self.elements {
            return Ok(push_tags(&mut self.leaf, elements, self.nullable, &cell));
        }
        if self.nullable {
            self.leaf.definition.push(i16::from(cell != Cell::Null));
        }
        if cell == Cell::Null {
            return match self.nullable {
                true => Ok(PLACE),
                false => Err("it is null".to_owned()),
            };
        }
        if self.kind == Type::Text {
            return Ok(self.leaf.text(&cell.plain()));
        }
        match (&mut self.leaf.values, self.kind, cell) {
            (Values::Int64(values), Type::Integer, Cell::Integer(value)) => {
                let value = i64::try_from(value);
                values.push(value.map_err(|_| "it does not fit 64 bits".to_owned())?);
                Ok(PLACE)
            }
            (Values::Int64(values), Type::Moment, Cell::Moment(moment)) => {
                if moment.timestamp_subsec_nanos() % 1_000 != 0 {
                    return Err(format!("{moment} is finer than a microsecond"));
                }
                values.push(moment.timestamp_micros());
                Ok(PLACE)
            }
            (Values::Int32(values), Type::Day, Cell::Day(day)) => {
                let days = day.signed_duration_since(NaiveDate::default()).num_days();
                let days = i32::try_from(days);
                values.push(days.map_err(|_| "the day is out of range".to_owned())?);
                Ok(PLACE)
            }
            (Values::Bool(values), Type::Boolean, Cell::Boolean(value)) => {
                values.push(value);
                Ok(PLACE)
            }
            (
                Values::Decimal(values),
                Type::Decimal,
                cell @ (Cell::Number(_) | Cell::Integer(_)),
            ) => {
                let digits = cell.plain();
                let value = scaled(&digits).ok_or_else(|| {
                    format!("{digits} has more than {SCALE} digits after the point, or more than 38 in all")
                })?;
                values.push(value);
                Ok(2 * PLACE)
            }
            (_, kind, cell) => Err(format!("{cell:?} is not of type {kind:?}")),
        }
    }
}

/// Adds the tags of a row: keys and values are two leaves, by the rules of nested columns.
fn push_tags(keys: &mut Leaf, elements: &mut Leaf, nullable: bool, cell: &Cell<'_>) -> usize {
    /// Where a tag has no value, and where it has one, above the level of its entry.
    const EMPTY: i16 = 1;
    const VALUE: i16 = 3;

    let there = i16::from(nullable);
    let tags: Option<&Tags> = match cell {
        Cell::Tags(tags) => Some(tags),
        _ => None,
    };
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else {
        let level = if tags.is_some() { there } else { 0 };
        for leaf in [keys, elements] {
            leaf.definition.push(level);
            leaf.repetition.push(0);
        }
        return 2 * PLACE;
    };
    let (entry, mut size) = (there + 1, 0);
    for (number, (key, values)) in tags.iter().enumerate() {
        let repeats = i16::from(number > 0);
        size += keys.text(key);
        keys.definition.push(entry);
        keys.repetition.push(repeats);
        if values.is_empty() {
            elements.definition.push(entry + EMPTY);
            elements.repetition.push(repeats);
        }
        for (number, value) in values.iter().enumerate() {
            size += elements.text(value);
            elements.definition.push(entry + VALUE);
            elements
                .repetition
                .push(if number > 0 { 2 } else { repeats });
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::columns;

    #[test]
    fn the_schema_is_in_the_notation_of_parquet() {
        let columns = columns! { Tags:
            "position" Integer always = |_| 1_u64, "Where.";
            "quantity" Number = |_| None::<i128>, "How many.";
            "created" Moment = |_| None::<i128>, "When.";
            "day" Day = |_| None::<i128>, "On which day.";
            "tags" Tags = |tags| Cell::Tags(tags), "Tags.";
        };
        let text = message("rows", &columns, Numbers::Decimal);
        for line in [
            "  required int64 position;",
            "  optional fixed_len_byte_array(16) quantity (DECIMAL(38,9));",
            "  optional int64 created (TIMESTAMP(MICROS,true));",
            "  optional int32 day (DATE);",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
        assert_eq!(parse_message_type(&text).unwrap().get_fields().len(), 5);
        let text = message("rows", &columns, Numbers::Text);
        assert!(
            text.contains("optional binary quantity (STRING);"),
            "{text}"
        );
    }
}
