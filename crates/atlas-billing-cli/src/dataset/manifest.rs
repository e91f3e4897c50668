//! The manifest of a period: which files hold it, and what they hold.

use std::collections::BTreeSet;

use atlas_billing::{InvoiceStatus, InvoiceSummary};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{Dataset, FileFormat, Numbers, SCHEMA_VERSION};
use crate::args::Linked;

/// What changes the content of files: other settings, and everything is fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) format: FileFormat,
    #[serde(with = "LinkedName")]
    pub(crate) linked: Linked,
    pub(crate) numbers: Numbers,
}

/// How the manifest writes [`Linked`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Linked", rename_all = "lowercase")]
enum LinkedName {
    Include,
    Omit,
    Only,
}

/// The manifest of one period of a data set. It is written after all files that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    pub(crate) tool_version: String,
    pub(crate) dataset: String,
    pub(crate) org_id: String,
    pub(crate) billing_period: String,
    /// When the period was fetched, RFC 3339 in UTC.
    pub(crate) fetched_at: String,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    /// Whether no file changes any more, as far as the service says.
    pub(crate) complete: bool,
    /// The column that `sum_cents` adds up; null where the data set has none of whole cents.
    pub(crate) sum_column: Option<String>,
    pub(crate) files: Vec<FileEntry>,
    /// Files of an earlier manifest that nothing stands for any more: removed, or about to be.
    pub(crate) removed: BTreeSet<String>,
}

/// The files that a run was about to write and no manifest names yet. It is written before them and
/// removed after the manifest: the next run knows by it what one that was killed has left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) files: BTreeSet<String>,
}

impl Begun {
    /// Reads a note.
    ///
    /// # Errors
    /// Why it cannot be used: in a sentence that follows its name.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| format!("is no list of files: {error}"))
    }
}

/// A file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// The path below the destination, with slashes.
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) sum_cents: Option<i64>,
    /// The invoices that it was made of.
    pub(crate) invoices: Vec<Source>,
    /// False while an invoice of it is pending.
    pub(crate) complete: bool,
}

/// An invoice as the list of invoices had it: what decides whether it is fetched again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) invoice_id: String,
    pub(crate) status: Option<String>,
    pub(crate) updated: Option<String>,
}

impl Source {
    pub(crate) fn of(summary: &InvoiceSummary) -> Self {
        let status = summary.status_name.as_ref().map(InvoiceStatus::as_str);
        Self {
            invoice_id: summary.id.clone().unwrap_or_default(),
            status: status.map(str::to_owned),
            updated: summary.updated.map(rfc3339),
        }
    }

    /// Whether the invoice still grows.
    pub(crate) fn is_pending(&self) -> bool {
        self.status.as_deref() == Some(InvoiceStatus::Pending.as_str())
    }
}

impl Manifest {
    /// A manifest of what was fetched `now`.
    pub(crate) fn new(
        dataset: Dataset,
        (org_id, billing_period): (String, String),
        settings: Settings,
        files: Vec<FileEntry>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            dataset: dataset.folder().to_owned(),
            org_id,
            billing_period,
            fetched_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            settings,
            complete: files.iter().all(|file| file.complete),
            sum_column: dataset.sum_column().map(str::to_owned),
            files,
            removed: BTreeSet::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// Why it cannot be used: in a sentence that follows its name.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Probe {
            schema_version: u32,
        }
        let probe = serde_json::from_slice(text);
        if let Ok(Probe { schema_version }) = probe
            && schema_version > SCHEMA_VERSION
        {
            return Err(format!(
                "has schema version {schema_version}, and this program knows {SCHEMA_VERSION}: update it"
            ));
        }
        serde_json::from_slice(text).map_err(|error| format!("is not a manifest: {error}"))
    }

    /// The file of this name, if it has nothing to be fetched again for.
    pub(crate) fn unchanged(
        &self,
        settings: Settings,
        name: &str,
        sources: &[Source],
    ) -> Option<&FileEntry> {
        let same =
            |file: &&FileEntry| file.name == name && file.complete && file.invoices == sources;
        let usable = self.schema_version == SCHEMA_VERSION && self.settings == settings;
        self.files.iter().filter(|_| usable).find(same)
    }
}

/// The text of a manifest or of a note.
pub(crate) fn to_text(document: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    Ok(text)
}

/// A moment with all its digits.
fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest() -> Manifest {
        let settings = Settings {
            format: FileFormat::Csv,
            linked: Linked::Omit,
            numbers: Numbers::Text,
        };
        let source = Source {
            invoice_id: "66a10000000000000000a001".to_owned(),
            status: Some("PAID".to_owned()),
            updated: None,
        };
        let file = FileEntry {
            name: "line_items/é.csv".to_owned(),
            rows: u64::MAX,
            bytes: 0,
            sha256: "00".repeat(32),
            sum_cents: Some(i64::MIN),
            invoices: vec![source],
            complete: true,
        };
        let of = ("5f0c".to_owned(), "2025-01".to_owned());
        let mut manifest = Manifest::new(
            Dataset::LineItems,
            of,
            settings,
            vec![file],
            DateTime::UNIX_EPOCH,
        );
        manifest.removed.insert("old.csv".to_owned());
        manifest
    }

    /// Reads a manifest and a note; what can be read is read back as it is written.
    fn check(text: &[u8]) -> Result<(), TestCaseError> {
        if let Ok(read) = Manifest::read(text) {
            prop_assert_eq!(Manifest::read(&to_text(&read).unwrap()), Ok(read));
        }
        if let Ok(read) = Begun::read(text) {
            prop_assert_eq!(Begun::read(&to_text(&read).unwrap()), Ok(read));
        }
        Ok(())
    }

    #[test]
    fn a_manifest_reads_back_and_one_that_is_cut_is_refused() {
        let text = to_text(&manifest()).unwrap();
        assert_eq!(Manifest::read(&text), Ok(manifest()));
        // All but the line break at its end are needed.
        for end in 0..text.len() - 1 {
            assert!(Manifest::read(&text[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            check(&bytes)?;
        }

        #[test]
        fn a_damaged_manifest_is_read_or_refused(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_usize, any::<u8>()), 1..4)
        ) {
            let mut text = to_text(&manifest()).unwrap();
            for (at, removed, byte) in edits {
                let at = at.index(text.len());
                let end = text.len().min(at + removed);
                text.splice(at..end, [byte]);
            }
            check(&text)?;
        }
    }
}
