//! What an export has to do: the list of invoices beside the manifests of earlier runs.

use std::collections::{BTreeMap, BTreeSet};

use atlas_billing::{InvoiceId, InvoiceSummary, Month, Months, Org};
use tokio::sync::OnceCell;

use crate::dataset::{
    Begun, Dataset, FileEntry, Manifest, Place, Settings, Source, Version, to_text,
};
use crate::failure::{Failure, exit};
use crate::records::InvoiceRow;
use crate::voice::Voice;

/// One period of one data set.
pub(super) struct Part {
    pub(super) dataset: Dataset,
    pub(super) settings: Settings,
    pub(super) month: Month,
    /// The manifest that is there.
    pub(super) before: Option<Manifest>,
    /// The version of it.
    pub(super) version: Option<Version>,
    /// What a run that did not end had begun, and the version of that note.
    pub(super) begun: Option<(Begun, Version)>,
    pub(super) files: Vec<Planned>,
    /// Files of earlier runs that nothing stands for any more.
    pub(super) stale: BTreeSet<String>,
    noted: OnceCell<()>,
}

/// A file that a period has to have.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) invoices: Vec<Source>,
    /// What the list of invoices says, for a file of one invoice.
    pub(super) listed: Option<(InvoiceId, InvoiceSummary)>,
    pub(super) action: Action,
}

/// What happens to a file.
pub(super) enum Action {
    Keep(FileEntry),
    Fetch(&'static str),
}

impl Part {
    /// The files to fetch.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Planned> {
        let fetched = |file: &&Planned| matches!(file.action, Action::Fetch(_));
        self.files.iter().filter(fetched)
    }

    /// Whether the manifest that is there says all.
    pub(super) fn is_up_to_date(&self) -> bool {
        let before = self.before.as_ref();
        let named = before.map_or(0, |before| before.files.len());
        self.wanted().next().is_none()
            && self.stale.is_empty()
            && self.begun.is_none()
            && named == self.files.len()
    }

    /// Notes the files that no manifest names yet, once, before the first of them gets its name.
    pub(super) async fn note(&self, place: &Place, org: &Org) -> Result<(), Failure> {
        let write = || async {
            let Some(begun) = self.to_begin() else {
                return Ok(());
            };
            let name = self.dataset.begun(org.id(), self.month);
            let read = self.begun.as_ref().map(|(_, version)| version.clone());
            place.replace(&name, to_text(&begun)?, read).await
        };
        self.noted.get_or_try_init(write).await.copied()
    }

    /// The note to write: the one that is there, and the files that no manifest names yet. `None`
    /// where it says all of them.
    pub(super) fn to_begin(&self) -> Option<Begun> {
        let named = |name: &String| {
            let before = self.before.iter();
            before.flat_map(|it| &it.files).any(|it| it.name == *name)
        };
        let mut begun = self.begun.as_ref().map(|(begun, _)| begun.clone());
        let earlier = begun.clone().unwrap_or_default();
        for file in self.wanted().filter(|file| !named(&file.name)) {
            begun
                .get_or_insert_default()
                .files
                .insert(file.name.clone());
        }
        begun.filter(|begun| *begun != earlier)
    }
}

/// What plans go by.
pub(super) struct Planner<'a> {
    pub(super) place: &'a Place,
    pub(super) voice: &'a Voice,
    /// All months if empty.
    pub(super) periods: Vec<Months>,
}

impl Planner<'_> {
    fn wants(&self, month: Month) -> bool {
        self.periods.is_empty() || self.periods.iter().any(|months| months.contains(month))
    }

    /// The parts of an organization, the oldest month first.
    pub(super) async fn plan(
        &self,
        org: &Org,
        datasets: &[(Dataset, Settings)],
    ) -> Result<Vec<Part>, Failure> {
        // The whole list: a filter leaves out invoices that lie in no month.
        let invoices = org.invoices().linked(false).await?;
        let is_empty = invoices.is_empty();
        let months = self.by_month(&invoices)?;
        let mut parts = Vec::new();
        for (dataset, settings) in datasets {
            let manifests = self.place.sizes(&dataset.manifests(org.id())).await?;
            let known = manifests.keys().filter_map(|name| Dataset::month_of(name));
            let known: BTreeSet<Month> = known.filter(|month| self.wants(*month)).collect();
            if is_empty {
                if !known.is_empty() {
                    self.voice.must(&format!(
                        "warning: the list of invoices of {} is empty; no file is removed for that",
                        org.id()
                    ));
                }
                continue;
            }
            let folder = format!("{}/org_id={}/", dataset.folder(), org.id());
            let sizes = self.place.sizes(&folder).await?;
            let all: BTreeSet<Month> = known.iter().chain(months.keys()).copied().collect();
            for month in all {
                let mut part = self
                    .part(org, (*dataset, *settings), month, &manifests)
                    .await?;
                let listed = months.get(&month).map_or(&[][..], Vec::as_slice);
                part.add_files(org, listed, &sizes);
                parts.push(part);
            }
        }
        parts.sort_by_key(|part| (part.month, part.dataset));
        Ok(parts)
    }

    /// The invoices of the months asked for, each once.
    fn by_month(&self, invoices: &[InvoiceSummary]) -> Result<ByMonth, Failure> {
        let mut months = ByMonth::new();
        let mut seen = BTreeSet::new();
        for summary in invoices {
            let row = InvoiceRow::from(summary);
            let id: InvoiceId = summary.try_into()?;
            let Some(month) = row.month() else {
                self.voice.must(&format!(
                    "warning: the invoice {id} is omitted: the list of invoices does not say which month \
                     it is for"
                ));
                continue;
            };
            if self.wants(month) && seen.insert(id) {
                months.entry(month).or_default().push((id, summary.clone()));
            }
        }
        // The order of the list is the service's; that of a manifest is not to depend on it.
        for listed in months.values_mut() {
            listed.sort_by_key(|(id, _)| *id);
        }
        Ok(months)
    }

    /// A period with its manifest, as yet without files.
    async fn part(
        &self,
        org: &Org,
        (dataset, settings): (Dataset, Settings),
        month: Month,
        manifests: &BTreeMap<String, u64>,
    ) -> Result<Part, Failure> {
        let name = dataset.manifest(org.id(), month);
        let unusable = |name: &str, why: String| {
            let message = format!("{} {why}", self.place.shown(name));
            let help = "to fetch the period again, remove that file";
            Failure::new(exit::OTHER, message).with_help(help)
        };
        let (mut before, mut version, mut begun) = (None, None, None);
        if let Some((text, read)) = self.place.read(&name).await? {
            version = Some(read);
            before = Some(Manifest::read(&text).map_err(|why| unusable(&name, why))?);
        }
        let name = dataset.begun(org.id(), month);
        if manifests.contains_key(&name)
            && let Some((text, read)) = self.place.read(&name).await?
        {
            let note = Begun::read(&text).map_err(|why| unusable(&name, why))?;
            begun = Some((note, read));
        }
        Ok(Part {
            dataset,
            settings,
            month,
            before,
            version,
            begun,
            files: Vec::new(),
            stale: BTreeSet::new(),
            noted: OnceCell::new(),
        })
    }
}

/// Invoices by month.
type ByMonth = BTreeMap<Month, Vec<(InvoiceId, InvoiceSummary)>>;

impl Part {
    fn add_files(
        &mut self,
        org: &Org,
        listed: &[(InvoiceId, InvoiceSummary)],
        sizes: &BTreeMap<String, u64>,
    ) {
        let folder = self.dataset.partition(org.id(), self.month);
        let extension = self.settings.format.extension();
        let sources = listed.iter().map(|(_, summary)| Source::of(summary));
        let mut files: Vec<(String, Vec<Source>, Option<_>)> = match self.dataset {
            Dataset::Costs if listed.is_empty() => Vec::new(),
            Dataset::Costs => vec![("costs".to_owned(), sources.collect(), None)],
            Dataset::LineItems | Dataset::Invoices | Dataset::Focus => listed
                .iter()
                .zip(sources)
                .map(|(listed, source)| (listed.0.to_string(), vec![source], Some(listed.clone())))
                .collect(),
        };
        for (stem, invoices, listed) in files.drain(..) {
            let name = format!("{folder}/{stem}.{extension}");
            let action = self.action(&name, &invoices, sizes.get(&name).copied());
            self.files.push(Planned {
                name,
                invoices,
                listed,
                action,
            });
        }
        let before = || self.before.iter();
        let named = before().flat_map(|it| &it.files).map(|file| &file.name);
        // Those that a run did not come to remove, or to name.
        let begun = self.begun.iter().flat_map(|(begun, _)| &begun.files);
        let left = before().flat_map(|it| &it.removed).chain(begun);
        let left = left.filter(|name| sizes.contains_key(*name));
        let ours = |name: &&String| {
            let parent = name.rsplit_once('/').map(|(parent, _)| parent);
            parent == Some(folder.as_str()) && self.files.iter().all(|file| file.name != **name)
        };
        self.stale = named.chain(left).filter(ours).cloned().collect();
    }

    fn action(&self, name: &str, invoices: &[Source], size: Option<u64>) -> Action {
        let Some(before) = &self.before else {
            return Action::Fetch("new");
        };
        if let Some(file) = before.unchanged(self.settings, name, invoices) {
            return match size {
                Some(size) if size == file.bytes => Action::Keep(file.clone()),
                Some(_) => Action::Fetch("the file was changed"),
                None => Action::Fetch("the file is gone"),
            };
        }
        if before.settings != self.settings {
            return Action::Fetch("other settings");
        }
        if invoices.iter().any(Source::is_pending) {
            return Action::Fetch("pending");
        }
        match before.files.iter().any(|file| file.name == name) {
            true => Action::Fetch("the invoice has changed"),
            false => Action::Fetch("new"),
        }
    }
}
