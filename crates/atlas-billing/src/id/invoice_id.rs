//! The identifier of an invoice.

use crate::id::object_id::object_id;

object_id! {
    /// Which invoice: 24 hexadecimal digits in lower case.
    ///
    /// The list of invoices tells it; the current month's charges are an invoice too.
    ///
    /// ```
    /// use atlas_billing::InvoiceId;
    ///
    /// let invoice: InvoiceId = "65c8a1b2d3e4f50617283940".parse()?;
    /// assert_eq!(invoice.to_string(), "65c8a1b2d3e4f50617283940");
    /// # Ok::<(), atlas_billing::Error>(())
    /// ```
    InvoiceId, "an invoice id"
}

#[cfg(test)]
mod tests {
    use super::InvoiceId;

    #[test]
    fn is_named_in_its_refusal() {
        let refused = InvoiceId::try_from("latest").unwrap_err().to_string();
        assert!(
            refused.starts_with("\"latest\" is not an invoice id: "),
            "{refused}"
        );
    }
}
