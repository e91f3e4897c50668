//! What sums are grouped by: the groups that were met, each by its identity.

use std::collections::HashMap;
use std::convert::Infallible;

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
    places: HashMap<Box<[u8]>, usize>,
    values: Vec<V>,
    /// That of the item at hand, reused.
    identity: Identity,
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
        if let Some(place) = self.places.get(identity) {
            return Ok(*place);
        }
        let place = self.values.len();
        self.values.push(new()?);
        self.places.insert(identity.into(), place);
        Ok(place)
    }

    /// The value at a place of these groups.
    pub(crate) fn at(&mut self, place: usize) -> &mut V {
        &mut self.values[place]
    }

    /// The values, in the order in which their groups were met.
    pub(crate) fn values(&self) -> &[V] {
        &self.values
    }

    /// The values themselves, in the same order.
    pub(crate) fn into_values(self) -> Vec<V> {
        self.values
    }
}

impl<V> Default for Groups<V> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            values: Vec::new(),
            identity: Identity::default(),
        }
    }
}
