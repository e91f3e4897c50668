//! Projects and clusters by id or name: looked up where an id is not known.

use std::collections::BTreeMap;

use atlas_billing::{MOST_PER_PAGE, Org};

use super::Context;
use crate::args::values::{is_id, nearest};
use crate::failure::{Failure, exit};

/// What is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Project,
    Cluster,
    Sku,
}

/// The names of the organizations that the credentials see, by id. Where they cannot be listed, which is
/// said, the ids have to do.
pub(super) async fn organization_names(context: &Context, org: &Org) -> BTreeMap<String, String> {
    match org.client().orgs().per_page(MOST_PER_PAGE).await {
        Ok(orgs) => {
            let orgs = orgs.into_iter();
            orgs.filter_map(|org| Some((org.id?, org.name?))).collect()
        }
        Err(error) => {
            let why = error.message();
            context.voice.note(&format!(
                "note: organizations are shown by their ids, since their list cannot be read: {why}"
            ));
            BTreeMap::new()
        }
    }
}

/// The ids that are meant, in the order given, and names by id as far as they were looked up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) ids: Vec<String>,
    pub(super) names: BTreeMap<String, String>,
}

/// A project or cluster that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    id: String,
    name: String,
    /// The project of a cluster.
    within: Option<String>,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Cluster => "cluster",
            Self::Sku => "SKU",
        }
    }

    /// Whether there is one of this id or name; those of SKUs in any case. What cannot be told counts
    /// as there.
    pub(super) async fn has(self, org: &Org, given: &str) -> bool {
        let is_it = |text: &str| match self {
            Self::Sku => text.eq_ignore_ascii_case(given),
            _ => text == given,
        };
        let all = self.list(org).await.ok();
        all.is_none_or(|all| all.iter().any(|it| is_it(&it.id) || is_it(&it.name)))
    }

    /// Reads the list of them, by one request unless it is very long.
    async fn list(self, org: &Org) -> Result<Vec<Known>, Failure> {
        let known = |id, name, within| {
            Some(Known {
                id: id?,
                name: Option::unwrap_or_default(name),
                within,
            })
        };
        let list: Vec<Known> = match self {
            Self::Project => {
                let projects = org.projects().per_page(MOST_PER_PAGE).await;
                let projects = projects.map_err(|error| self.failed(error.into()))?;
                let projects = projects.into_iter();
                projects
                    .filter_map(|project| known(project.id, project.name, None))
                    .collect()
            }
            Self::Sku => {
                let skus = org.client().skus().per_page(MOST_PER_PAGE).await;
                let skus = skus.map_err(|error| self.failed(error.into()))?.into_iter();
                skus.filter_map(|sku| known(sku.id.clone(), sku.id, None))
                    .collect()
            }
            Self::Cluster => {
                let projects = org.clusters().per_page(MOST_PER_PAGE).await;
                let projects = projects.map_err(|error| self.failed(error.into()))?;
                let clusters = projects.into_iter().flat_map(|project| {
                    let within = project.group_name.or(project.group_id);
                    let clusters = project.clusters.into_iter();
                    clusters.map(move |cluster| (cluster, within.clone()))
                });
                clusters
                    .filter_map(|(cluster, within)| known(cluster.cluster_id, cluster.name, within))
                    .collect()
            }
        };
        Ok(list)
    }

    fn failed(self, failure: Failure) -> Failure {
        let name = self.name();
        let failure = failure.about(format_args!("cannot look the {name}s up"));
        failure.with_help(format!("--{name} with an id needs no lookup"))
    }
}

/// The projects or clusters of `given`, each an id or a name. Sends nothing where all are ids;
/// without any given, all that there are if `all`.
pub(super) async fn choose(
    org: &Org,
    kind: Kind,
    given: &[String],
    all: bool,
) -> Result<Chosen, Failure> {
    let by_id = given.iter().all(|given| is_id(given));
    if by_id && !(all && given.is_empty()) {
        return Ok(Chosen {
            ids: given.to_vec(),
            names: BTreeMap::new(),
        });
    }
    let known = kind.list(org).await?;
    let ids = match given {
        [] if known.is_empty() => {
            let what = format!("the organization has no {}s", kind.name());
            return Err(Failure::new(exit::NOT_FOUND, what));
        }
        [] => known.iter().map(|known| known.id.clone()).collect(),
        given => {
            let ids = given.iter().map(|given| meant(kind, given, &known));
            ids.collect::<Result<_, _>>()?
        }
    };
    let names = known.into_iter().filter(|known| !known.name.is_empty());
    let names = names.map(|known| (known.id, known.name)).collect();
    Ok(Chosen { ids, names })
}

/// Fails for an id that there is not, with the one that could be meant; what cannot be told passes.
pub(super) async fn check(org: &Org, kind: Kind, ids: &[&String]) -> Result<(), Failure> {
    let Ok(all) = kind.list(org).await else {
        return Ok(());
    };
    let known: Vec<&str> = all.iter().map(|known| known.id.as_str()).collect();
    let unknown = ids.iter().find(|id| !known.contains(&id.as_str()));
    unknown.map_or(Ok(()), |id| {
        let what = kind.name();
        let instead = nearest(id, &known).map(|id| format!("; did you mean \"{id}\"?"));
        let message = format!(
            "no {what} has the id \"{id}\"{}",
            instead.unwrap_or_default()
        );
        let failure = Failure::new(exit::NOT_FOUND, message);
        Err(failure.with_help(format!("all of them: atlas-billing {what}s list")))
    })
}

/// The id of the one that is meant by an id or a name.
fn meant(kind: Kind, given: &str, known: &[Known]) -> Result<String, Failure> {
    if is_id(given) {
        return Ok(given.to_owned());
    }
    let what = kind.name();
    let named: Vec<&Known> = known.iter().filter(|known| known.name == given).collect();
    match named.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
            let instead = nearest(given, &names);
            let instead =
                instead.map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
            let message = format!("no {what} is named \"{given}\"{instead}");
            let failure = Failure::new(exit::NOT_FOUND, message);
            Err(failure.with_help(format!("all of them: atlas-billing {what}s list")))
        }
        several => {
            let failure = Failure::usage(format!(
                "{} {what}s are named \"{given}\"; use --{what} with the id of the one that is meant",
                several.len()
            ));
            Err(several.iter().fold(failure, |failure, known| {
                let within = known.within.as_ref();
                let within = within.map_or(String::new(), |project| format!("  in {project}"));
                failure.with_help(format!("{}{within}", known.id))
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: u8, name: &str) -> Known {
        Known {
            id: format!("{id:024}"),
            name: name.to_owned(),
            within: Some("web".to_owned()),
        }
    }

    #[test]
    fn a_name_means_one_of_them() {
        let all = [
            known(1, "Production"),
            known(2, "staging"),
            known(3, "staging"),
        ];
        let meant = |given: &str| meant(Kind::Cluster, given, &all);
        assert_eq!(meant("Production"), Ok(all[0].id.clone()));
        let id = "64b7f0a1c2d3e4f506172839";
        assert_eq!(meant(id).as_deref(), Ok(id), "whether or not it is listed");
        let unknown = meant("prodution").unwrap_err();
        assert_eq!(unknown.exit, exit::NOT_FOUND);
        assert!(
            unknown.message.ends_with("did you mean \"Production\"?"),
            "{unknown:?}"
        );
        assert!(!meant("zzz").unwrap_err().message.contains("did you mean"));
        let ambiguous = meant("staging").unwrap_err();
        assert_eq!(ambiguous.exit, exit::USAGE);
        assert_eq!(ambiguous.help, [2, 3].map(|id| format!("{id:024}  in web")));
    }
}
