//! What is owed, by the one rule that is documented.

use rust_decimal::Decimal;

use super::{Cents, parse_decimal};
use atlas_billing_raw::types::{BillingInvoice, BillingPayment};

/// What an invoice's payments owe by the documented rule, with every term of it.
///
/// The specification says: the owed amount of an invoice is the sum over its payments, and a
/// payment's is `totalBilledCents` × `unitPrice` + `salesTax` − `startingBalanceCents`. This is that
/// rule and no more. It is not what the service charged: `totalBilledCents` is no field of an
/// answer, and taken for the payment's `amountBilledCents` here; the starting balance stands on
/// the invoice, and the rule takes it off each payment; the unit price carries an exchange
/// rate or a factor that is not explained. So each term is kept beside the result, for people to
/// see what it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvoiceOwed {
    /// Each payment's part, in the order of the answer. Never empty.
    pub payments: Vec<PaymentOwed>,
    /// The sum, in hundredths of the unit that the payments' currency is, fractions of a hundredth
    /// included.
    pub owed: Decimal,
    /// The currency that all payments name (ISO 4217); absent if none names one.
    pub currency: Option<String>,
}

/// One payment's part of what is owed by the documented rule: see [`InvoiceOwed`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentOwed {
    /// The payment's id.
    pub payment_id: Option<String>,
    /// The payment's `amountBilledCents`.
    pub amount_billed: Cents,
    /// The payment's `unitPrice`.
    pub unit_price: Decimal,
    /// The payment's `salesTaxCents`.
    pub sales_tax: Cents,
    /// The invoice's `startingBalanceCents`.
    pub starting_balance: Cents,
    /// The payment's `currency` (ISO 4217), where it has one.
    pub currency: Option<String>,
    /// `amount_billed` × `unit_price` + `sales_tax` − `starting_balance`, in hundredths.
    pub owed: Decimal,
}

/// What `payment` owes by the documented rule.
///
/// `None` if a term is missing or is no number, or if the result does not fit a decimal exactly.
pub(crate) fn payment_owed(
    payment: &BillingPayment,
    starting_balance: Option<i64>,
) -> Option<PaymentOwed> {
    let (billed, tax) = (payment.amount_billed_cents?, payment.sales_tax_cents?);
    let balance = starting_balance?;
    let unit_price = parse_decimal(payment.unit_price.as_deref()?)?;
    // In whole numbers at the unit price's scale, since decimals round where digits run out.
    let one = 10i128.checked_pow(unit_price.scale())?;
    let rest = (i128::from(tax) - i128::from(balance)).checked_mul(one)?;
    let mantissa = unit_price
        .mantissa()
        .checked_mul(billed.into())?
        .checked_add(rest)?;
    Some(PaymentOwed {
        payment_id: payment.id.clone(),
        amount_billed: billed.into(),
        unit_price,
        sales_tax: tax.into(),
        starting_balance: balance.into(),
        currency: payment.currency.clone(),
        owed: Decimal::try_from_i128_with_scale(mantissa, unit_price.scale()).ok()?,
    })
}

/// What `invoice` owes by the documented rule.
///
/// `None` if it has no payments, if a term of one is missing, if payments name different
/// currencies, or if the sum does not fit.
pub(crate) fn invoice_owed(invoice: &BillingInvoice) -> Option<InvoiceOwed> {
    let balance = invoice.starting_balance_cents;
    let payments: Vec<PaymentOwed> = invoice
        .payments
        .as_ref()?
        .iter()
        .map(|payment| payment_owed(payment, balance))
        .collect::<Option<_>>()?;
    let currency = payments.first()?.currency.clone();
    if payments.iter().any(|payment| payment.currency != currency) {
        return None;
    }
    Some(InvoiceOwed {
        owed: sum(payments.iter().map(|payment| payment.owed))?,
        payments,
        currency,
    })
}

/// The exact sum; `None` where it does not fit.
fn sum(amounts: impl Iterator<Item = Decimal> + Clone) -> Option<Decimal> {
    let scale = amounts.clone().map(|amount| amount.scale()).max()?;
    let mut sum = 0i128;
    for amount in amounts {
        let shift = 10i128.checked_pow(scale - amount.scale())?;
        sum = sum.checked_add(amount.mantissa().checked_mul(shift)?)?;
    }
    Decimal::try_from_i128_with_scale(sum, scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(balance: &str, payments: &str) -> BillingInvoice {
        let text = format!(r#"{{"startingBalanceCents":{balance},"payments":{payments}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn payment(billed: i64, price: &str, tax: i64, currency: &str) -> String {
        format!(
            r#"{{"id":"p","amountBilledCents":{billed},"unitPrice":"{price}","salesTaxCents":{tax},
                "currency":"{currency}"}}"#
        )
    }

    #[test]
    fn the_documented_rule_with_its_terms() {
        let payments = [
            payment(1050, "1.25", 100, "EUR"),
            payment(-3, "0.001", 0, "EUR"),
        ];
        let owed = invoice_owed(&invoice("50", &format!("[{}]", payments.join(",")))).unwrap();
        assert_eq!(owed.payments[0].owed.to_string(), "1362.50");
        assert_eq!(owed.payments[1].owed.to_string(), "-50.003");
        assert_eq!(owed.owed.to_string(), "1312.497");
        assert_eq!(owed.currency.as_deref(), Some("EUR"));
        assert_eq!(owed.payments[0].starting_balance, Cents::from(50));
        assert_eq!(owed.payments[0].sales_tax, Cents::from(100));
    }

    #[test]
    fn absent_when_a_term_is() {
        let whole = payment(1, "1", 1, "EUR");
        for (balance, payments) in [
            ("null", format!("[{whole}]")),
            ("1", "[]".to_owned()),
            ("1", "null".to_owned()),
            ("1", format!("[{whole},{{}}]")),
            ("1", format!("[{}]", whole.replace("\"1\"", "\"one\""))),
            ("1", format!("[{}]", whole.replace("\"1\"", "null"))),
            (
                "1",
                format!(
                    "[{}]",
                    whole.replace("salesTaxCents\":1", "salesTaxCents\":null")
                ),
            ),
            ("1", format!("[{whole},{}]", payment(1, "1", 1, "USD"))),
            (
                "1",
                format!(
                    "[{}]",
                    payment(i64::MAX, "79228162514264337593543950335", 1, "EUR")
                ),
            ),
        ] {
            assert_eq!(
                invoice_owed(&invoice(balance, &payments)),
                None,
                "{balance} {payments}"
            );
        }
        let unnamed = whole.replace("\"EUR\"", "null");
        let owed = invoice_owed(&invoice("1", &format!("[{unnamed}]"))).unwrap();
        assert_eq!(owed.currency, None);
        let extreme = payment(i64::MIN, "1", i64::MIN, "EUR");
        let owed = invoice_owed(&invoice(&i64::MAX.to_string(), &format!("[{extreme}]"))).unwrap();
        assert_eq!(owed.owed.to_string(), "-27670116110564327423");
    }
}
