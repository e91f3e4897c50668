//! Line items: decoded where they lie, or collected first where they lie in several chunks.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::finish::reason;
use super::super::json_path::path_at;
use super::{Frame, Origin, Splitter, State};
use crate::{Error, ErrorKind, Result};

impl Splitter {
    /// Decodes the item that begins here, if all of it is in the chunk.
    #[inline]
    pub(super) fn item_in_place<T>(
        &mut self,
        decode: &mut impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Result<Option<T>> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        match self.decode(rest, decode) {
            Ok((item, used)) => {
                self.check_item_size(used)?;
                self.at += used;
                self.item_ended();
                Ok(item)
            }
            // Perhaps the rest of it has not arrived. Only a failure on a whole item counts, so
            // that its end is looked for.
            Err(_) => {
                self.state = State::InItem;
                self.skip.restart();
                Ok(None)
            }
        }
    }

    /// Goes on with an item whose end was not in the chunk it began in, or that is not valid.
    pub(super) fn item_in_parts<T>(
        &mut self,
        decode: &mut impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Result<Option<T>> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let end = self.skip.advance(rest);
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.check_item_size(self.carry.len() + part.len())?;
        self.carry.extend_from_slice(part);
        self.at += part.len();
        if end.is_none() {
            return Ok(None);
        }
        let (item, used) = self
            .decode(&self.carry, decode)
            .map_err(|error| self.undecodable(error))?;
        if used != self.carry.len() {
            return Err(
                Error::new(ErrorKind::Unreadable, "a line item is not valid JSON")
                    .with_json_path(self.place())
                    .with_excerpt(&self.carry),
            );
        }
        self.carry.clear();
        // One large item must not hold its room for the rest of the stream.
        self.carry.shrink_to(64 * 1024);
        self.item_ended();
        Ok(item)
    }

    /// Decodes an item, or only checks it where the caller does not want it.
    #[inline]
    fn decode<T>(
        &self,
        text: &[u8],
        decode: &mut impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> serde_json::Result<(Option<T>, usize)> {
        if self.linked_items || self.origin.is_none() {
            decode(text, self.origin.as_ref()).map(|(item, used)| (Some(item), used))
        } else {
            first::<IgnoredAny>(text).map(|(_, used)| (None, used))
        }
    }

    fn item_ended(&mut self) {
        if let Some(Frame::Items { index }) = self.stack.last_mut() {
            *index += 1;
        }
        self.state = State::AfterItem;
    }

    fn check_item_size(&self, size: usize) -> Result<()> {
        if size <= self.limits.item() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "a line item is larger than {} bytes, the limit set for one",
                self.limits.item()
            ),
        )
        .with_json_path(self.place()))
    }

    fn undecodable(&self, error: serde_json::Error) -> Error {
        let inner = path_at(&self.carry, error.line(), error.column());
        Error::new(
            ErrorKind::Unreadable,
            format!("a line item cannot be read: {}", reason(&error)),
        )
        .with_json_path(format!("{}{inner}", self.place()))
        .with_excerpt(&self.carry)
        .with_source(error)
    }
}

/// Decodes the value at the beginning of `text`, and says how long it is.
#[inline]
pub(crate) fn first<'a, T: Deserialize<'a>>(text: &'a [u8]) -> serde_json::Result<(T, usize)> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    match values.next() {
        Some(value) => value.map(|value| (value, values.byte_offset())),
        None => Err(serde::de::Error::custom("there is nothing to decode")),
    }
}
