//! Rules of the request's body.

use serde_json::Value;

use super::schemas::{Direction, Subject, compare as compare_schemas};
use super::{Comparison, Level, Node, entries_of};
use crate::media;

/// Compares the request bodies of an operation; `kept` are the versions in both releases.
pub(super) fn compare<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, kept: &[String]) {
    let before = old.child("requestBody").map(|body| body.resolved(c.old));
    let after = new.child("requestBody").map(|body| body.resolved(c.new));
    let required = |body: &Node<'_>| body.get("required") == Some(&Value::Bool(true));
    match (&before, &after) {
        (None, None) => {}
        (Some(body), None) => {
            let what = "It takes no body any more.".to_owned();
            c.row(Level::Breaking, "request-body-removed", &body.place, what);
        }
        (None, Some(body)) if required(body) => {
            let what = "It takes a body now, and requires it.".to_owned();
            c.row(
                Level::Breaking,
                "request-body-added-required",
                &body.place,
                what,
            );
        }
        // A method with a body takes another argument to be called.
        (None, Some(body)) => {
            let what = "It takes a body now.".to_owned();
            c.row(
                Level::Breaking,
                "request-body-added-optional",
                &body.place,
                what,
            );
        }
        (Some(before), Some(after)) => {
            match (required(before), required(after)) {
                (false, true) => {
                    let what = "Its body is required now.".to_owned();
                    c.row(
                        Level::Breaking,
                        "request-body-became-required",
                        &after.place,
                        what,
                    );
                }
                (true, false) => {
                    let what = "Its body is optional now.".to_owned();
                    c.row(
                        Level::Additive,
                        "request-body-became-optional",
                        &after.place,
                        what,
                    );
                }
                _ => {}
            }
            content(c, before, after, kept);
        }
    }
}

fn content<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, kept: &[String]) {
    let (before, after) = (
        entries_of(Some(old), "content"),
        entries_of(Some(new), "content"),
    );
    let told = |media_type: &str| is_told(media_type, kept);
    for (media_type, node) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        if told(media_type) {
            let what = format!("The media type {media_type} of its body is gone.");
            c.row(
                Level::Breaking,
                "request-body-media-type-removed",
                &node.place,
                what,
            );
        }
    }
    for (media_type, node) in &after {
        match before.get(media_type) {
            None if told(media_type) => {
                let what = format!("Its body may also be {media_type}.");
                c.row(
                    Level::Additive,
                    "request-body-media-type-added",
                    &node.place,
                    what,
                );
            }
            Some(earlier) if is_decoded(media_type, &c.wanted.version) => {
                if let (Some(old), Some(new)) = (earlier.child("schema"), node.child("schema")) {
                    let name = "its body".to_owned();
                    let subject = Subject {
                        name,
                        direction: Direction::Request,
                        optional: false,
                    };
                    compare_schemas(c, &old, &new, &subject);
                }
            }
            _ => {}
        }
    }
}

/// Whether a media type that came or went is worth a row: not when its whole version did.
pub(super) fn is_told(media_type: &str, kept: &[String]) -> bool {
    media::versioned(media_type)
        .is_none_or(|found| kept.iter().any(|version| version == found.version))
}

/// Whether our types are made from a media type: the pinned version's, and those without one.
pub(super) fn is_decoded(media_type: &str, pinned: &str) -> bool {
    media::versioned(media_type).is_none_or(|found| found.version == pinned)
}
