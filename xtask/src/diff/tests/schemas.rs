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
        // One value alone.
        (
            |spec| {
                at(spec, NEW_ORDER)["properties"]["kind"] =
                    json!({"const": "fast", "type": "string"});
            },
            &["breaking request-property-enum-value-removed"],
            &["additive request-property-enum-value-added"],
        ),
        (
            |spec| at(spec, ORDER)["properties"]["title"]["const"] = json!("x"),
            &["note response-property-became-enum"],
            &["additive response-property-became-not-enum"],
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

/// Renames a component schema and every reference to it.
fn rename(spec: &mut Value, old: &str, new: &str) {
    let schemas = at(spec, "/components/schemas").as_object_mut().unwrap();
    let schema = schemas.remove(old).unwrap();
    schemas.insert(new.to_owned(), schema);
    crate::spec::each_reference(spec, &mut |reference| {
        if *reference == format!("#/components/schemas/{old}") {
            *reference = format!("#/components/schemas/{new}");
        }
    });
}

#[test]
fn a_schema_that_is_renamed_is_a_note() {
    check(&[(
        |spec| rename(spec, "Line", "OrderLine"),
        &["note schema-renamed"],
        &["note schema-renamed"],
    )]);
    let mut renamed = upstream();
    rename(&mut renamed, "Page", "Orders");
    rename(&mut renamed, "Order", "Purchase");
    let found = diff(&upstream(), &renamed, &selection()).unwrap();
    assert_eq!(found.rows.len(), 2, "{:#?}", found.rows);
    assert_eq!(
        found.rows[0].what,
        "The schema `Order` is called `Purchase` now."
    );
    assert_eq!(found.renames["Page"], "Orders");
    // A reference to something else that is there as well is another type.
    let rows = rows_of(|spec| {
        at(spec, LINE)["properties"]["order"] = json!({"$ref": "#/components/schemas/Page"});
    });
    assert_eq!(told(&rows), ["breaking response-property-type-changed"]);
    // What changed besides is reported as well.
    let rows = rows_of(|spec| {
        rename(spec, "Line", "OrderLine");
        let line = at(spec, "/components/schemas/OrderLine/properties");
        line["more"] = json!({"type": "string"});
    });
    assert_eq!(
        told(&rows),
        [
            "additive response-optional-property-added",
            "note schema-renamed"
        ]
    );
}

#[test]
fn compositions_are_compared_as_what_they_become() {
    check(&[
        // An object that is taken apart is the same object.
        (
            |spec| {
                let line = at(spec, LINE).clone();
                *at(spec, LINE) = json!({"allOf": [line]});
            },
            &[],
            &[],
        ),
        (
            |spec| at(spec, LINE)["properties"]["note"] = json!({"oneOf": [{}, {}]}),
            &["breaking response-property-type-changed"],
            &["breaking response-property-type-changed"],
        ),
    ]);
    // One more form of a JSON value changes nothing.
    let of = |forms: usize| {
        let mut spec = upstream();
        let parts = vec![json!({"type": "string"}); forms];
        at(&mut spec, LINE)["properties"]["note"] = json!({ "oneOf": parts });
        spec
    };
    assert_eq!(diff(&of(2), &of(3), &selection()).unwrap().rows, []);
}

#[test]
fn a_new_enum_field_says_that_it_stays_text() {
    let rows = rows_of(|spec| {
        at(spec, ORDER)["properties"]["more"] = json!({"type": "string", "enum": ["A", "B"]});
    });
    assert_eq!(
        rows[0].what,
        "`more` of `Order` is new: one of `A` and `B`; it stays text until openapi/slice.toml \
         names it."
    );
}

/// What it is that a property of a response has become, seen from what it was.
fn property_rows(before: Value, after: Value) -> Vec<String> {
    let of = |schema: Value| {
        let mut spec = upstream();
        at(&mut spec, LINE)["properties"]["more"] = schema;
        spec
    };
    told(&diff(&of(before), &of(after), &selection()).unwrap().rows)
}

#[test]
fn a_type_is_what_the_generator_makes_of_it() {
    let text = json!({"type": "string"});
    let any = json!({"type": "object"});
    let structure = json!({"type": "object", "properties": {"a": text}});
    let map = json!({"type": "object", "additionalProperties": text});
    for (before, after) in [
        (text.clone(), json!({"type": "string", "oneOf": [text, {}]})),
        (text.clone(), json!({"type": "string", "anyOf": [text, {}]})),
        (text.clone(), json!({"type": "string", "allOf": [text, {}]})),
        (text.clone(), json!({"type": "string", "format": "date"})),
        (
            json!({"type": "integer"}),
            json!({"type": "integer", "format": "int32"}),
        ),
        (any.clone(), structure.clone()),
        (any, map.clone()),
        (map, structure.clone()),
        (json!({}), structure),
    ] {
        let what = format!("{before} and {after}");
        let breaking = ["breaking response-property-type-changed"];
        assert_eq!(
            property_rows(before.clone(), after.clone()),
            breaking,
            "{what}"
        );
        assert_eq!(property_rows(after, before), breaking, "{what}, reversed");
    }
    for (before, after) in [
        (text, json!({"type": "string", "format": "uuid"})),
        (
            json!({"type": "integer"}),
            json!({"type": "integer", "format": "int64"}),
        ),
    ] {
        let what = format!("{before} and {after}");
        let note = ["note response-property-format-changed"];
        assert_eq!(property_rows(before, after), note, "{what}");
    }
}

#[test]
fn of_two_lower_bounds_the_tighter_one_counts() {
    let exclusive = json!({"type": "integer", "exclusiveMinimum": 7});
    for minimum in [5, 7] {
        let both = json!({"type": "integer", "minimum": minimum, "exclusiveMinimum": 7});
        assert_eq!(property_rows(both, exclusive.clone()), [""; 0]);
    }
    let both = json!({"type": "integer", "minimum": 9, "exclusiveMinimum": 7});
    assert_eq!(
        property_rows(both, json!({"type": "integer", "minimum": 9})),
        [""; 0]
    );
}

#[test]
fn null_breaks_the_items_of_a_list_and_adds_to_the_values_of_a_map() {
    check(&[
        (
            |spec| at(spec, NEW_ORDER)["properties"]["words"]["items"]["nullable"] = json!(true),
            &["breaking request-property-became-nullable"],
            &["breaking request-property-became-not-nullable"],
        ),
        (
            |spec| {
                at(spec, ORDER)["properties"]["tags"]["additionalProperties"]["nullable"] =
                    json!(true)
            },
            &["additive response-property-became-nullable"],
            &["note response-property-became-not-nullable"],
        ),
    ]);
}

#[test]
fn a_sentence_begins_with_a_capital() {
    let rows = rows_of(|spec| {
        at(spec, NEW_ORDER)["properties"]["words"]["items"]["type"] = json!("integer");
    });
    assert_eq!(
        rows[0].what,
        "The items of `words` of `NewOrder` is integer now; it was string."
    );
}

#[test]
fn a_renamed_schema_has_one_old_and_one_new_name() {
    let changed = "breaking response-property-type-changed";
    let with_copies = |spec: &mut Value, names: &[&str]| {
        let line = at(spec, LINE).clone();
        for (index, name) in names.iter().enumerate() {
            at(spec, "/components/schemas")[*name] = line.clone();
            let reference = format!("#/components/schemas/{name}");
            at(spec, ORDER)["properties"][format!("line{index}")] = json!({"$ref": reference});
        }
    };
    let rows = |before: &[&str], after: &[&str]| {
        let of = |names: &[&str]| {
            let mut spec = upstream();
            with_copies(&mut spec, names);
            spec
        };
        told(&diff(&of(before), &of(after), &selection()).unwrap().rows)
    };
    assert_eq!(rows(&["A"], &["B"]), ["note schema-renamed"]);
    // The old name is still there, or the new one was there before.
    assert_eq!(rows(&["A", "A"], &["B", "A"]), [changed]);
    assert_eq!(rows(&["A", "B"], &["B", "B"]), [changed]);
    // One name became two.
    assert_eq!(
        rows(&["A", "A"], &["B", "C"]),
        [changed, "note schema-renamed"]
    );
}

#[test]
fn an_enum_keeps_its_name_in_a_schema_that_is_renamed() {
    let rows = rows_of(|spec| {
        rename(spec, "Order", "Purchase");
        at(spec, "/components/schemas/Purchase/properties")["state"]["enum"] = json!(["OPEN"]);
    });
    assert_eq!(
        told(&rows),
        [
            "breaking response-property-enum-value-removed",
            "note schema-renamed"
        ]
    );
}
