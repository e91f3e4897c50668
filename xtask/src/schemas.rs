//! Walking over the schemas of a specification, wherever they stand.

use serde_json::{Map, Value};

use crate::spec::child;

/// What a visitor is told besides the schema itself.
pub(crate) struct Place<'a> {
    /// Where the schema stands, as a JSON pointer.
    pub(crate) pointer: &'a str,
    /// The name of the component schema it belongs to, if it belongs to one.
    pub(crate) component: Option<&'a str>,
}

/// Calls `visit` with each schema object of the document, outer ones first.
pub(crate) fn each(spec: &mut Value, visit: &mut dyn FnMut(&Place<'_>, &mut Map<String, Value>)) {
    outside_components(spec, "", visit);
    if let Some(Value::Object(schemas)) = spec.pointer_mut("/components/schemas") {
        for (name, schema) in schemas {
            let pointer = child("/components/schemas", name);
            descend(schema, &pointer, Some(name), visit);
        }
    }
}

/// The schemas of parameters, bodies and headers: any value of a key `schema` outside the
/// component schemas.
fn outside_components(
    node: &mut Value,
    at: &str,
    visit: &mut dyn FnMut(&Place<'_>, &mut Map<String, Value>),
) {
    if at == "/components/schemas" {
        return;
    }
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = child(at, key);
                if key == "schema" {
                    descend(value, &pointer, None, visit);
                } else {
                    outside_components(value, &pointer, visit);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                outside_components(item, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}

fn descend(
    schema: &mut Value,
    at: &str,
    component: Option<&str>,
    visit: &mut dyn FnMut(&Place<'_>, &mut Map<String, Value>),
) {
    let Value::Object(map) = schema else { return };
    visit(
        &Place {
            pointer: at,
            component,
        },
        map,
    );
    for key in ["items", "additionalProperties", "not"] {
        if let Some(inner) = map.get_mut(key) {
            descend(inner, &child(at, key), component, visit);
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(inner)) = map.get_mut(key) {
            for (index, schema) in inner.iter_mut().enumerate() {
                descend(schema, &format!("{at}/{key}/{index}"), component, visit);
            }
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        let at = child(at, "properties");
        for (name, schema) in properties {
            descend(schema, &child(&at, name), component, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_schema_is_met_once_outer_ones_first() {
        let mut spec = json!({
            "paths": {"/a": {"get": {"parameters": [{"name": "p", "schema": {"items": {}}}]}}},
            "components": {"schemas": {
                "A": {"properties": {"schema": {"additionalProperties": {}}, "b": {"allOf": [{}]}}},
            }},
        });
        let mut met = Vec::new();
        each(&mut spec, &mut |place, _| {
            met.push(format!(
                "{} {}",
                place.component.unwrap_or("-"),
                place.pointer
            ));
        });
        met.sort();
        assert_eq!(
            met,
            [
                "- /paths/~1a/get/parameters/0/schema",
                "- /paths/~1a/get/parameters/0/schema/items",
                "A /components/schemas/A",
                "A /components/schemas/A/properties/b",
                "A /components/schemas/A/properties/b/allOf/0",
                "A /components/schemas/A/properties/schema",
                "A /components/schemas/A/properties/schema/additionalProperties",
            ]
        );
    }
}
