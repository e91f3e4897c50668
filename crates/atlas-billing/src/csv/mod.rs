//! Comma-separated values as they arrive: records by column name, and the invoice's own file.
//!
//! The reader follows RFC 4180 and is as forgiving as files in the field need it to be: records
//! end with LF, CRLF or CR, may be longer or shorter than the header, and blank lines are skipped.

mod invoice;
mod invoice_row;
mod record;
mod records;
mod row;
mod rows;

pub use invoice::{InvoiceCsv, InvoicePreamble};
pub use invoice_row::InvoiceRow;
pub use record::{Header, Record};
pub use records::{Records, read_records};
pub use row::{Fields, Row};
