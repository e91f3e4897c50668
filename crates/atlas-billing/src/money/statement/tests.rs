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
    for (stated, rule, words) in [
        (3000, SubtotalRule::PositivePrices, "the prices above zero"),
        (
            2900,
            SubtotalRule::PositivePricesLessDiscounts,
            "the prices above zero less their discounts",
        ),
        (2500, SubtotalRule::Prices, "all prices, credits included"),
        (
            2400,
            SubtotalRule::PricesLessDiscounts,
            "all prices less discounts, credits included",
        ),
    ] {
        let found = statement(&format!(r#""subtotalCents":{stated},"#), &ITEMS);
        assert_eq!(found.subtotal_rule(), Some(rule));
        assert_eq!(found.verdict, Verdict::Reconciled);
        let obeyed = found.subtotal.iter();
        let obeyed = obeyed.filter(|test| test.difference == Some(Cents::ZERO));
        assert_eq!(obeyed.count(), 1, "{rule:?}");
        let expected = format!("the stated subtotal is the sum of {words}");
        assert_eq!(text(&found, Subject::Subtotal), expected);
    }
    let plain = statement(r#""subtotalCents":1000,"#, &ITEMS[1..2]);
    assert_eq!(plain.subtotal_rule(), Some(SubtotalRule::PositivePrices));
    assert!(text(&plain, Subject::Subtotal).ends_with("other rules give the same"));
    assert!(text(&plain, Subject::Discounts).starts_with("no discounts: "));
}

#[test]
fn a_discount_on_an_item_without_a_price_is_not_on_one_above_zero() {
    // 10.00 with 1.00 off, and 0.30 off an item of 0.00.
    let items = [
        r#"{"totalPriceCents":1000,"discountCents":100}"#,
        r#"{"totalPriceCents":0,"discountCents":30}"#,
    ];
    let found = statement(r#""subtotalCents":900,"#, &items);
    let rule = SubtotalRule::PositivePricesLessDiscounts;
    assert_eq!(found.subtotal_rule(), Some(rule));
    let found = statement(r#""subtotalCents":870,"#, &items);
    assert_eq!(
        found.subtotal_rule(),
        Some(SubtotalRule::PricesLessDiscounts)
    );
    assert_eq!(
        rows(&found),
        [
            ("Line items above zero", 1000),
            ("Discounts on them", -100),
            ("Discounts on items not above zero", -30),
            ("Subtotal", 870),
        ]
    );
}

#[test]
fn each_rule_for_the_amount_billed_is_recognized() {
    let rule = |credits, sales_tax| Some(BilledRule { credits, sales_tax });
    for (credits, billed, expected, words) in [
        (
            500,
            2900,
            rule(CreditRule::Ignored, false),
            "is the subtotal",
        ),
        (
            500,
            2400,
            rule(CreditRule::Subtracted, false),
            "is the subtotal less creditsCents",
        ),
        (
            -500,
            2400,
            rule(CreditRule::Added, false),
            "is the subtotal plus creditsCents, a negative number",
        ),
        (
            0,
            2400,
            rule(CreditRule::NegativeItems, false),
            "is the subtotal plus the line items below zero",
        ),
        (
            500,
            3200,
            rule(CreditRule::Ignored, true),
            "is the subtotal plus sales tax",
        ),
        (
            500,
            2700,
            rule(CreditRule::Subtracted, true),
            "is the subtotal less creditsCents plus sales tax",
        ),
        (
            700,
            2399,
            None,
            "follows from no tested rule; the subtotal plus the line items below zero comes closest, -0.01 off",
        ),
    ] {
        let head = format!(
            r#""subtotalCents":2900,"creditsCents":{credits},"salesTaxCents":300,"amountBilledCents":{billed},"#
        );
        let found = statement(&head, &ITEMS);
        assert_eq!(found.billed_rule(), expected, "{credits} {billed}");
        let found = text(&found, Subject::AmountBilled);
        assert_eq!(found, format!("the amount billed {words}"));
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
            ("Line items below zero, equal to the credits", -500),
            ("Sum of all line items", 2500),
            ("Payments: amount billed", 2400),
            ("Payments: amount paid", 1900),
            ("Refunds", 7),
        ]
    );
    assert_eq!(found.verdict, Verdict::Reconciled);
    assert_eq!(found.rows[2].field, Some("subtotalCents"));
    assert_eq!(found.rows[13].difference, Some(cents(100)));
    assert_eq!(found.owed.as_ref().unwrap().owed.to_string(), "2542.0");
    assert!(text(&found, Subject::Status).contains("pending"));
    let due = text(&found, Subject::AmountDue);
    assert!(
        due.contains("starting balance of 0.50 is subtracted"),
        "{due}"
    );
    assert!(due.contains("amount paid: 1.00 off"), "{due}");
    assert!(!due.contains("payment by payment"), "{due}");
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
    // By the reading that fits, nothing deviates.
    let check = statement("", &[&item(900, 100)]).prices.unwrap();
    assert_eq!(check.deviation().items, 0);
    // One in ten may deviate.
    for (fitting, reading) in [(9, Some(PriceReading::BeforeDiscount)), (8, None)] {
        let mut items = vec![item(1000, 100); fitting];
        items.push(item(950, 100));
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        assert_eq!(statement("", &items).prices.unwrap().reading(), reading);
    }
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
fn unit_price_times_quantity_is_rounded_to_a_millionth_of_a_cent() {
    for (quantity, unit_price, price, deviation) in [
        // Half a millionth of a cent, and less.
        ("1", "0.000000005", 2, "1.999999"),
        ("1", "-0.000000005", -2, "1.999999"),
        ("1", "0.000000004", 2, "2"),
        // x 1.5 are 1.5000000060000000015 and 1.5000000030000000015: 20 digits.
        ("1.000000004000000001", "1.5", 152, "1.999999"),
        ("1.000000002000000001", "1.5", 152, "2"),
    ] {
        let item = format!(
            r#"{{"quantity":{quantity},"unitPriceDollars":{unit_price},"totalPriceCents":{price}}}"#
        );
        let check = statement("", &[&item]).prices.unwrap();
        let found = check.undiscounted.cents.to_string();
        assert_eq!(found, deviation, "{item}");
    }
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
    let found = text(&statement("", &[&wrong]), Subject::UnitPrices);
    let expected = "on 1 line item the discount differs from its percentage of unit price × quantity by a cent or more, by 0.50 together";
    assert!(found.ends_with(expected), "{found}");
}

#[test]
fn it_is_said_how_many_unit_prices_were_tested() {
    let untested = r#"{"totalPriceCents":5}"#;
    let fit = "the price is unit price × quantity, but for rounding, on each of";
    for (items, expected) in [
        (&[][..], String::new()),
        (
            &[untested],
            "unit price × quantity could not be tested on any line item".to_owned(),
        ),
        (&ITEMS, format!("{fit} 3 line items")),
        (
            &[ITEMS[0], ITEMS[1], untested],
            format!("{fit} 2 line items; 1 line item could not be tested"),
        ),
        (
            &[ITEMS[0], ITEMS[1], untested, untested],
            format!("{fit} 2 line items; 2 line items could not be tested"),
        ),
    ] {
        let found = text(&statement("", items), Subject::UnitPrices);
        assert_eq!(found, expected);
    }
}

#[test]
fn the_amount_due_payment_by_payment_may_be_another() {
    // Due are 10.00 less a starting balance of 0.50; by payment 6.00 - 0.50 + 4.00 - 0.50.
    let found = statement(
        r#""subtotalCents":1000,"salesTaxCents":0,"amountBilledCents":1000,"startingBalanceCents":50,
           "payments":[{"amountBilledCents":600,"unitPrice":"1","salesTaxCents":0},
                       {"amountBilledCents":400,"unitPrice":"1","salesTaxCents":0}],"#,
        &ITEMS[1..2],
    );
    let due = text(&found, Subject::AmountDue);
    let expected = "added up payment by payment, as documented, 9.00 is due, not 9.50";
    assert!(due.contains(expected), "{due}");
}

#[test]
fn rows_have_discounts_and_credits_only_as_the_rule_has_them() {
    let above = ("Line items above zero", 3000);
    let below = ("Line items below zero (credits)", -500);
    for (stated, expected) in [
        (
            "3000",
            &[
                above,
                ("Subtotal", 3000),
                ("Discounts, not subtracted", 100),
                ("Line items below zero, not added", -500),
                ("Sum of all line items", 2500),
            ][..],
        ),
        (
            "2400",
            &[
                above,
                ("Discounts on them", -100),
                below,
                ("Subtotal", 2400),
                ("Sum of all line items", 2500),
            ],
        ),
        // Without a stated subtotal, all prices as they were sent.
        (
            "null",
            &[
                above,
                below,
                ("Sum of the line items", 2500),
                ("Discounts, not subtracted", 100),
            ],
        ),
    ] {
        let found = statement(&format!(r#""subtotalCents":{stated},"#), &ITEMS);
        assert_eq!(rows(&found), expected, "{stated}");
    }
    // 10.00, and a credit of 5.00 with 0.20 off.
    let items = [
        r#"{"totalPriceCents":1000}"#,
        r#"{"totalPriceCents":-500,"discountCents":20}"#,
    ];
    let above = ("Line items above zero", 1000);
    for (stated, expected) in [
        (
            480,
            &[
                above,
                below,
                ("Discounts on items not above zero", -20),
                ("Subtotal", 480),
                ("Sum of all line items", 500),
            ][..],
        ),
        (
            500,
            &[
                above,
                below,
                ("Subtotal", 500),
                ("Discounts, not subtracted", 20),
            ],
        ),
    ] {
        let found = statement(&format!(r#""subtotalCents":{stated},"#), &items);
        assert_eq!(rows(&found), expected, "{stated}");
    }
}

#[test]
fn credits_are_added_once_and_less_the_discounts_on_them() {
    // 10.00 with 1.00 off are 9.00; the credit of 5.00 with 0.20 off is -5.20.
    let items = [
        r#"{"totalPriceCents":1000,"discountCents":100}"#,
        r#"{"totalPriceCents":-500,"discountCents":20}"#,
    ];
    let found = statement(r#""subtotalCents":900,"amountBilledCents":380,"#, &items);
    let rule = |credits| BilledRule {
        credits,
        sales_tax: false,
    };
    assert_eq!(found.billed_rule(), Some(rule(CreditRule::NegativeItems)));
    // All prices contain the credit, which is not added again.
    let found = statement(r#""subtotalCents":500,"amountBilledCents":500,"#, &items);
    let rules: Vec<_> = found.billed.iter().map(|test| test.rule).collect();
    assert_eq!(rules, [rule(CreditRule::Ignored)]);
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
fn rounding_is_measured_within_half_a_cent_of_the_prices_that_the_rule_adds() {
    let item = |price: i64, unit_price: &str| {
        format!(r#"{{"quantity":1,"unitPriceDollars":{unit_price},"totalPriceCents":{price}}}"#)
    };
    for (items, explained) in [
        // Rounded down by 0.1 cents each, and stated one cent above the sum of the prices.
        (vec![item(1, "0.011"); 5], Rounding::Measured),
        (vec![item(1, "0.011"); 3], Rounding::Possible),
        // What was rounded to zero is not among the prices above zero: 2 x 0.45 are measured.
        (
            [vec![item(1, "0.0145"); 2], vec![item(0, "0.0045"); 3]].concat(),
            Rounding::Measured,
        ),
    ] {
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        let sum = items.iter().filter(|it| it.ends_with(":1}")).count();
        let found = statement(&format!(r#""subtotalCents":{},"#, sum + 1), &items);
        let expected = Verdict::ReconciledButForRounding {
            cents: cents(1),
            explained,
        };
        assert_eq!(found.verdict, expected, "{items:?}");
    }
}

#[test]
fn rounding_may_explain_subtotal_and_amount_billed_together() {
    // 25 items rounded down by 0.4 cents each, by 10 in all. A subtotal 4 below the prices may be
    // rounding (the square root of 0.75 x 25 is 4.3), an amount billed 14 above that is not; both
    // together are 10 above the prices, as measured.
    let item = r#"{"quantity":1,"unitPriceDollars":0.014,"totalPriceCents":1}"#;
    let found = statement(r#""subtotalCents":21,"amountBilledCents":35,"#, &[item; 25]);
    let expected = Verdict::ReconciledButForRounding {
        cents: cents(10),
        explained: Rounding::Possible,
    };
    assert_eq!(found.verdict, expected);
}

#[test]
fn rounding_is_at_most_half_a_cent_for_each_item() {
    for (cents, count, possible) in [
        ("0.5", 1, true),
        ("0.6", 1, false),
        ("-1", 2, true),
        ("1.2", 2, false),
    ] {
        let found = can_be_rounding(cents.parse().unwrap(), count);
        assert_eq!(found, possible, "{cents} {count}");
    }
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
fn skus_that_may_explain_a_difference_have_their_sums() {
    let groups = |subtotal: i64, items: &[&str]| match statement(
        &format!(r#""subtotalCents":{subtotal},"#),
        items,
    )
    .verdict
    {
        Verdict::NotReconciled { groups, .. } => groups,
        verdict => panic!("{verdict:?}"),
    };
    // Less its discount, A is 19.00 of 29.00: 19.00 more than is stated.
    let found = groups(1000, &ITEMS[..2]);
    assert_eq!(
        found,
        [Contribution {
            sku: Some("A".to_owned()),
            gross: cents(2000),
            discount: cents(100),
            deviation: Decimal::ZERO,
            equals_difference: true,
        }]
    );
    // Prices of X are after discounts, and fit; C is 0.30 above 2.00, D a whole cent above 0.05.
    let found = groups(
        5000,
        &[
            r#"{"sku":"X","quantity":3,"unitPriceDollars":3.335,"totalPriceCents":900,"discountCents":100}"#,
            r#"{"sku":"C","quantity":1,"unitPriceDollars":2,"totalPriceCents":230}"#,
            r#"{"sku":"D","quantity":1,"unitPriceDollars":0.05,"totalPriceCents":6}"#,
        ],
    );
    let deviations: Vec<_> = found
        .iter()
        .map(|it| (it.sku.as_deref().unwrap(), it.deviation))
        .collect();
    assert_eq!(deviations, [("C", Decimal::from(30)), ("D", Decimal::ONE)]);
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

#[test]
fn a_status_by_which_nothing_is_collected_is_said() {
    let of = |status: &str| statement(&format!(r#""statusName":"{status}","#), &ITEMS);
    assert!(text(&of("FORGIVEN"), Subject::Status).contains("nothing of them is collected"));
    for status in ["PAID", "CLOSED", "FREE", "LATER"] {
        assert_eq!(text(&of(status), Subject::Status), "", "{status}");
    }
}
