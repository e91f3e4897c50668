//! Where the service is: commercial Atlas, the one for government, or any other.

use url::Url;

use crate::{Error, ErrorKind, Result};

/// Commercial Atlas.
pub const COMMERCIAL: &str = "https://cloud.mongodb.com";

/// Atlas for Government.
pub const GOVERNMENT: &str = "https://cloud.mongodbgov.com";

/// Reads a base URL: scheme and host, perhaps a port and a path before `/api`.
///
/// # Errors
/// When it is no http or https URL, or carries what a base cannot: credentials (they would end up
/// in logs), a query or a fragment.
pub(crate) fn parse(text: &str) -> Result<Url> {
    let refuse = |why: &str| {
        Error::new(
            ErrorKind::Configuration,
            format!("the base URL {why}: give scheme and host alone, such as {COMMERCIAL}"),
        )
    };
    let text = text.trim();
    let mut url = Url::parse(text).map_err(|error| refuse("is no URL").with_source(error))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(refuse("is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("carries a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("carries a query or fragment"));
    }
    // The generated client appends paths that begin with a slash.
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_taken_with_and_without_a_last_slash() {
        let bases = [
            COMMERCIAL,
            GOVERNMENT,
            "http://127.0.0.1:8080",
            "https://proxy.example/atlas",
        ];
        for text in bases {
            let url = parse(text).unwrap();
            let with_slash = parse(&format!(" {text}/ ")).unwrap();
            assert_eq!(url, with_slash);
            assert_eq!(url.as_str().trim_end_matches('/'), text);
        }
    }

    #[test]
    fn what_a_base_cannot_carry_is_refused_and_not_shown() {
        for text in [
            "cloud.mongodb.com",
            "ftp://cloud.mongodb.com",
            "https://user:hush@cloud.mongodb.com",
            "https://cloud.mongodb.com?x=hush",
            "https://cloud.mongodb.com#hush",
            "",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
