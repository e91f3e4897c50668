//! What encloses the place the splitter has reached, and what the next value means there.

use super::super::origin::Linked;

/// An object or array that has been opened and not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// An invoice object, or the envelope around one.
    Object(Object),
    /// The `linkedInvoices` of the invoice around it, at the element `index`.
    Linked { index: usize },
    /// The `lineItems` of the invoice around it, at the element `index`.
    Items { index: usize },
}

impl Frame {
    /// An object of `kind` that has just been opened.
    pub(super) fn object(kind: ObjectKind) -> Self {
        Self::Object(Object { kind, id: None })
    }
}

/// An object whose keys are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    /// The invoice's id, if it has been seen so far.
    pub(super) id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    /// The document itself: an invoice or an envelope, which its end will tell.
    Top,
    /// What stands under an envelope's `content`.
    Content,
    /// An element of `linkedInvoices`.
    Linked,
}

/// What the next value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
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
    pub(super) fn of(kind: ObjectKind, key: &[u8]) -> Self {
        if key.contains(&b'\\') {
            // A key may be spelled with escapes; one that cannot be read fails with the head.
            return match serde_json::from_slice::<String>(key) {
                Ok(key) => Self::of_plain(kind, key.as_bytes()),
                Err(_) => Self::Other,
            };
        }
        let inner = key.get(1..key.len().saturating_sub(1));
        Self::of_plain(kind, inner.unwrap_or_default())
    }

    fn of_plain(kind: ObjectKind, key: &[u8]) -> Self {
        match (kind, key) {
            (_, b"lineItems") => Self::LineItems,
            (_, b"linkedInvoices") => Self::LinkedInvoices,
            (ObjectKind::Linked, b"id") => Self::Id,
            (ObjectKind::Top, b"content" | b"envelope") => Self::Content,
            _ => Self::Other,
        }
    }
}

/// The JSON path of the place within `stack`, as far as arrays and the envelope make one. An
/// envelope's content goes by that name, whatever its key.
pub(super) fn path(stack: &[Frame]) -> String {
    let mut path = "$".to_owned();
    for frame in stack {
        match frame {
            Frame::Object(object) if object.kind == ObjectKind::Content => {
                path.push_str(".content")
            }
            Frame::Object(_) => {}
            Frame::Linked { index } => path.push_str(&format!(".linkedInvoices[{index}]")),
            Frame::Items { index } => path.push_str(&format!(".lineItems[{index}]")),
        }
    }
    path
}

/// Whether `stack` is inside an envelope's content.
pub(super) fn in_content(stack: &[Frame]) -> bool {
    stack
        .iter()
        .any(|frame| matches!(frame, Frame::Object(object) if object.kind == ObjectKind::Content))
}

/// The linked invoice that `stack` is in, if it is in one.
pub(super) fn linked(stack: &[Frame]) -> Option<Linked> {
    let path: Vec<usize> = stack
        .iter()
        .filter_map(|frame| match frame {
            Frame::Linked { index } => Some(*index),
            _ => None,
        })
        .collect();
    let innermost = stack.iter().rev().find_map(|frame| match frame {
        Frame::Object(object) => Some(object),
        _ => None,
    });
    let id = innermost.and_then(|object| object.id.clone());
    (!path.is_empty()).then(|| Linked::new(path, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_the_same_however_it_is_spelled() {
        for (kind, key, role) in [
            (ObjectKind::Top, r#""lineItems""#, Role::LineItems),
            (ObjectKind::Linked, r#""line\u0049tems""#, Role::LineItems),
            (ObjectKind::Top, r#""lineitems""#, Role::Other),
            (ObjectKind::Top, r#""content""#, Role::Content),
            (ObjectKind::Top, r#""env\u0065lope""#, Role::Content),
            (ObjectKind::Content, r#""content""#, Role::Other),
            (ObjectKind::Linked, r#""id""#, Role::Id),
            (ObjectKind::Top, r#""id""#, Role::Other),
            (ObjectKind::Top, r#""line\uD800Items""#, Role::Other),
        ] {
            assert_eq!(Role::of(kind, key.as_bytes()), role, "{key}");
        }
    }
}
