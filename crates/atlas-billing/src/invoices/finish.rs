//! What an invoice document turns out to be once its end is known: an invoice, bare or in an
//! envelope, or an error.

use atlas_billing_raw::types::BillingInvoice;
use bytes::Bytes;

use super::json_path::path_at;
use super::split::Skeleton;
use crate::call::Opener;
use crate::envelope::{self, Opened};
use crate::{Error, ErrorKind, ResponseMeta, Result};

/// The invoice that is left of a document without its line items, and its answer's meta.
///
/// # Errors
/// The error that the document is instead; unreadable if it is neither, as an object without an
/// id is no invoice, or if line items stood where an invoice has none.
pub(super) fn head_of(
    skeleton: Skeleton,
    opener: Option<Opener>,
) -> Result<(BillingInvoice, Option<ResponseMeta>)> {
    let document = Bytes::from(skeleton.json);
    let (meta, content) = match opener {
        Some(opener) => {
            let opened = opener.open(document.clone())?;
            (Some(opened.meta), opened.body)
        }
        None => (None, content_of(&document)?),
    };
    if meta
        .as_ref()
        .is_some_and(|meta| meta.status().is_informational())
    {
        return Err(Error::new(
            ErrorKind::NotReady,
            "the service answered that it is still at work",
        ));
    }
    let wrapped = content.len() != document.len();
    if (wrapped && skeleton.in_document) || (!wrapped && skeleton.in_content) {
        return Err(unreadable(
            "line items stand outside of the invoice",
            &document,
        ));
    }
    let invoice: BillingInvoice = serde_json::from_slice(&content).map_err(|error| {
        let path = path_at(&content, error.line(), error.column());
        unreadable(
            format!("the invoice cannot be read: {}", reason(&error)),
            &content,
        )
        .with_json_path(format!("${path}"))
        .with_source(error)
    })?;
    if invoice.id.is_none() {
        return Err(unreadable(
            "the answer is no invoice: it has no id",
            &content,
        ));
    }
    Ok((invoice, meta))
}

/// What serde_json says without the line and column, which count in a part of the document.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.rfind(" at line ") {
        Some(place) => said.get(..place).unwrap_or_default().to_owned(),
        None => said,
    }
}

/// The content of a document that came without an answer around it.
fn content_of(document: &Bytes) -> Result<Bytes> {
    let refused = |status: Option<http::StatusCode>| {
        let status = status.map(|status| format!(" of status {}", status.as_u16()));
        let status = status.unwrap_or_default();
        Error::new(
            ErrorKind::Refused,
            format!("the document is no invoice but an error answer{status}"),
        )
        .with_excerpt(document)
    };
    match envelope::open(document) {
        Opened::Bare(_) => Ok(document.clone()),
        Opened::Wrapped {
            status,
            content: Some(content),
        } if status.is_success() => Ok(document.slice_ref(content)),
        Opened::Wrapped { status, .. } => Err(refused(Some(status))),
        Opened::Error { status, .. } => Err(refused(status)),
    }
}

fn unreadable(what: impl Into<String>, body: &[u8]) -> Error {
    Error::new(ErrorKind::Unreadable, what).with_excerpt(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(json: &str, in_document: bool, in_content: bool) -> Skeleton {
        Skeleton {
            json: json.into(),
            in_document,
            in_content,
        }
    }

    #[test]
    fn an_invoice_bare_or_in_an_envelope() {
        for (json, in_document, in_content) in [
            (r#"{"id":"a","lineItems":[]}"#, true, false),
            (r#"{"id":"a"}"#, false, false),
            (
                r#"{"status":200,"content":{"lineItems":[],"id":"a"}}"#,
                false,
                true,
            ),
            (
                r#"{"envelope":{"lineItems":[],"id":"a"},"status":200}"#,
                false,
                true,
            ),
            (r#"{"content":{"x":1},"id":"a"}"#, true, false),
        ] {
            let (invoice, meta) = head_of(skeleton(json, in_document, in_content), None).unwrap();
            assert_eq!(invoice.id.as_deref(), Some("a"), "{json}");
            assert!(meta.is_none());
        }
    }

    #[test]
    fn what_is_no_invoice_is_an_error() {
        for (json, in_document, in_content, kind) in [
            ("{}", false, false, ErrorKind::Unreadable),
            (r#"{"lineItems":[]}"#, true, false, ErrorKind::Unreadable),
            (r#"{"id":1}"#, false, false, ErrorKind::Unreadable),
            (
                r#"{"id":"a","content":{"lineItems":[]}}"#,
                false,
                true,
                ErrorKind::Unreadable,
            ),
            (
                r#"{"status":200,"content":{"id":"a"},"lineItems":[]}"#,
                true,
                false,
                ErrorKind::Unreadable,
            ),
            (r#"{"status":404}"#, false, false, ErrorKind::Refused),
            (
                r#"{"error":404,"errorCode":"X"}"#,
                false,
                false,
                ErrorKind::Refused,
            ),
            (
                r#"{"status":200,"content":{"error":500,"errorCode":"X"}}"#,
                false,
                false,
                ErrorKind::Refused,
            ),
        ] {
            let error = head_of(skeleton(json, in_document, in_content), None).unwrap_err();
            assert_eq!(error.kind(), kind, "{json}: {error}");
        }
    }

    #[test]
    fn the_path_of_what_cannot_be_read() {
        let json = r#"{"id":"a","payments":[{},{"amountBilledCents":"x"}]}"#;
        let error = head_of(skeleton(json, false, false), None).unwrap_err();
        assert_eq!(error.json_path(), Some("$.payments[1].amountBilledCents"));
        assert!(!error.to_string().contains("column"), "{error}");
    }
}
