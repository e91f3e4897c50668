//! Which linked invoice a line item belongs to.

/// The linked invoice that a streamed line item belongs to.
///
/// An organization that pays for others receives their invoices inside its own, under
/// `linkedInvoices`. Their items pass before the invoice around them has ended, so what is certain
/// while they do is the place; the invoice itself is in the head once the stream has ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Linked {
    path: Vec<usize>,
    id: Option<String>,
}

impl Linked {
    pub(crate) fn new(path: Vec<usize>, id: Option<String>) -> Self {
        Self { path, id }
    }

    /// The place of the invoice: its index among the linked invoices of the document, then, if it
    /// is linked to a linked one, its index among those, and so on. Never empty.
    pub fn path(&self) -> &[usize] {
        &self.path
    }

    /// The linked invoice's id, if it came before its items, as it does with keys in alphabetical
    /// order.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}
