//! How much of an invoice is held in memory at once.

/// The largest parts of an invoice that are accepted, in bytes of JSON.
///
/// The answer as a whole has no limit: its line items pass one by one. What must be in memory in
/// one piece has one, so that no answer can exhaust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceLimits {
    item: usize,
    head: usize,
}

impl InvoiceLimits {
    /// The largest line item; 8 MiB by default.
    pub fn item(&self) -> usize {
        self.item
    }

    /// The largest invoice without its line items, payments and the like of linked invoices
    /// included; 64 MiB by default.
    pub fn head(&self) -> usize {
        self.head
    }

    /// The same with another limit for one line item.
    #[must_use]
    pub fn with_item(mut self, bytes: usize) -> Self {
        self.item = bytes;
        self
    }

    /// The same with another limit for the invoice without its line items.
    #[must_use]
    pub fn with_head(mut self, bytes: usize) -> Self {
        self.head = bytes;
        self
    }
}

impl Default for InvoiceLimits {
    fn default() -> Self {
        Self {
            item: 8 << 20,
            head: 64 << 20,
        }
    }
}
