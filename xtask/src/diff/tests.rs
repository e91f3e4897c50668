//! Each rule on the small specification: one change, and the rows it gives.

use serde_json::json;

use super::*;
use crate::pocket::{selection, upstream};

type Edit = fn(&mut Value);

fn rows_of(edit: Edit) -> Vec<Change> {
    let mut new = upstream();
    edit(&mut new);
    diff(&upstream(), &new, &selection()).unwrap()
}

/// The rows of an edit, and of its reverse.
fn both_ways(edit: Edit) -> (Vec<Change>, Vec<Change>) {
    let mut edited = upstream();
    edit(&mut edited);
    let back = diff(&edited, &upstream(), &selection()).unwrap();
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
fn operations_come_and_go() {
    check(&[
        (
            |spec| drop_key(spec, "/paths/~1shops~1{shopId}~1orders", "post"),
            &["breaking api-removed-without-deprecation"],
            &["additive endpoint-added"],
        ),
        (
            |spec| drop_key(spec, "/paths", "/shops/{shopId}/orders/{orderId}"),
            &["breaking api-path-removed-without-deprecation"],
            &["additive endpoint-added"],
        ),
        (
            |spec| at(spec, LIST)["operationId"] = json!("allOrders"),
            &["note api-operation-id-removed"],
            &["note api-operation-id-removed"],
        ),
        (
            |spec| drop_key(spec, LIST, "operationId"),
            &["note api-operation-id-removed"],
            &["note api-operation-id-added"],
        ),
        (
            |spec| at(spec, LIST)["x-rolesRequirements"] = json!(["Shop Keeper", "Owner"]),
            &["note api-roles-changed"],
            &["note api-roles-changed"],
        ),
        (
            |spec| drop_key(spec, LIST, "x-rolesRequirements"),
            &["note api-roles-changed"],
            &["note api-roles-changed"],
        ),
        (
            |spec| at(spec, GET)["deprecated"] = json!(true),
            &["note endpoint-deprecated"],
            &["note endpoint-reactivated"],
        ),
    ]);
}

#[test]
fn a_path_whose_parameters_were_renamed_is_pointed_to() {
    let rows = rows_of(|spec| {
        let paths = at(spec, "/paths").as_object_mut().unwrap();
        let item = paths.remove("/shops/{shopId}/orders/{orderId}").unwrap();
        paths.insert("/shops/{shopId}/orders/{id}".to_owned(), item);
    });
    assert_eq!(
        told(&rows),
        ["breaking api-path-removed-without-deprecation"]
    );
    assert!(
        rows[0].what.contains("/shops/{shopId}/orders/{id}"),
        "{}",
        rows[0].what
    );
}

#[test]
fn versions_and_media_types_come_and_go() {
    check(&[
        (
            |spec| {
                let content = at(spec, &format!("{GET}/responses/200/content"));
                content["application/vnd.atlas.2024-05-01+json"] = content[JSON_2023].clone();
            },
            &["additive api-version-added"],
            &["breaking api-version-removed"],
        ),
        (
            |spec| {
                let content = format!("{GET}/responses/200/content");
                drop_key(spec, &content, "application/vnd.atlas.2023-01-01+csv");
            },
            &["breaking response-media-type-removed"],
            &["additive response-media-type-added"],
        ),
        (
            |spec| {
                let content = at(spec, &format!("{PLACE}/requestBody/content"));
                content["application/vnd.atlas.2023-01-01+xml"] = json!({});
            },
            &["additive request-body-media-type-added"],
            &["breaking request-body-media-type-removed"],
        ),
    ]);
    let gone = rows_of(|spec| {
        let content = at(spec, &format!("{GET}/responses/200/content"));
        *content = json!({"application/vnd.atlas.2024-05-01+json": {"schema": {}}});
    });
    assert_eq!(
        told(&gone),
        ["breaking api-version-removed", "additive api-version-added"]
    );
    assert!(
        gone[0]
            .what
            .contains("2023-01-01, the one pinned here, is gone"),
        "{}",
        gone[0].what
    );
}

#[test]
fn statuses_and_headers_come_and_go() {
    check(&[
        (
            |spec| at(spec, LIST)["responses"]["403"] = json!({"description": ""}),
            &["additive response-non-success-status-added"],
            &["note response-non-success-status-removed"],
        ),
        (
            |spec| at(spec, LIST)["responses"]["204"] = json!({"description": ""}),
            &["additive response-success-status-added"],
            &["breaking response-success-status-removed"],
        ),
        (
            |spec| drop_key(spec, &format!("{LIST}/responses/200/headers"), "Left"),
            &["note optional-response-header-removed"],
            &["additive response-header-added"],
        ),
        // A header's name has no case.
        (
            |spec| {
                let headers = at(spec, &format!("{LIST}/responses/200/headers"));
                *headers = json!({"LEFT": headers["Left"]});
            },
            &[],
            &[],
        ),
    ]);
}

#[test]
fn parameters_come_go_and_change() {
    check(&[
        (
            |spec| {
                at(spec, LIST)["parameters"]
                    .as_array_mut()
                    .unwrap()
                    .remove(2);
            },
            &["breaking request-parameter-removed"],
            &["additive new-optional-request-parameter"],
        ),
        (
            |spec| {
                let parameter = json!({"in": "query", "name": "x", "required": true,
                    "schema": {"type": "string"}});
                at(spec, LIST)["parameters"]
                    .as_array_mut()
                    .unwrap()
                    .push(parameter);
            },
            &["breaking new-required-request-parameter"],
            &["breaking request-parameter-removed"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][2]["required"] = json!(true),
            &["breaking request-parameter-became-required"],
            &["additive request-parameter-became-optional"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["type"] = json!("string"),
            &["breaking request-parameter-type-changed"],
            &["breaking request-parameter-type-changed"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["maximum"] = json!(100),
            &["breaking request-parameter-max-decreased"],
            &["note request-parameter-max-increased"],
        ),
        (
            |spec| drop_key(spec, &format!("{LIST}/parameters/2/schema"), "minimum"),
            &["note request-parameter-min-unset"],
            &["breaking request-parameter-min-set"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["default"] = json!(50),
            &["note request-parameter-default-value-changed"],
            &["note request-parameter-default-value-changed"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][3]["explode"] = json!(false),
            &["breaking request-parameter-serialization-changed"],
            &["breaking request-parameter-serialization-changed"],
        ),
        (
            |spec| {
                at(spec, LIST)["parameters"][3]["schema"]["items"]["enum"] =
                    json!(["OPEN", "DONE", "LATE"]);
            },
            &["additive request-parameter-enum-value-added"],
            &["breaking request-parameter-enum-value-removed"],
        ),
        (
            |spec| drop_key(spec, "/components/parameters/shopId/schema", "pattern"),
            &["note request-parameter-pattern-removed"],
            &["breaking request-parameter-pattern-added"],
        ),
        (
            |spec| at(spec, "/components/parameters/shopId/schema")["pattern"] = json!("^x$"),
            &["note request-parameter-pattern-changed"],
            &["note request-parameter-pattern-changed"],
        ),
    ]);
}

#[test]
fn request_bodies_come_go_and_change() {
    check(&[
        (
            |spec| drop_key(spec, PLACE, "requestBody"),
            &["breaking request-body-removed"],
            &["breaking request-body-added-required"],
        ),
        (
            |spec| {
                let body = json!({"content": {JSON_2023: {"schema": {"type": "object"}}}});
                at(spec, GET)["requestBody"] = body;
            },
            &["breaking request-body-added-optional"],
            &["breaking request-body-removed"],
        ),
        (
            |spec| at(spec, PLACE)["requestBody"]["required"] = json!(false),
            &["additive request-body-became-optional"],
            &["breaking request-body-became-required"],
        ),
        (
            |spec| drop_key(spec, &format!("{NEW_ORDER}/properties"), "words"),
            &["breaking request-property-removed"],
            &["additive new-optional-request-property"],
        ),
        (
            |spec| {
                at(spec, NEW_ORDER)["properties"]["who"] = json!({"type": "string"});
                at(spec, NEW_ORDER)["required"] = json!(["day", "who"]);
            },
            &["breaking new-required-request-property"],
            &["breaking request-property-removed"],
        ),
        (
            |spec| at(spec, NEW_ORDER)["required"] = json!(["day", "kind"]),
            &["breaking request-property-became-required"],
            &["breaking request-property-became-optional"],
        ),
        (
            |spec| at(spec, NEW_ORDER)["properties"]["day"]["format"] = json!("date-time"),
            &["breaking request-property-type-changed"],
            &["breaking request-property-type-changed"],
        ),
        (
            |spec| at(spec, NEW_ORDER)["properties"]["words"]["nullable"] = json!(true),
            &["additive request-property-became-nullable"],
            &["note request-property-became-not-nullable"],
        ),
        // A required field becomes an option, or ceases to be one.
        (
            |spec| at(spec, NEW_ORDER)["properties"]["day"]["nullable"] = json!(true),
            &["breaking request-property-became-nullable"],
            &["breaking request-property-became-not-nullable"],
        ),
        (
            |spec| at(spec, NEW_ORDER)["properties"]["kind"]["enum"] = json!(["fast"]),
            &["breaking request-property-enum-value-removed"],
            &["additive request-property-enum-value-added"],
        ),
        (
            |spec| {
                at(spec, NEW_ORDER)["properties"]["words"]["items"]["enum"] = json!(["a"]);
            },
            &["breaking request-property-became-enum"],
            &["additive request-property-became-not-enum"],
        ),
    ]);
}

#[test]
fn answers_change_without_breaking_a_reader() {
    check(&[
        (
            |spec| at(spec, ORDER)["properties"]["more"] = json!({"type": "string"}),
            &["additive response-optional-property-added"],
            &["breaking response-optional-property-removed"],
        ),
        (
            |spec| {
                at(spec, ORDER)["properties"]["more"] = json!({"type": "string"});
                at(spec, ORDER)["required"] = json!(["cents", "lines", "more"]);
            },
            &["additive response-required-property-added"],
            &["breaking response-required-property-removed"],
        ),
        (
            |spec| at(spec, ORDER)["required"] = json!(["cents"]),
            &["additive response-property-became-optional"],
            &["additive response-property-became-required"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["cents"]["nullable"] = json!(true),
            &["additive response-property-became-nullable"],
            &["note response-property-became-not-nullable"],
        ),
        (
            |spec| at(spec, "/components/schemas/Line")["nullable"] = json!(true),
            &["additive response-property-became-nullable"],
            &["note response-property-became-not-nullable"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["cents"]["format"] = json!("int32"),
            &["breaking response-property-type-changed"],
            &["breaking response-property-type-changed"],
        ),
        (
            |spec| at(spec, LINE)["properties"]["discount"]["format"] = json!("double"),
            &["note response-property-format-changed"],
            &["note response-property-format-changed"],
        ),
        (
            |spec| {
                at(spec, LINE)["properties"]["order"] =
                    json!({"$ref": "#/components/schemas/Page"});
            },
            &["breaking response-property-type-changed"],
            &["breaking response-property-type-changed"],
        ),
        (
            |spec| {
                let content = format!("{GET}/responses/200/content");
                at(spec, &content)[JSON_2023]["schema"] = json!({"type": "object"});
            },
            &["breaking response-body-type-changed"],
            &["breaking response-body-type-changed"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["state"]["enum"] = json!(["OPEN"]),
            &["breaking response-property-enum-value-removed"],
            &["additive response-property-enum-value-added"],
        ),
        // An enum without a name is text here: what it loses, nobody can have named.
        (
            |spec| at(spec, LINE)["properties"]["code"]["enum"] = json!(["A1"]),
            &["note response-property-enum-value-removed"],
            &["additive response-property-enum-value-added"],
        ),
        (
            |spec| drop_key(spec, &format!("{LINE}/properties/code"), "enum"),
            &["additive response-property-became-not-enum"],
            &["note response-property-became-enum"],
        ),
        (
            |spec| drop_key(spec, &format!("{ORDER}/properties/state"), "enum"),
            &["breaking response-property-became-not-enum"],
            &["breaking response-property-became-enum"],
        ),
        (
            |spec| {
                let items = "/components/schemas/ApiError/properties/parameters/items";
                drop_key(spec, items, "readOnly");
            },
            &["note response-property-became-not-read-only"],
            &["note response-property-became-read-only"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["lines"]["minItems"] = json!(0),
            &["note response-property-min-items-decreased"],
            &["note response-property-min-items-increased"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["title"]["deprecated"] = json!(true),
            &["note response-property-deprecated"],
            &["note response-property-reactivated"],
        ),
        (
            |spec| {
                at(spec, ORDER)["properties"]["tags"]["additionalProperties"]["items"]["type"] =
                    json!("integer");
            },
            &["breaking response-property-type-changed"],
            &["breaking response-property-type-changed"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["tags"] = json!({"oneOf": [{}, {}]}),
            &["breaking response-property-type-changed"],
            &["breaking response-property-type-changed"],
        ),
    ]);
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
        rows[0].place,
        "/components/schemas/ApiError/properties/more"
    );
    assert_eq!(rows[0].what, "`more` of `ApiError` is new.");
}

#[test]
fn a_place_that_is_gone_is_that_of_the_old_release() {
    let rows = rows_of(|spec| drop_key(spec, &format!("{LINE}/properties"), "note"));
    assert_eq!(rows[0].place, format!("{LINE}/properties/note"));
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
    assert_eq!(diff(&upstream(), &slice, &selection()).unwrap(), []);
    assert_eq!(diff(&slice, &upstream(), &selection()).unwrap(), []);
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
