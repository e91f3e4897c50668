//! What the specification says of each operation beyond its types: versions, media types, roles.

pub use crate::generated::OPERATIONS;

/// The end of the name of an operation's bytes twin.
const TWIN: &str = "_bytes";

/// One operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Its name here, which outlasts the service's renaming of its operationIds.
    pub name: &'static str,
    /// The name of its method on [`Client`](crate::Client); its bytes twin's ends in `_bytes`.
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

/// What one version of an operation takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationVersion {
    /// The day it was introduced, `YYYY-MM-DD`, or `preview`.
    pub date: &'static str,
    /// The media type of the request's body, where there is one.
    pub request: Option<&'static str>,
    /// The media types of a successful answer, JSON first.
    pub answers: &'static [&'static str],
}

/// Which operation is being called, and which of its two methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Called {
    /// The operation's row in the table.
    pub operation: &'static Operation,
    /// Whether the caller wants the body as it is sent (the twin), not a decoded value.
    pub bytes: bool,
}

impl Operation {
    /// Looks up an operation by the name of a method of [`Client`](crate::Client), twin or not.
    pub fn by_operation_id(id: &str) -> Option<Called> {
        let row = |id: &str| OPERATIONS.iter().find(|operation| operation.id == id);
        if let Some(operation) = row(id) {
            return Some(Called {
                operation,
                bytes: false,
            });
        }
        let operation = row(id.strip_suffix(TWIN)?)?;
        Some(Called {
            operation,
            bytes: true,
        })
    }

    /// What the pinned version takes and gives.
    pub fn pinned_version(&self) -> Option<&'static OperationVersion> {
        self.versions
            .iter()
            .find(|version| version.date == self.pinned)
    }
}

impl OperationVersion {
    /// The media type of a successful answer in the given form: `json`, `csv`.
    pub fn answer(&self, form: &str) -> Option<&'static str> {
        let ends = |media_type: &&&str| {
            media_type
                .rsplit_once('+')
                .is_some_and(|(_, suffix)| suffix == form)
        };
        self.answers.iter().find(ends).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_its_twin_are_found() {
        for operation in OPERATIONS {
            let typed = Operation::by_operation_id(operation.id).unwrap();
            assert_eq!((typed.operation.name, typed.bytes), (operation.name, false));
            let twin = Operation::by_operation_id(&format!("{}_bytes", operation.id)).unwrap();
            assert_eq!((twin.operation.name, twin.bytes), (operation.name, true));
        }
        assert_eq!(Operation::by_operation_id("get_made_up"), None);
        assert_eq!(Operation::by_operation_id("_bytes"), None);
    }

    #[test]
    fn every_operation_offers_its_pinned_version() {
        for operation in OPERATIONS {
            let version = operation.pinned_version().unwrap();
            assert!(!version.answers.is_empty(), "{}", operation.name);
        }
    }

    #[test]
    fn the_invoice_comes_in_two_forms() {
        let called = Operation::by_operation_id("get_org_invoice").unwrap();
        let version = called.operation.pinned_version().unwrap();
        assert_eq!(
            version.answer("json"),
            Some("application/vnd.atlas.2023-01-01+json")
        );
        assert_eq!(
            version.answer("csv"),
            Some("application/vnd.atlas.2023-01-01+csv")
        );
        assert_eq!(version.answer("xml"), None);
        assert_eq!(version.request, None);
    }
}
