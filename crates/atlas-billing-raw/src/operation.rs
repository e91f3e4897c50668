//! The operations: versions, media types, roles.

pub use crate::generated::OPERATIONS;

/// The end of the name of an operation's bytes form.
const BYTES: &str = "_bytes";

/// One operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Its name here, which outlasts the service's renaming of its operationIds.
    pub name: &'static str,
    /// The name of its method on [`Client`](crate::Client); that of its bytes form ends in `_bytes`.
    pub id: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path below the base URL, with parameters in braces.
    pub path: &'static str,
    /// The roles of which the caller needs one, as the specification names them. Empty where it
    /// does not say.
    pub roles: &'static [&'static str],
    /// The version that the generated types are made for: a date such as `2023-01-01`.
    pub pinned: &'static str,
    /// The versions it offers, oldest first.
    pub versions: &'static [OperationVersion],
}

/// The media types of one version of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationVersion {
    /// The day it was introduced, `YYYY-MM-DD`, or `preview`.
    pub date: &'static str,
    /// The media type of the request's body, where there is one.
    pub request: Option<&'static str>,
    /// The media types of a successful response, JSON first.
    pub responses: &'static [&'static str],
}

/// Which operation is being called, and which of its two methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Called {
    /// The operation's row in the table.
    pub operation: &'static Operation,
    /// Whether the caller wants the body as received (the bytes form), not a decoded value.
    pub bytes: bool,
}

impl Operation {
    /// Looks up an operation by the name of a method of [`Client`](crate::Client), bytes form or not.
    pub fn by_operation_id(id: &str) -> Option<Called> {
        let row = |id: &str| OPERATIONS.iter().find(|operation| operation.id == id);
        if let Some(operation) = row(id) {
            return Some(Called {
                operation,
                bytes: false,
            });
        }
        let operation = row(id.strip_suffix(BYTES)?)?;
        Some(Called {
            operation,
            bytes: true,
        })
    }

    /// The media types of the pinned version.
    pub fn pinned_version(&self) -> Option<&'static OperationVersion> {
        self.versions
            .iter()
            .find(|version| version.date == self.pinned)
    }
}

impl OperationVersion {
    /// The media type of a successful response in the given form: `json`, `csv`.
    pub fn response(&self, form: &str) -> Option<&'static str> {
        let ends = |media_type: &&&str| {
            media_type
                .rsplit_once('+')
                .is_some_and(|(_, suffix)| suffix == form)
        };
        self.responses.iter().find(ends).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_its_bytes_form_are_found() {
        for operation in OPERATIONS {
            let typed = Operation::by_operation_id(operation.id).unwrap();
            assert_eq!((typed.operation.name, typed.bytes), (operation.name, false));
            let bytes = Operation::by_operation_id(&format!("{}_bytes", operation.id)).unwrap();
            assert_eq!((bytes.operation.name, bytes.bytes), (operation.name, true));
        }
        assert_eq!(Operation::by_operation_id("get_made_up"), None);
        assert_eq!(Operation::by_operation_id("_bytes"), None);
    }

    #[test]
    fn every_operation_offers_its_pinned_version() {
        for operation in OPERATIONS {
            let version = operation.pinned_version().unwrap();
            assert!(!version.responses.is_empty(), "{}", operation.name);
        }
    }

    #[test]
    fn the_invoice_comes_in_two_forms() {
        let called = Operation::by_operation_id("get_org_invoice").unwrap();
        let version = called.operation.pinned_version().unwrap();
        assert_eq!(
            version.response("json"),
            Some("application/vnd.atlas.2023-01-01+json")
        );
        assert_eq!(
            version.response("csv"),
            Some("application/vnd.atlas.2023-01-01+csv")
        );
        assert_eq!(version.response("xml"), None);
        assert_eq!(version.request, None);
    }
}
