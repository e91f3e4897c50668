//! Why the splitter refuses a document.

use super::{Frame, Role, Splitter, State};
use crate::invoices::limits::InvoiceLimits;
use crate::{Error, ErrorKind, Result};

impl Splitter {
    /// A byte where none such can stand.
    pub(super) fn unexpected(&self, byte: u8) -> Error {
        let expected = match self.state {
            State::Value(Role::Document | Role::LinkedInvoice) => "an invoice object",
            State::Value(_) | State::ElementOrEnd => "a value",
            State::Item | State::ItemOrEnd => "a line item",
            State::KeyOrEnd | State::Key => "a key",
            State::Colon(_) => "a colon",
            State::Behind => "the end",
            _ => "a comma or the end",
        };
        let error = Error::new(
            ErrorKind::Unreadable,
            format!(
                "the answer is not an invoice: byte {} is {:?} where {expected} was expected",
                self.position(),
                char::from(byte),
            ),
        );
        match self.stack.last() {
            Some(Frame::Items { .. }) => error.with_json_path(self.place()),
            // The document may be a page of a gateway's: its beginning says so.
            None => error.with_excerpt(&self.chunk),
            _ => error,
        }
    }
}

/// Refuses a head of more than its limit.
#[inline]
pub(super) fn check_head(size: usize, limits: &InvoiceLimits) -> Result<()> {
    match size <= limits.head() {
        true => Ok(()),
        false => Err(head_too_large(limits)),
    }
}

#[cold]
fn head_too_large(limits: &InvoiceLimits) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "the invoice without its line items is larger than {} bytes, the limit set for it",
            limits.head()
        ),
    )
}
