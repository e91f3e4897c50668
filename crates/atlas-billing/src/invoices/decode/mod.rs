//! Decodes a line item with its numbers as they are written.
//!
//! serde_json reads a double of more than 15 digits to within one unit in the last place, and only
//! a feature that would change every other crate of a build makes it exact. A price is not to
//! differ from what was sent, and an invoice is to be the same after being written and read again,
//! so the item's numbers are taken as text while the item is decoded.
//!
//! The values of a tag, mostly one, are given no more room than they take, a tenth of what an item
//! keeps.

mod fields;
mod tags;
mod watch;

#[cfg(test)]
mod tests;

use atlas_billing_raw::types::InvoiceLineItem;
use serde::{Deserialize, Deserializer};

use self::fields::Beside;
use self::tags::Tags;
use self::watch::Watched;
use super::split::first;

/// The text of an item's numbers that have more digits than a double keeps apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LongNumbers {
    pub(super) quantity: Option<Box<str>>,
    pub(super) unit_price: Option<Box<str>>,
}

/// A line item, its doubles the nearest to what is written.
#[derive(Debug)]
pub(super) struct PreciseItem {
    pub(super) item: InvoiceLineItem,
    pub(super) long: Option<Box<LongNumbers>>,
}

impl PreciseItem {
    /// Decodes the item at the beginning of `text`, and says how long it is.
    #[inline]
    pub(super) fn read(text: &[u8]) -> serde_json::Result<(Self, usize)> {
        first::<Self>(text).map_err(|error| match error.is_eof() {
            true => error,
            // Of what is wrong with a number serde_json does not know where it stands; of what is
            // wrong with the generated type it does.
            false => first::<InvoiceLineItem>(text).err().unwrap_or(error),
        })
    }
}

/// Decodes from serde_json's text only: other formats have no text of a number to give.
impl<'de> Deserialize<'de> for PreciseItem {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut beside = Beside::default();
        let mut item = InvoiceLineItem::deserialize(Watched {
            inner: deserializer,
            beside: &mut beside,
        })?;
        // What was read here was given to the generated type as absent.
        item.tags = beside.tags.map(|Tags(tags)| tags);
        Ok(Self {
            item,
            long: beside.long,
        })
    }
}
