//! Looks over serde's shoulder: a struct is decoded as its type says, and the fields that are
//! decoded here are taken on the way.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::fields::{Beside, Decoded, Field, SAFE_DIGITS, again, keep};

/// Hands a struct's fields through, and looks at each key.
pub(super) struct Watched<'a, T> {
    pub(super) inner: T,
    pub(super) beside: &'a mut Beside,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Watched<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = Watched {
            inner: visitor,
            beside: self.beside,
        };
        self.inner.deserialize_struct(name, fields, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Entries {
            inner: map,
            field: None,
            beside: self.beside,
        })
    }
}

/// A struct's fields with their values.
struct Entries<'a, A> {
    inner: A,
    /// What the key that was last read says of its value.
    field: Option<Field>,
    beside: &'a mut Beside,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.field = None;
        self.inner.next_key_seed(Key {
            inner: seed,
            field: &mut self.field,
        })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.field {
            None => self.inner.next_value_seed(seed),
            Some(Field::Tags) => {
                self.beside.tags = self.inner.next_value()?;
                seed.deserialize(Decoded::from(None))
            }
            Some(double) => {
                let text = self.inner.next_value::<&'de RawValue>()?.get();
                if text.len() > SAFE_DIGITS {
                    keep(double, text, &mut self.beside.long);
                }
                match text.parse::<f64>() {
                    // What Rust reads beyond JSON's numbers is no JSON value and never gets here.
                    Ok(number) if number.is_finite() => {
                        seed.deserialize(Decoded::from(Some(number)))
                    }
                    _ => again(seed, text),
                }
            }
        }
    }
}

/// Reads a key as its struct does, and notes what it is.
struct Key<'a, T> {
    inner: T,
    field: &'a mut Option<Field>,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = K::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        self.inner.deserialize(Key {
            inner: deserializer,
            field: self.field,
        })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Key<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_identifier(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_identifier(Key {
            inner: visitor,
            field: self.field,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Key<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<V::Value, E> {
        *self.field = Field::of(key);
        self.inner.visit_str(key)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<V::Value, E> {
        *self.field = Field::of(key);
        self.inner.visit_borrowed_str(key)
    }
}
