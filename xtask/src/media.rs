//! Upstream's media types: `application/vnd.atlas.2023-01-01+json`.

/// The parts of a versioned media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versioned<'a> {
    /// A date, or the word `preview`.
    pub(crate) version: &'a str,
    /// What follows the plus sign: `json`, `csv`, …
    pub(crate) form: &'a str,
}

/// Splits a versioned media type; nothing for any other, such as `application/json`.
pub(crate) fn versioned(media_type: &str) -> Option<Versioned<'_>> {
    let rest = media_type.strip_prefix("application/vnd.atlas.")?;
    let (version, form) = rest.rsplit_once('+')?;
    (!version.is_empty() && !form.is_empty()).then_some(Versioned { version, form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_forms_are_told_apart() {
        let table = [
            (
                "application/vnd.atlas.2023-01-01+json",
                Some(("2023-01-01", "json")),
            ),
            (
                "application/vnd.atlas.preview+csv",
                Some(("preview", "csv")),
            ),
            ("application/json", None),
            ("application/vnd.atlas.2023-01-01", None),
            ("application/vnd.atlas.+json", None),
        ];
        for (text, expected) in table {
            let found = versioned(text).map(|v| (v.version, v.form));
            assert_eq!(found, expected, "{text}");
        }
    }
}
