//! Takes an invoice's JSON apart while it arrives: line items one by one, and the rest, its head.
//!
//! Chunks are pushed, items are taken; an item that lies within one chunk is decoded where it lies.
//! All judgement of JSON is left to serde_json, which decodes each item and, at the end, the head;
//! the splitter itself follows no more than is needed to know where a line item begins. What it
//! accepts is what serde_json accepts for the whole document, with three exceptions: a byte order
//! mark in front is skipped, an invoice or an item must be a JSON object (serde would take an array
//! of its fields), and linked invoices may nest only so deep that an item within them stays inside
//! serde_json's limit of 127 levels.

use std::ops::Range;

use atlas_billing_raw::types::LineItem;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::envelope::CONTENT_KEYS;
use crate::error::{Error, ErrorKind, Result, decode_error};
use crate::text::BYTE_ORDER_MARK;

/// The deepest array of line items: an item within it has a map of arrays, which end at 127.
const DEEPEST_ITEMS: usize = 124;

/// Room for the head of most invoices, so that it does not grow byte by byte.
const USUAL_HEAD: usize = 1024;

/// The largest parts of an invoice that are accepted, in bytes of JSON.
///
/// The response as a whole has no limit: its line items pass one by one. What must be in memory in
/// one piece has one, so that no response can exhaust it.
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

    /// The same limits with another one for a line item.
    #[must_use]
    pub fn with_item(mut self, bytes: usize) -> Self {
        self.item = bytes;
        self
    }

    /// The same limits with another one for the invoice without its line items.
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

/// The linked invoice that a streamed line item belongs to.
///
/// An organization that pays for others receives their invoices inside its own, as
/// `linkedInvoices`. Their items pass before the invoice around them has ended, so that only their
/// place is certain; the invoice itself is part of the head, once the stream has ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkedInvoice {
    path: Vec<usize>,
    id: Option<String>,
}

impl LinkedInvoice {
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

/// What is left of the document without its line items.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The JSON, with an empty array where line items stood, and without the space between its
    /// parts.
    pub(crate) json: Vec<u8>,
    /// Whether an array of line items stood in the document itself: it must be the invoice.
    pub(crate) in_document: bool,
    /// Whether one stood in its content: the document must be an envelope.
    pub(crate) in_content: bool,
    /// Where in `json` the content of an envelope is, if the document is one.
    content: Range<usize>,
}

impl Head {
    /// The invoice of a document without a response around it, bare or in an envelope.
    pub(crate) fn invoice_json(&self) -> &[u8] {
        match self.in_content {
            true => self.json.get(self.content.clone()).unwrap_or_default(),
            false => &self.json,
        }
    }
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
    head: Head,
    /// Where in the head the key, or the value, that is being read begins.
    mark: usize,
    linked_items: bool,
    linked: Option<LinkedInvoice>,
    limits: InvoiceLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the document, behind so many bytes of a byte order mark.
    Start(usize),
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

/// What the next value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Document,
    Content,
    LineItems,
    LinkedInvoices,
    LinkedInvoice,
    Id,
    /// Belongs to the head and is not looked into.
    Other,
}

impl Role {
    /// The meaning of the value of `key` (as sent, in quotes) in an object of `kind`.
    fn of(kind: ObjectKind, key: &[u8]) -> Self {
        // A key may be spelled with escapes; one that cannot be read fails with the head.
        let unescaped = match key.contains(&b'\\') {
            true => serde_json::from_slice::<String>(key).ok(),
            false => None,
        };
        let plain = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
        let key = unescaped.as_ref().map_or(plain, |key| key.as_bytes());
        match (kind, key) {
            (_, b"lineItems") => Self::LineItems,
            (_, b"linkedInvoices") => Self::LinkedInvoices,
            (ObjectKind::Linked, b"id") => Self::Id,
            (ObjectKind::Top, key) if CONTENT_KEYS.iter().any(|name| name.as_bytes() == key) => {
                Self::Content
            }
            _ => Self::Other,
        }
    }
}

/// An object or array that has been opened and not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Frame {
    /// An invoice, or the envelope around one; with the invoice's id, if it has been reached.
    Object {
        kind: ObjectKind,
        id: Option<String>,
    },
    /// The `linkedInvoices` of the invoice around it, at the element `index`.
    Linked { index: usize },
    /// The `lineItems` of the invoice around it, at the element `index`.
    Items { index: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectKind {
    /// The document itself: an invoice or an envelope, which its end will tell.
    Top,
    /// The content of an envelope.
    Content,
    /// An element of `linkedInvoices`.
    Linked,
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
            state: State::Start(0),
            stack: Vec::new(),
            skip: Skip::default(),
            carry: Vec::new(),
            head: Head {
                json: Vec::with_capacity(USUAL_HEAD),
                ..Head::default()
            },
            mark: 0,
            linked_items,
            linked: None,
            limits,
        }
    }

    /// Hands out no items of linked invoices, from the next array of line items on.
    pub(crate) fn skip_linked_items(&mut self) {
        self.linked_items = false;
    }

    /// Adds the next bytes of the document, after [`Step::More`].
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.before += self.at as u64;
        let left = self.chunk.get(self.at..).unwrap_or_default();
        self.chunk = match left.is_empty() {
            true => chunk,
            false => [left, chunk.as_ref()].concat().into(),
        };
        self.at = 0;
    }

    /// Says that no more bytes will come.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The document without its line items, after [`Step::End`].
    pub(crate) fn take_head(&mut self) -> Head {
        std::mem::take(&mut self.head)
    }

    /// What has arrived of the document's invoice, without its line items: valid JSON while an item
    /// has just been handed out.
    pub(crate) fn partial_head(&self) -> Vec<u8> {
        let wrapped = usize::from(self.head.in_content);
        let start = self.head.content.start * wrapped;
        let mut json = self.head.json.get(start..).unwrap_or_default().to_vec();
        let open = self.stack.get(wrapped..).unwrap_or_default();
        json.extend(open.iter().rev().map(|frame| match frame {
            Frame::Object { .. } => b'}',
            Frame::Linked { .. } | Frame::Items { .. } => b']',
        }));
        json
    }

    /// How many bytes of the document have been read.
    pub(crate) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// The linked invoice of the item that was handed out last; `None` for the document's own items.
    pub(crate) fn linked_invoice(&self) -> Option<&LinkedInvoice> {
        self.linked.as_ref()
    }

    /// The next item, decoded by `decode`.
    ///
    /// `decode` is given the item's bytes and perhaps what follows them; it returns what it made of
    /// them and how many it used. It may be given an item that has not arrived in full, must then
    /// fail, and is called again.
    ///
    /// # Errors
    /// Decode: bytes that are not such a document. Truncated: it ended early. Too large: an item or
    /// the head beyond its limit. After an error the splitter is of no further use.
    pub(crate) fn next<T>(
        &mut self,
        mut decode: impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
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
                State::Scalar if is_scalar(byte) => {
                    let rest = self.chunk.get(self.at..).unwrap_or_default();
                    let end = rest.iter().position(|byte| !is_scalar(*byte));
                    self.keep_next(end.unwrap_or(rest.len()))?;
                }
                State::Scalar => self.value_ended(Role::Other),
                State::Start(matched) => match BYTE_ORDER_MARK.get(matched) {
                    Some(mark) if *mark == byte => {
                        self.at += 1;
                        self.state = State::Start(matched + 1);
                    }
                    Some(_) if matched > 0 => return Err(self.unexpected()),
                    _ => self.state = State::Value(Role::Document),
                },
                _ if matches!(byte, b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                _ => self.structure(byte)?,
            }
        }
        match (self.finished, self.state) {
            (false, _) => Ok(Step::More),
            (true, State::Behind) => Ok(Step::End),
            (true, _) => Err(Error::new(
                ErrorKind::Truncated,
                format!(
                    "the response ended after {} bytes, in the middle of the invoice",
                    self.position()
                ),
            )),
        }
    }

    /// One byte of the document's structure: neither space nor inside a value.
    fn structure(&mut self, byte: u8) -> Result<()> {
        self.state = match (self.state, byte) {
            (State::Value(role), _) => return self.value_starts(role, byte),
            (State::KeyOrEnd | State::Key, b'"') => {
                self.mark = self.head.json.len();
                self.skip = Skip::default();
                self.state = State::InKey;
                return Ok(());
            }
            (State::KeyOrEnd | State::AfterValue, b'}')
            | (State::ElementOrEnd | State::AfterElement, b']')
            | (State::ItemOrEnd | State::AfterItem, b']') => {
                self.keep_next(1)?;
                let closed = self.stack.pop();
                if matches!(closed, Some(Frame::Object { kind, .. }) if kind == ObjectKind::Content)
                {
                    self.head.content.end = self.head.json.len();
                }
                self.value_ended(Role::Other);
                return Ok(());
            }
            (State::ElementOrEnd, _) => {
                self.state = State::Value(Role::LinkedInvoice);
                return Ok(());
            }
            (State::AfterItem, b',') => {
                self.at += 1;
                self.state = State::Item;
                return Ok(());
            }
            (State::Colon(role), b':') => State::Value(role),
            (State::AfterValue, b',') => State::Key,
            (State::AfterElement, b',') => {
                if let Some(Frame::Linked { index }) = self.stack.last_mut() {
                    *index += 1;
                }
                State::Value(Role::LinkedInvoice)
            }
            _ => return Err(self.unexpected()),
        };
        self.keep_next(1)
    }

    fn value_starts(&mut self, role: Role, byte: u8) -> Result<()> {
        let object = |kind| Frame::Object { kind, id: None };
        let (frame, state) = match (role, byte) {
            (Role::Document, b'{') => (object(ObjectKind::Top), State::KeyOrEnd),
            (Role::Content, b'{') => (object(ObjectKind::Content), State::KeyOrEnd),
            (Role::LinkedInvoice, b'{') => (object(ObjectKind::Linked), State::KeyOrEnd),
            (Role::LineItems, b'[') => (Frame::Items { index: 0 }, State::ItemOrEnd),
            (Role::LinkedInvoices, b'[') => (Frame::Linked { index: 0 }, State::ElementOrEnd),
            (Role::Document, _) | (Role::LinkedInvoice, b'[') => return Err(self.unexpected()),
            (_, b'"' | b'{' | b'[') => {
                self.mark = self.head.json.len();
                self.skip = Skip::default();
                self.state = State::Kept(role);
                return Ok(());
            }
            (_, scalar) if is_scalar(scalar) => {
                self.state = State::Scalar;
                return Ok(());
            }
            _ => return Err(self.unexpected()),
        };
        if role == Role::Content {
            self.head.content.start = self.head.json.len();
        }
        self.stack.push(frame);
        self.state = state;
        if state == State::ItemOrEnd {
            self.items_start()?;
        }
        self.keep_next(1)
    }

    /// An array of line items was opened.
    fn items_start(&mut self) -> Result<()> {
        if self.stack.len() > DEEPEST_ITEMS {
            return Err(Error::new(
                ErrorKind::Decode,
                "cannot decode the invoice: linked invoices are nested too deeply",
            ));
        }
        let (mut path, mut innermost, mut in_content) = (Vec::new(), None, false);
        for frame in &self.stack {
            match frame {
                Frame::Linked { index } => path.push(*index),
                Frame::Object { kind, id } => {
                    innermost = id.clone();
                    in_content |= *kind == ObjectKind::Content;
                }
                Frame::Items { .. } => {}
            }
        }
        self.head.in_content |= in_content;
        self.head.in_document |= !in_content;
        let id = innermost;
        self.linked = (!path.is_empty()).then_some(LinkedInvoice { path, id });
        Ok(())
    }

    /// Decides what follows a value, which was one of `role`.
    fn value_ended(&mut self, role: Role) {
        self.state = match self.stack.last_mut() {
            Some(Frame::Object { id, .. }) => {
                if role == Role::Id {
                    let text = self.head.json.get(self.mark..).unwrap_or_default();
                    *id = serde_json::from_slice(text).ok();
                }
                State::AfterValue
            }
            Some(Frame::Linked { .. }) => State::AfterElement,
            Some(Frame::Items { .. }) => State::AfterItem,
            None => State::Behind,
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
            (State::InKey, Some(Frame::Object { kind, .. })) => {
                let key = self.head.json.get(self.mark..).unwrap_or_default();
                self.state = State::Colon(Role::of(*kind, key));
            }
            (State::Kept(role), _) => self.value_ended(role),
            _ => self.value_ended(Role::Other),
        }
        Ok(())
    }

    /// Keeps the next `count` bytes of the chunk.
    fn keep_next(&mut self, count: usize) -> Result<()> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let kept = rest.get(..count).unwrap_or_default();
        if self.head.json.len() + kept.len() > self.limits.head {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the invoice without its line items is larger than {} bytes",
                    self.limits.head
                ),
            ));
        }
        self.head.json.extend_from_slice(kept);
        self.at += kept.len();
        Ok(())
    }

    /// Decodes the item that begins here, if all of it is in the chunk.
    #[inline]
    fn item_in_place<T>(
        &mut self,
        decode: &mut impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
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
                self.skip = Skip::default();
                Ok(None)
            }
        }
    }

    /// Goes on with an item whose end was not in the chunk it began in, or that is not valid.
    fn item_in_parts<T>(
        &mut self,
        decode: &mut impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
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
        // The last byte closes the first bracket, so that an item that decodes uses all of them.
        let (item, _) = self.decode(&self.carry, decode).map_err(|error| {
            decode_error::<LineItem>("a line item", &self.place(), &self.carry, &error)
        })?;
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
        decode: &mut impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> serde_json::Result<(Option<T>, usize)> {
        if self.linked_items || self.linked.is_none() {
            decode(text).map(|(item, used)| (Some(item), used))
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
        if size <= self.limits.item {
            return Ok(());
        }
        let limit = self.limits.item;
        let message = format!("a line item is larger than {limit} bytes");
        Err(Error::new(ErrorKind::TooLarge, message).with_json_path(self.place()))
    }

    /// The JSON path of the item or linked invoice at hand. An envelope's content is called so,
    /// whatever its key.
    fn place(&self) -> String {
        let mut path = "$".to_owned();
        for frame in &self.stack {
            match frame {
                Frame::Object { kind, .. } if *kind == ObjectKind::Content => {
                    path.push_str(".content");
                }
                Frame::Object { .. } => {}
                Frame::Linked { index } => path.push_str(&format!(".linkedInvoices[{index}]")),
                Frame::Items { index } => path.push_str(&format!(".lineItems[{index}]")),
            }
        }
        path
    }

    /// The next byte cannot stand where it does.
    fn unexpected(&self) -> Error {
        let expected = match self.state {
            State::Start(_) | State::Value(Role::Document | Role::LinkedInvoice) => {
                "an invoice object"
            }
            State::Value(_) | State::ElementOrEnd => "a value",
            State::Item | State::ItemOrEnd => "a line item",
            State::KeyOrEnd | State::Key => "a key",
            State::Colon(_) => "a colon",
            State::Behind => "the end",
            _ => "a comma or the end",
        };
        let position = self.position();
        let error = Error::new(
            ErrorKind::Decode,
            format!("the response is not an invoice: expected {expected} at byte {position}"),
        );
        match self.stack.last() {
            Some(Frame::Items { .. }) => error.with_json_path(self.place()),
            // The document may be the page of a gateway: its beginning tells.
            None => error.with_excerpt(&self.chunk),
            _ => error,
        }
    }
}

/// Whether `byte` can be part of a number or of `true`, `false` and `null`.
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// As much as most line items have. Checking this many bytes to be UTF-8 at once takes a fraction of
/// what it takes string by string.
const MOST: usize = 1024;

/// Decodes the object at the beginning of `text`, and says how long it is.
#[inline]
pub(crate) fn first<'a, T: Deserialize<'a>>(text: &'a [u8]) -> serde_json::Result<(T, usize)> {
    let most = text.get(..MOST).unwrap_or(text);
    let valid = match std::str::from_utf8(most) {
        Ok(valid) => valid,
        // The last character may be cut.
        Err(_) => most.utf8_chunks().next().map_or("", |chunk| chunk.valid()),
    };
    match first_of(serde_json::Deserializer::from_str(valid)) {
        // The object is longer, or not valid.
        Err(_) if valid.len() < text.len() => first_of(serde_json::Deserializer::from_slice(text)),
        found => found,
    }
}

#[inline]
fn first_of<'a, T: Deserialize<'a>>(
    text: serde_json::Deserializer<impl serde_json::de::Read<'a>>,
) -> serde_json::Result<(T, usize)> {
    let mut values = text.into_iter::<T>();
    match values.next() {
        Some(value) => value.map(|value| (value, values.byte_offset())),
        None => Err(serde::de::Error::custom("there is nothing to decode")),
    }
}

/// Finds where a JSON string, object or array ends, across chunks, without judging what is in it.
///
/// Only strings and brackets are followed; whether the value is valid is for the decoder to say.
/// For a valid value the end found is its end, and an invalid one is invalid wherever it is split.
#[derive(Debug, Clone, Copy, Default)]
struct Skip {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Skip {
    /// The index just behind the value's last byte, if it lies within `bytes`.
    ///
    /// `bytes` continue where the last call ended; the first byte of all must be a quote or an
    /// opening bracket.
    fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            if self.in_string {
                let hit = memchr::memchr2(b'"', b'\\', rest)?;
                at += hit + 1;
                self.escaped = rest.get(hit) == Some(&b'\\');
                self.in_string = self.escaped;
            } else {
                let hit = rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
                at += hit + 1;
                match rest.get(hit) {
                    Some(b'"') => self.in_string = true,
                    Some(b'{' | b'[') => self.depth += 1,
                    _ => self.depth = self.depth.saturating_sub(1),
                }
            }
            if self.depth == 0 && !self.in_string {
                return Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests;
