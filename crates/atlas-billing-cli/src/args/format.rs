//! The forms that output can have.

use clap::ValueEnum;

/// The form of what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading on a terminal
    #[default]
    Table,
    /// Tidy records, comma-separated, with a header row
    Csv,
    /// Tidy records, one JSON object a line
    #[value(alias = "ndjson")]
    Jsonl,
    /// Tidy records, one JSON array
    Json,
    /// The table, to paste into a document
    #[value(alias = "md")]
    Markdown,
    /// The service's JSON, byte for byte
    RawJson,
    /// The service's CSV, byte for byte
    RawCsv,
}

impl Format {
    /// Whether it is the service's own bytes.
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::RawJson | Self::RawCsv)
    }

    /// The ending of a file in this form.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Csv | Self::RawCsv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json | Self::RawJson => "json",
            Self::Markdown => "md",
        }
    }

    /// The form of ours that files with this ending have.
    pub(crate) fn of_ending(ending: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl, Self::Json, Self::Markdown]
            .into_iter()
            .find(|form| form.extension().eq_ignore_ascii_case(ending))
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::RawJson => "raw-json",
            Self::RawCsv => "raw-csv",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_ending_is_a_form_of_ours() {
        for (ending, form) in [
            ("csv", Some(Format::Csv)),
            ("JSONL", Some(Format::Jsonl)),
            ("json", Some(Format::Json)),
            ("md", Some(Format::Markdown)),
            ("txt", None),
            ("", None),
        ] {
            assert_eq!(Format::of_ending(ending), form, "{ending}");
        }
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for form in Format::value_variants() {
            assert_eq!(Format::from_str(form.name(), false).unwrap(), *form);
        }
    }
}
