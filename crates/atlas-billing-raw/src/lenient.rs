//! Values that are read although they are not written as declared: an integer as 1.0 by a writer
//! that knows doubles only, a list or a map as null.

// Which of these are used is up to the generated code.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads an integer, also from a number with an empty fraction.
pub(crate) fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    deserializer.deserialize_any(Whole(PhantomData))
}

/// The same where null means that there is none.
pub(crate) fn optional_integer<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let read = Option::<Read<T>>::deserialize(deserializer)?;
    Ok(read.map(|Read(number)| number))
}

/// An integer that is read by [`integer`].
#[derive(Deserialize)]
#[serde(bound = "T: TryFrom<i64>")]
struct Read<T>(#[serde(deserialize_with = "integer")] T);

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Whole<T> {
    fn fit<E: Error>(value: i64) -> Result<T, E> {
        T::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &"an integer in range"))
    }
}

impl<T: TryFrom<i64>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        Self::fit(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        let value = i64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &"an integer in range"))?;
        Self::fit(value)
    }

    /// The content is not repeated in the error: it is billing data.
    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(E::invalid_type(Unexpected::Other("string"), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        // From 2^53 on a double no longer tells neighbours apart: what was meant is not known.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < EXACT {
            #[allow(clippy::cast_possible_truncation)]
            return Self::fit(value as i64);
        }
        Err(E::invalid_value(Unexpected::Float(value), &self))
    }
}

/// Reads a list, null being an empty one.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let List(items) = List::deserialize(deserializer)?;
    Ok(items)
}

/// Reads a map, null being an empty one.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a map of lists, null being an empty one in either place.
pub(crate) fn map_of_lists<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    map_of_lists_of::<D, String, T, String, T>(deserializer)
}

/// The same, read as other types than it is kept in.
pub(crate) fn map_of_lists_of<'de, D, ReadKey, Read, Key, T>(
    deserializer: D,
) -> Result<BTreeMap<Key, Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    ReadKey: Deserialize<'de> + Into<Key>,
    Read: Deserialize<'de> + Into<T>,
    Key: Ord,
{
    deserializer.deserialize_any(Lists::<ReadKey, Read, Key, T>(PhantomData))
}

struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Items(PhantomData))
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence or null")
    }

    fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
        Ok(List(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            // A vector that grows by itself begins with room for four; a tag has one value.
            if items.is_empty() {
                items.reserve_exact(1);
            }
            items.push(item);
        }
        Ok(List(items))
    }
}

struct Lists<ReadKey, Read, Key, T>(PhantomData<(ReadKey, Read, Key, T)>);

impl<'de, ReadKey, Read, Key, T> Visitor<'de> for Lists<ReadKey, Read, Key, T>
where
    ReadKey: Deserialize<'de> + Into<Key>,
    Read: Deserialize<'de> + Into<T>,
    Key: Ord,
{
    type Value = BTreeMap<Key, Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut lists = BTreeMap::new();
        while let Some((key, List(items))) = map.next_entry::<ReadKey, List<Read>>()? {
            lists.insert(key.into(), items.into_iter().map(Into::into).collect());
        }
        Ok(lists)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Sums {
        #[serde(default, deserialize_with = "super::optional_integer")]
        cents: Option<i64>,
        #[serde(deserialize_with = "super::integer")]
        count: i32,
    }

    fn read(text: &str) -> Result<Sums, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn whole_numbers_are_integers_however_they_are_written() {
        let table = [
            (r#"{"cents":1,"count":2}"#, Some(1)),
            (r#"{"cents":1.0,"count":2.0}"#, Some(1)),
            (r#"{"cents":-1.5e3,"count":2}"#, Some(-1500)),
            (
                r#"{"cents":-9223372036854775808,"count":2}"#,
                Some(i64::MIN),
            ),
            (r#"{"cents":null,"count":2}"#, None),
            (r#"{"count":2}"#, None),
        ];
        for (text, cents) in table {
            assert_eq!(read(text).unwrap(), Sums { cents, count: 2 }, "{text}");
        }
    }

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Collections {
        #[serde(deserialize_with = "super::list")]
        list: Vec<String>,
        #[serde(deserialize_with = "super::or_default")]
        map: BTreeMap<String, i64>,
        #[serde(deserialize_with = "super::map_of_lists")]
        lists: BTreeMap<String, Vec<String>>,
    }

    #[test]
    fn null_is_an_empty_collection() {
        for text in ["{}", r#"{"list":null,"map":null,"lists":null}"#] {
            let read: Collections = serde_json::from_str(text).unwrap();
            assert_eq!(read, Collections::default(), "{text}");
        }
        let text = r#"{"list":["x"],"map":{"a":1},"lists":{"a":["x"],"b":null,"c":[],"a":["y"]}}"#;
        let read: Collections = serde_json::from_str(text).unwrap();
        assert_eq!(read.list, ["x"]);
        assert_eq!(read.map["a"], 1);
        assert_eq!(read.lists.len(), 3);
        assert_eq!(read.lists["a"], ["y"]);
        assert!(read.lists["b"].is_empty());
        assert_eq!(read.lists["a"].capacity(), 1);
        for text in [
            r#"{"list":{}}"#,
            r#"{"list":"x"}"#,
            r#"{"list":[null]}"#,
            r#"{"lists":{"a":"x"}}"#,
            r#"{"lists":{"a":["x",]}}"#,
            r#"{"lists":[]}"#,
        ] {
            assert!(serde_json::from_str::<Collections>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for text in [
            r#"{"cents":1.5,"count":2}"#,
            r#"{"cents":"1","count":2}"#,
            r#"{"cents":9223372036854775808,"count":2}"#,
            r#"{"cents":1e16,"count":2}"#,
            r#"{"count":2147483648}"#,
            r#"{"count":null}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
