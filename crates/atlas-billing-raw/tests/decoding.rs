//! What the service may send, and what must survive it: nothing is rejected only because it is
//! unknown, out of a pattern, or null in an optional place.

#![allow(clippy::panic)] // Helpers of tests are tests.

use atlas_billing_raw::enums::{CloudProvider, InvoiceStatus, PaymentStatus};
use atlas_billing_raw::types::{
    ApiError, CostExplorerQuery, CostExplorerResult, Invoice, InvoicePage, InvoiceSummary,
    LineItem, Link, Payment, Refund,
};
use atlas_billing_raw::{Cents, Number};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Decodes an object in which each of the fields is null.
fn all_null<T: DeserializeOwned>(fields: &str) -> T {
    let nulls = fields
        .split_whitespace()
        .map(|name| (name.to_owned(), Value::Null));
    let object = Value::Object(nulls.collect());
    serde_json::from_value(object).unwrap_or_else(|error| panic!("{fields}: {error}"))
}

#[test]
fn null_is_nothing_wherever_nothing_may_be() {
    let sums = "amountBilledCents amountPaidCents creditsCents salesTaxCents startingBalanceCents \
                subtotalCents created endDate id links orgId startDate statusName updated";
    let lists = "linkedInvoices lineItems payments refunds";
    assert_eq!(
        all_null::<Invoice>(&format!("{sums} {lists}")),
        Invoice::default()
    );
    assert_eq!(
        all_null::<InvoiceSummary>(&format!("{sums} linkedInvoices")),
        InvoiceSummary::default()
    );
    let item = "cloudProvider clusterName created discountCents endDate groupId groupName note \
                percentDiscount quantity sku startDate stitchAppName tags tierLowerBound \
                tierUpperBound totalPriceCents unit unitPriceDollars";
    assert_eq!(all_null::<LineItem>(item), LineItem::default());
    let payment = "amountBilledCents amountPaidCents created currency id salesTaxCents statusName \
                   subtotalCents unitPrice updated";
    assert_eq!(all_null::<Payment>(payment), Payment::default());
    assert_eq!(
        all_null::<Refund>("amountCents created paymentId reason"),
        Refund::default()
    );
    assert_eq!(all_null::<Link>("href rel"), Link::default());
    assert_eq!(
        all_null::<InvoicePage>("links results totalCount"),
        InvoicePage::default()
    );
    let error = "badRequestDetail detail error errorCode parameters reason";
    assert_eq!(all_null::<ApiError>(error), ApiError::default());
}

#[test]
fn what_is_new_or_odd_is_no_error() {
    let invoice: Invoice = serde_json::from_value(json!({
        "id": "not of the pattern",
        "amountBilledCents": 1250.0,
        "creditsCents": -300,
        "statusName": "HALF_PAID",
        "created": "2025-01-31T23:59:59Z",
        "payments": [{"statusName": "ERROR", "unitPrice": "0.92", "currency": "EUR"}],
        "linkedInvoices": [{"lineItems": [{"sku": "MADE_UP", "cloudProvider": "MOON"}]}],
        "lineItems": [
            {"quantity": 7, "unitPriceDollars": 1.5e-9, "percentDiscount": 33.3},
            {"clusterName": "-odd name", "tags": {"team": ["a", "b"], "none": null, "empty": []}},
        ],
        "aFieldOfTomorrow": {"deep": [1, 2, 3]},
    }))
    .unwrap();
    assert_eq!(invoice.id.as_deref(), Some("not of the pattern"));
    assert_eq!(invoice.amount_billed_cents, Some(Cents::from(1250)));
    assert_eq!(invoice.credits_cents, Some(Cents::from(-300)));
    assert_eq!(invoice.status_name, Some(InvoiceStatus::from("HALF_PAID")));
    assert_eq!(invoice.payments[0].status_name, Some(PaymentStatus::Error));
    let items = invoice.line_items;
    let digits = |number: &Option<Number>| number.as_ref().map(Number::to_string);
    assert_eq!(digits(&items[0].quantity).as_deref(), Some("7"));
    assert_eq!(
        digits(&items[0].unit_price_dollars).as_deref(),
        Some("1.5e-9")
    );
    assert_eq!(digits(&items[0].percent_discount).as_deref(), Some("33.3"));
    let tags = &items[1].tags;
    assert_eq!(tags["team"], ["a".into(), "b".into()]);
    assert!(tags["none"].is_empty());
    assert_eq!(items[1].tag("team"), ["a".into(), "b".into()]);
    let linked = invoice.linked_invoices;
    let item = &linked[0].line_items[0];
    assert_eq!(item.cloud_provider, Some(CloudProvider::from("MOON")));
    assert_eq!(item.cloud_provider.as_ref().unwrap().to_string(), "MOON");
}

#[test]
fn an_invoice_is_written_as_it_was_read() {
    for text in [
        r#"{"amountBilledCents":-5,"lineItems":[{"cloudProvider":"MOON","discountCents":0,"quantity":0.1234567890123456789,"sku":"NEW_SKU","startDate":"2025-03-01T00:00:00Z","tags":{"a":["x"],"b":[]},"totalPriceCents":7,"unitPriceDollars":12.50}]}"#,
        "{}",
    ] {
        let invoice: Invoice = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&invoice).unwrap(), text);
        let again: Invoice = serde_json::from_reader(text.as_bytes()).unwrap();
        assert_eq!(invoice, again);
    }
}

#[test]
fn an_errors_parameters_may_be_anything() {
    let error: ApiError = serde_json::from_value(json!({
        "error": 400,
        "errorCode": "MADE_UP",
        "parameters": ["text", 7, {"k": "v"}, null],
        "badRequestDetail": {"fields": [{"field": "startDate", "description": "wrong"}]},
    }))
    .unwrap();
    assert_eq!(
        error.parameters,
        [json!("text"), json!(7), json!({"k": "v"}), json!(null)]
    );
    assert_eq!(
        error.bad_request_detail.unwrap().fields[0].field.as_deref(),
        Some("startDate")
    );
}

#[test]
fn a_cost_explorer_result_keeps_all_it_holds() {
    let text = r#"{"usageDetails":[{"service":"Clusters","usageAmount":51.19}]}"#;
    let result: CostExplorerResult = serde_json::from_str(text).unwrap();
    assert_eq!(result["usageDetails"][0]["service"], "Clusters");
    assert_eq!(serde_json::to_string(&result).unwrap(), text);
}

#[test]
fn what_is_not_there_is_not_sent() {
    let body = CostExplorerQuery::builder()
        .start_date("2025-01-01".parse::<chrono::NaiveDate>().unwrap())
        .end_date("2025-02-01".parse::<chrono::NaiveDate>().unwrap());
    let body = CostExplorerQuery::try_from(body).unwrap();
    let text = serde_json::to_string(&body).unwrap();
    assert_eq!(text, r#"{"endDate":"2025-02-01","startDate":"2025-01-01"}"#);
    assert_eq!(serde_json::to_string(&Invoice::default()).unwrap(), "{}");
}

#[cfg(feature = "schemars")]
#[test]
fn every_field_has_a_json_schema_with_its_description() {
    let schema = serde_json::to_value(schemars::schema_for!(Invoice)).unwrap();
    let cents = &schema["properties"]["amountBilledCents"];
    assert_eq!(cents["type"], json!(["integer", "null"]));
    assert!(cents["description"].as_str().unwrap().contains("US cents"));
    assert_eq!(schema["$defs"]["InvoiceStatus"]["type"], "string");
    assert_eq!(schema.get("required"), None);
}
