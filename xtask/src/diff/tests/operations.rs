//! Operations, versions, statuses, headers and parameters.

use super::*;

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
            &["note api-deprecated-sunset-missing"],
            &["note endpoint-reactivated"],
        ),
        // With the day on which the pinned version goes.
        (
            |spec| {
                at(spec, GET)["deprecated"] = json!(true);
                let content = at(spec, &format!("{GET}/responses/200/content"));
                content[JSON_2023]["x-sunset"] = json!("2027-01-01");
            },
            &[
                "note api-version-sunset-changed",
                "note endpoint-deprecated",
            ],
            &[
                "note api-version-sunset-changed",
                "note endpoint-reactivated",
            ],
        ),
    ]);
}

/// The rows of a change of the `x-sunset` of a media type of `getOrder`.
fn sunset_moved(media_type: &str, before: &str, after: &str) -> Vec<String> {
    let with = |day: &str| {
        let mut spec = upstream();
        let content = at(&mut spec, &format!("{GET}/responses/200/content"));
        content[media_type] = content[JSON_2023].clone();
        content[media_type]["x-sunset"] = json!(day);
        spec
    };
    let rows = diff(&with(before), &with(after), &selection())
        .unwrap()
        .rows;
    rows.iter()
        .map(|row| format!("{} {}: {}", row.level.as_str(), row.rule, row.what))
        .collect()
}

#[test]
fn a_removal_that_comes_nearer_is_breaking_for_the_pinned_version() {
    let earlier = sunset_moved(JSON_2023, "2027-06-01", "2027-01-31");
    assert_eq!(
        earlier,
        [
            "breaking api-sunset-date-changed-too-small: application/vnd.atlas.2023-01-01+json \
             goes on 2027-01-31 already; it was 2027-06-01."
        ]
    );
    let later = sunset_moved(JSON_2023, "2027-01-31", "2027-06-01");
    assert!(
        later[0].starts_with("note api-version-sunset-changed: "),
        "{later:?}"
    );
    let same = sunset_moved(JSON_2023, "2027-06-01", "2027-06-01");
    assert!(same.is_empty(), "{same:?}");
    let other = "application/vnd.atlas.2024-05-01+json";
    let of_other = sunset_moved(other, "2027-06-01", "2027-01-31");
    assert!(
        of_other[0].starts_with("note api-sunset-date-changed-too-small: "),
        "{of_other:?}"
    );
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
        (
            |spec| {
                let content = at(spec, &format!("{GET}/responses/200/content"));
                content[JSON_2023]["x-sunset"] = json!("2027-01-01");
            },
            &["note api-version-sunset-changed"],
            &["note api-version-sunset-changed"],
        ),
        // The same type with another parameter: its schemas are compared as before.
        (
            |spec| {
                let content = at(spec, &format!("{GET}/responses/200/content"));
                let json = content.as_object_mut().unwrap().remove(JSON_2023).unwrap();
                content[format!("{JSON_2023}; charset=utf-8")] = json;
            },
            &["note response-media-type-parameters-changed"],
            &["note response-media-type-parameters-changed"],
        ),
        (
            |spec| {
                let content = at(spec, &format!("{PLACE}/requestBody/content"));
                let json = content.as_object_mut().unwrap().remove(JSON_2023).unwrap();
                content[format!("{JSON_2023};charset=utf-8")] = json;
                drop_key(spec, &format!("{NEW_ORDER}/properties"), "words");
            },
            &[
                "breaking request-property-removed",
                "note request-body-media-type-parameters-changed",
            ],
            &[
                "additive new-optional-request-property",
                "note request-body-media-type-parameters-changed",
            ],
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
        (
            |spec| {
                let headers = at(spec, &format!("{LIST}/responses/200/headers"));
                headers["Left"] = json!({"schema": {"type": "string"}});
            },
            &["note response-header-type-changed"],
            &["note response-header-type-changed"],
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
        // An optional parameter is an option already.
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["nullable"] = json!(true),
            &["additive request-parameter-became-nullable"],
            &["note request-parameter-became-not-nullable"],
        ),
        // A bound that is exclusive now: by the flag of OpenAPI 3.0, by the keyword of 3.1.
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["exclusiveMinimum"] = json!(true),
            &["breaking request-parameter-min-exclusive"],
            &["note request-parameter-min-inclusive"],
        ),
        (
            |spec| {
                let schema = at(spec, &format!("{LIST}/parameters/2/schema"));
                let minimum = schema.as_object_mut().unwrap().remove("minimum").unwrap();
                schema["exclusiveMinimum"] = minimum;
            },
            &["breaking request-parameter-min-exclusive"],
            &["note request-parameter-min-inclusive"],
        ),
        (
            |spec| at(spec, LIST)["parameters"][2]["schema"]["exclusiveMaximum"] = json!(400),
            &["breaking request-parameter-max-decreased"],
            &["note request-parameter-max-increased"],
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
fn sign_in_methods_come_and_go() {
    check(&[
        (
            |spec| at(spec, "/security").as_array_mut().unwrap().truncate(1),
            &["breaking api-security-removed"],
            &["additive api-security-added"],
        ),
        (
            |spec| at(spec, "/security")[1]["Tokens"] = json!(["orders", "all"]),
            &["breaking api-security-scope-added"],
            &["note api-security-scope-removed"],
        ),
        // Open to everybody, or no longer.
        (
            |spec| at(spec, GET)["security"] = json!([{"Basic": []}]),
            &["breaking api-security-added"],
            &["additive api-security-removed"],
        ),
        (
            |spec| {
                at(spec, "/security")
                    .as_array_mut()
                    .unwrap()
                    .push(json!({}))
            },
            &["additive api-security-removed"],
            &["breaking api-security-added"],
        ),
        (
            |spec| {
                let tokens = at(spec, "/components/securitySchemes/Tokens");
                tokens["flows"]["clientCredentials"]["tokenUrl"] = json!("https://x.test/");
            },
            &["breaking api-security-component-changed"],
            &["breaking api-security-component-changed"],
        ),
        // Words for people.
        (
            |spec| {
                let basic = at(spec, "/components/securitySchemes/Basic");
                basic["description"] = json!("Other words.");
            },
            &[],
            &[],
        ),
    ]);
    // A slice that was made before they were kept says nothing about them.
    let mut older = crate::pocket::sliced(|_| {}).unwrap();
    drop_key(&mut older, "/components", "securitySchemes");
    for operation in [LIST, PLACE, GET] {
        drop_key(&mut older, operation, "security");
    }
    assert_eq!(diff(&older, &upstream(), &selection()).unwrap().rows, []);
}

#[test]
fn nothing_about_an_unstable_version_is_breaking() {
    const CONTENT: &str = "/paths/~1shops~1{shopId}~1orders~1{orderId}/get/responses/200/content";
    for version in ["preview", "private-preview-x", "2026-01-01.upcoming"] {
        let media_type = format!("application/vnd.atlas.{version}+json");
        let mut with = upstream();
        at(&mut with, CONTENT)[&media_type] = json!({"schema": {"type": "object"}});
        for (old, new, rule) in [
            (&upstream(), &with, "note api-version-added"),
            (&with, &upstream(), "note api-version-removed"),
        ] {
            let rows = diff(old, new, &selection()).unwrap().rows;
            assert_eq!(told(&rows), [rule], "{version}");
        }
        // Released: the upcoming one goes, the stable one comes.
        let mut released = upstream();
        at(&mut released, CONTENT)["application/vnd.atlas.2026-01-01+json"] = json!({});
        let rows = diff(&with, &released, &selection()).unwrap().rows;
        assert_eq!(
            told(&rows),
            ["additive api-version-added", "note api-version-removed"]
        );
    }
    // Not even where it is the one that is pinned.
    let mut pinned = selection();
    pinned.operations[2].version = "preview".to_owned();
    let preview = "application/vnd.atlas.preview+json";
    let [mut old, mut new] = [upstream(), upstream()];
    at(&mut old, CONTENT)[preview] = json!({"schema": {"type": "object"}});
    at(&mut new, CONTENT)[preview] = json!({"schema": {"type": "string"}});
    let rows = diff(&old, &new, &pinned).unwrap().rows;
    assert_eq!(told(&rows), ["note response-body-type-changed"]);
}

#[test]
fn what_is_said_of_an_operation_that_is_gone_is_true() {
    let reason = |edit: Edit| rows_of(edit)[0].what.clone();
    let other_methods = reason(|spec| drop_key(spec, "/paths/~1shops~1{shopId}~1orders", "post"));
    assert!(
        other_methods.ends_with("is gone; its path has other methods."),
        "{other_methods}"
    );
    // Parameters alone are no methods.
    let parameters = reason(|spec| {
        let item = at(spec, "/paths/~1shops~1{shopId}~1orders~1{orderId}");
        *item = json!({"parameters": []});
    });
    assert!(
        parameters.ends_with("is gone with its path."),
        "{parameters}"
    );
    // A path that only begins alike is another one.
    let begins = reason(|spec| {
        let paths = at(spec, "/paths").as_object_mut().unwrap();
        let item = paths.remove("/shops/{shopId}/orders/{orderId}").unwrap();
        paths.insert(
            "/shops/{shopId}/orders/{id}:search".to_owned(),
            item.clone(),
        );
        paths.insert("/shops/{shopId}/orders/{id}/lines".to_owned(), item);
    });
    assert!(begins.ends_with("is gone with its path."), "{begins}");
}
