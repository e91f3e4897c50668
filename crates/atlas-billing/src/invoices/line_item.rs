//! One charge of an invoice.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use atlas_billing_raw::types::InvoiceLineItem;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::decode::{LongNumbers, PreciseItem};
use super::origin::Linked;
use crate::money::{Cents, Charge, decimal_of_f64, parse_decimal};

/// One charge of an invoice. Its fields are those of the generated type that it dereferences to;
/// every one of them may be absent.
///
/// ```
/// # fn show(item: &atlas_billing::LineItem) {
/// let sku = item.sku.as_deref().unwrap_or("unknown");
/// println!("{sku}: {:?} cents before a discount of {:?}", item.gross(), item.discount());
/// # }
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LineItem {
    item: InvoiceLineItem,
    #[serde(skip)]
    linked: Option<Arc<Linked>>,
    #[serde(skip)]
    long: Option<Box<LongNumbers>>,
}

impl LineItem {
    pub(super) fn new(decoded: PreciseItem, linked: Option<Arc<Linked>>) -> Self {
        Self {
            item: decoded.item,
            linked,
            long: decoded.long,
        }
    }

    /// The price of the item (`totalPriceCents`).
    ///
    /// Documented as unit price × quantity × 100, which makes it the price before any discount.
    /// Other clients have taken it for the price after the discount; nobody has published an
    /// answer that settles it, so show it beside [`discount`](Self::discount).
    pub fn gross(&self) -> Option<Cents> {
        self.item.total_price_cents.map(Cents::from)
    }

    /// The discount on the item (`discountCents`), which the service sends where there is one.
    pub fn discount(&self) -> Option<Cents> {
        self.item.discount_cents.map(Cents::from)
    }

    /// [`gross`](Self::gross) less [`discount`](Self::discount), absent discounts counted as
    /// none: what the item costs **if** its price is before the discount, as documented. If it is
    /// not, this takes the discount off twice; the names of the two terms are there to be shown.
    pub fn net(&self) -> Option<Cents> {
        let discount = self.discount().unwrap_or(Cents::ZERO);
        self.gross()?.checked_sub(discount)
    }

    /// The quantity as a decimal, with the digits that were sent; `None` if it is absent or does not
    /// fit a decimal of 28 places.
    pub fn quantity_decimal(&self) -> Option<Decimal> {
        let text = self.long.as_ref().and_then(|long| long.quantity.as_deref());
        exact(self.item.quantity?, text)
    }

    /// The price of one unit in dollars (`unitPriceDollars`) as a decimal, with the digits that were
    /// sent; `None` if it is absent or does not fit a decimal of 28 places.
    pub fn unit_price(&self) -> Option<Decimal> {
        let text = self
            .long
            .as_ref()
            .and_then(|long| long.unit_price.as_deref());
        exact(self.item.unit_price_dollars?, text)
    }

    /// The UTC date on which the charge starts.
    pub fn day(&self) -> Option<NaiveDate> {
        self.item.start_date.map(|start| start.date_naive())
    }

    /// The linked invoice that the item belongs to, where it comes from a stream that hands those
    /// out too. `None` for the items of the invoice itself, and for items of an
    /// [`Invoice`](super::Invoice) in memory, where each stands in its own invoice.
    pub fn linked(&self) -> Option<&Linked> {
        self.linked.as_deref()
    }

    /// The generated value.
    pub fn into_raw(self) -> InvoiceLineItem {
        self.item
    }
}

impl Deref for LineItem {
    type Target = InvoiceLineItem;

    fn deref(&self) -> &InvoiceLineItem {
        &self.item
    }
}

impl DerefMut for LineItem {
    fn deref_mut(&mut self) -> &mut InvoiceLineItem {
        &mut self.item
    }
}

impl From<InvoiceLineItem> for LineItem {
    fn from(item: InvoiceLineItem) -> Self {
        Self {
            item,
            ..Self::default()
        }
    }
}

/// Two items are equal if what they say is, however it was written.
impl PartialEq for LineItem {
    fn eq(&self, other: &Self) -> bool {
        self.item == other.item && self.linked == other.linked
    }
}

/// The decimal that a number was sent as: that of its text where that was kept, and the number not
/// changed since.
fn exact(number: f64, text: Option<&str>) -> Option<Decimal> {
    match text {
        Some(text) if text.parse() == Ok(number) => parse_decimal(text),
        _ => decimal_of_f64(number),
    }
}

impl Charge for LineItem {
    fn gross(&self) -> i64 {
        self.item.total_price_cents.unwrap_or_default()
    }

    fn discount(&self) -> i64 {
        self.item.discount_cents.unwrap_or_default()
    }

    fn sku(&self) -> Option<&str> {
        self.item.sku.as_deref()
    }

    fn project_id(&self) -> Option<&str> {
        self.item.group_id.as_deref()
    }

    fn project_name(&self) -> Option<&str> {
        self.item.group_name.as_deref()
    }

    fn cluster(&self) -> Option<&str> {
        self.item.cluster_name.as_deref()
    }

    fn provider(&self) -> Option<&str> {
        self.item
            .cloud_provider
            .as_ref()
            .map(|provider| provider.as_str())
    }

    fn day(&self) -> Option<NaiveDate> {
        self.day()
    }

    fn tag(&self, key: &str) -> Vec<Cow<'_, str>> {
        let values = self
            .item
            .tags
            .as_ref()
            .and_then(|tags| tags.get(key)?.as_ref());
        values
            .into_iter()
            .flatten()
            .map(|value| Cow::Borrowed(value.as_str()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> LineItem {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_terms_are_there_one_by_one() {
        let discounted = item(r#"{"totalPriceCents":100,"discountCents":30}"#);
        assert_eq!(discounted.gross(), Some(Cents::from(100)));
        assert_eq!(discounted.discount(), Some(Cents::from(30)));
        assert_eq!(discounted.net(), Some(Cents::from(70)));
        assert_eq!(
            item(r#"{"totalPriceCents":-5}"#).net(),
            Some(Cents::from(-5))
        );
        assert_eq!(item(r#"{"discountCents":5}"#).net(), None);
        let least = item(r#"{"totalPriceCents":-9223372036854775808,"discountCents":1}"#);
        assert_eq!(least.net().unwrap().get(), i128::from(i64::MIN) - 1);
    }

    #[test]
    fn numbers_are_decimals_of_their_text() {
        for number in [
            "3.7250000000000005",
            "0.1234567890123456789",
            "0.0000001",
            "12",
        ] {
            let text = format!(r#"{{"quantity":{number},"unitPriceDollars":{number}}}"#);
            let mut item = LineItem::new(serde_json::from_str(&text).unwrap(), None);
            assert_eq!(item.quantity_decimal().unwrap().to_string(), number);
            assert_eq!(item.unit_price().unwrap().to_string(), number);
            item.quantity = Some(0.5);
            assert_eq!(item.quantity_decimal().unwrap().to_string(), "0.5");
        }
    }

    #[test]
    fn encoded_as_the_service_writes_it() {
        let text = r#"{"cloudProvider":"MOON","sku":"NEW_SKU","startDate":"2025-03-01T00:00:00Z","tags":{"a":["x"],"b":null}}"#;
        assert_eq!(serde_json::to_string(&item(text)).unwrap(), text);
        assert_eq!(item(text).day(), NaiveDate::from_ymd_opt(2025, 3, 1));
    }
}
