//! One call, from its request to its content.
//!
//! 1. The generated client builds the request; nothing is sent by it ([`Pipeline::call`]).
//! 2. [`Pipeline`] sets the media types (`options`).
//! 3. `Exchange::retry` repeats attempts as the retry policy says (`exchange/retry.rs`). A poll makes
//!    one attempt ([`Call::content_once`]); its own policy decides what comes next.
//! 4. An attempt adds the caller's headers, signs the request (`auth/mod.rs`) and sends it
//!    (`Exchange::send`), and repeats that after a 401 which a fresh signature may mend.
//! 5. The response's content is taken out of its envelope and checked (`response`), or read as
//!    it arrives: a whole invoice and its line items (`invoices/items.rs`), a CSV file ([`CsvFile`]).

mod call;
mod csv_file;
mod download;
mod options;
mod raw;
mod response;

pub(crate) use call::{Call, HeaderHook, Pipeline, RawResult};
pub use csv_file::CsvFile;
pub(crate) use download::Download;
pub(crate) use options::call_options;
pub use options::{CallOptions, Form, Timeouts};
pub(crate) use raw::RawTransport;
pub(crate) use response::{Content, Response, ResponseHead};
