//! Each quirk on the small specification: what it does, and that it complains once it is idle.

use serde_json::json;

use super::*;
use crate::overlay;
use crate::pocket;

/// The effective small specification, after `change`.
fn effective(change: impl FnOnce(&mut Value)) -> Value {
    let mut spec = pocket::overlay()
        .apply(&pocket::sliced(|_| {}).unwrap())
        .unwrap()
        .0;
    overlay::fill(&mut spec);
    change(&mut spec);
    spec
}

fn adapted() -> Value {
    changed(|_| {})
}

/// The generator's input after `change`.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    adapt(&effective(change), &pocket::selection()).unwrap().0
}

fn warnings(change: impl FnOnce(&mut Value)) -> Vec<String> {
    adapt(&effective(change), &pocket::selection()).unwrap().1
}

fn drop_everywhere(spec: &mut Value, keys: &[&str]) {
    crate::schemas::each(spec, &mut |_, schema| {
        schema.retain(|key, _| !keys.contains(&key.as_str()))
    });
}

const ORDERS: &str = "/shops/{shopId}/orders";
const ORDER: &str = "/shops/{shopId}/orders/{orderId}";

#[test]
fn operations_have_our_names_one_json_body_and_successes_only() {
    let spec = adapted();
    let list = &spec["paths"][ORDERS]["get"];
    assert_eq!(list["operationId"], "listAllOrders");
    let statuses: Vec<&String> = spec["paths"][ORDER]["get"]["responses"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(statuses, ["200"]);
    let content = &spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
    let schema = json!({"$ref": "#/components/schemas/Order"});
    assert_eq!(content, &json!({"application/json": {"schema": schema}}));
    let body = &spec["paths"][ORDERS]["post"]["requestBody"]["content"];
    assert_eq!(
        body["application/json"]["schema"]["$ref"],
        "#/components/schemas/NewOrder"
    );
    assert_eq!(body.as_object().unwrap().len(), 1);
    let names: Vec<&Value> = list["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| &crate::spec::resolve(&spec, parameter)["name"])
        .collect();
    assert_eq!(names, ["shopId", "itemsPerPage", "states"]);
    assert_eq!(
        spec["paths"][ORDER]["get"]["parameters"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn every_operation_has_a_bytes_form_on_its_path() {
    let spec = adapted();
    for (path, method, name) in [
        (ORDERS, "get", "listAllOrdersBytes"),
        (ORDERS, "post", "placeOrderBytes"),
        (ORDER, "get", "getOrderBytes"),
    ] {
        let twin = &spec["paths"][format!("/{path}")][method];
        assert_eq!(twin["operationId"], name);
        assert_eq!(
            twin["parameters"],
            spec["paths"][path][method]["parameters"]
        );
        assert_eq!(
            twin["requestBody"],
            spec["paths"][path][method]["requestBody"]
        );
        for response in twin["responses"].as_object().unwrap().values() {
            let types: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
            assert_eq!(types, ["application/octet-stream"]);
        }
    }
}

#[test]
fn enums_are_open_named_or_plain() {
    let spec = adapted();
    let order = &spec["components"]["schemas"]["Order"]["properties"]["state"];
    assert_eq!(order.get("enum"), None);
    assert_eq!(
        order["x-rust-type"]["path"],
        "atlas_billing_raw::enums::OrderState"
    );
    let filter = &spec["paths"][ORDERS]["get"]["parameters"][2]["schema"]["items"];
    assert_eq!(filter["x-rust-type"], order["x-rust-type"]);
    let plain = &spec["components"]["schemas"]["Line"]["properties"]["code"];
    assert_eq!(plain.get("enum"), None);
    assert_eq!(plain.get("x-rust-type"), None);
}

#[test]
fn values_are_rejected_for_nothing_but_their_type() {
    let spec = adapted();
    let schemas = &spec["components"]["schemas"];
    let page_size = &spec["paths"][ORDERS]["get"]["parameters"][1]["schema"];
    assert_eq!(page_size, &json!({"type": "integer"}));
    let shop = &spec["components"]["parameters"]["shopId"]["schema"];
    assert_eq!(shop, &json!({"type": "string"}));
    let line = &schemas["Line"]["properties"];
    for (field, ours) in [("discount", "Number"), ("priceCents", "Cents")] {
        let path = &line[field]["x-rust-type"]["path"];
        assert_eq!(path, &format!("atlas_billing_raw::{ours}"));
    }
    assert_eq!(schemas["Order"].get("required"), None);
    assert_eq!(schemas["NewOrder"]["required"], json!(["day"]));
    assert_eq!(schemas["BadRequestDetail"].get("nullable"), None);
    // Lists of a response are plain; those of a request tell "none" from "not said".
    let order = &schemas["Order"]["properties"];
    assert_eq!(order["lines"].get("nullable"), None);
    assert_eq!(line["weights"].get("nullable"), None);
    assert_eq!(schemas["NewOrder"]["properties"]["words"]["nullable"], true);
    assert_eq!(
        schemas["ApiError"]["properties"]["parameters"]["items"],
        json!({})
    );
    assert_eq!(
        schemas["NewOrder"]["properties"]["words"].get("uniqueItems"),
        None
    );
    // A description beside a reference would be lost.
    let described = &schemas["Line"]["properties"]["order"];
    assert_eq!(
        described["allOf"],
        json!([{"$ref": "#/components/schemas/Order"}])
    );
    assert_eq!(described["description"], "The field `order` of `Line`.");
}

#[test]
fn schemas_have_our_names_everywhere() {
    let spec = adapted();
    assert_eq!(spec["components"]["schemas"].get("Page"), None);
    let page = &spec["components"]["schemas"]["OrderPage"];
    assert!(page["properties"]["results"].is_object());
    let content = &spec["paths"][ORDERS]["get"]["responses"]["200"]["content"];
    assert_eq!(
        content["application/json"]["schema"]["$ref"],
        "#/components/schemas/OrderPage"
    );

    let mut selection = pocket::selection();
    selection.schemas[0].name = "Order".to_owned();
    let failure = adapt(&effective(|_| {}), &selection).unwrap_err();
    assert!(failure.to_string().contains("Page cannot be called Order"));
    selection.schemas[0].upstream = "Leaf".to_owned();
    let (_, warnings) = adapt(&effective(|_| {}), &selection).unwrap();
    assert!(
        warnings[0].contains("the schema Leaf is not used any more"),
        "{warnings:?}"
    );
}

#[test]
fn a_closed_object_is_opened() {
    let spec = changed(|spec| {
        spec["components"]["schemas"]["Order"]["additionalProperties"] = json!(false);
    });
    assert_eq!(
        spec["components"]["schemas"]["Order"].get("additionalProperties"),
        None
    );
}

#[test]
fn a_required_reference_to_something_nullable_is_optional() {
    let spec = changed(|spec| {
        let new_order = &mut spec["components"]["schemas"]["NewOrder"];
        new_order["properties"]["gift"] = json!({"$ref": "#/components/schemas/Gift"});
        new_order["required"] = json!(["day", "gift"]);
        spec["components"]["schemas"]["Gift"] = json!({"type": "object", "nullable": true});
    });
    assert_eq!(
        spec["components"]["schemas"]["NewOrder"]["required"],
        json!(["day"])
    );
}

#[test]
fn an_operation_with_files_alone_returns_bytes() {
    let spec = changed(|spec| {
        let content = &mut spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
        content
            .as_object_mut()
            .unwrap()
            .remove("application/vnd.atlas.2023-01-01+json");
    });
    let content = &spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
    assert_eq!(
        content.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["application/octet-stream"]
    );
}

#[test]
fn a_quirk_that_finds_nothing_to_do_is_a_warning_with_the_line_to_remove() {
    type Change = fn(&mut Value);
    let checks = |spec: &mut Value| {
        drop_everywhere(
            spec,
            &["pattern", "minLength", "maxLength", "minimum", "maximum"],
        );
        drop_everywhere(spec, &["minItems", "uniqueItems", "default"]);
    };
    let table: [(&str, Change); 9] = [
        ("no_envelope", |spec| {
            let parameters = &mut spec["paths"][ORDER]["get"]["parameters"];
            parameters.as_array_mut().unwrap().remove(1);
        }),
        ("no_pretty", |spec| {
            let parameters = &mut spec["paths"][ORDERS]["get"]["parameters"];
            parameters.as_array_mut().unwrap().remove(1);
        }),
        ("final_successes", |spec| {
            for (path, method) in [(ORDERS, "get"), (ORDERS, "post"), (ORDER, "get")] {
                let responses = &mut spec["paths"][path][method]["responses"];
                let responses = responses.as_object_mut().unwrap();
                responses.retain(|status, _| status.starts_with('2'));
            }
        }),
        ("any_parameters", |spec| {
            let error = &mut spec["components"]["schemas"]["ApiError"]["properties"];
            error["parameters"]["items"] = json!({});
        }),
        ("no_checks", checks),
        ("exact_numbers", |spec| {
            let line = &mut spec["components"]["schemas"]["Line"]["properties"];
            line["discount"] = json!({});
            line["weights"] = json!({});
        }),
        ("exact_cents", |spec| {
            let line = &mut spec["components"]["schemas"]["Line"]["properties"];
            line["priceCents"] = json!({});
        }),
        ("responses_require_nothing", |spec| {
            drop_everywhere(spec, &["required"])
        }),
        ("nullable_components", |spec| {
            drop_everywhere(spec, &["nullable"])
        }),
    ];
    for (quirk, change) in table {
        let warnings = warnings(change);
        assert!(
            warnings
                .iter()
                .any(|line| line.contains(&format!("the quirk {quirk} "))),
            "{quirk}: {warnings:?}"
        );
    }
    assert_eq!(warnings(|_| {}), Vec::<String>::new());
}

#[test]
fn an_enum_that_is_gone_is_a_warning_with_the_line_to_remove() {
    let gone = warnings(|spec| {
        let fields = &mut spec["components"]["schemas"]["NewOrder"]["properties"];
        fields.as_object_mut().unwrap().remove("kind");
    });
    let path = "\"$.components.schemas.NewOrder.properties.kind\"";
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(gone[0].contains(&format!("{path} selects nothing any more; remove the line")));
    assert!(gone[1].contains("the enum Kind stands nowhere any more"));

    let text = warnings(|spec| {
        let order = &mut spec["components"]["schemas"]["Order"]["properties"];
        order["state"] = json!({"type": "string"});
    });
    assert_eq!(text.len(), 1, "it still stands elsewhere: {text:?}");
    assert!(text[0].contains("lists no values any more"), "{text:?}");
}

#[test]
fn two_enums_on_one_place_are_refused() {
    let mut selection = pocket::selection();
    selection.enums[1].at = vec!["$.components.schemas.Order.properties['state']".to_owned()];
    let failure = adapt(&effective(|_| {}), &selection)
        .unwrap_err()
        .to_string();
    assert!(
        failure.contains("OrderState and Kind both name"),
        "{failure}"
    );
}

#[test]
fn a_composition_is_json_and_a_composed_object_an_object() {
    let spec = changed(|spec| {
        let schemas = &mut spec["components"]["schemas"];
        schemas["Small"] = json!({"type": "object", "properties": {"amount": {"type": "integer"}}});
        schemas["Big"] = json!({
            "allOf": [
                {"$ref": "#/components/schemas/Small"},
                {"properties": {"of": {"type": "string"}}, "required": ["of"], "type": "object"},
            ],
        });
        let line = &mut schemas["Line"]["properties"];
        line["one"] = json!({"oneOf": [
            {"$ref": "#/components/schemas/Small"},
            {"$ref": "#/components/schemas/Stock"},
        ], "description": "How much.", "discriminator": {"propertyName": "k"}});
        line["any"] = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
        line["only"] = json!({"oneOf": [{"type": "string"}], "description": "One."});
        line["big"] = json!({"$ref": "#/components/schemas/Big"});
        line["mixed"] = json!({"allOf": [{"type": "string"}, {"maxLength": 3}]});
    });
    let line = &spec["components"]["schemas"]["Line"]["properties"];
    let one = json!({"description": "How much.\n\nKept as JSON: one of `Small`, `Stock`."});
    assert_eq!(line["one"], one);
    for field in ["any", "mixed"] {
        let about = "Kept as JSON: it has several forms.";
        assert_eq!(line[field], json!({ "description": about }), "{field}");
    }
    assert_eq!(
        line["only"],
        json!({"type": "string", "description": "One."})
    );
    let big = &spec["components"]["schemas"]["Big"];
    assert_eq!(big.get("allOf"), None);
    assert_eq!(big["type"], "object");
    let fields: Vec<&String> = big["properties"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["amount", "of"]);
}

#[test]
fn what_is_not_described_or_has_no_type_of_ours_is_no_obstacle() {
    let spec = changed(|spec| {
        let content = &mut spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
        content["application/vnd.atlas.2023-01-01+json"] = json!({});
        let line = &mut spec["components"]["schemas"]["Line"]["properties"];
        line["uuid"] = json!({"type": "string", "format": "uuid"});
        line["when"] = json!({"type": "string", "format": "date-time"});
    });
    let content = &spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
    assert_eq!(content, &json!({"application/json": {"schema": {}}}));
    let line = &spec["components"]["schemas"]["Line"]["properties"];
    assert_eq!(line["uuid"].get("format"), None);
    assert_eq!(line["when"]["format"], "date-time");
}

#[test]
fn a_second_success_body_arrives_whole_and_is_a_warning() {
    let add = |spec: &mut Value| {
        let responses = &mut spec["paths"][ORDERS]["post"]["responses"];
        responses["200"] = json!({"description": ""});
        responses["204"] = json!({"description": ""});
    };
    let spec = changed(add);
    let place = &spec["paths"][ORDERS]["post"];
    let statuses: Vec<&String> = place["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["202"], "the one with JSON");
    let about = place["description"].as_str().unwrap();
    assert!(about.contains("The status 200, 204 arrives as [`Error::UnexpectedResponse`]"));
    let warnings = warnings(add);
    assert!(
        warnings[0].starts_with(&format!(
            "POST {ORDERS}: 200, 204 has another body than 202"
        )),
        "{warnings:?}"
    );
}

#[test]
fn types_that_no_pinned_version_reaches_are_dropped() {
    let spec = changed(|spec| {
        spec["components"]["schemas"]["Later"] = json!({"type": "object"});
        let content = &mut spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
        content["application/vnd.atlas.2024-05-01+json"] =
            json!({"schema": {"$ref": "#/components/schemas/Later"}});
    });
    let names: Vec<&String> = spec["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    // The error is reached by responses that the generator is not shown.
    let expected = [
        "ApiError",
        "BadRequestDetail",
        "Line",
        "NewOrder",
        "Order",
        "OrderPage",
    ];
    assert_eq!(names, expected);
}

#[test]
fn operations_say_their_version_role_and_how_csv_is_asked_for() {
    let spec = adapted();
    let about = |path: &str, method: &str| {
        spec["paths"][path][method]["description"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let list = about(ORDERS, "get");
    assert!(
        list.ends_with("\n\nVersion 2023-01-01 of the operation. Requires the role Shop Keeper."),
        "{list}"
    );
    assert!(about(&format!("/{ORDERS}"), "get").ends_with("\n\nReturns the body as received."));
    let get = about(&format!("/{ORDER}"), "get");
    let csv = "`Accept: application/vnd.atlas.2023-01-01+csv`, as [`Plain::csv`]";
    assert!(get.contains(csv), "{get}");
}

#[test]
fn a_download_url_is_a_secret() {
    let schema = json!({"properties": {
        "downloadUrl": {"type": "string"},
        "expiresAt": {"type": "string"},
    }});
    let Value::Object(mut schema) = schema else {
        unreachable!()
    };
    assert_eq!(values::presigned_urls(&mut schema), 1);
    let properties = &schema["properties"];
    let path = &properties["downloadUrl"]["x-rust-type"]["path"];
    assert_eq!(path, "atlas_billing_raw::PresignedUrl");
    assert_eq!(properties["expiresAt"].get("x-rust-type"), None);
}
