//! Rules of an operation: whether it is there, versions, roles, sign-in methods, parameters,
//! bodies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::schema::{Direction, Subject, compare as compare_schemas, written_type};
use super::{Comparison, Level, Node, only, quoted_list};
use crate::spec::{METHODS, child, is_success};
use crate::versions::{self, is_stable, versioned};

/// What changes nothing for a program, and which rule it is when it comes, goes and changes.
const REMARKS: [(&str, &str, &str, &str); 2] = [
    (
        "operationId",
        "api-operation-id-added",
        "api-operation-id-removed",
        "api-operation-id-removed",
    ),
    (
        "x-rolesRequirements",
        "api-roles-changed",
        "api-roles-changed",
        "api-roles-changed",
    ),
];

/// Compares the operation in all its parts.
pub(super) fn compare(c: &mut Comparison<'_>, whole_new: &Value) {
    let place = child(&child("/paths", &c.wanted.path), &c.wanted.method);
    let node = |operation| Node::new(operation, &place);
    let title = c.wanted.title();
    match (
        c.wanted.find(c.old).map(node),
        c.wanted.find(c.new).map(node),
    ) {
        (None, Some(new)) => c.additive("endpoint-added", &new, format!("{title} is new.")),
        (Some(old), None) => gone(c, &old, whole_new),
        (Some(old), Some(new)) => {
            for (key, set, unset, changed) in REMARKS {
                c.remark(key, [set, unset, changed], &title, &old, &new);
            }
            deprecation(c, &old, &new);
            security(c, &old, &new);
            let kept = offered_versions(c, &old, &new);
            parameters(c, &old, &new);
            request(c, &old, &new, &kept);
            responses(c, &old, &new, &kept);
        }
        (None, None) => {}
    }
}

/// Whether the operation is deprecated, and whether upstream says until when it is there: the
/// `x-sunset` of the pinned version's media types.
fn deprecation(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) {
    let title = c.wanted.title();
    match (old.is("deprecated"), new.is("deprecated")) {
        (false, true) => match sunset(c, new) {
            Some(day) => {
                let what = format!("{title} is deprecated, and there until {day}.");
                c.note("endpoint-deprecated", new, what);
            }
            None => {
                let what = format!("{title} is deprecated, without a day on which it goes.");
                c.note("api-deprecated-sunset-missing", new, what);
            }
        },
        (true, false) => {
            let what = format!("{title} is no longer deprecated.");
            c.note("endpoint-reactivated", new, what);
        }
        _ => {}
    }
}

/// The day on which the pinned version of an operation goes.
fn sunset<'a>(c: &Comparison<'a>, operation: &Node<'a>) -> Option<&'a str> {
    let responses = operation.entries("responses").into_values();
    let contents = responses.map(|response| response.resolved(c.new).entries("content"));
    let days = contents.flatten().filter_map(|(media_type, node)| {
        let version = versioned(media_type)?.version;
        (version == c.wanted.version).then(|| node.text("x-sunset"))?
    });
    days.min()
}

fn gone(c: &mut Comparison<'_>, old: &Node<'_>, whole_new: &Value) {
    let title = c.wanted.title();
    let paths = &whole_new["paths"];
    let item = &paths[&c.wanted.path];
    if METHODS.iter().any(|method| item.get(method).is_some()) {
        let what = format!("{title} is gone; its path has other methods.");
        return c.breaking("api-removed-without-deprecation", old, what);
    }
    let shape = without_names(&c.wanted.path);
    let mut others = paths.as_object().into_iter().flat_map(|paths| paths.keys());
    let moved = others.find(|other| **other != c.wanted.path && without_names(other) == shape);
    let what = match moved {
        Some(other) => format!("{title} is gone; the parameters have other names in {other}."),
        None => format!("{title} is gone with its path."),
    };
    c.breaking("api-path-removed-without-deprecation", old, what);
}

/// A path in which each parameter is just a parameter; what stands beside one is kept.
fn without_names(path: &str) -> String {
    let parts = path
        .split('{')
        .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.collect::<Vec<_>>().join("{}")
}

/// The sign-in methods of which a request needs one, with the scopes of each. A slice that was made
/// before they were kept says nothing.
fn security(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) {
    let (Some(before), Some(after)) = (alternatives(old), alternatives(new)) else {
        return;
    };
    let is_open = |known: &Alternatives| known.is_empty() || known.contains_key("");
    match (is_open(&before), is_open(&after)) {
        (true, true) => return,
        (false, true) => {
            let what = "It needs no credentials any more.";
            return c.additive("api-security-removed", new, what);
        }
        (true, false) => {
            let names = quoted_list(after.keys().map(String::as_str));
            let what = format!("It needs credentials now: {names}.");
            return c.breaking("api-security-added", new, what);
        }
        (false, false) => {}
    }
    for (name, _) in only(&before, &after) {
        let what = format!("The sign-in method `{name}` is no longer accepted.");
        c.breaking("api-security-removed", new, what);
    }
    for (name, _) in only(&after, &before) {
        let what = format!("The sign-in method `{name}` is accepted too.");
        c.additive("api-security-added", new, what);
    }
    for (name, scopes) in &after {
        let Some(earlier) = before.get(name) else {
            continue;
        };
        for scope in scopes.difference(earlier) {
            let what = format!("`{name}` needs the scope `{scope}` now.");
            c.breaking("api-security-scope-added", new, what);
        }
        for scope in earlier.difference(scopes) {
            let what = format!("`{name}` no longer needs the scope `{scope}`.");
            c.note("api-security-scope-removed", new, what);
        }
        for scheme in name.split(" with ") {
            let at = child("/components/securitySchemes", scheme);
            if facts(c.old.pointer(&at)) != facts(c.new.pointer(&at)) {
                let what = format!("The sign-in method `{scheme}` works in another way now.");
                let rule = "api-security-component-changed";
                c.breaking(rule, &Node::new(&Value::Null, at), what);
            }
        }
    }
}

type Alternatives = BTreeMap<String, BTreeSet<String>>;

fn alternatives(operation: &Node<'_>) -> Option<Alternatives> {
    let alternatives = operation
        .list("security")?
        .iter()
        .filter_map(Value::as_object);
    let alternatives = alternatives.map(|schemes| {
        let names: Vec<&str> = schemes.keys().map(String::as_str).collect();
        let scopes = schemes.values().filter_map(Value::as_array).flatten();
        let scopes = scopes.filter_map(Value::as_str).map(str::to_owned);
        (names.join(" with "), scopes.collect())
    });
    Some(alternatives.collect())
}

/// What a program that signs in depends on.
fn facts(scheme: Option<&Value>) -> Option<Vec<&Value>> {
    let pointers = [
        "/type",
        "/scheme",
        "/in",
        "/name",
        "/flows/clientCredentials/tokenUrl",
    ];
    let facts = pointers
        .iter()
        .filter_map(|pointer| scheme?.pointer(pointer));
    scheme.map(|_| facts.collect())
}

/// The versions that both releases offer. Those that came or went are reported here, once, rather
/// than with each of their media types.
fn offered_versions(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>) -> Vec<String> {
    let before = versions::of(c.old, old.value);
    let after = versions::of(c.new, new.value);
    let pinned = c.wanted.version.clone();
    for (version, _) in only(&before, &after) {
        let level = Level::Breaking.only_if(is_stable(version));
        let what = match *version == pinned {
            true => format!("The version {version}, the one pinned here, is gone."),
            false => format!("The version {version} is gone."),
        };
        c.row(level, "api-version-removed", new, what);
    }
    for (version, _) in only(&after, &before) {
        let level = Level::Additive.only_if(is_stable(version));
        let what = format!("The version {version} is new; {pinned} is pinned here.");
        c.row(level, "api-version-added", new, what);
    }
    before
        .into_keys()
        .filter(|version| after.contains_key(version))
        .collect()
}

/// All parameters by where they stand and their name, those of the path item included.
fn all_parameters<'a>(
    spec: &'a Value,
    operation: &Node<'a>,
) -> BTreeMap<(&'a str, &'a str), Node<'a>> {
    let mut found = BTreeMap::new();
    let item = operation
        .place
        .rsplit_once('/')
        .map_or("", |(item, _)| item);
    let item = spec.pointer(item).map(|value| Node::new(value, item));
    for holder in item.iter().chain([operation]) {
        for (index, value) in holder.list("parameters").into_iter().flatten().enumerate() {
            let place = format!("{}/parameters/{index}", holder.place);
            let node = Node::new(value, place).resolved(spec);
            let text = |key| node.text(key).unwrap_or_default();
            found.insert((text("in"), text("name")), node.clone());
        }
    }
    found
}

fn parameters<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>) {
    let (before, after) = (all_parameters(c.old, old), all_parameters(c.new, new));
    let title = |key: &(&str, &str)| format!("The {} parameter `{}`", key.0, key.1);
    for (key, node) in only(&before, &after) {
        let what = format!("{} is gone.", title(key));
        c.breaking("request-parameter-removed", node, what);
    }
    for (key, node) in only(&after, &before) {
        let (level, word) = match node.is("required") {
            true => (Level::Breaking, "required"),
            false => (Level::Additive, "optional"),
        };
        let rule = format!("new-{word}-request-parameter");
        let what = format!("{} is new and {word}.", title(key));
        c.row(level, rule, node, what);
    }
    for (key, node) in &after {
        let Some(earlier) = before.get(key) else {
            continue;
        };
        became_required(c, "request-parameter", &title(key), earlier, node);
        for style in ["style", "explode", "allowReserved"] {
            if earlier.value.get(style) != node.value.get(style) {
                let what = format!("{}: `{style}` changed, and with it the URL.", title(key));
                c.breaking("request-parameter-serialization-changed", node, what);
            }
        }
        let name = format!("the parameter `{}`", key.1);
        let subject = Subject::new(name, Direction::Parameter, !node.is("required"));
        schemas(c, earlier, node, &subject);
    }
}

fn became_required(
    c: &mut Comparison<'_>,
    rule: &str,
    title: &str,
    old: &Node<'_>,
    new: &Node<'_>,
) {
    let (level, word) = match (old.is("required"), new.is("required")) {
        (false, true) => (Level::Breaking, "required"),
        (true, false) => (Level::Additive, "optional"),
        _ => return,
    };
    let what = format!("{title} is {word} now.");
    c.row(level, format!("{rule}-became-{word}"), new, what);
}

fn schemas<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, subject: &Subject) {
    if let (Some(old), Some(new)) = (old.child("schema"), new.child("schema")) {
        compare_schemas(c, &old, &new, subject);
    }
}

fn request<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, kept: &[String]) {
    let before = old.child("requestBody").map(|body| body.resolved(c.old));
    let after = new.child("requestBody").map(|body| body.resolved(c.new));
    match (&before, &after) {
        (None, None) => {}
        (Some(body), None) => {
            c.breaking("request-body-removed", body, "It takes no body any more.")
        }
        // A method with a body takes another argument to be called.
        (None, Some(body)) => {
            let word = if body.is("required") {
                "required"
            } else {
                "optional"
            };
            let what = format!("It takes a body now ({word}).");
            c.breaking(format!("request-body-added-{word}"), body, what);
        }
        (Some(before), Some(after)) => {
            became_required(c, "request-body", "Its body", before, after);
            let subject = Subject::new("its body".to_owned(), Direction::Request, false);
            content(c, Level::Breaking, (before, after), kept, &subject);
        }
    }
}

fn responses<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, kept: &[String]) {
    let (before, after) = (old.entries("responses"), new.entries("responses"));
    let kind = |status: &str| {
        if is_success(status) {
            "success"
        } else {
            "non-success"
        }
    };
    for (status, node) in only(&before, &after) {
        let level = Level::Breaking.only_if(is_success(status));
        let rule = format!("response-{}-status-removed", kind(status));
        c.row(level, rule, node, format!("The status {status} is gone."));
    }
    for (status, node) in only(&after, &before) {
        let rule = format!("response-{}-status-added", kind(status));
        c.additive(rule, node, format!("The status {status} is new."));
    }
    for (status, node) in &after {
        if let Some(earlier) = before.get(status) {
            let (earlier, node) = (earlier.resolved(c.old), node.resolved(c.new));
            headers(c, status, &earlier, &node);
            let level = Level::Breaking.only_if(is_success(status));
            let subject = Subject::new(format!("the body of {status}"), Direction::Response, true);
            content(c, level, (&earlier, &node), kept, &subject);
        }
    }
}

/// Header names are case-insensitive (RFC 9110, section 5.1). No type is generated for a header, and
/// each is read as optional: another type is worth knowing.
fn headers<'a>(c: &mut Comparison<'a>, status: &str, old: &Node<'a>, new: &Node<'a>) {
    let headers = |spec: &'a Value, node: &Node<'a>| -> BTreeMap<String, (&'a str, Node<'a>)> {
        let headers = node.entries("headers").into_iter();
        let resolved =
            headers.map(|(name, node)| (name.to_lowercase(), (name, node.resolved(spec))));
        resolved.collect()
    };
    let (before, after) = (headers(c.old, old), headers(c.new, new));
    for (_, (name, _)) in only(&before, &after) {
        let what = format!("The header {name} of {status} is gone.");
        c.note("optional-response-header-removed", new, what);
    }
    for (_, (name, _)) in only(&after, &before) {
        let what = format!("The header {name} of {status} is new.");
        c.additive("response-header-added", new, what);
    }
    for (key, (name, header)) in &after {
        let Some((_, earlier)) = before.get(key) else {
            continue;
        };
        let kind = |spec: &'a Value, header: &Node<'a>| {
            let schema = header.child("schema").map(|schema| schema.resolved(spec));
            schema.map_or("undescribed".to_owned(), |schema| written_type(&schema))
        };
        let (was, is) = (kind(c.old, earlier), kind(c.new, header));
        if was != is {
            let what = format!("The header {name} of {status} is {is} now; it was {was}.");
            c.note("response-header-type-changed", header, what);
        }
    }
}

/// The media types of a body; the schemas of those that our types are made from. `kept` are the
/// versions in both releases: what came or went with its version has been reported.
fn content<'a>(
    c: &mut Comparison<'a>,
    removed: Level,
    (old, new): (&Node<'a>, &Node<'a>),
    kept: &[String],
    subject: &Subject,
) {
    let (mut before, after) = (old.entries("content"), new.entries("content"));
    let rule = match subject.direction {
        Direction::Response => "response",
        _ => "request-body",
    };
    let version = |media_type: &'a str| versioned(media_type).map(|found| found.version);
    let is_kept = |media_type: &'a str| {
        version(media_type).is_none_or(|version| kept.iter().any(|kept| kept == version))
    };
    let name = &subject.name;
    // Another parameter makes no other type: a response's is told by what stands before it.
    for (media_type, node) in &after {
        let is_same =
            |other: &&&str| essence(other) == essence(media_type) && !after.contains_key(**other);
        let other = before.keys().find(is_same).copied();
        let other = other.filter(|_| !before.contains_key(media_type));
        if let Some((other, earlier)) = other.and_then(|other| before.remove_entry(other)) {
            let what = format!("The media type of {name} is {media_type} now; it was {other}.");
            c.note(format!("{rule}-media-type-parameters-changed"), node, what);
            before.insert(media_type, earlier);
        }
    }
    for (media_type, node) in only(&before, &after).filter(|(name, _)| is_kept(name)) {
        let left = quoted_list(after.keys().copied());
        let what = format!("The media type {media_type} of {name} is gone; left: {left}.");
        c.row(removed, format!("{rule}-media-type-removed"), node, what);
    }
    for (media_type, node) in only(&after, &before).filter(|(name, _)| is_kept(name)) {
        let what = format!("The media type {media_type} of {name} is new.");
        c.additive(format!("{rule}-media-type-added"), node, what);
    }
    for (media_type, node) in &after {
        if let Some(earlier) = before.get(media_type) {
            let is_pinned = version(media_type).is_none_or(|version| version == c.wanted.version);
            sunset_changed(c, media_type, is_pinned, earlier, node);
            if is_pinned {
                schemas(c, earlier, node, subject);
            }
        }
    }
}

/// A media type without its parameters, which has no case (RFC 9110, section 8.3.1).
fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The day on which upstream removes the version of a media type, `YYYY-MM-DD`. One that has been
/// announced and comes nearer takes time from those who planned with it.
fn sunset_changed(
    c: &mut Comparison<'_>,
    media_type: &str,
    is_pinned: bool,
    old: &Node<'_>,
    new: &Node<'_>,
) {
    match (old.text("x-sunset"), new.text("x-sunset")) {
        (Some(before), Some(after)) if after < before => {
            let what = format!("{media_type} goes on {after} already; it was {before}.");
            let level = Level::Breaking.only_if(is_pinned);
            c.row(level, "api-sunset-date-changed-too-small", new, what);
        }
        _ => c.remark(
            "x-sunset",
            ["api-version-sunset-changed"; 3],
            media_type,
            old,
            new,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_alike_only_in_the_names_of_their_parameters() {
        let shape = without_names("/orgs/{orgId}/invoices/{invoiceId}");
        assert_eq!(shape, "/orgs/{}/invoices/{}");
        for (other, alike) in [
            ("/orgs/{id}/invoices/{invoice}", true),
            ("/orgs/{id}/invoices/{invoice}:search", false),
            ("/orgs/{id}/invoices/{invoice}/csv", false),
            ("/orgs/{id}/invoices/pending", false),
        ] {
            assert_eq!(without_names(other) == shape, alike, "{other}");
        }
    }
}
