//! What sums are grouped by: the groups that were met, each by its identity.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

/// What tells groups apart: values written one after the other, so that no two lists of values come
/// out alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity(Vec<u8>);

impl Identity {
    /// Appends a value, or that there is none, which is another value than an empty one.
    pub(crate) fn push(&mut self, value: Option<impl AsRef<[u8]>>) {
        let value = value.as_ref().map(AsRef::as_ref);
        // No value is that long.
        let length = value.map_or(usize::MAX, <[u8]>::len);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(value.unwrap_or_default());
    }
}

/// A value for each group that was met.
#[derive(Debug, Clone)]
pub(crate) struct Groups<V> {
    places: HashMap<Arc<[u8]>, usize>,
    entries: Vec<Entry<V>>,
    /// The place of the group that came last.
    last: usize,
    /// That of the item at hand, reused.
    identity: Identity,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    identity: Arc<[u8]>,
    value: V,
    /// The place of the group that followed this one the last time.
    next: usize,
}

impl<V> Groups<V> {
    /// The place of the group whose identity `identify` writes; `new` makes the value of one that was
    /// not met before.
    pub(crate) fn place(
        &mut self,
        identify: impl FnOnce(&mut Identity),
        new: impl FnOnce() -> V,
    ) -> usize {
        let Ok(place) = self.try_place(identify, || Ok::<_, Infallible>(new()));
        place
    }

    /// The same with a `new` that may fail.
    pub(crate) fn try_place<E>(
        &mut self,
        identify: impl FnOnce(&mut Identity),
        new: impl FnOnce() -> Result<V, E>,
    ) -> Result<usize, E> {
        self.identity.0.clear();
        identify(&mut self.identity);
        let identity = self.identity.0.as_slice();
        // Items come one resource after the other, or in the same order day after day. So a group is
        // most often followed by the one that followed it before, which is found without a hash.
        let next = self.entries.get(self.last).map_or(0, |last| last.next);
        let is_next = (self.entries.get(next)).is_some_and(|entry| *entry.identity == *identity);
        let known = match is_next {
            true => Some(next),
            false => self.places.get(identity).copied(),
        };
        let place = match known {
            Some(place) => place,
            None => self.insert(new()?),
        };
        if let Some(last) = self.entries.get_mut(self.last) {
            last.next = place;
        }
        self.last = place;
        Ok(place)
    }

    /// Adds the group of the item at hand.
    fn insert(&mut self, value: V) -> usize {
        let place = self.entries.len();
        let identity: Arc<[u8]> = self.identity.0.as_slice().into();
        self.places.insert(Arc::clone(&identity), place);
        self.entries.push(Entry {
            identity,
            value,
            next: place,
        });
        place
    }

    /// The value at a place of these groups.
    pub(crate) fn at(&mut self, place: usize) -> &mut V {
        &mut self.entries[place].value
    }

    /// The values, in the order in which their groups were met.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// The values themselves, in the same order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.entries.into_iter().map(|entry| entry.value)
    }
}

impl<V> Default for Groups<V> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            entries: Vec::new(),
            last: 0,
            identity: Identity::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_in_any_order() {
        let mut groups = Groups::default();
        for value in "aabcabcacb".chars() {
            let text = value.to_string();
            let place = groups.place(|identity| identity.push(Some(&text)), || (value, 0));
            groups.at(place).1 += 1;
        }
        let counted: Vec<(char, u32)> = groups.into_values().collect();
        assert_eq!(counted, [('a', 4), ('b', 3), ('c', 3)]);
    }

    #[test]
    fn a_group_that_could_not_be_made_is_made_the_next_time() {
        let mut groups = Groups::default();
        let name = |identity: &mut Identity| identity.push(Some("a"));
        assert_eq!(groups.try_place(name, || Err::<u32, _>("no")), Err("no"));
        assert_eq!(groups.values().count(), 0);
        assert_eq!(groups.try_place(name, || Ok::<_, &str>(7)), Ok(0));
        assert_eq!(groups.try_place(name, || Err("not made again")), Ok(0));
    }

    #[test]
    fn no_two_lists_of_values_are_alike() {
        let lists = [
            &[][..],
            &[None],
            &[Some("")],
            &[Some("a")],
            &[Some("a"), None],
            &[None, Some("a")],
            &[Some("a"), Some("b")],
            &[Some("ab")],
            &[Some("ab"), Some("")],
        ];
        let mut groups = Groups::default();
        for (expected, list) in lists.iter().enumerate() {
            let identify = |identity: &mut Identity| list.iter().for_each(|it| identity.push(*it));
            assert_eq!(groups.place(identify, || ()), expected, "{list:?}");
        }
    }
}
