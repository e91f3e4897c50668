//! What a caller may set for one call (form, version, time limits, retries, sizes), and the media
//! types that follow from the first two.

use std::time::Duration;

use atlas_billing_raw::operation::Operation;

use crate::error::{Error, Result};
use crate::exchange::RetryPolicy;
use crate::id::ApiVersion;

/// The form of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// JSON.
    Json,
    /// CSV, as the service writes it.
    Csv,
}

impl Form {
    /// The suffix of the media type.
    fn suffix(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// Time limits of a call. By default each is a bound on waiting, not on work: a long download is
/// not a hung one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    head: Duration,
    idle: Duration,
    total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: None,
        }
    }
}

impl Timeouts {
    /// From sending a request to the head of its response, connecting included. Default 60 s.
    #[must_use]
    pub fn with_head(mut self, head: Duration) -> Self {
        self.head = head;
        self
    }

    /// Between two pieces of a body. Default 60 s.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// For everything that one call does: obtaining an access token, each request with its body,
    /// retries and the waits between them, polling, the pages of a list, the file after a poll.
    /// Default none.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// From sending a request to the head of its response.
    pub fn head(&self) -> Duration {
        self.head
    }

    /// Between two pieces of a body.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// For the whole call, if it is limited.
    pub fn total(&self) -> Option<Duration> {
        self.total
    }
}

/// What a caller may set for one call, or for all calls of a client that set nothing of their own.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    pub(crate) version: Option<ApiVersion>,
    pub(crate) timeouts: Option<Timeouts>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) max_body: Option<u64>,
}

impl CallOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests this version instead of the pinned one. A version before the operation's first is
    /// rejected before anything is sent; a later one is sent as given, and the service resolves it
    /// back to the newest one that the operation has.
    #[must_use]
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the time limits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets the retry policy.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets the largest body, in decompressed bytes, that is kept in memory whole; 256 MiB by
    /// default. Streams have no such limit.
    #[must_use]
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.max_body = Some(bytes);
        self
    }
}

/// The setters of per-call options for a request builder with a field `options: CallOptions`.
macro_rules! call_options {
    ($builder:ident $(<$generic:ident>)?) => {
        impl $(<$generic>)? $builder $(<$generic>)? {
            /// Requests this version instead of an operation's pinned one; see
            /// [`CallOptions::with_version`](crate::CallOptions::with_version).
            pub fn version(mut self, version: $crate::id::ApiVersion) -> Self {
                self.options = self.options.with_version(version);
                self
            }

            /// Sets the time limits of a call.
            pub fn timeouts(mut self, timeouts: $crate::request::Timeouts) -> Self {
                self.options = self.options.with_timeouts(timeouts);
                self
            }

            /// Sets the retry policy of a call.
            pub fn retry(mut self, retry: $crate::exchange::RetryPolicy) -> Self {
                self.options = self.options.with_retry(retry);
                self
            }

            /// Sets the largest body that a call keeps in memory whole, in decompressed bytes.
            pub fn max_body(mut self, bytes: u64) -> Self {
                self.options = self.options.with_max_body(bytes);
                self
            }

            /// Sets all options of a call at once.
            pub fn options(mut self, options: $crate::request::CallOptions) -> Self {
                self.options = options;
                self
            }
        }
    };
}
pub(crate) use call_options;

/// The headers that carry a version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MediaTypes {
    pub(super) accept: String,
    pub(super) content_type: Option<String>,
}

/// Chooses `Accept` and `Content-Type` for `operation` in `form`; `requested` is the caller's
/// version, `None` for the pinned one.
///
/// A version before the operation's first is rejected here, since the service has none such. A
/// later one than the table knows is sent as given: the service resolves it back, for the request
/// as for the response.
pub(super) fn media_types(
    operation: &Operation,
    form: Form,
    requested: Option<&ApiVersion>,
) -> Result<MediaTypes> {
    let version = requested.map_or(operation.pinned.to_owned(), ApiVersion::to_string);
    let dates = operation.versions.iter().map(|known| known.date);
    let newest = newest_until(dates.clone(), &version);
    let mut versions = operation.versions.iter();
    let Some(resolved) = versions.find(|known| Some(known.date) == newest) else {
        return Err(Error::input(format!(
            "version {version} is before the first version of {}, {}",
            operation.name,
            dates.min().unwrap_or("none")
        )));
    };
    let suffix = form.suffix();
    if resolved.response(suffix).is_none() {
        return Err(Error::input(format!(
            "{} has no {} response in version {}",
            operation.name,
            suffix.to_uppercase(),
            resolved.date
        )));
    }
    let media = |suffix| format!("application/vnd.atlas.{version}+{suffix}");
    Ok(MediaTypes {
        accept: media(suffix),
        content_type: resolved.request.map(|_| media("json")),
    })
}

/// The newest of `dates` that is not after `version`: the one that the service resolves it to. For
/// `preview` the newest of all.
fn newest_until<'a>(dates: impl Iterator<Item = &'a str>, version: &str) -> Option<&'a str> {
    // ISO dates compare as text, and "preview" sorts after each of them.
    dates.filter(|date| *date <= version).max()
}

#[cfg(test)]
mod tests {
    use atlas_billing_raw::operation::OPERATIONS;

    use super::*;

    fn media(name: &str, form: Form, asked: Option<&str>) -> Result<MediaTypes> {
        let operation = OPERATIONS
            .iter()
            .find(|operation| operation.name == name)
            .unwrap();
        let asked: Option<ApiVersion> = asked.map(|text| text.parse().unwrap());
        media_types(operation, form, asked.as_ref())
    }

    #[test]
    fn each_version_and_form_has_its_media_type() {
        for (form, asked, expected) in [
            (Form::Json, None, "application/vnd.atlas.2023-01-01+json"),
            (Form::Csv, None, "application/vnd.atlas.2023-01-01+csv"),
            (
                Form::Json,
                Some("2023-01-01"),
                "application/vnd.atlas.2023-01-01+json",
            ),
            (
                Form::Csv,
                Some("2099-01-01"),
                "application/vnd.atlas.2099-01-01+csv",
            ),
            (
                Form::Json,
                Some("preview"),
                "application/vnd.atlas.preview+json",
            ),
        ] {
            let media = media("getOrgInvoice", form, asked).unwrap();
            assert_eq!(
                media,
                MediaTypes {
                    accept: expected.into(),
                    content_type: None
                }
            );
        }
    }

    #[test]
    fn a_body_is_sent_in_the_requested_version() {
        for (asked, expected) in [
            (None, "application/vnd.atlas.2023-01-01+json"),
            (Some("2025-03-12"), "application/vnd.atlas.2025-03-12+json"),
        ] {
            let media = media("createCostExplorerQueryProcess", Form::Json, asked).unwrap();
            assert_eq!(media.accept, expected);
            assert_eq!(media.content_type.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_version_resolves_to_the_newest_before_it() {
        let dates = ["2024-08-05", "2023-01-01", "2025-03-12"];
        for (version, expected) in [
            ("2022-12-31", None),
            ("2023-01-01", Some("2023-01-01")),
            ("2024-08-04", Some("2023-01-01")),
            ("2024-08-05", Some("2024-08-05")),
            ("2099-01-01", Some("2025-03-12")),
            ("preview", Some("2025-03-12")),
        ] {
            let newest = newest_until(dates.into_iter(), version);
            assert_eq!(newest, expected, "{version}");
        }
    }

    #[test]
    fn a_version_before_the_first_is_rejected_and_named() {
        let error = media("getOrgInvoice", Form::Json, Some("2022-12-31")).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Input);
        for part in ["2022-12-31", "getOrgInvoice", "2023-01-01"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_form_that_the_operation_lacks_is_rejected() {
        let error = media("listOrgInvoices", Form::Csv, None).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no CSV response in version 2023-01-01"),
            "{error}"
        );
    }
}
