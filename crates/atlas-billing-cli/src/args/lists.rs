//! The commands that list what there is around a bill.

use clap::Subcommand;

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum OrgsCommand {
    /// List ids and names; needs no --org
    #[command(visible_alias = "ls", after_help = examples("orgs list", "orgs list -o csv"))]
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectsCommand {
    /// List ids and names
    #[command(visible_alias = "ls", after_help = examples("projects list", "projects list -o csv"))]
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClustersCommand {
    /// List ids and names, project by project
    #[command(visible_alias = "ls", after_help = examples("clusters list", "clusters list -o csv"))]
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SkusCommand {
    /// List codes and descriptions; needs no --org
    #[command(visible_alias = "ls", after_help = examples("skus list", "skus list backup"))]
    List {
        /// Only those with this in code or description, whatever its case
        #[arg(value_name = "WORD")]
        word: Option<String>,
    },
}
