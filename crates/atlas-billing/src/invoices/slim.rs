//! A line item of which only what sums need is decoded, most of it without a copy.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use atlas_billing_raw::timestamp;
use chrono::NaiveDate;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::money::{Charge, Dimension};

/// The fields of a line item that sums may need. What is not among them is only checked to be
/// JSON; the types of those that are needed are checked as for a whole item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, default)]
    cloud_provider: Text<'a>,
    #[serde(borrow, default)]
    cluster_name: Text<'a>,
    #[serde(default)]
    discount_cents: Cents,
    #[serde(borrow, default)]
    group_id: Text<'a>,
    #[serde(borrow, default)]
    group_name: Text<'a>,
    #[serde(borrow, default)]
    sku: Text<'a>,
    #[serde(borrow, default)]
    start_date: Text<'a>,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
    #[serde(default)]
    total_price_cents: Cents,
}

/// A line item with what the sums asked for need of it.
pub(super) struct SlimItem<'a> {
    fields: Fields<'a>,
    day: Option<NaiveDate>,
    tags: BTreeMap<String, Option<Vec<String>>>,
}

/// What is needed beyond text and cents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    day: bool,
    tags: bool,
}

impl Needs {
    /// What sums by `dimensions` need.
    pub(super) fn of(dimensions: &[Dimension]) -> Self {
        Self {
            day: dimensions
                .iter()
                .any(|by| matches!(by, Dimension::Day | Dimension::Month)),
            tags: dimensions.iter().any(|by| matches!(by, Dimension::Tag(_))),
        }
    }
}

impl<'a> SlimItem<'a> {
    /// Decodes the item at the beginning of `text`, and says how long it is.
    pub(super) fn read(text: &'a [u8], needs: Needs) -> serde_json::Result<(Self, usize)> {
        let (fields, used) = super::split::first::<Fields<'a>>(text)?;
        let day = match &fields.start_date.0 {
            Some(start) if needs.day => Some(day_of(start)?),
            _ => None,
        };
        let tags = match fields.tags {
            Some(tags) if needs.tags => serde_json::from_str(tags.get())?,
            _ => BTreeMap::new(),
        };
        Ok((Self { fields, day, tags }, used))
    }
}

impl Charge for SlimItem<'_> {
    fn gross(&self) -> i64 {
        self.fields.total_price_cents.0
    }

    fn discount(&self) -> i64 {
        self.fields.discount_cents.0
    }

    fn sku(&self) -> Option<&str> {
        self.fields.sku.0.as_deref()
    }

    fn project_id(&self) -> Option<&str> {
        self.fields.group_id.0.as_deref()
    }

    fn project_name(&self) -> Option<&str> {
        self.fields.group_name.0.as_deref()
    }

    fn cluster(&self) -> Option<&str> {
        self.fields.cluster_name.0.as_deref()
    }

    fn provider(&self) -> Option<&str> {
        self.fields.cloud_provider.0.as_deref()
    }

    fn day(&self) -> Option<NaiveDate> {
        self.day
    }

    fn tag(&self, key: &str) -> Vec<Cow<'_, str>> {
        let values = self.tags.get(key).and_then(Option::as_ref);
        let values = values.into_iter().flatten();
        values.map(|value| Cow::Borrowed(value.as_str())).collect()
    }
}

/// The UTC date of a timestamp.
fn day_of(start: &str) -> serde_json::Result<NaiveDate> {
    timestamp::read(start)
        .map(|start| start.date_naive())
        .map_err(|error| Error::custom(format_args!("startDate: {error}")))
}

/// Text that may be absent or null, borrowed where it is written without escapes.
#[derive(Debug, Default)]
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or null")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

/// Cents that may be absent or null, which is none; 1.0 is 1, as in the generated types.
#[derive(Debug, Default)]
struct Cents(i64);

impl<'de> Deserialize<'de> for Cents {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = Cents;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or null")
            }

            fn visit_i64<E: Error>(self, cents: i64) -> Result<Cents, E> {
                Ok(Cents(cents))
            }

            fn visit_u64<E: Error>(self, cents: u64) -> Result<Cents, E> {
                i64::try_from(cents)
                    .map(Cents)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(cents), &self))
            }

            fn visit_f64<E: Error>(self, cents: f64) -> Result<Cents, E> {
                // Up to 2^53 a double tells neighbouring integers apart.
                const EXACT: f64 = 9_007_199_254_740_992.0;
                if cents.fract() == 0.0 && cents.abs() < EXACT {
                    #[allow(clippy::cast_possible_truncation)]
                    return Ok(Cents(cents as i64));
                }
                Err(E::invalid_value(Unexpected::Float(cents), &self))
            }

            fn visit_unit<E: Error>(self) -> Result<Cents, E> {
                Ok(Cents(0))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LineItem;
    use crate::money::Totals;

    const ALL: &[Dimension] = &[
        Dimension::Sku,
        Dimension::Cluster,
        Dimension::Provider,
        Dimension::Day,
        Dimension::Month,
    ];

    fn by() -> Vec<Dimension> {
        let mut by = ALL.to_vec();
        by.push(Dimension::tag("t"));
        by
    }

    #[test]
    fn sums_as_the_whole_item_does() {
        for text in [
            "{}",
            r#"{"sku":"A","totalPriceCents":-5,"discountCents":1.0,"groupId":"g","groupName":"n\"x",
                "clusterName":"c","cloudProvider":"MOON","startDate":"2025-03-31T23:30:00-01:00",
                "tags":{"t":["b","a","\u00e9"],"u":null}}"#,
            r#"{"sku":null,"totalPriceCents":null,"tags":null,"startDate":null}"#,
            r#"{"tags":{"t":null},"totalPriceCents":1e3}"#,
        ] {
            let (mut whole, mut slim) = (Totals::new(&by()), Totals::new(&by()));
            whole.add(&serde_json::from_str::<LineItem>(text).unwrap());
            let (item, used) = SlimItem::read(text.as_bytes(), Needs::of(&by())).unwrap();
            assert_eq!(used, text.len());
            slim.add_charge(&item);
            assert_eq!(whole, slim, "{text}");
        }
    }

    #[test]
    fn what_is_needed_is_checked_as_in_a_whole_item() {
        for text in [
            r#"{"sku":1}"#,
            r#"{"totalPriceCents":1.5}"#,
            r#"{"totalPriceCents":"1"}"#,
            r#"{"discountCents":9223372036854775808}"#,
            r#"{"startDate":"yesterday"}"#,
            r#"{"tags":[]}"#,
            r#"{"tags":{"t":"x"}}"#,
            r#"{"quantity":tru}"#,
            r#"{"sku":"a","sku":"b"}"#,
        ] {
            assert!(serde_json::from_str::<LineItem>(text).is_err(), "{text}");
            assert!(
                SlimItem::read(text.as_bytes(), Needs::of(&by())).is_err(),
                "{text}"
            );
        }
    }
}
