//! What a statement found, in words.

use atlas_billing_raw::Cents;
use atlas_billing_raw::enums::InvoiceStatus;
use atlas_billing_raw::types::Invoice;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    BilledRule, CreditRule, PriceCheck, PriceReading, RowKind, Statement, SubtotalRule, rules,
};

/// Something that a statement found, as a sentence without a final period.
///
/// Amounts in it have two places and no currency: that of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// The sentence, in English.
    pub text: String,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Subject {
    /// The invoice is not final.
    Status,
    /// How line items lead to the subtotal.
    Subtotal,
    /// Whether prices are before or after discounts.
    Discounts,
    /// How the subtotal leads to the amount billed.
    AmountBilled,
    /// Unit price × quantity against price.
    UnitPrices,
    /// The pricing currency and its rate.
    Currency,
    /// The amount due.
    AmountDue,
}

/// What `statement` found on its invoice, in the order of its rows.
pub(super) fn of(statement: &Statement, invoice: &Invoice) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |subject, text: Option<String>| {
        findings.extend(text.map(|text| Finding { subject, text }));
    };
    let note = statement.status.as_ref().and_then(status_note);
    add(Subject::Status, note.map(str::to_owned));
    add(Subject::Subtotal, subtotal(statement));
    add(Subject::Discounts, discounts(statement));
    add(Subject::AmountBilled, amount_billed(statement));
    let (prices, percents) = statement
        .prices
        .map(|check| (unit_prices(&check), percents(&check)))
        .unwrap_or_default();
    add(Subject::UnitPrices, prices);
    add(Subject::UnitPrices, percents);
    for rate in &statement.rates {
        let currency = rate.currency.as_deref();
        add(
            Subject::Currency,
            Some(format!(
                "payment {} converts one unit of the invoice's pricing currency to {} {}; the rows are in the pricing currency, and end before the amount due",
                rate.payment_id.as_deref().unwrap_or("without an id"),
                rate.unit_price.normalize(),
                currency.unwrap_or("of a currency that it does not name"),
            )),
        );
    }
    for text in amount_due(statement, invoice) {
        add(Subject::AmountDue, Some(text));
    }
    findings
}

/// What the figures of an invoice with this status are, where they are not what is to be paid. `None` for
/// statuses that need no words.
///
/// [`InvoiceStatus`] has what each status means.
pub fn status_note(status: &InvoiceStatus) -> Option<&'static str> {
    match status {
        InvoiceStatus::Pending => Some(
            "the invoice is pending: its line items and figures still change, not always together",
        ),
        InvoiceStatus::Forgiven => Some(
            "the status is FORGIVEN: the figures are as the service states them, and by this status nothing of them is collected",
        ),
        _ => None,
    }
}

fn in_words(rule: SubtotalRule) -> &'static str {
    match rule {
        SubtotalRule::PositivePrices => "the prices above zero",
        SubtotalRule::PositivePricesLessDiscounts => "the prices above zero less their discounts",
        SubtotalRule::Prices => "all prices, credits included",
        SubtotalRule::PricesLessDiscounts => "all prices less discounts, credits included",
    }
}

fn subtotal(statement: &Statement) -> Option<String> {
    let closest = rules::closest_subtotal(&statement.subtotal)?;
    let Some(difference) = closest.difference else {
        return Some(
            "the invoice states no subtotal: prices are added up as they were sent, credits included, discounts not subtracted".to_owned(),
        );
    };
    let words = in_words(closest.rule);
    if difference != Cents::ZERO {
        let tests = statement.subtotal.iter().filter_map(|test| {
            let difference = test.difference?;
            Some(format!("{} ({difference} off)", in_words(test.rule)))
        });
        let tests: Vec<String> = tests.collect();
        return Some(format!(
            "the stated subtotal is none of these sums: {}",
            tests.join(", ")
        ));
    }
    let alike = statement
        .subtotal
        .iter()
        .filter(|test| test.rule != closest.rule && test.difference == Some(Cents::ZERO));
    Some(match alike.count() {
        0 => format!("the stated subtotal is the sum of {words}"),
        _ => format!(
            "the stated subtotal is the sum of {words}; without discounts or credits on this invoice, other rules give the same"
        ),
    })
}

fn discounts(statement: &Statement) -> Option<String> {
    let discount = statement.items.discount;
    let reading = statement.prices.and_then(|check| check.reading());
    let subtracts = statement
        .subtotal_rule()
        .map(SubtotalRule::subtracts_discounts);
    let by_items = match reading {
        Some(PriceReading::BeforeDiscount) => "unit price × quantity shows prices before discounts",
        Some(PriceReading::AfterDiscount) => "unit price × quantity shows prices after discounts",
        None => "unit price × quantity does not show whether prices are before or after discounts",
    };
    if discount == Cents::ZERO {
        return Some(
            "no discounts: the invoice does not show whether prices are before or after them"
                .to_owned(),
        );
    }
    let by_subtotal = match (subtracts, reading) {
        (Some(true), Some(PriceReading::AfterDiscount)) => {
            "but the subtotal subtracts them again: ask which is right"
        }
        (Some(true), _) => "the subtotal subtracts them, so prices are before discounts",
        (Some(false), Some(PriceReading::AfterDiscount)) => {
            "the subtotal adds prices as they are: nothing is left to subtract"
        }
        (Some(false), Some(PriceReading::BeforeDiscount)) => {
            "the subtotal adds prices as they are, so it is before discounts"
        }
        (Some(false), None) => {
            "the subtotal adds prices as they are, so discounts are contained in the prices or not yet subtracted"
        }
        (None, _) => "the subtotal does not show whether they are subtracted",
    };
    Some(match statement.prices {
        Some(_) => format!("discounts of {discount}: {by_items}; {by_subtotal}"),
        None => format!("discounts of {discount}: {by_subtotal}"),
    })
}

fn amount_billed(statement: &Statement) -> Option<String> {
    let closest = rules::closest_billed(&statement.billed)?;
    let difference = closest.difference?;
    let BilledRule { credits, sales_tax } = closest.rule;
    let credits = match credits {
        CreditRule::Ignored => "the subtotal",
        CreditRule::Subtracted => "the subtotal less creditsCents",
        CreditRule::Added => "the subtotal plus creditsCents, a negative number",
        CreditRule::NegativeItems => "the subtotal plus the line items below zero",
    };
    let tax = if sales_tax { " plus sales tax" } else { "" };
    Some(match difference {
        Cents::ZERO => format!("the amount billed is {credits}{tax}"),
        difference => format!(
            "the amount billed follows from no tested rule; {credits}{tax} comes closest, {difference} off"
        ),
    })
}

fn unit_prices(check: &PriceCheck) -> Option<String> {
    let deviation = check.deviation();
    let (checked, unchecked) = (check.checked, check.unchecked);
    let untested = match unchecked {
        0 => String::new(),
        _ => format!("; {} could not be tested", items(unchecked)),
    };
    if checked == 0 {
        return (unchecked > 0)
            .then(|| "unit price × quantity could not be tested on any line item".to_owned());
    }
    Some(match deviation.items {
        0 => format!(
            "the price is unit price × quantity, but for rounding, on each of {} line items{untested}",
            checked
        ),
        count => format!(
            "on {} of {checked} the price differs from unit price × quantity by a cent or more, by {} together{untested}",
            items(count),
            money(deviation.cents),
        ),
    })
}

fn percents(check: &PriceCheck) -> Option<String> {
    let deviation = check.percent;
    (deviation.items > 0).then(|| {
        format!(
            "on {} the discount differs from its percentage of unit price × quantity by a cent or more, by {} together",
            items(deviation.items),
            money(deviation.cents),
        )
    })
}

fn amount_due(statement: &Statement, invoice: &Invoice) -> Vec<String> {
    let mut texts = Vec::new();
    let balance = invoice.starting_balance_cents.unwrap_or_default();
    if balance != Cents::ZERO {
        texts.push(format!(
            "the starting balance of {balance} is subtracted, as documented, though it is described as what was owed"
        ));
    }
    let mut totals = statement
        .rows
        .iter()
        .filter(|row| row.kind == RowKind::Total);
    let due = totals.find(|row| row.label == "Amount due");
    if let (Some(due), Some(owed)) = (due, &statement.owed)
        && Decimal::try_from_i128_with_scale(due.cents.get(), 0) != Ok(owed.owed)
    {
        texts.push(format!(
            "added up payment by payment, as documented, {} is due, not {}",
            money(owed.owed),
            due.cents,
        ));
    }
    if let (Some(owed), false) = (&statement.owed, statement.rates.is_empty()) {
        texts.push(format!(
            "added up payment by payment, as documented, {} {} is due",
            money(owed.owed),
            owed.currency.as_deref().unwrap_or("of an unnamed currency"),
        ));
    }
    for row in &statement.rows {
        if row.kind == RowKind::Memo
            && let Some(difference) = row.difference.filter(|it| *it != Cents::ZERO)
        {
            let what = match row.field {
                Some("payments[].amountPaidCents") => "paid",
                _ => "billed",
            };
            texts.push(format!(
                "the payments do not add up to the amount {what}: {difference} off"
            ));
        }
    }
    texts
}

fn items(count: u64) -> String {
    match count {
        1 => "1 line item".to_owned(),
        count => format!("{count} line items"),
    }
}

/// Cents as an amount with two places, fractions of a cent rounded half away from zero.
fn money(cents: Decimal) -> String {
    use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    let whole = cents.round_dp_with_strategy(0, MidpointAwayFromZero);
    Cents::new(whole.mantissa()).to_string()
}
