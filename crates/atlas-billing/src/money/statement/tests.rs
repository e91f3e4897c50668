use proptest::prelude::*;

use super::*;

fn invoice(head: &str, items: &[&str]) -> Invoice {
    let items = items.join(",");
    serde_json::from_str(&format!(r#"{{{head}"lineItems":[{items}]}}"#)).unwrap()
}

fn statement(head: &str, items: &[&str]) -> Statement {
    Statement::of(&invoice(head, items))
}

fn cents(cents: i64) -> Cents {
    Cents::from(cents)
}

fn rows(statement: &Statement) -> Vec<(&str, i128)> {
    let rows = statement.rows.iter();
    rows.map(|row| (row.label, row.cents.get())).collect()
}

fn text(statement: &Statement, subject: Subject) -> String {
    let findings = statement.findings.iter();
    let texts = findings.filter(|it| it.subject == subject);
    let texts: Vec<_> = texts.map(|it| it.text.as_str()).collect();
    texts.join(" | ")
}

/// 20.00 with 1.00 off, 10.00, and a credit of 5.00.
const ITEMS: [&str; 3] = [
    r#"{"sku":"A","quantity":10,"unitPriceDollars":2,"totalPriceCents":2000,"discountCents":100,"percentDiscount":5}"#,
    r#"{"sku":"B","quantity":4,"unitPriceDollars":2.5,"totalPriceCents":1000}"#,
    r#"{"sku":"CREDIT","quantity":1,"unitPriceDollars":-5,"totalPriceCents":-500}"#,
];

#[test]
fn each_rule_for_the_subtotal_is_recognized() {
    for (stated, rule) in [
        (3000, SubtotalRule::PositivePrices),
        (2900, SubtotalRule::PositivePricesLessDiscounts),
        (2500, SubtotalRule::Prices),
        (2400, SubtotalRule::PricesLessDiscounts),
    ] {
        let found = statement(&format!(r#""subtotalCents":{stated},"#), &ITEMS);
        assert_eq!(found.subtotal_rule(), Some(rule));
        assert_eq!(found.verdict, Verdict::Reconciled);
        let obeyed = found.subtotal.iter();
        let obeyed = obeyed.filter(|test| test.difference == Some(Cents::ZERO));
        assert_eq!(obeyed.count(), 1, "{rule:?}");
    }
    let plain = statement(r#""subtotalCents":1000,"#, &ITEMS[1..2]);
    assert_eq!(plain.subtotal_rule(), Some(SubtotalRule::PositivePrices));
    assert!(text(&plain, Subject::Subtotal).ends_with("other rules give the same"));
    assert!(text(&plain, Subject::Discounts).starts_with("no discounts: "));
}

#[test]
fn each_rule_for_the_amount_billed_is_recognized() {
    let rule = |credits, sales_tax| Some(BilledRule { credits, sales_tax });
    for (credits, billed, expected) in [
        (500, 2900, rule(CreditRule::Ignored, false)),
        (500, 2400, rule(CreditRule::Subtracted, false)),
        (-500, 2400, rule(CreditRule::Added, false)),
        (0, 2400, rule(CreditRule::NegativeItems, false)),
        (500, 3200, rule(CreditRule::Ignored, true)),
        (500, 2700, rule(CreditRule::Subtracted, true)),
        (700, 2399, None),
    ] {
        let head = format!(
            r#""subtotalCents":2900,"creditsCents":{credits},"salesTaxCents":300,"amountBilledCents":{billed},"#
        );
        let found = statement(&head, &ITEMS);
        assert_eq!(found.billed_rule(), expected, "{credits} {billed}");
    }
}

#[test]
fn rows_lead_from_the_items_to_what_is_outstanding() {
    // 30.00 - 1.00 = 29.00; - 5.00 = 24.00; + 1.92 - 0.50 = 25.42; - 20.00 = 5.42.
    let found = statement(
        r#""id":"5f","statusName":"PENDING","subtotalCents":2900,"creditsCents":500,"salesTaxCents":192,
           "amountBilledCents":2400,"amountPaidCents":2000,"startingBalanceCents":50,
           "refunds":[{"amountCents":7}],
           "payments":[{"amountBilledCents":2400,"amountPaidCents":1900,"unitPrice":"1.0","salesTaxCents":192}],"#,
        &ITEMS,
    );
    assert_eq!(
        rows(&found),
        [
            ("Line items above zero", 3000),
            ("Discounts on them", -100),
            ("Subtotal", 2900),
            ("Credits", -500),
            ("Amount billed", 2400),
            ("Sales tax", 192),
            ("Starting balance", -50),
            ("Amount due", 2542),
            ("Amount paid", -2000),
            ("Outstanding", 542),
            ("Line items below zero, not added", -500),
            ("Payments: amount billed", 2400),
            ("Payments: amount paid", 1900),
            ("Refunds", 7),
        ]
    );
    assert_eq!(found.verdict, Verdict::Reconciled);
    assert_eq!(found.rows[2].field, Some("subtotalCents"));
    assert_eq!(found.rows[12].difference, Some(cents(100)));
    assert_eq!(found.owed.as_ref().unwrap().owed.to_string(), "2542.0");
    assert!(text(&found, Subject::Status).contains("pending"));
    let due = text(&found, Subject::AmountDue);
    assert!(
        due.contains("starting balance of 0.50 is subtracted"),
        "{due}"
    );
    assert!(due.contains("amount paid: 1.00 off"), "{due}");
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["verdict"], "reconciled");
    assert_eq!(json["rows"][1]["kind"], "component");
    assert_eq!(json["prices"]["before_discount"]["cents"], 0);
}

#[test]
fn a_rate_ends_the_rows_before_the_amount_due() {
    // 10.00 x 0.85 + 0.68 of tax.
    let found = statement(
        r#""subtotalCents":1000,"creditsCents":0,"salesTaxCents":68,"amountBilledCents":1000,"startingBalanceCents":0,
           "payments":[{"id":"p","amountBilledCents":1000,"unitPrice":"0.850","salesTaxCents":68,"currency":"EUR"}],"#,
        &ITEMS[1..2],
    );
    let labels: Vec<_> = rows(&found).into_iter().map(|(label, _)| label).collect();
    let expected = [
        "Line items above zero",
        "Subtotal",
        "Amount billed",
        "Sales tax",
    ];
    assert_eq!(labels[..4], expected);
    assert_eq!(found.rows[3].kind, RowKind::Memo);
    assert_eq!(found.rates.len(), 1);
    assert!(found.billed.iter().all(|test| !test.rule.sales_tax));
    let currency = text(&found, Subject::Currency);
    assert!(
        currency.contains("payment p converts one unit"),
        "{currency}"
    );
    assert!(currency.contains("to 0.85 EUR"), "{currency}");
    assert!(text(&found, Subject::AmountDue).ends_with("9.18 EUR is due"));
}

#[test]
fn unit_prices_tell_whether_prices_are_before_discounts() {
    let item = |price: i64, discount: i64| {
        // 3 x 3.335 = 10.005: 1000 or 1001 cents, however it is rounded.
        format!(
            r#"{{"quantity":3,"unitPriceDollars":3.335,"totalPriceCents":{price},"discountCents":{discount}}}"#
        )
    };
    for (price, discount, reading, deviating) in [
        (1000, 100, Some(PriceReading::BeforeDiscount), (0, 1)),
        (1001, 100, Some(PriceReading::BeforeDiscount), (0, 1)),
        (900, 100, Some(PriceReading::AfterDiscount), (1, 0)),
        (950, 100, None, (1, 1)),
        (1000, 0, None, (0, 0)),
    ] {
        let found = statement("", &[&item(price, discount)]);
        let check = found.prices.unwrap();
        assert_eq!(check.reading(), reading, "{price} {discount}");
        let counts = (check.before_discount.items, check.after_discount.items);
        assert_eq!(counts, deviating, "{price} {discount}");
        assert_eq!((check.checked, check.unchecked), (1, 0));
    }
    // 950 is 50.5 below 1000.5, and 49.5 above 900.5.
    let check = statement("", &[&item(950, 100)]).prices.unwrap();
    assert_eq!(check.before_discount.cents.to_string(), "50.5");
    assert_eq!(check.after_discount.cents.to_string(), "49.5");
    // A whole cent is not rounding.
    let whole = r#"{"quantity":1,"unitPriceDollars":0.05,"totalPriceCents":6}"#;
    let check = statement("", &[whole]).prices.unwrap();
    assert_eq!(
        (check.undiscounted.items, check.undiscounted.cents),
        (1, Decimal::ONE)
    );
}

#[test]
fn what_cannot_be_computed_is_not_tested() {
    let items = [
        r#"{"totalPriceCents":5}"#,
        r#"{"quantity":1,"unitPriceDollars":0.05}"#,
        r#"{"quantity":1e30,"unitPriceDollars":1,"totalPriceCents":1}"#,
        r#"{"quantity":0.1234567890123456789012345,"unitPriceDollars":0.1234567890123456789012345,"totalPriceCents":1}"#,
        // Tiny numbers, with 16 digits each: 1.5 cents.
        r#"{"quantity":1.500000000000001e-9,"unitPriceDollars":10000000.00000001,"totalPriceCents":2}"#,
    ];
    let check = statement("", &items).prices.unwrap();
    assert_eq!((check.checked, check.unchecked), (1, 4));
    assert_eq!(check.deviation().items, 0);
}

#[test]
fn a_percentage_is_tested_beside_the_discount() {
    let wrong = ITEMS[0].replace(r#""percentDiscount":5"#, r#""percentDiscount":7.5"#);
    // 7.5 % of 20.00 are 1.50, not 1.00.
    let check = statement("", &[&wrong]).prices.unwrap();
    assert_eq!(
        (check.percent.items, check.percent.cents),
        (1, Decimal::from(50))
    );
    assert_eq!(statement("", &ITEMS).prices.unwrap().percent.items, 0);
}

#[test]
fn rounding_is_measured_where_unit_prices_show_it() {
    // Three times 1.334 cents are 4.002, billed as 3 x 1.
    let item = r#"{"quantity":1,"unitPriceDollars":0.01334,"totalPriceCents":1}"#;
    let found = statement(r#""subtotalCents":4,"amountBilledCents":4,"#, &[item; 3]);
    let rounding = |explained| Verdict::ReconciledButForRounding {
        cents: cents(1),
        explained,
    };
    assert_eq!(found.verdict, rounding(Rounding::Measured));
    assert_eq!(rows(&found)[1], ("Difference", 1));
    assert_eq!(found.rows[2].difference, Some(cents(1)));
    // Only added up, the same may be rounding.
    let found = statement(r#""subtotalCents":4,"#, &[r#"{"totalPriceCents":1}"#; 3]);
    assert_eq!(found.verdict, rounding(Rounding::Possible));
}

#[test]
fn many_items_do_not_explain_everything() {
    let item: LineItem = serde_json::from_str(r#"{"sku":"A","totalPriceCents":1}"#).unwrap();
    let mut builder = StatementBuilder::new();
    (0..5000).for_each(|_| builder.add(&item));
    let at = |subtotal: i64| {
        let head = format!(r#"{{"subtotalCents":{subtotal}}}"#);
        builder
            .finish(&serde_json::from_str(&head).unwrap())
            .verdict
    };
    assert_eq!(at(5000), Verdict::Reconciled);
    // The square root of 0.75 x 5,000 is 61.2.
    let explained = Rounding::Possible;
    assert_eq!(
        at(5061),
        Verdict::ReconciledButForRounding {
            cents: cents(61),
            explained
        }
    );
    assert_eq!(
        at(4939),
        Verdict::ReconciledButForRounding {
            cents: cents(-61),
            explained
        }
    );
    assert!(matches!(at(5062), Verdict::NotReconciled { .. }));
}

#[test]
fn what_is_not_reconciled_names_skus() {
    // 10.00 of B are missing; C is 0.30 above 1 x 2.00.
    let other = r#"{"sku":"C","quantity":1,"unitPriceDollars":2,"totalPriceCents":230}"#;
    let items = [ITEMS[0], ITEMS[1], other];
    let found = statement(r#""subtotalCents":2130,"amountBilledCents":2130,"#, &items);
    let Verdict::NotReconciled {
        field,
        difference,
        groups,
    } = found.verdict.clone()
    else {
        panic!("{:?}", found.verdict);
    };
    // Less the discount of 1.00, 31.30 are closest to 21.30.
    assert_eq!((field, difference), ("subtotalCents", cents(-1000)));
    let named: Vec<_> = groups
        .iter()
        .map(|it| {
            (
                it.sku.as_deref().unwrap(),
                it.equals_difference,
                it.deviation.to_string(),
            )
        })
        .collect();
    assert_eq!(
        named,
        [("B", true, "0".to_owned()), ("C", false, "30".to_owned())]
    );
    assert!(text(&found, Subject::Subtotal).starts_with("the stated subtotal is none of these"));
    assert!(text(&found, Subject::UnitPrices).contains("by a cent or more, by 0.30 together"));

    let found = statement(
        r#""subtotalCents":1000,"amountBilledCents":900,"#,
        &ITEMS[1..2],
    );
    let Verdict::NotReconciled {
        field, difference, ..
    } = found.verdict
    else {
        panic!("{:?}", found.verdict);
    };
    assert_eq!((field, difference), ("amountBilledCents", cents(-100)));
}

#[test]
fn an_empty_invoice_states_nothing() {
    let found = Statement::of(&Invoice::default());
    assert_eq!(found.verdict, Verdict::NothingStated);
    let expected = [("Line items above zero", 0), ("Sum of the line items", 0)];
    assert_eq!(rows(&found), expected);
    assert_eq!((found.subtotal_rule(), found.billed_rule()), (None, None));
}

fn amount() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        2 => Just(None),
        6 => (-20i64..200).prop_map(Some),
        1 => any::<i64>().prop_map(Some),
    ]
}

fn item_text() -> impl Strategy<Value = String> {
    (amount(), amount(), 0..4, -50i64..50, 0u32..9).prop_map(
        |(price, discount, sku, quantity, places)| {
            let or_null = |it: Option<i64>| it.map_or("null".to_owned(), |it| it.to_string());
            format!(
                r#"{{"sku":"{sku}","totalPriceCents":{},"discountCents":{},"quantity":{quantity},"unitPriceDollars":1e-{places}}}"#,
                or_null(price),
                or_null(discount),
            )
        },
    )
}

proptest! {
    #[test]
    fn rows_add_up_and_no_order_matters(
        figures in proptest::array::uniform6(amount()),
        items in proptest::collection::vec(item_text(), 0..8),
        rate in prop_oneof![Just("1"), Just("0.9")],
    ) {
        let names = ["subtotalCents", "creditsCents", "salesTaxCents", "amountBilledCents",
            "amountPaidCents", "startingBalanceCents"];
        let fields = names.iter().zip(figures).filter_map(|(name, figure)| {
            Some(format!(r#""{name}":{},"#, figure?))
        });
        let payment = format!(r#""payments":[{{"amountBilledCents":5,"unitPrice":"{rate}"}}],"#);
        let head = fields.collect::<String>() + &payment;
        let mut items: Vec<&str> = items.iter().map(String::as_str).collect();
        let found = statement(&head, &items);
        let mut sum = Cents::ZERO;
        for row in &found.rows {
            match row.kind {
                RowKind::Component | RowKind::Difference => sum += row.cents,
                RowKind::Total => {
                    prop_assert_eq!(row.cents, sum, "{}", row.label);
                    let stated = match row.field {
                        Some("subtotalCents") => figures[0],
                        Some("amountBilledCents") => figures[3],
                        _ => None,
                    };
                    prop_assert_eq!(row.difference.is_some(), stated.is_some());
                    if let Some(stated) = stated {
                        prop_assert_eq!(row.cents, cents(stated));
                    }
                }
                RowKind::Memo => {}
            }
        }
        let differ = found.rows.iter().any(|row| row.kind == RowKind::Difference);
        prop_assert_eq!(
            matches!(found.verdict, Verdict::Reconciled | Verdict::NothingStated), !differ
        );
        items.reverse();
        prop_assert_eq!(statement(&head, &items), found);
    }
}
