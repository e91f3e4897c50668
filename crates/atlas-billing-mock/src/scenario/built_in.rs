//! The built-in data.

use chrono::{Datelike, NaiveDate};

use crate::invoice::{InvoicePlan, meters, months_before};
use crate::names::invoice_id;

/// How many months of invoices the built-in data has, the current one included.
const MONTHS: u32 = 14;

/// Fourteen months that tell a story: usage grows, one month had a surge of traffic, one payment
/// was partly given back, one month was forgiven.
pub(super) fn built_in(today: NaiveDate, seed: u64, linked: bool) -> Vec<InvoicePlan> {
    let plan = |age: u32| {
        let first = months_before(today, age);
        let status = match age {
            0 => "PENDING",
            1 => "CLOSED",
            9 => "FORGIVEN",
            _ => "PAID",
        };
        let meters = meters().len() as u64;
        let mut plan = InvoicePlan::new(invoice_id(age))
            .month(first.year(), first.month())
            .seed(seed.wrapping_add(age.into()))
            .status(status)
            .credits(if age.is_multiple_of(3) { 2 } else { 1 })
            .scaled(1_000 - u64::from(age) * 30, age == 1);
        if age == 0 {
            plan = plan.through_day(today.day());
        }
        let usage = meters * u64::from(plan.days);
        let items = usage + plan.credits;
        plan = plan.items(items);
        if age == 5 {
            plan = plan.refunded();
        }
        if linked {
            let id = invoice_id(age + 0x100);
            plan = plan.clone().linked(InvoicePlan {
                id,
                linked: Vec::new(),
                ..plan
            });
        }
        plan
    };
    (0..MONTHS).map(plan).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, ScenarioBuilder};
    use crate::invoice::InvoicePlan;
    use crate::names::{INVOICE_ID, LINKED_ORG_ID, PENDING_INVOICE_ID};

    fn on(day: &str) -> ScenarioBuilder {
        Scenario::builder().today(day.parse().unwrap())
    }

    #[test]
    fn the_built_in_data_ends_with_the_current_month() {
        let invoices = on("2025-03-09").build().invoices();
        assert_eq!(invoices.len(), 14);
        assert_eq!(invoices[0].id, PENDING_INVOICE_ID);
        assert_eq!(invoices[0].start.to_string(), "2025-03-01");
        assert_eq!(invoices[1].id, INVOICE_ID);
        assert_eq!(invoices[13].start.to_string(), "2024-02-01");
        for pair in invoices.windows(2) {
            assert_eq!(pair[0].start, pair[1].end);
        }
        let part = invoices[0].subtotal_cents as f64 / invoices[1].subtotal_cents as f64;
        assert!((0.2..0.4).contains(&part), "9 of 31 days: {part}");
        assert!(invoices.iter().all(|invoice| invoice.credits_cents > 0));
    }

    #[test]
    fn an_invoice_of_ones_own_takes_the_place_of_its_namesake() {
        let plan = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(7);
        let scenario = on("2025-03-09").invoice(plan).build();
        assert_eq!(scenario.invoices.len(), 14);
        assert_eq!(scenario.facts(INVOICE_ID).unwrap().line_items, 7);
        let scenario = on("2025-03-09").without_invoices().build();
        assert!(scenario.invoices.is_empty());
    }

    #[test]
    fn linked_invoices_have_ids_and_an_organization_of_their_own() {
        let scenario = on("2025-03-09").with_linked_invoices().build();
        let linked = &scenario.invoices[1].linked[0];
        assert_eq!(linked.org_id, LINKED_ORG_ID);
        assert!(scenario.find_invoice(&linked.plan.id).is_some());
        assert_ne!(linked.plan.id, INVOICE_ID);
    }
}
