//! The projects of each organization that the credentials see, with their clusters.
//!
//! `cargo run --example list_projects`

use std::collections::HashMap;

use atlas_billing::{Client, OrgId};

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Prints one line a project; returns how many there are.
pub async fn run(client: &Client) -> Fallible<usize> {
    let mut count = 0;
    for organization in client.orgs().await? {
        let Some(id) = &organization.id else { continue };
        println!("{id} {}", organization.name.as_deref().unwrap_or("-"));
        let org = client.org(id.parse::<OrgId>()?);
        // One list has the clusters of all projects; an empty project is in the other list alone.
        let mut clusters = HashMap::new();
        for project in org.clusters().await? {
            let names = project
                .clusters
                .into_iter()
                .filter_map(|cluster| cluster.name);
            clusters.insert(project.group_id, names.collect::<Vec<_>>());
        }
        let mut projects = org.projects().stream();
        while let Some(project) = projects.next().await {
            let project = project?;
            let names = clusters.remove(&project.id).unwrap_or_default();
            let name = project.name.as_deref().unwrap_or("-");
            println!("  {name}: {}", names.join(", "));
            count += 1;
        }
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Fallible {
    run(&Client::from_env()?).await?;
    Ok(())
}
