//! Text that repeats: of a million line items nearly all name the same projects, clusters and SKUs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::lenient::map_of_lists_of;

/// Text of a line item, which derefs to `str`: one allocation for all items that an [`Interner`]
/// decoded, where they say the same.
pub type SharedText = Arc<str>;

/// The tags of a line item, values by key, shared like [`SharedText`].
pub type Tags = Arc<BTreeMap<SharedText, Vec<SharedText>>>;

/// Lets what is decoded share its texts and tags, so that many line items take a third of the
/// memory. It remembers a bounded number of each; what repeats after more others is allocated again.
///
/// ```
/// use std::sync::Arc;
/// use atlas_billing_raw::{Interner, types::LineItem};
///
/// let mut interner = Interner::default();
/// let mut read = || interner.during(|| serde_json::from_str::<LineItem>(r#"{"sku":"A"}"#).unwrap());
/// let (one, two) = (read().sku.unwrap(), read().sku.unwrap());
/// assert!(*one == *"A" && Arc::ptr_eq(&one, &two));
/// ```
#[derive(Default)]
pub struct Interner(Option<Box<Tables>>);

impl Interner {
    /// Calls `decode`; what it decodes on this thread shares its texts and tags with all that this
    /// interner was used for before.
    pub fn during<T>(&mut self, decode: impl FnOnce() -> T) -> T {
        let tables = self.0.take().unwrap_or_default();
        let outer = IN_USE.replace(Some(tables));
        let decoded = decode();
        self.0 = IN_USE.replace(outer);
        decoded
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interner").finish_non_exhaustive()
    }
}

thread_local! {
    /// The tables of the interner that decodes on this thread.
    static IN_USE: RefCell<Option<Box<Tables>>> = const { RefCell::new(None) };
}

/// What the interner of one document remembers.
struct Tables {
    texts: Table<SharedText>,
    tags: Table<Tags>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            texts: Table::new(1 << 12),
            tags: Table::new(1 << 10),
        }
    }
}

/// What was decoded last, by hash: another value with the same place takes it.
struct Table<T> {
    /// A power of two of them.
    places: Vec<Option<T>>,
    /// How many values have taken a place of these.
    taken: usize,
    most: usize,
}

impl<T: Clone> Table<T> {
    /// A small one, for small documents: it grows to `most` places.
    fn new(most: usize) -> Self {
        Self {
            places: vec![None; 1 << 5],
            taken: 0,
            most,
        }
    }

    /// `value` as what is remembered at the place of its `hash` if that is the same, else as what
    /// takes this place.
    fn remembered<V: Into<T>>(
        &mut self,
        hash: u64,
        value: V,
        same: impl FnOnce(&T, &V) -> bool,
    ) -> T {
        // The upper bits of a product are the well mixed ones.
        let place = hash >> (u64::BITS - self.places.len().trailing_zeros());
        let slot = usize::try_from(place)
            .ok()
            .and_then(|at| self.places.get_mut(at));
        let value = match slot {
            Some(Some(known)) if same(known, &value) => return known.clone(),
            Some(slot) => slot.insert(value.into()).clone(),
            None => value.into(),
        };
        self.taken += 1;
        if self.taken > self.places.len() / 2 && self.places.len() < self.most {
            // What it held is forgotten, and allocated once more.
            let size = (self.places.len() * 8).min(self.most);
            (self.places, self.taken) = (vec![None; size], 0);
        }
        value
    }
}

/// The hash function of the Rust compiler (FxHash): fast, and collisions cost no more than an
/// allocation here.
fn hash(before: u64, text: &str) -> u64 {
    let words = text.as_bytes().chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word.iter_mut()
            .zip(chunk)
            .for_each(|(to, byte)| *to = *byte);
        u64::from_le_bytes(word)
    });
    words.chain([text.len() as u64]).fold(before, |hash, word| {
        (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}

/// Reads text that may be missing or null.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SharedText>, D::Error> {
    let text = Option::<Text>::deserialize(deserializer)?;
    Ok(text.map(Into::into))
}

/// Reads tags, null being none in either place; for `#[serde(deserialize_with)]`.
///
/// # Errors
/// When it is no map of lists of strings.
pub fn deserialize_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tags, D::Error> {
    let tags = map_of_lists_of::<D, Text, Text, SharedText, SharedText>(deserializer)?;
    let of_all = tags.iter().fold(0, |before, (key, values)| {
        let before = hash(before, key);
        values
            .iter()
            .fold(before, |before, value| hash(before, value))
    });
    Ok(IN_USE.with_borrow_mut(|tables| match tables {
        Some(tables) => tables
            .tags
            .remembered(of_all, tags, |known, tags| **known == *tags),
        None => tags.into(),
    }))
}

/// Text as it is read.
struct Text(SharedText);

impl From<Text> for SharedText {
    fn from(Text(text): Text) -> Self {
        text
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = SharedText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SharedText, E> {
        Ok(IN_USE.with_borrow_mut(|tables| match tables {
            Some(tables) => tables
                .texts
                .remembered(hash(0, text), text, |known, text| known.as_ref() == *text),
            None => text.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::LineItem;

    const ITEM: &str =
        r#"{"sku":"A","clusterName":"c","groupName":null,"tags":{"team":["A","b"],"none":null}}"#;

    fn read(text: &str) -> LineItem {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_an_interner_decodes_shares_its_texts_and_tags() {
        let mut interner = Interner::default();
        let one = interner.during(|| read(ITEM));
        let two = interner.during(|| read(ITEM));
        assert_eq!(one, two);
        assert_eq!(one, read(ITEM));
        assert!(Arc::ptr_eq(
            one.sku.as_ref().unwrap(),
            two.sku.as_ref().unwrap()
        ));
        assert!(Arc::ptr_eq(&one.tags, &two.tags));
        // The value of a tag is the same text as the SKU.
        assert!(Arc::ptr_eq(&one.tags["team"][0], one.sku.as_ref().unwrap()));
        assert_eq!(one.tag("team").len(), 2);
        assert!(one.group_name.is_none() && one.tag("none").is_empty());
    }

    #[test]
    fn nothing_is_shared_with_another_interner_or_without_one() {
        let (mut one, mut two) = (Interner::default(), Interner::default());
        let alone = read(ITEM);
        let (first, inner) = one.during(|| (read(ITEM), two.during(|| read(ITEM))));
        let after = one.during(|| read(ITEM));
        let sku = |item: &LineItem| item.sku.clone().unwrap();
        assert!(!Arc::ptr_eq(&sku(&first), &sku(&inner)));
        assert!(!Arc::ptr_eq(&sku(&first), &sku(&alone)));
        assert!(!Arc::ptr_eq(&sku(&alone), &sku(&read(ITEM))));
        assert!(Arc::ptr_eq(&sku(&first), &sku(&after)));
    }

    #[test]
    fn more_texts_than_there_are_places_stay_what_they_are() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for number in 0..10_000 {
                let text =
                    format!(r#"{{"sku":"SKU {number}","tags":{{"k{number}":["{number}"]}}}}"#);
                let item = interner.during(|| read(&text));
                assert_eq!(*item.sku.unwrap(), *format!("SKU {number}"), "{round}");
                assert_eq!(*item.tags[&*format!("k{number}")][0], *number.to_string());
            }
        }
    }

    #[test]
    fn other_types_are_rejected_as_for_plain_strings_and_maps() {
        for text in [
            r#"{"sku":5}"#,
            r#"{"tags":[]}"#,
            r#"{"tags":{"a":"b"}}"#,
            r#"{"tags":{"a":[null]}}"#,
        ] {
            assert!(serde_json::from_str::<LineItem>(text).is_err(), "{text}");
        }
    }
}
