//! What a line item says, in the terms of someone who reads an invoice.

use chrono::NaiveDate;

use crate::cents::Cents;
use crate::shared::SharedText;
use crate::types::{LineItem, LineItemFilters, LineItemSearch};

/// ```
/// # fn show(item: &atlas_billing_raw::types::LineItem) {
/// let sku = item.sku.as_deref().unwrap_or("unknown");
/// println!("{sku}: {:?} before a discount of {:?}", item.gross(), item.discount());
/// println!("teams: {:?}", item.tag("team"));
/// # }
/// ```
impl LineItem {
    /// The price of the item (`totalPriceCents`), in the invoice's pricing currency.
    ///
    /// Whether it is before or after the [`discount`](Self::discount) is disputed: the
    /// specification makes it unit price × quantity × 100, hence before; the service's mapping of
    /// its FOCUS report makes it the effective cost, hence after. Show both figures.
    pub fn gross(&self) -> Option<Cents> {
        self.total_price_cents
    }

    /// The discount on the item (`discountCents`), which the service sends where there is one.
    pub fn discount(&self) -> Option<Cents> {
        self.discount_cents
    }

    /// [`gross`](Self::gross) less [`discount`](Self::discount), an absent discount counted as
    /// zero: what the item costs **if** its price is before the discount. Otherwise this subtracts
    /// the discount twice; see [`gross`](Self::gross) for what is known.
    pub fn net(&self) -> Option<Cents> {
        Some(self.total_price_cents? - self.discount_cents.unwrap_or_default())
    }

    /// The UTC date on which the charge starts.
    pub fn day(&self) -> Option<NaiveDate> {
        self.start_date.map(|start| start.date_naive())
    }

    /// The values of a tag; empty where the item does not have it. Keys are case-sensitive.
    pub fn tag(&self, key: &str) -> &[SharedText] {
        self.tags.get(key).map_or(&[], Vec::as_slice)
    }
}

/// A search by these filters, in the service's order.
impl From<LineItemFilters> for LineItemSearch {
    fn from(filters: LineItemFilters) -> Self {
        Self {
            filters: Some(filters),
            ..Self::default()
        }
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
    fn days_and_tags() {
        let item = item(
            r#"{"startDate":"2025-03-01T00:00:00Z","tags":{"team":["a","b"],"none":null,"empty":[]}}"#,
        );
        assert_eq!(item.day(), NaiveDate::from_ymd_opt(2025, 3, 1));
        assert_eq!(item.tag("team"), ["a".into(), "b".into()]);
        for key in ["none", "empty", "Team", ""] {
            assert!(item.tag(key).is_empty(), "{key}");
        }
    }
}
