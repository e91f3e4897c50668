//! Versions: what the `Accept` header asks for, what it resolves to, and what is told about its
//! age.

use chrono::NaiveDate;
use http::header::ACCEPT;
use http::{HeaderName, StatusCode};

use crate::answer::Answer;
use crate::operation::Operation;
use crate::problem::Problem;
use crate::request::Request;

/// The form of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

impl Format {
    fn suffix(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// The one date at which every operation here has a version.
const FIRST: &str = "2023-01-01";

/// A version that the service says will go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) deprecated: NaiveDate,
    pub(crate) sunset: NaiveDate,
}

/// What of the versions a scenario may change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    pub(crate) endings: Vec<(Operation, Ending)>,
    pub(crate) gone: bool,
    pub(crate) preview: bool,
}

/// What was asked for and is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) format: Format,
    version: &'static str,
}

impl Resolved {
    /// The answer's content type: the resolved version, not the asked one.
    pub(crate) fn content_type(self) -> String {
        self.type_of(self.format)
    }

    /// The content type of the version's JSON, whatever form was asked for.
    pub(crate) fn json_type(self) -> String {
        self.type_of(Format::Json)
    }

    fn type_of(self, format: Format) -> String {
        let (version, suffix) = (self.version, format.suffix());
        format!("application/vnd.atlas.{version}+{suffix};charset=utf-8")
    }
}

/// Reads `Accept`: a later date resolves back to the newest version there is, an earlier one,
/// none or something else is 406, and a version that was taken away is 410.
pub(crate) fn resolve(
    request: &Request,
    operation: Operation,
    versions: &Versions,
) -> Result<Resolved, Problem> {
    let values = request.headers.get_all(ACCEPT).iter();
    let ranges: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let asked = ranges
        .iter()
        .find_map(|range| Asked::parse(range, versions.preview));
    let Some(asked) = asked else {
        let status = StatusCode::NOT_ACCEPTABLE;
        let detail = "The Accept header names no version of this resource.";
        let problem = Problem::new(status, "INVALID_VERSION_DATE", detail);
        return Err(problem.parameter(ranges.join(",")));
    };
    if asked.format == Format::Csv && !matches!(operation, Operation::Look | Operation::Invoice) {
        let detail = "This resource has no CSV form.";
        return Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "INVALID_VERSION_DATE",
            detail,
        ));
    }
    if versions.gone {
        let detail = "This version of the resource was taken away.";
        return Err(Problem::new(StatusCode::GONE, "VERSION_GONE", detail).parameter(FIRST));
    }
    let version = if asked.preview { "preview" } else { FIRST };
    Ok(Resolved {
        format: asked.format,
        version,
    })
}

struct Asked {
    format: Format,
    preview: bool,
}

impl Asked {
    fn parse(range: &str, preview_allowed: bool) -> Option<Self> {
        let essence = range.split(';').next()?.trim();
        let rest = essence.strip_prefix("application/vnd.atlas.")?;
        let (version, suffix) = rest.rsplit_once('+')?;
        let format = match suffix {
            "json" => Format::Json,
            "csv" => Format::Csv,
            _ => return None,
        };
        let preview = version == "preview";
        let known = if preview {
            preview_allowed
        } else {
            is_date(version) && version >= FIRST
        };
        known.then_some(Self { format, preview })
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Whether a request body's type is one the service takes.
pub(crate) fn takes_body(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|text| text.split(';').next());
    match essence.map(str::trim) {
        Some("application/json") => true,
        Some(vendor) => Asked::parse(vendor, true).is_some_and(|a| a.format == Format::Json),
        None => false,
    }
}

/// Adds the headers of a version that will go away. The day has no leading zero there, unlike
/// everywhere else in HTTP.
pub(crate) fn tell_ending(answer: &mut Answer, ending: Ending) {
    let date = |day: NaiveDate| day.format("%a, %-d %b %Y 00:00:00 GMT").to_string();
    answer.set(
        HeaderName::from_static("deprecation"),
        &date(ending.deprecated),
    );
    answer.set(HeaderName::from_static("sunset"), &date(ending.sunset));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(accept: &str, operation: Operation) -> Result<String, u16> {
        let request = Request::get("/").header(ACCEPT, accept);
        resolve(&request, operation, &Versions::default())
            .map(Resolved::content_type)
            .map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn dates_resolve_back_and_nothing_else_does() {
        let json = Ok("application/vnd.atlas.2023-01-01+json;charset=utf-8".to_owned());
        let csv = Ok("application/vnd.atlas.2023-01-01+csv;charset=utf-8".to_owned());
        let look = Operation::Look;
        assert_eq!(ask("application/vnd.atlas.2023-01-01+json", look), json);
        assert_eq!(ask("application/vnd.atlas.2025-03-12+json", look), json);
        assert_eq!(ask("application/vnd.atlas.2025-03-12+csv", look), csv);
        assert_eq!(
            ask(
                "text/html, application/vnd.atlas.2024-10-23+json;q=0.9",
                look
            ),
            json
        );
        for bad in [
            "application/vnd.atlas.2022-12-31+json",
            "application/vnd.atlas.2023-1-1+json",
            "application/vnd.atlas.2023-02-30+json",
            "application/vnd.atlas.preview+json",
            "application/vnd.atlas.2023-01-01+xml",
            "application/json",
            "*/*",
            "",
        ] {
            assert_eq!(ask(bad, look), Err(406), "{bad}");
        }
        assert_eq!(
            ask("application/vnd.atlas.2023-01-01+csv", Operation::Invoices),
            Err(406)
        );
    }

    #[test]
    fn preview_and_gone_are_the_scenarios_choice() {
        let request = Request::get("/").header(ACCEPT, "application/vnd.atlas.preview+json");
        let versions = Versions {
            preview: true,
            ..Versions::default()
        };
        let resolved = resolve(&request, Operation::Invoice, &versions).map(Resolved::content_type);
        assert_eq!(
            resolved.unwrap(),
            "application/vnd.atlas.preview+json;charset=utf-8"
        );
        let versions = Versions {
            gone: true,
            preview: true,
            ..Versions::default()
        };
        let refused = resolve(&request, Operation::Invoice, &versions);
        assert_eq!(refused.unwrap_err().status(), StatusCode::GONE);
    }

    #[test]
    fn bodies_have_to_be_json() {
        assert!(takes_body(Some("application/vnd.atlas.2023-01-01+json")));
        assert!(takes_body(Some("application/json; charset=utf-8")));
        assert!(!takes_body(Some("text/plain")));
        assert!(!takes_body(None));
    }

    #[test]
    fn an_ending_is_told_with_an_unpadded_day() {
        let mut answer = Answer::typed(StatusCode::OK, "text/plain", "");
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let ending = Ending {
            deprecated: day(2024, 8, 5),
            sunset: day(2025, 11, 30),
        };
        tell_ending(&mut answer, ending);
        assert_eq!(
            answer.headers["deprecation"],
            "Mon, 5 Aug 2024 00:00:00 GMT"
        );
        assert_eq!(answer.headers["sunset"], "Sun, 30 Nov 2025 00:00:00 GMT");
    }
}
