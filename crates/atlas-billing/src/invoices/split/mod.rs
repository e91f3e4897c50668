//! Takes an invoice's JSON apart while it arrives: line items one by one, and the rest, its head.
//!
//! Nothing here does I/O. Chunks are pushed, items are taken; an item that lies within one chunk
//! is decoded where it lies. All judgement of JSON is left to serde_json, which decodes each item
//! and, at the end, the head; the splitter itself follows no more than is needed to know where a
//! line item begins. What it accepts is what serde_json accepts for the whole document, with two
//! exceptions: an invoice or an item must be a JSON object (serde would take an array of its
//! fields), and linked invoices may nest only so deep that an item within them stays inside
//! serde_json's limit of 127 levels.

mod frame;
mod item;
mod refusal;
mod skip;

use std::sync::Arc;

use bytes::Bytes;

use self::frame::{Frame, ObjectKind, Role};
pub(crate) use self::item::first;
use self::refusal::check_head;
use self::skip::Skip;
use super::limits::InvoiceLimits;
use super::origin::Linked;
use crate::{Error, ErrorKind, Result};

/// The deepest array of line items: an item within it has a map of arrays, which end at 127.
const DEEPEST_ITEMS: usize = 124;

/// Room for the head of most invoices, which is not to grow from nothing byte by byte.
const USUAL_HEAD: usize = 1024;

/// The linked invoice that an item belongs to; `None` for the items of the document's own invoice.
pub(crate) type Origin<'a> = Option<&'a Arc<Linked>>;

/// What the splitter has for its caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<T> {
    /// The next line item.
    Item(T),
    /// More bytes are needed: push some, or finish.
    More,
    /// The document has ended; its head is there.
    End,
}

/// What is left of the document once its line items are taken out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Skeleton {
    /// The JSON, with an empty array where line items stood, and without the space between its
    /// parts.
    pub(crate) json: Vec<u8>,
    /// Whether an array of line items stood in the document itself: it must be the invoice.
    pub(crate) in_document: bool,
    /// Whether one stood in its `content`: the document must be an envelope.
    pub(crate) in_content: bool,
}

/// An incremental splitter of one invoice document, bare or in an envelope.
#[derive(Debug)]
pub(crate) struct Splitter {
    chunk: Bytes,
    /// The next byte of the chunk to look at.
    at: usize,
    /// How many bytes came before this chunk.
    before: u64,
    finished: bool,
    state: State,
    stack: Vec<Frame>,
    skip: Skip,
    /// The beginning of an item that goes on in the next chunk.
    carry: Vec<u8>,
    head: Skeleton,
    /// Where in the head the key, or the value, that is being read begins.
    mark: usize,
    linked_items: bool,
    origin: Option<Arc<Linked>>,
    limits: InvoiceLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a value.
    Value(Role),
    /// Inside a string, object or array of the head.
    Kept(Role),
    /// Inside a number or a literal of the head.
    Scalar,
    KeyOrEnd,
    Key,
    InKey,
    Colon(Role),
    AfterValue,
    ElementOrEnd,
    AfterElement,
    ItemOrEnd,
    Item,
    /// Inside an item that is being collected.
    InItem,
    AfterItem,
    /// Behind the document, where only space may follow.
    Behind,
}

impl Splitter {
    /// A splitter that hands out the items of linked invoices too if `linked_items`; otherwise
    /// those are only checked to be JSON.
    pub(crate) fn new(limits: InvoiceLimits, linked_items: bool) -> Self {
        Self {
            chunk: Bytes::new(),
            at: 0,
            before: 0,
            finished: false,
            state: State::Value(Role::Document),
            stack: Vec::new(),
            skip: Skip::default(),
            carry: Vec::new(),
            head: Skeleton {
                json: Vec::with_capacity(USUAL_HEAD),
                ..Skeleton::default()
            },
            mark: 0,
            linked_items,
            origin: None,
            limits,
        }
    }

    /// Adds the next bytes of the document, after [`Step::More`].
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.before += self.at as u64;
        let left = self.chunk.get(self.at..).unwrap_or_default();
        self.chunk = if left.is_empty() {
            chunk
        } else {
            [left, chunk.as_ref()].concat().into()
        };
        self.at = 0;
    }

    /// Says that no more bytes will come.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The document without its line items, after [`Step::End`].
    pub(crate) fn take_skeleton(&mut self) -> Skeleton {
        std::mem::take(&mut self.head)
    }

    /// The next item, decoded by `decode`.
    ///
    /// `decode` is given the item's bytes and perhaps what follows them, and the item's invoice; it
    /// says what it made of them and how many it used. It may be given an item that has not arrived
    /// in full, must then fail, and is asked again.
    ///
    /// # Errors
    /// Unreadable: bytes that are no such document. Cut: it ended early. Too large: an item or
    /// the head beyond its limit. After an error the splitter is of no further use.
    pub(crate) fn next<T>(
        &mut self,
        mut decode: impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Result<Step<T>> {
        while let Some(&byte) = self.chunk.get(self.at) {
            match self.state {
                State::Item | State::ItemOrEnd if byte == b'{' => {
                    self.state = State::Item;
                    if let Some(item) = self.item_in_place(&mut decode)? {
                        return Ok(Step::Item(item));
                    }
                }
                State::InItem => {
                    if let Some(item) = self.item_in_parts(&mut decode)? {
                        return Ok(Step::Item(item));
                    }
                }
                State::Kept(_) | State::InKey => self.keep()?,
                State::Scalar if is_scalar(byte) => self.keep_scalar()?,
                State::Scalar => self.value_ended(Role::Other),
                _ if matches!(byte, b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                _ => self.structure(byte)?,
            }
        }
        match (self.finished, self.state) {
            (false, _) => Ok(Step::More),
            (true, State::Behind) => Ok(Step::End),
            (true, _) => Err(Error::new(
                ErrorKind::Cut,
                format!(
                    "the answer ended after {} bytes, in the middle of the invoice",
                    self.position()
                ),
            )),
        }
    }

    /// One byte of the document's structure: neither space nor inside a value.
    fn structure(&mut self, byte: u8) -> Result<()> {
        match (self.state, byte) {
            (State::Value(role), _) => return self.value_starts(role, byte),
            (State::KeyOrEnd | State::Key, b'"') => {
                self.mark = self.head.json.len();
                self.skip.restart();
                self.state = State::InKey;
                return Ok(());
            }
            (State::Colon(role), b':') => self.state = State::Value(role),
            (State::AfterValue, b',') => self.state = State::Key,
            (State::KeyOrEnd | State::AfterValue, b'}')
            | (State::ElementOrEnd | State::AfterElement, b']') => {
                self.keep_byte(byte)?;
                self.stack.pop();
                self.value_ended(Role::Other);
                return Ok(());
            }
            (State::ElementOrEnd, _) => {
                self.state = State::Value(Role::LinkedInvoice);
                return Ok(());
            }
            (State::AfterElement, b',') => {
                if let Some(Frame::Linked { index }) = self.stack.last_mut() {
                    *index += 1;
                }
                self.state = State::Value(Role::LinkedInvoice);
            }
            (State::ItemOrEnd | State::AfterItem, b']') => {
                self.keep_byte(byte)?;
                self.stack.pop();
                self.value_ended(Role::Other);
                return Ok(());
            }
            (State::AfterItem, b',') => {
                self.at += 1;
                self.state = State::Item;
                return Ok(());
            }
            _ => return Err(self.unexpected(byte)),
        }
        self.keep_byte(byte)
    }

    fn value_starts(&mut self, role: Role, byte: u8) -> Result<()> {
        let frame = match (role, byte) {
            (Role::Document, b'{') => Frame::object(ObjectKind::Top),
            (Role::Content, b'{') => Frame::object(ObjectKind::Content),
            (Role::LinkedInvoice, b'{') => Frame::object(ObjectKind::Linked),
            (Role::LineItems, b'[') => Frame::Items { index: 0 },
            (Role::LinkedInvoices, b'[') => Frame::Linked { index: 0 },
            (Role::Document, _) | (Role::LinkedInvoice, b'[') => return Err(self.unexpected(byte)),
            (_, b'"' | b'{' | b'[') => {
                self.mark = self.head.json.len();
                self.skip.restart();
                self.state = State::Kept(role);
                return Ok(());
            }
            (_, scalar) if is_scalar(scalar) => {
                self.state = State::Scalar;
                return Ok(());
            }
            _ => return Err(self.unexpected(byte)),
        };
        self.state = match frame {
            Frame::Object(_) => State::KeyOrEnd,
            Frame::Linked { .. } => State::ElementOrEnd,
            Frame::Items { .. } => State::ItemOrEnd,
        };
        self.stack.push(frame);
        if matches!(self.state, State::ItemOrEnd) {
            if self.stack.len() > DEEPEST_ITEMS {
                return Err(Error::new(
                    ErrorKind::Unreadable,
                    "the invoice cannot be read: linked invoices are nested too deeply",
                ));
            }
            self.origin = frame::linked(&self.stack).map(Arc::new);
            match frame::in_content(&self.stack) {
                true => self.head.in_content = true,
                false => self.head.in_document = true,
            }
        }
        self.keep_byte(byte)
    }

    /// Decides what follows a value, which was one of `role`.
    fn value_ended(&mut self, role: Role) {
        let id = (role == Role::Id).then(|| {
            let text = self.head.json.get(self.mark..).unwrap_or_default();
            serde_json::from_slice::<String>(text).ok()
        });
        self.state = match (self.stack.last_mut(), id) {
            (Some(Frame::Object(object)), Some(id)) => {
                object.id = id;
                State::AfterValue
            }
            (Some(Frame::Object(_)), None) => State::AfterValue,
            (Some(Frame::Linked { .. }), _) => State::AfterElement,
            (Some(Frame::Items { .. }), _) => State::AfterItem,
            (None, _) => State::Behind,
        };
    }

    /// Keeps what has arrived of a string, object or array of the head, or of a key.
    fn keep(&mut self) -> Result<()> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let end = self.skip.advance(rest);
        self.keep_next(end.unwrap_or(rest.len()))?;
        if end.is_none() {
            return Ok(());
        }
        match (self.state, self.stack.last()) {
            (State::InKey, Some(Frame::Object(object))) => {
                let key = self.head.json.get(self.mark..).unwrap_or_default();
                self.state = State::Colon(Role::of(object.kind, key));
            }
            (State::Kept(role), _) => self.value_ended(role),
            _ => self.value_ended(Role::Other),
        }
        Ok(())
    }

    /// Keeps what has arrived of a number or literal.
    fn keep_scalar(&mut self) -> Result<()> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !is_scalar(*byte));
        self.keep_next(end.unwrap_or(rest.len()))
    }

    /// Keeps the next `count` bytes of the chunk.
    fn keep_next(&mut self, count: usize) -> Result<()> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let kept = rest.get(..count).unwrap_or_default();
        check_head(self.head.json.len() + kept.len(), &self.limits)?;
        self.head.json.extend_from_slice(kept);
        self.at += kept.len();
        Ok(())
    }

    fn keep_byte(&mut self, byte: u8) -> Result<()> {
        check_head(self.head.json.len() + 1, &self.limits)?;
        self.head.json.push(byte);
        self.at += 1;
        Ok(())
    }

    /// The path of the item at hand.
    fn place(&self) -> String {
        frame::path(&self.stack)
    }

    /// How many bytes of the document have been looked at.
    pub(crate) fn position(&self) -> u64 {
        self.before + self.at as u64
    }
}

/// Whether `byte` can be part of a number or of `true`, `false` and `null`.
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

#[cfg(test)]
mod tests;
