//! Bodies and the schemas they are made of.

use super::*;

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
