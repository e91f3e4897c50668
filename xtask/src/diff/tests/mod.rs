//! Each rule on the small specification: one change, and the rows it gives.

mod operations;
mod schemas;

use serde_json::json;

use super::*;
use crate::pocket::{selection, upstream};

type Edit = fn(&mut Value);

fn rows_of(edit: Edit) -> Vec<Change> {
    let mut new = upstream();
    edit(&mut new);
    diff(&upstream(), &new, &selection()).unwrap().rows
}

/// The rows of an edit, and of its reverse.
fn both_ways(edit: Edit) -> (Vec<Change>, Vec<Change>) {
    let mut edited = upstream();
    edit(&mut edited);
    let back = diff(&edited, &upstream(), &selection()).unwrap().rows;
    (rows_of(edit), back)
}

fn told(rows: &[Change]) -> Vec<String> {
    rows.iter()
        .map(|row| format!("{} {}", row.level.as_str(), row.rule))
        .collect()
}

/// One edit, what it is, and what its reverse is.
fn check(table: &[(Edit, &[&str], &[&str])]) {
    for (index, (edit, there, back)) in table.iter().enumerate() {
        let (forward, reverse) = both_ways(*edit);
        assert_eq!(told(&forward), *there, "edit {index}: {forward:#?}");
        assert_eq!(
            told(&reverse),
            *back,
            "the reverse of edit {index}: {reverse:#?}"
        );
    }
}

fn at<'a>(spec: &'a mut Value, pointer: &str) -> &'a mut Value {
    spec.pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer} is not in the small specification"))
}

fn drop_key(spec: &mut Value, pointer: &str, key: &str) {
    at(spec, pointer)
        .as_object_mut()
        .unwrap()
        .remove(key)
        .unwrap();
}

const LIST: &str = "/paths/~1shops~1{shopId}~1orders/get";
const PLACE: &str = "/paths/~1shops~1{shopId}~1orders/post";
const GET: &str = "/paths/~1shops~1{shopId}~1orders~1{orderId}/get";
const ORDER: &str = "/components/schemas/Order";
const NEW_ORDER: &str = "/components/schemas/NewOrder";
const LINE: &str = "/components/schemas/Line";
const JSON_2023: &str = "application/vnd.atlas.2023-01-01+json";

#[test]
fn nothing_changed_is_no_row() {
    assert_eq!(rows_of(|_| {}), []);
    // Prose, and what no operation of ours refers to.
    assert_eq!(
        rows_of(|spec| {
            at(spec, LIST)["summary"] = json!("Other words");
            at(spec, LIST)["tags"] = json!(["Elsewhere"]);
            at(spec, LIST)["x-xgen-docs-url"] = json!("https://example.test/other");
            at(spec, ORDER)["title"] = json!("Something else");
            drop_key(spec, "/components/schemas", "Unused");
            drop_key(spec, "/paths", "/shops/{shopId}/stock");
            at(spec, "/info")["x-xgen-sha"] = json!("other");
        }),
        []
    );
}

#[test]
fn a_shared_part_is_one_row_with_all_its_operations() {
    let rows = rows_of(|spec| {
        at(spec, "/components/schemas/ApiError")["properties"]["more"] = json!({"type": "string"});
    });
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0].operations,
        ["listAllOrders", "placeOrder", "getOrder"]
    );
    assert_eq!(
        rows[0].places,
        ["/components/schemas/ApiError/properties/more"]
    );
    assert_eq!(rows[0].what, "`more` of `ApiError` is new.");
}

#[test]
fn a_place_that_is_gone_is_that_of_the_old_release() {
    let rows = rows_of(|spec| drop_key(spec, &format!("{LINE}/properties"), "note"));
    assert_eq!(rows[0].places, [format!("{LINE}/properties/note")]);
    assert_eq!(rows[0].what, "`note` of `Line` is gone.");
}

#[test]
fn breaking_rows_come_first() {
    let rows = rows_of(|spec| {
        at(spec, LIST)["operationId"] = json!("other");
        at(spec, ORDER)["properties"]["more"] = json!({"type": "string"});
        drop_key(spec, &format!("{LINE}/properties"), "note");
    });
    let levels: Vec<Level> = rows.iter().map(|row| row.level).collect();
    assert_eq!(levels, [Level::Breaking, Level::Additive, Level::Note]);
}

#[test]
fn a_slice_compares_like_the_whole() {
    let slice = crate::pocket::sliced(|_| {}).unwrap();
    assert_eq!(diff(&upstream(), &slice, &selection()).unwrap().rows, []);
    assert_eq!(diff(&slice, &upstream(), &selection()).unwrap().rows, []);
}

#[test]
fn an_operation_in_neither_is_refused() {
    let mut without = upstream();
    drop_key(&mut without, "/paths", "/shops/{shopId}/orders/{orderId}");
    let message = diff(&without, &without, &selection())
        .unwrap_err()
        .to_string();
    assert!(message.contains("(getOrder) is in neither"), "{message}");
}
