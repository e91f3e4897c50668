//! Each quirk on the small specification: what it does, and that it complains once it is idle.

use serde_json::json;

use super::*;
use crate::overlay;
use crate::pocket;

/// The effective small specification, after `change`.
fn effective(change: impl FnOnce(&mut Value)) -> Value {
    let mut spec = pocket::overlay()
        .apply(&pocket::sliced(|_| {}).unwrap())
        .unwrap();
    overlay::fill(&mut spec);
    change(&mut spec);
    spec
}

fn adapted() -> Value {
    adapt(&effective(|_| {}), &pocket::selection()).unwrap()
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
        .map(|parameter| &crate::versions::resolve(&spec, parameter)["name"])
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
fn every_operation_has_a_bytes_twin_on_its_path() {
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
    assert_eq!(
        schemas["Line"]["properties"]["discount"]["format"],
        "double"
    );
    assert_eq!(schemas["Order"].get("required"), None);
    assert_eq!(schemas["NewOrder"]["required"], json!(["day"]));
    assert_eq!(schemas["BadRequestDetail"].get("nullable"), None);
    assert_eq!(schemas["Order"]["properties"]["lines"]["nullable"], true);
    assert_eq!(schemas["Order"]["properties"]["tags"]["nullable"], true);
    let values = &schemas["Order"]["properties"]["tags"]["additionalProperties"];
    assert_eq!(values["nullable"], true);
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
fn a_closed_object_is_opened() {
    let spec = effective(|spec| {
        spec["components"]["schemas"]["Order"]["additionalProperties"] = json!(false);
    });
    let spec = adapt(&spec, &pocket::selection()).unwrap();
    assert_eq!(
        spec["components"]["schemas"]["Order"].get("additionalProperties"),
        None
    );
}

#[test]
fn a_required_reference_to_something_nullable_is_optional() {
    let spec = effective(|spec| {
        let new_order = &mut spec["components"]["schemas"]["NewOrder"];
        new_order["properties"]["gift"] = json!({"$ref": "#/components/schemas/Gift"});
        new_order["required"] = json!(["day", "gift"]);
        spec["components"]["schemas"]["Gift"] = json!({"type": "object", "nullable": true});
    });
    let spec = adapt(&spec, &pocket::selection()).unwrap();
    assert_eq!(
        spec["components"]["schemas"]["NewOrder"]["required"],
        json!(["day"])
    );
}

#[test]
fn an_operation_that_answers_files_alone_hands_over_bytes() {
    let spec = effective(|spec| {
        let content = &mut spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
        content
            .as_object_mut()
            .unwrap()
            .remove("application/vnd.atlas.2023-01-01+json");
    });
    let spec = adapt(&spec, &pocket::selection()).unwrap();
    let content = &spec["paths"][ORDER]["get"]["responses"]["200"]["content"];
    assert_eq!(
        content.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["application/octet-stream"]
    );
}

#[test]
fn a_quirk_that_finds_nothing_to_do_says_so() {
    type Change = fn(&mut Value);
    let table: [(&str, Change); 11] = [
        ("no_envelope", |spec| {
            spec["paths"][ORDER]["get"]["parameters"]
                .as_array_mut()
                .unwrap()
                .remove(1);
        }),
        ("no_pretty", |spec| {
            spec["paths"][ORDERS]["get"]["parameters"]
                .as_array_mut()
                .unwrap()
                .remove(1);
        }),
        ("final_successes", |spec| {
            for (path, method) in [(ORDERS, "get"), (ORDERS, "post"), (ORDER, "get")] {
                let responses = spec["paths"][path][method]["responses"]
                    .as_object_mut()
                    .unwrap();
                responses.retain(|status, _| status.starts_with('2'));
            }
        }),
        ("any_parameters", |spec| {
            spec["components"]["schemas"]["ApiError"]["properties"]["parameters"]["items"] =
                json!({});
        }),
        ("no_patterns", |spec| {
            drop_everywhere(spec, &["pattern", "minLength", "maxLength"])
        }),
        ("no_bounds", |spec| {
            drop_everywhere(spec, &["minimum", "maximum", "minItems"])
        }),
        ("no_defaults", |spec| drop_everywhere(spec, &["default"])),
        ("repeatable_items", |spec| {
            drop_everywhere(spec, &["uniqueItems"])
        }),
        ("doubles", |spec| {
            spec["components"]["schemas"]["Line"]["properties"]["discount"]["format"] =
                json!("double");
        }),
        ("answers_promise_nothing", |spec| {
            drop_everywhere(spec, &["required"])
        }),
        ("nullable_components", |spec| {
            drop_everywhere(spec, &["nullable"])
        }),
    ];
    for (quirk, change) in table {
        let message = adapt(&effective(change), &pocket::selection())
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(&format!(", {quirk}: ")),
            "{quirk}: {message}"
        );
    }
}

#[test]
fn a_named_enum_that_is_gone_is_named() {
    let gone = adapt(
        &effective(|spec| {
            let fields = &mut spec["components"]["schemas"]["NewOrder"]["properties"];
            fields.as_object_mut().unwrap().remove("kind");
        }),
        &pocket::selection(),
    );
    let message = gone.unwrap_err().to_string();
    assert!(
        message.contains("the enum Kind is not at") && message.contains("slice.toml"),
        "{message}"
    );

    let no_values = adapt(
        &effective(|spec| {
            let kind = &mut spec["components"]["schemas"]["NewOrder"]["properties"]["kind"];
            kind.as_object_mut().unwrap().remove("enum");
        }),
        &pocket::selection(),
    );
    let message = no_values.unwrap_err().to_string();
    assert!(
        message.contains("lists no values any more, so the enum Kind"),
        "{message}"
    );
}
