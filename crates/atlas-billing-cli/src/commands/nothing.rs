//! Nothing found: which of the names that were given is not there, and which could be meant.

use std::collections::{BTreeMap, BTreeSet};

use atlas_billing::totals::{Dimension, Key};
use atlas_billing::{CostRow, Error, InvoiceId, LineItem, Months, Org, SharedText};

use super::Context;
use super::linked::not_linked;
use super::lookup::{Kind, check};
use crate::args::values::{Grouping, nearest};
use crate::args::{ItemFilters, Linked};
use crate::failure::{Failure, exit};
use crate::text;

/// What line items name.
#[derive(Debug, Default)]
struct Names {
    projects: BTreeSet<String>,
    clusters: BTreeSet<String>,
    skus: BTreeSet<String>,
    /// The values of each key.
    tags: BTreeMap<String, BTreeSet<String>>,
    /// Whether any of the invoices has linked ones.
    has_linked: bool,
}

/// Where a name may be known all the same.
#[derive(Debug, PartialEq, Eq)]
enum Elsewhere {
    /// In a list: a project without a cost this month.
    Listed(Kind, String),
    Nowhere,
    /// A value of a key that there is, such as that of a team without a cost this month.
    Perhaps,
}

/// A name that no line item has.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: String,
    elsewhere: Elsewhere,
    instead: Option<String>,
}

/// What was asked of the line items of some invoices.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) invoices: &'a [InvoiceId],
    pub(super) linked: Linked,
    pub(super) filters: &'a ItemFilters,
    pub(super) by: &'a [Dimension],
}

/// Where no line item passed the filters, or none has a tag that is grouped by: says which of the names
/// no line item has. Reads the invoices once more for that. `passed` is how many items passed, `groups`
/// are the keys of their groups.
///
/// # Errors
/// [`exit::NOT_FOUND`] where a name is not there at all.
pub(super) async fn explain<'k>(
    context: &Context,
    org: &Org,
    asked: Asked<'_>,
    passed: u64,
    groups: impl IntoIterator<Item = &'k [Key]>,
) -> Result<(), Failure> {
    let Asked {
        invoices,
        linked,
        filters,
        by,
    } = asked;
    let is_partial = !filters.filter().is_empty() || linked == Linked::Only;
    let is_empty = passed == 0 && is_partial;
    if !is_empty && !is_untagged(by, groups) {
        return Ok(());
    }
    let mut names = Names::default();
    for id in invoices {
        names.read(org, *id, linked).await?;
    }
    if linked == Linked::Only && !names.has_linked {
        let of = match invoices {
            [id] => format!("the invoice {id}"),
            several => text::counted(several.len(), "invoice"),
        };
        return Err(not_linked(org.id(), of));
    }
    let missing = names.missing(filters, by);
    if missing.is_empty() {
        context.voice.must(match is_empty {
            true => "warning: no line item passes all filters together",
            false => "warning: none of these line items has a value of the tag in --by",
        });
    }
    for missing in missing {
        let exists = match &missing.elsewhere {
            Elsewhere::Listed(kind, name) => kind.has(org, name).await,
            Elsewhere::Nowhere => false,
            Elsewhere::Perhaps => true,
        };
        let text = missing.text();
        if !exists {
            return Err(Failure::new(exit::NOT_FOUND, text));
        }
        context.voice.must(&format!("warning: {text}"));
    }
    Ok(())
}

/// Whether no line item has one of the tags that are grouped by.
fn is_untagged<'k>(by: &[Dimension], groups: impl IntoIterator<Item = &'k [Key]>) -> bool {
    let by = by.iter().enumerate();
    let tags = by.filter(|(_, by)| matches!(by, Dimension::Tag(_)));
    let tags: Vec<usize> = tags.map(|(at, _)| at).collect();
    let mut untagged = None;
    for keys in groups {
        let untagged = untagged.get_or_insert_with(|| tags.clone());
        untagged.retain(|at| keys.get(*at).is_none_or(|key| key.label().is_none()));
    }
    untagged.is_some_and(|untagged: Vec<usize>| !untagged.is_empty())
}

/// The same of costs: says that there are none, or none of the projects and clusters that were named by
/// their ids.
///
/// # Errors
/// [`exit::NOT_FOUND`] where a project or cluster that was named does not exist.
pub(super) async fn explain_costs(
    context: &Context,
    org: &Org,
    months: Option<Months>,
    by: Grouping,
    (rows, named): (&[CostRow], &[(Kind, Vec<String>)]),
) -> Result<(), Failure> {
    let period = months.map_or(String::new(), |months| format!(" in {months}"));
    for (kind, ids) in named {
        // Which projects the amounts are of is known only where they are grouped by them.
        let is_shown = match kind {
            Kind::Project => by == Grouping::Projects,
            _ => by == Grouping::Clusters,
        };
        let has = |row: &CostRow, id: &String| {
            row.project_id.as_ref() == Some(id) || row.cluster_id.as_ref() == Some(id)
        };
        let is_missing = |id: &&String| match is_shown {
            true => !rows.iter().any(|row| has(row, id)),
            false => rows.is_empty(),
        };
        let missing: Vec<&String> = ids.iter().filter(is_missing).collect();
        if !missing.is_empty() {
            check(org, *kind, &missing).await?;
        }
        for id in missing {
            let what = kind.name();
            let text = format!("warning: the {what} {id} has no costs{period}");
            context.voice.must(&text);
        }
    }
    let begins_later = months.is_some_and(|it| it.start_date() > context.today);
    if begins_later {
        context
            .voice
            .must(&format!("warning: no costs{period}: it has not begun"));
    } else if rows.is_empty() && named.iter().all(|(_, ids)| ids.is_empty()) {
        context.voice.must(&format!("warning: no costs{period}"));
    }
    Ok(())
}

impl Names {
    async fn read(&mut self, org: &Org, id: InvoiceId, linked: Linked) -> Result<(), Error> {
        let request = org.invoice(id).linked_items(linked != Linked::Omit);
        let mut items = request.line_items().await?;
        while let Some(item) = items.next().await {
            let item = item?;
            if linked != Linked::Only || items.linked_invoice().is_some() {
                self.add(&item);
            }
        }
        let head = items.head();
        self.has_linked |= head.is_some_and(|head| !head.linked_invoices.is_empty());
        Ok(())
    }

    fn add(&mut self, item: &LineItem) {
        let keep = |set: &mut BTreeSet<String>, text: &Option<SharedText>| {
            if let Some(text) = text.as_deref().filter(|text| !set.contains(*text)) {
                set.insert(text.to_owned());
            }
        };
        keep(&mut self.projects, &item.group_id);
        keep(&mut self.projects, &item.group_name);
        keep(&mut self.clusters, &item.cluster_name);
        keep(&mut self.skus, &item.sku);
        for (key, values) in item.tags.iter() {
            let known = self.tags.entry(key.to_string()).or_default();
            known.extend(values.iter().map(ToString::to_string));
        }
    }

    fn missing(&self, filters: &ItemFilters, by: &[Dimension]) -> Vec<Missing> {
        let mut missing = Vec::new();
        let mut check = |known: &BTreeSet<String>, given: &String, kind: Kind| {
            let is_it = |known: &String| match kind {
                Kind::Sku => known.eq_ignore_ascii_case(given),
                _ => known == given,
            };
            if known.iter().any(is_it) {
                return;
            }
            missing.push(Missing {
                what: format!("no line item is of the {} \"{given}\"", kind.name()),
                elsewhere: Elsewhere::Listed(kind, given.clone()),
                instead: instead(given, known),
            });
        };
        for project in &filters.project {
            check(&self.projects, project, Kind::Project);
        }
        for cluster in &filters.cluster {
            check(&self.clusters, cluster, Kind::Cluster);
        }
        let plain = |sku: &&String| !sku.contains(['*', '?']);
        for sku in filters.sku.iter().filter(plain) {
            check(&self.skus, sku, Kind::Sku);
        }
        let keys: BTreeSet<String> = self.tags.keys().cloned().collect();
        let of_by = by.iter().filter_map(|by| match by {
            Dimension::Tag(key) => Some((key, None)),
            _ => None,
        });
        let of_filters = filters.tag.iter().map(|(key, value)| (key, Some(value)));
        for (key, value) in of_by.chain(of_filters) {
            match (self.tags.get(key), value) {
                (None, _) => missing.push(Missing {
                    what: format!("no line item has a tag \"{key}\""),
                    elsewhere: Elsewhere::Nowhere,
                    instead: instead(key, &keys),
                }),
                (Some(values), Some(value)) if !values.contains(value) => missing.push(Missing {
                    what: format!("no line item has the tag {key}={value}"),
                    elsewhere: Elsewhere::Perhaps,
                    instead: instead(value, values).map(|value| format!("{key}={value}")),
                }),
                _ => {}
            }
        }
        missing
    }
}

fn instead(given: &str, known: &BTreeSet<String>) -> Option<String> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    nearest(given, &known).map(str::to_owned)
}

impl Missing {
    fn text(&self) -> String {
        let instead = self.instead.as_ref();
        let instead = instead.map(|name| format!("; did you mean \"{name}\"?"));
        format!("{}{}", self.what, instead.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command, InvoicesCommand};

    fn filters(line: &str) -> (ItemFilters, Vec<Dimension>) {
        let line = format!("atlas-billing invoices show {line}");
        let cli = Cli::read(line.split_whitespace().map(Into::into)).unwrap();
        match cli.command {
            Command::Invoices(InvoicesCommand::Show(args)) => (args.filters, args.by.by),
            command => panic!("{command:?}"),
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_could_be_meant() {
        let item: LineItem = serde_json::from_str(
            r#"{"groupId":"61b0aa11bb22cc33dd44ee01","groupName":"web","clusterName":"main",
                "sku":"ATLAS_AWS_INSTANCE_M10","tags":{"team":["booking"]}}"#,
        )
        .unwrap();
        let mut names = Names::default();
        names.add(&item);
        for (line, text) in [
            (
                "--project web --cluster main --sku atlas_aws_instance_m10",
                None,
            ),
            ("--sku *_M99 --tag team=booking", None),
            (
                "--project webb",
                Some("no line item is of the project \"webb\"; did you mean \"web\"?"),
            ),
            (
                "--cluster zzzz",
                Some("no line item is of the cluster \"zzzz\""),
            ),
            (
                "--sku ATLAS_AWS_INSTANCE_M11",
                Some(
                    "no line item is of the SKU \"ATLAS_AWS_INSTANCE_M11\"; did you mean \"ATLAS_AWS_INSTANCE_M10\"?",
                ),
            ),
            (
                "--by tag:Team",
                Some("no line item has a tag \"Team\"; did you mean \"team\"?"),
            ),
            (
                "--tag team=boking",
                Some("no line item has the tag team=boking; did you mean \"team=booking\"?"),
            ),
        ] {
            let (filters, by) = filters(line);
            let missing = names.missing(&filters, &by);
            let found = missing.first().map(Missing::text);
            assert_eq!(found.as_deref(), text, "{line}");
        }
    }
}
