//! An item decoded here beside the same one decoded as the generated type says.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> serde_json::Result<PreciseItem> {
    serde_json::from_str(text)
}

#[test]
fn numbers_are_read_to_the_last_digit() {
    for (number, long) in [
        ("3.7250000000000005", true),
        ("0.1", false),
        ("1e-7", false),
        ("0.000000000000000000123", false),
        ("-12", false),
        ("123456789012345", false),
        ("0.12345678901234567890", true),
    ] {
        let text = format!(r#"{{"quantity":{number},"sku":"a","unitPriceDollars":{number}}}"#);
        let read = read(&text).unwrap();
        assert_eq!(read.item.quantity, number.parse().ok());
        assert_eq!(read.item.unit_price_dollars, number.parse().ok());
        assert_eq!(read.item.sku.as_deref(), Some("a"));
        let kept = read.long.map(|long| (long.quantity, long.unit_price));
        let expected = long.then(|| (Some(number.into()), Some(number.into())));
        assert_eq!(kept, expected, "{number}");
    }
}

#[test]
fn what_the_generated_type_refuses_is_refused() {
    for text in [
        r#"{"quantity":"1"}"#,
        r#"{"quantity":[1]}"#,
        r#"{"quantity":true}"#,
        r#"{"quantity":01}"#,
        r#"{"quantity":1e999}"#,
        r#"{"quantity":nan}"#,
        r#"{"quantity":inf}"#,
        r#"{"quantity":1,"quantity":2}"#,
        r#"{"sku":1}"#,
        "[]",
        "null",
    ] {
        assert!(read(text).is_err(), "{text}");
        // serde takes an array of a struct's fields; an item must be an object.
        if text != "[]" {
            assert!(
                serde_json::from_str::<InvoiceLineItem>(text).is_err(),
                "{text}"
            );
        }
    }
    let null = read(r#"{"quantity":null,"unitPriceDollars":null}"#).unwrap();
    assert_eq!(null.item, InvoiceLineItem::default());
}

proptest! {
    #[test]
    fn every_double_survives_being_written_and_read(
        bits in prop::array::uniform5(any::<u64>()),
    ) {
        let [a, b, c, d, e] = bits.map(|bits| Some(f64::from_bits(bits)).filter(|f| f.is_finite()));
        let mut item = InvoiceLineItem::default();
        (item.quantity, item.unit_price_dollars, item.percent_discount) = (a, b, c);
        (item.tier_lower_bound, item.tier_upper_bound) = (d, e);
        let text = serde_json::to_string(&item).unwrap();
        prop_assert_eq!(read(&text).unwrap().item, item);
    }
}
