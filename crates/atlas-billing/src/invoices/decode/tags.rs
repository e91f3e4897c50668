//! The tags of a line item, decoded into no more room than they take.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The tags of a line item, as the generated type holds them: keys with their values, or with
/// null.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tags(pub(super) BTreeMap<String, Option<Vec<String>>>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags = BTreeMap::new();
                while let Some((key, Values(values))) = map.next_entry()? {
                    tags.insert(key, values);
                }
                Ok(Tags(tags))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The values of one tag, or null.
struct Values(Option<Vec<String>>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Values, E> {
                Ok(Values(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    // A vector that grows by itself begins with room for four.
                    if values.is_empty() {
                        values.reserve_exact(1);
                    }
                    values.push(value);
                }
                Ok(Values(Some(values)))
            }
        }
        deserializer.deserialize_any(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_the_generated_type_reads_them() {
        for text in [
            "{}",
            r#"{"a":["x"],"b":null,"c":[],"a":["y","z\n","é"]}"#,
            r#"{"a":"x"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[null]}"#,
            r#"{"a":{}}"#,
            r#"{"a":["x",]}"#,
            r#"{"a":["x""#,
            "[]",
            "null",
            "7",
        ] {
            let plain: Option<BTreeMap<String, Option<Vec<String>>>> =
                serde_json::from_str(text).ok();
            let read = serde_json::from_str::<Tags>(text)
                .ok()
                .map(|Tags(tags)| tags);
            assert_eq!(read, plain, "{text}");
        }
    }

    #[test]
    fn one_value_has_room_for_one() {
        let Tags(tags) = serde_json::from_str(r#"{"a":["x"]}"#).unwrap();
        assert_eq!(tags["a"].as_ref().unwrap().capacity(), 1);
    }
}
