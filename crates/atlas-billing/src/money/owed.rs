//! What the payments of an invoice owe, by the documented rule.

use atlas_billing_raw::types::{Invoice, Payment};
use atlas_billing_raw::{Cents, Decimal, Number, parse_decimal};
use serde::{Serialize, Serializer};

use super::sum::ExactSum;

/// Amount due of an invoice by the documented rule, with every term of it.
///
/// The specification says: the owed amount of an invoice is the sum over its payments, and a
/// payment's is `totalBilledCents` × `unitPrice` + `salesTax` − `startingBalanceCents`. This is that
/// rule and no more, not what the service charged: responses have no field `totalBilledCents`, so
/// that the payment's `amountBilledCents` stands for it; the starting balance is a field of the
/// invoice, and the rule subtracts it for each payment; the unit price carries an exchange rate that
/// is not explained. So each term is kept beside the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Owed {
    /// Each payment's part, in the order of the response. Never empty.
    pub payments: Vec<PaymentOwed>,
    /// The sum, in hundredths of the payments' currency, fractions of a hundredth included.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "Number"))]
    pub owed: Decimal,
    /// The currency that all payments name (ISO 4217); `None` if none names one.
    pub currency: Option<String>,
}

/// Amount due of one payment by the documented rule: see [`Owed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PaymentOwed {
    /// The payment's id.
    pub payment_id: Option<String>,
    /// The payment's `amountBilledCents`.
    pub amount_billed: Cents,
    /// The payment's `unitPrice`.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "Number"))]
    pub unit_price: Decimal,
    /// The payment's `salesTaxCents`.
    pub sales_tax: Cents,
    /// The invoice's `startingBalanceCents`.
    pub starting_balance: Cents,
    /// The payment's `currency` (ISO 4217), where it has one.
    pub currency: Option<String>,
    /// `amount_billed` × `unit_price` + `sales_tax` − `starting_balance`, in hundredths.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "Number"))]
    pub owed: Decimal,
}

impl Owed {
    /// Of an invoice. `None` if it has no payments, a term of one is missing or not a number,
    /// payments name different currencies, or a result does not fit a decimal exactly.
    pub fn of(invoice: &Invoice) -> Option<Self> {
        let payments: Vec<PaymentOwed> = invoice
            .payments
            .iter()
            .map(|payment| PaymentOwed::of(payment, invoice))
            .collect::<Option<_>>()?;
        let currency = payments.first()?.currency.clone();
        if payments.iter().any(|payment| payment.currency != currency) {
            return None;
        }
        let owed: ExactSum = payments.iter().map(|payment| payment.owed).collect();
        Some(Self {
            owed: owed.total().ok()?,
            payments,
            currency,
        })
    }
}

impl PaymentOwed {
    /// Of one payment of `invoice`. `None` if a term is missing or not a number, or if the result
    /// does not fit a decimal exactly.
    pub fn of(payment: &Payment, invoice: &Invoice) -> Option<Self> {
        let (amount_billed, sales_tax) = (payment.amount_billed_cents?, payment.sales_tax_cents?);
        let starting_balance = invoice.starting_balance_cents?;
        let unit_price = parse_decimal(payment.unit_price.as_deref()?)?;
        // In whole numbers: products of decimals round where digits run out.
        let billed = amount_billed.get().checked_mul(unit_price.mantissa())?;
        let owed: ExactSum = [
            Decimal::try_from_i128_with_scale(billed, unit_price.scale()).ok()?,
            Decimal::try_from_i128_with_scale(sales_tax.get(), 0).ok()?,
            -Decimal::try_from_i128_with_scale(starting_balance.get(), 0).ok()?,
        ]
        .into_iter()
        .collect();
        Some(Self {
            payment_id: payment.id.clone(),
            amount_billed,
            unit_price,
            sales_tax,
            starting_balance,
            currency: payment.currency.clone(),
            owed: owed.total().ok()?,
        })
    }
}

/// A decimal as a number with its digits.
pub(crate) fn as_number<S: Serializer>(
    decimal: &Decimal,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Number::from(*decimal).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(balance: &str, payments: &str) -> Invoice {
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
        let owed = Owed::of(&invoice("50", &format!("[{}]", payments.join(",")))).unwrap();
        assert_eq!(owed.payments[0].owed.to_string(), "1362.50");
        assert_eq!(owed.payments[1].owed.to_string(), "-50.003");
        assert_eq!(owed.owed.to_string(), "1312.497");
        assert_eq!(owed.currency.as_deref(), Some("EUR"));
        assert_eq!(owed.payments[0].starting_balance, Cents::from(50));
        let json = serde_json::to_string(&owed.payments[1]).unwrap();
        assert_eq!(
            json,
            r#"{"payment_id":"p","amount_billed":-3,"unit_price":0.001,"sales_tax":0,"starting_balance":50,"currency":"EUR","owed":-50.003}"#
        );
    }

    #[test]
    fn absent_when_a_term_is() {
        let whole = payment(1, "1", 1, "EUR");
        let without_tax = whole.replace("salesTaxCents\":1", "salesTaxCents\":null");
        let huge = payment(i64::MAX, "79228162514264337593543950335", 1, "EUR");
        for (balance, payments) in [
            ("null", format!("[{whole}]")),
            ("1", "[]".to_owned()),
            ("1", "null".to_owned()),
            ("1", format!("[{whole},{{}}]")),
            ("1", format!("[{}]", whole.replace("\"1\"", "\"one\""))),
            ("1", format!("[{}]", whole.replace("\"1\"", "null"))),
            ("1", format!("[{without_tax}]")),
            ("1", format!("[{whole},{}]", payment(1, "1", 1, "USD"))),
            ("1", format!("[{huge}]")),
        ] {
            let owed = Owed::of(&invoice(balance, &payments));
            assert_eq!(owed, None, "{balance} {payments}");
        }
        let unnamed = whole.replace("\"EUR\"", "null");
        let owed = Owed::of(&invoice("1", &format!("[{unnamed}]"))).unwrap();
        assert_eq!(owed.currency, None);
        let extreme = payment(i64::MIN, "1", i64::MIN, "EUR");
        let owed = Owed::of(&invoice(&i64::MAX.to_string(), &format!("[{extreme}]"))).unwrap();
        assert_eq!(owed.owed.to_string(), "-27670116110564327423");
    }
}
