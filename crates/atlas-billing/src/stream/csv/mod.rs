//! Comma-separated values as they arrive: records by column name.
//!
//! Follows RFC 4180 and is lenient where files in the field need it: records end with LF, CRLF or
//! CR, may be longer or shorter than the header, and blank lines are skipped.
//!
//! The reader is hand-written because a general one copies and splits every cell of every record,
//! which costs several times what moving the bytes does. A record that lies within one chunk is
//! found by its line end and handed over without a copy; cells are split where they are read.

mod focus;
mod invoice;
mod records;
#[cfg(test)]
mod tests;

pub use focus::{FocusColumn, FocusKind, FocusRow, FocusRows};
pub use invoice::{InvoiceCsv, InvoiceRow};
pub use records::{Header, Preamble, Record, Records, read_records};
