//! Rules of the operation itself: whether it is there, its operationId, versions, roles, and
//! whether it is on its way out.

use serde_json::Value;

use super::{Comparison, Level, Node, answers, parameters, quoted_list, requests};
use crate::versions;

/// Compares the operation in all its parts.
pub(super) fn compare<'a>(c: &mut Comparison<'a>, whole_new: &Value) {
    let path = crate::pointer::child("/paths", &c.wanted.path);
    let place = crate::pointer::child(&path, &c.wanted.method);
    match (c.wanted.find(c.old), c.wanted.find(c.new)) {
        (None, Some(_)) => {
            let what = format!("{} is new.", c.wanted.title());
            c.row(Level::Additive, "endpoint-added", &place, what);
        }
        (Some(_), None) => gone(c, &path, &place, whole_new),
        (Some(old), Some(new)) => {
            let (old, new) = (Node::new(old, &place), Node::new(new, &place));
            operation_id(c, &old, &new);
            roles(c, &old, &new);
            on_its_way_out(c, &old, &new);
            let kept = offered_versions(c, &old, &new);
            parameters::compare(c, &old, &new);
            requests::compare(c, &old, &new, &kept);
            answers::compare(c, &old, &new, &kept);
        }
        (None, None) => {}
    }
}

fn gone(c: &mut Comparison<'_>, path: &str, place: &str, whole_new: &Value) {
    let title = c.wanted.title();
    if whole_new["paths"].get(&c.wanted.path).is_some() {
        let what = format!("{title} is gone; its path has other methods still.");
        c.row(
            Level::Breaking,
            "api-removed-without-deprecation",
            place,
            what,
        );
        return;
    }
    let paths = whole_new["paths"].as_object();
    let shape = without_names(&c.wanted.path);
    let moved = paths.and_then(|paths| paths.keys().find(|other| without_names(other) == shape));
    let what = match moved {
        Some(other) => format!("{title} is gone; its parameters are called otherwise: {other}."),
        None => format!("{title} is gone with its path."),
    };
    c.row(
        Level::Breaking,
        "api-path-removed-without-deprecation",
        path,
        what,
    );
}

/// A path in which each parameter is just a parameter.
fn without_names(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn operation_id(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) {
    let id = |node: &Node<'_>| {
        node.get("operationId")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let place = crate::pointer::child(&new.place, "operationId");
    match (id(old), id(new)) {
        (before, after) if before == after => {}
        (Some(before), Some(after)) => {
            let what = format!("The operationId `{before}` is now `{after}`; ours stays.");
            c.row(Level::Note, "api-operation-id-removed", &place, what);
        }
        (Some(before), None) => {
            let what = format!("The operationId `{before}` is gone; ours stays.");
            c.row(Level::Note, "api-operation-id-removed", &place, what);
        }
        (_, after) => {
            let what = format!("The operationId `{}` is new.", after.unwrap_or_default());
            c.row(Level::Note, "api-operation-id-added", &place, what);
        }
    }
}

fn roles(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) {
    const ROLES: &str = "x-rolesRequirements";
    let list = |node: &Node<'_>| -> Option<String> {
        let roles = node.get(ROLES)?.as_array()?;
        Some(quoted_list(roles.iter().filter_map(Value::as_str)))
    };
    let place = crate::pointer::child(&new.place, ROLES);
    let what = match (list(old), list(new)) {
        (before, after) if before == after => return,
        (None, Some(after)) => format!("The role it takes is stated: {after}."),
        (Some(before), None) => format!("The role it takes is no longer stated; it was {before}."),
        (before, after) => format!(
            "The role it takes is {}; it was {}.",
            after.unwrap_or_default(),
            before.unwrap_or_default()
        ),
    };
    c.row(Level::Note, "api-roles-changed", &place, what);
}

fn on_its_way_out(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) {
    let deprecated = |node: &Node<'_>| node.get("deprecated") == Some(&Value::Bool(true));
    let place = crate::pointer::child(&new.place, "deprecated");
    match (deprecated(old), deprecated(new)) {
        (false, true) => {
            let what = format!("{} is deprecated.", c.wanted.title());
            c.row(Level::Note, "endpoint-deprecated", &place, what);
        }
        (true, false) => {
            let what = format!("{} is no longer deprecated.", c.wanted.title());
            c.row(Level::Note, "endpoint-reactivated", &place, what);
        }
        _ => {}
    }
}

/// The versions that both releases offer. Those that came or went are told here, once, rather
/// than with each of their media types.
fn offered_versions(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) -> Vec<String> {
    let before = versions::of(c.old, old.value);
    let after = versions::of(c.new, new.value);
    for version in before
        .keys()
        .filter(|version| !after.contains_key(*version))
    {
        let pinned = if version == &c.wanted.version {
            ", the one pinned here,"
        } else {
            ""
        };
        let what = format!("The version {version}{pinned} is gone.");
        c.row(Level::Breaking, "api-version-removed", &new.place, what);
    }
    for version in after
        .keys()
        .filter(|version| !before.contains_key(*version))
    {
        let what = format!(
            "The version {version} is new; {} is pinned here.",
            c.wanted.version
        );
        c.row(Level::Additive, "api-version-added", &new.place, what);
    }
    before
        .into_keys()
        .filter(|version| after.contains_key(version))
        .collect()
}
