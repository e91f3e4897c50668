//! The formats of data: their names, and the endings of files in them.

use std::path::Path;

use clap::ValueEnum;

/// How data is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading on a terminal
    #[default]
    Table,
    /// Records, comma-separated, with a header row
    Csv,
    /// Records, one JSON object a line
    #[value(alias = "ndjson")]
    Jsonl,
    /// Records, one JSON array
    Json,
    /// The table, to paste into a document
    #[value(alias = "md")]
    Markdown,
    /// A page for a browser, of `report` alone
    Html,
    /// Block Kit JSON for Slack, of `report` alone
    Slack,
    /// Metrics for Prometheus: of costs, forecast and invoices show --by
    #[value(alias = "prometheus")]
    Openmetrics,
    /// The JSON of Atlas, byte for byte
    RawJson,
    /// The CSV of Atlas, byte for byte
    RawCsv,
}

/// Endings that promise something this command does not write.
const FOREIGN: [&str; 9] = [
    "xlsx", "xls", "ods", "numbers", "htm", "pdf", "parquet", "xml", "gz",
];

impl Format {
    /// Whether it is the response body as received.
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::RawJson | Self::RawCsv)
    }

    /// The ending of a file in this format, different for each of them.
    pub(crate) fn extension(self) -> String {
        match self {
            Self::Table => "txt".to_owned(),
            Self::Markdown => "md".to_owned(),
            // What node_exporter's textfile collector reads.
            Self::Openmetrics => "prom".to_owned(),
            format => format.name().replace('-', "."),
        }
    }

    /// The format for a file: the one asked for, or the one of its ending.
    pub(crate) fn of_file(asked: Option<Self>, path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        if FOREIGN.contains(&ending.as_str()) {
            let hint = match ending.as_str() {
                "xlsx" | "xls" | "ods" | "numbers" => {
                    "; spreadsheets open CSV: use a name that ends in .csv, with --excel"
                }
                _ => "; use .csv, .jsonl, .json, .md, .txt or .prom, or .html for a report",
            };
            return Err(format!("cannot write .{ending} files{hint}"));
        }
        let formats = Self::value_variants().iter().copied();
        let of_ending = formats.filter(|format| !format.is_raw());
        let of_ending = of_ending
            .into_iter()
            .find(|format| format.extension() == ending);
        match (asked, of_ending) {
            (Some(asked), Some(of_ending)) if !asked.goes_with(of_ending) => Err(format!(
                "-o {} and the ending .{ending} name two formats; use a name that ends in .{}",
                asked.name(),
                asked.usual_ending()
            )),
            (Some(format), _) | (None, Some(format)) => Ok(format),
            (None, None) if ending.is_empty() => Ok(Self::default()),
            (None, None) => Err(format!(
                "the ending .{ending} does not tell the format; choose one with -o"
            )),
        }
    }

    /// The ending that programs know content in this format by.
    fn usual_ending(self) -> String {
        match self {
            Self::RawJson | Self::Slack => Self::Json.extension(),
            Self::RawCsv => Self::Csv.extension(),
            format => format.extension(),
        }
    }

    /// Whether a file whose ending stands for `ending` may have content in this format: text may be
    /// anything.
    fn goes_with(self, ending: Self) -> bool {
        ending == Self::Table || self.usual_ending() == ending.extension()
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or(String::new(), |value| value.get_name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_ending_is_a_format_or_refused() {
        let of = |asked, name: &str| Format::of_file(asked, Path::new(name));
        for (name, format) in [
            ("a.csv", Format::Csv),
            ("a.JSONL", Format::Jsonl),
            ("a.md", Format::Markdown),
            ("a.html", Format::Html),
            ("a.txt", Format::Table),
            ("a.prom", Format::Openmetrics),
            ("a", Format::Table),
        ] {
            assert_eq!(of(None, name), Ok(format), "{name}");
        }
        assert_eq!(of(Some(Format::RawCsv), "a.csv"), Ok(Format::RawCsv));
        assert_eq!(of(Some(Format::Csv), "a.dat"), Ok(Format::Csv));
        for (asked, name, part) in [
            (None, "t.xlsx", "--excel"),
            (Some(Format::Csv), "t.xlsx", "--excel"),
            (None, "t.htm", ".csv"),
            (None, "t.dat", "-o"),
        ] {
            assert!(of(asked, name).unwrap_err().contains(part), "{name}");
        }
    }

    #[test]
    fn endings_tell_formats_apart() {
        let mut endings: Vec<String> = Format::value_variants()
            .iter()
            .map(|f| f.extension())
            .collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), Format::value_variants().len());
    }
}
