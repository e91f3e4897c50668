//! The slice of the small specification.

use super::*;
use crate::document;
use crate::pocket::{UPSTREAM, selection, sliced, upstream};
use crate::spec::json_text;

#[test]
fn both_forms_and_any_order_give_the_same_bytes() {
    let from_yaml = json_text(&slice(&upstream(), &selection()).unwrap());
    let as_json = document::parse(&serde_json::to_string(&upstream()).unwrap()).unwrap();
    assert_eq!(
        json_text(&slice(&as_json, &selection()).unwrap()),
        from_yaml
    );

    // The top-level parts of the YAML text, last first.
    let mut parts: Vec<String> = Vec::new();
    for line in UPSTREAM.lines().filter(|line| !line.starts_with('#')) {
        match parts.last_mut() {
            Some(part) if line.starts_with(' ') => *part += &format!("{line}\n"),
            _ => parts.push(format!("{line}\n")),
        }
    }
    parts.reverse();
    let turned = document::parse(&parts.concat()).unwrap();
    assert_eq!(json_text(&slice(&turned, &selection()).unwrap()), from_yaml);
    let again = document::parse(&from_yaml).unwrap();
    assert_eq!(json_text(&slice(&again, &selection()).unwrap()), from_yaml);
}

#[test]
fn structure_stays_and_prose_goes() {
    let slice = sliced(|_| {}).unwrap();
    let order = &slice["components"]["schemas"]["Order"];
    // Fields that are called like keywords are fields.
    assert_eq!(order["properties"]["title"], json!({"type": "string"}));
    assert_eq!(
        order["properties"]["description"],
        json!({"type": "string"})
    );
    assert_eq!(order["required"], json!(["cents", "lines"]));
    assert_eq!(
        order["properties"]["state"]["enum"],
        json!(["OPEN", "DONE"])
    );
    for key in ["title", "description", "externalDocs"] {
        assert_eq!(order.get(key), None, "{key}");
    }
    let list = &slice["paths"]["/shops/{shopId}/orders"]["get"];
    assert_eq!(list["x-rolesRequirements"], json!(["Shop Keeper"]));
    assert_eq!(list["operationId"], "listOrders");
    for key in [
        "summary",
        "description",
        "tags",
        "externalDocs",
        "x-xgen-docs-url",
    ] {
        assert_eq!(list.get(key), None, "{key}");
    }
    let response = &list["responses"]["200"];
    assert_eq!(response["description"], "");
    let content = &response["content"]["application/vnd.atlas.2023-01-01+json"];
    assert_eq!(content["x-xgen-version"], "2023-01-01");
    assert_eq!(
        slice["components"]["responses"]["refused"]["description"],
        ""
    );
    let page_size = &list["parameters"][2]["schema"];
    assert_eq!(page_size["default"], 100);
    assert_eq!(
        slice["info"]["x-xgen-sha"],
        upstream()["info"]["x-xgen-sha"]
    );
    let text = json_text(&slice);
    for prose in [
        "An order",
        "One order",
        "exist",
        "example",
        "a,b",
        "Here",
        "Which shop",
    ] {
        assert!(!text.contains(prose), "{prose}");
    }
}

#[test]
fn all_that_is_referred_to_comes_along_and_nothing_else() {
    let slice = sliced(|spec| {
        spec["components"]["schemas"]["Order"]["discriminator"] =
            json!({"propertyName": "kind", "mapping": {"u": "#/components/schemas/Unused"}});
    })
    .unwrap();
    let names: Vec<&String> = slice["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        names,
        [
            "ApiError",
            "BadRequestDetail",
            "Line",
            "NewOrder",
            "Order",
            "Page",
            "Unused"
        ]
    );
    assert!(slice["components"]["headers"].get("Left").is_some());
    assert_eq!(slice["paths"].as_object().unwrap().len(), 2);
    let without = sliced(|_| {}).unwrap();
    assert_eq!(without["components"]["schemas"].get("Unused"), None);
}

#[test]
fn what_cannot_be_sliced_is_named() {
    type Breaks = fn(&mut Value);
    let table: [(Breaks, &str); 5] = [
        (
            |spec| {
                spec["paths"]["/shops/{shopId}/orders"]
                    .as_object_mut()
                    .unwrap()
                    .remove("post");
            },
            "POST /shops/{shopId}/orders (placeOrder) is not in the specification",
        ),
        (
            |spec| {
                spec["paths"].as_object_mut().unwrap().clear();
            },
            "GET /shops/{shopId}/orders (listAllOrders)",
        ),
        (
            |spec| {
                let response = &mut spec["paths"]["/shops/{shopId}/orders"]["get"]["responses"];
                response["200"]["content"] =
                    json!({"application/vnd.atlas.2024-01-01+json": {"schema": {}}});
            },
            "(listAllOrders) is pinned to 2023-01-01, which is not offered; offered: 2024-01-01",
        ),
        (
            |spec| {
                spec["components"]["schemas"]
                    .as_object_mut()
                    .unwrap()
                    .remove("Line");
            },
            "#/components/schemas/Line is referred to and missing",
        ),
        (
            |spec| {
                spec["components"]["schemas"]["Order"]["properties"]["title"] =
                    json!({"$ref": "other.yaml#/Title"});
            },
            "other.yaml#/Title leads out of the document",
        ),
    ];
    for (change, expected) in table {
        let message = sliced(change).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn every_problem_is_reported_in_one_run() {
    let failure = sliced(|spec| {
        let paths = spec["paths"].as_object_mut().unwrap();
        paths.remove("/shops/{shopId}/orders/{orderId}");
        let post = &mut paths["/shops/{shopId}/orders"]["post"];
        post["responses"] = json!({});
        post.as_object_mut().unwrap().remove("requestBody");
    });
    let failure = failure.unwrap_err();
    assert_eq!(failure.lines().len(), 2, "{failure}");
    assert!(failure.lines()[0].contains("(placeOrder) is pinned to 2023-01-01"));
    assert!(failure.lines()[1].contains("(getOrder) is not in the specification"));
}

#[test]
fn sign_in_methods_are_kept_without_prose() {
    let slice = sliced(|_| {}).unwrap();
    let schemes = &slice["components"]["securitySchemes"];
    let names: Vec<&String> = schemes.as_object().unwrap().keys().collect();
    assert_eq!(names, ["Basic", "Tokens"], "`Unused` is not referred to");
    let flow = &schemes["Tokens"]["flows"]["clientCredentials"];
    assert_eq!(flow["scopes"], json!({"orders": ""}));
    assert_eq!(flow["tokenUrl"], "https://shop.test/token");
    let paths = &slice["paths"];
    let list = &paths["/shops/{shopId}/orders"]["get"];
    assert_eq!(
        list["security"],
        json!([{"Basic": []}, {"Tokens": ["orders"]}])
    );
    let get = &paths["/shops/{shopId}/orders/{orderId}"]["get"];
    assert_eq!(get["security"], json!([]), "its own");
    assert_eq!(slice.get("security"), None);
    // Without a word for all operations, an operation that says nothing is open to everybody.
    let open = sliced(|spec| drop(spec.as_object_mut().unwrap().remove("security"))).unwrap();
    let list = &open["paths"]["/shops/{shopId}/orders"]["get"];
    assert_eq!(list["security"], json!([]));
}

#[test]
fn types_are_written_as_openapi_3_0_writes_them() {
    let slice = sliced(|spec| {
        let order = &mut spec["components"]["schemas"]["Order"]["properties"];
        order["title"] = json!({"type": ["string", "null"]});
        order["cents"] = json!({"type": ["integer"]});
        order["description"] = json!({"type": ["string", "integer"]});
    })
    .unwrap();
    let order = &slice["components"]["schemas"]["Order"]["properties"];
    assert_eq!(order["title"], json!({"type": "string", "nullable": true}));
    assert_eq!(order["cents"], json!({"type": "integer"}));
    assert_eq!(order["description"], json!({}));
}

#[test]
fn a_dropped_field_goes_with_what_only_it_refers_to() {
    let mut selection = selection();
    let order = |drop: &str| NamedSchema {
        name: "Order".to_owned(),
        upstream: "Order".to_owned(),
        drop: vec![drop.to_owned()],
        shared: false,
    };
    selection.schemas = vec![order("lines")];
    let slice = slice(&upstream(), &selection).unwrap();
    let schemas = &slice["components"]["schemas"];
    assert_eq!(schemas["Order"]["properties"].get("lines"), None);
    assert_eq!(schemas["Order"]["required"], json!(["cents"]));
    assert!(
        sliced(|_| {}).unwrap()["components"]["schemas"]["Order"]["properties"]["lines"]
            .is_object()
    );

    selection.schemas = vec![order("colour")];
    let refused = super::slice(&upstream(), &selection).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("schema Order: `drop` lists \"colour\""),
        "{refused}"
    );
}
