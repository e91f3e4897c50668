//! What amounts are of: whose, on which basis, in which currency, up to which day. The one place for
//! the words.

use std::io::{self, Write};

use atlas_billing::{Invoice, InvoiceStatus, Month, Months, OrgId};
use chrono::{DateTime, NaiveDate, Utc};

use crate::args::Linked;
use crate::output::{Format, Style};
use crate::records::InvoiceRow;

/// What amounts are, as far as the service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// Of a Cost Explorer query.
    Costs,
    /// Line items.
    LineItems,
    /// Sums of them.
    Sums,
    /// The figures that an invoice states.
    Invoice,
    /// Line items of a search, which have no discount.
    Found,
    /// Costs of FOCUS reports.
    Focus,
}

/// Up to which day there is data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// All of it is there.
    Day(NaiveDate),
    /// To the day of the last change, and still growing.
    Updated(NaiveDate),
    /// Of a month that is still running; the service does not name the day.
    Running(Month),
    Unknown,
}

impl Through {
    /// Of whole months, on the day `today`.
    pub(super) fn of_months(months: Months, today: NaiveDate) -> Self {
        let running = Month::of(today);
        match months.contains(running) {
            true => Self::Running(running),
            false => Self::Day(months.last_month().last_day()),
        }
    }

    /// Of an invoice whose period ends at `end`, excluded.
    pub(super) fn of_invoice(
        status: Option<&InvoiceStatus>,
        updated: Option<DateTime<Utc>>,
        end: Option<DateTime<Utc>>,
    ) -> Self {
        let day = match status {
            Some(InvoiceStatus::Pending) => {
                return updated.map_or(Self::Unknown, |at| Self::Updated(at.date_naive()));
            }
            _ => end.and_then(|end| end.date_naive().pred_opt()),
        };
        day.map_or(Self::Unknown, Self::Day)
    }

    fn reach(self) -> Option<String> {
        match self {
            Self::Day(day) => Some(format!("through {day}")),
            Self::Updated(day) => Some(format!("as of {day}, still growing")),
            Self::Running(_) | Self::Unknown => None,
        }
    }
}

/// Two lines below a table: whose amounts these are and up to which day, and what they are.
pub(super) fn lines(whose: &str, through: Through, basis: Basis) -> [String; 2] {
    let through = match through {
        Through::Running(month) => format!("; {month} to date, still growing"),
        other => other
            .reach()
            .map_or(String::new(), |reach| format!("; data {reach}")),
    };
    both(whose, &through, basis)
}

/// The same of two periods, each with how far its data reaches.
pub(super) fn compared(whose: &str, sides: [(String, Through); 2], basis: Basis) -> [String; 2] {
    let sides = sides.into_iter().filter_map(|(period, through)| {
        let reach = through.reach()?;
        Some(format!("of {period} {reach}"))
    });
    let sides: Vec<String> = sides.collect();
    let through = match sides.is_empty() {
        true => String::new(),
        false => format!("; data {}", sides.join(", ")),
    };
    both(whose, &through, basis)
}

fn both(whose: &str, through: &str, basis: Basis) -> [String; 2] {
    [
        format!("Scope: {whose}{through}."),
        format!("Amounts: {}.", what(basis)),
    ]
}

/// The organizations that a query of `org` is about.
pub(super) fn whose(org: &OrgId, linked: Linked, only: &[OrgId]) -> String {
    match (linked, only) {
        (_, [one]) => format!("organization {one}, as {org} sees it"),
        (_, [_, ..]) => {
            let ids: Vec<String> = only.iter().map(ToString::to_string).collect();
            format!("organizations {}, as {org} sees them", ids.join(" and "))
        }
        (Linked::Omit, []) => format!("organization {org} alone"),
        (Linked::Include, []) => format!("organization {org} and those linked to it"),
        (Linked::Only, []) => format!("organizations linked to {org}, without it"),
    }
}

impl InvoiceRow {
    /// The organizations that the amounts of an invoice are of, read with the credentials of `payer`: the
    /// invoice may be one that is linked to the payer's.
    pub(super) fn whose(&self, payer: &OrgId, linked: Linked) -> String {
        let Invoice { org_id, id, .. } = &self.invoice;
        let seen = match org_id.as_deref() {
            Some(own) if own == payer.as_str() => return whose(payer, linked, &[]),
            Some(other) => format!("organization {other}"),
            None => format!(
                "the organization of invoice {}",
                id.as_deref().unwrap_or("without id")
            ),
        };
        match linked {
            Linked::Omit => format!("{seen}, as {payer} sees it"),
            Linked::Include => format!("{seen} and those linked to it, as {payer} sees them"),
            Linked::Only => format!("those linked to {seen}, as {payer} sees them"),
        }
    }

    /// Up to which day there is data.
    pub(super) fn through(&self) -> Through {
        let Invoice {
            status_name,
            updated,
            end_date,
            ..
        } = &self.invoice;
        Through::of_invoice(status_name.as_ref(), *updated, *end_date)
    }

    /// Whose amounts these are, up to which day, and what they are.
    pub(super) fn scope(&self, payer: &OrgId, linked: Linked, basis: Basis) -> [String; 2] {
        lines(&self.whose(payer, linked), self.through(), basis)
    }
}

/// What one amount of a basis is, beside a limit.
pub(super) fn limited(basis: Basis) -> &'static str {
    match basis {
        Basis::Costs => "as Cost Explorer has it, with or without discounts",
        _ => "gross: prices and credits, discounts not subtracted, before tax",
    }
}

fn what(basis: Basis) -> &'static str {
    match basis {
        Basis::Costs => {
            "as Cost Explorer has them: US dollars by all that is known, with or without discounts"
        }
        Basis::LineItems => {
            "in the invoice's pricing currency, before tax; `invoices reconcile` tests whether \
             prices are before discounts"
        }
        Basis::Sums => {
            "line items in the invoice's pricing currency, before tax: gross is the sum of prices, \
             net that less discounts; `invoices reconcile` tests whether prices are before them"
        }
        Basis::Invoice => "as each invoice states them, in its pricing currency",
        Basis::Found => {
            "line items in the invoice's pricing currency, before tax; a search has no discounts"
        }
        Basis::Focus => {
            "in the currency beside them: billed is what is invoiced, effective after all \
             discounts, list before them"
        }
    }
}

impl Style {
    /// Writes notes below a table of records; other formats are data alone.
    pub(super) fn notes(self, notes: &[String], out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Table => notes.iter().try_for_each(|note| writeln!(out, "{note}")),
            Format::Markdown => notes.iter().try_for_each(|note| writeln!(out, "\n{note}")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_and_up_to_which_day_is_one_line() {
        let id =
            |last: char| -> OrgId { format!("5f0c1d2e3a4b5c6d7e8f9a0{last}").parse().unwrap() };
        let day: NaiveDate = "2025-02-28".parse().unwrap();
        for (linked, only, through, line) in [
            (
                Linked::Omit,
                vec![],
                Through::Day(day),
                "Scope: organization 5f0c1d2e3a4b5c6d7e8f9a0b alone; data through 2025-02-28.",
            ),
            (
                Linked::Include,
                vec![],
                Through::Updated(day),
                "Scope: organization 5f0c1d2e3a4b5c6d7e8f9a0b and those linked to it; data as of \
                 2025-02-28, still growing.",
            ),
            (
                Linked::Only,
                vec![],
                Through::Running("2025-03".parse().unwrap()),
                "Scope: organizations linked to 5f0c1d2e3a4b5c6d7e8f9a0b, without it; 2025-03 to \
                 date, still growing.",
            ),
            (
                Linked::Include,
                vec![id('c')],
                Through::Unknown,
                "Scope: organization 5f0c1d2e3a4b5c6d7e8f9a0c, as 5f0c1d2e3a4b5c6d7e8f9a0b sees it.",
            ),
            (
                Linked::Include,
                vec![id('c'), id('d')],
                Through::Unknown,
                "Scope: organizations 5f0c1d2e3a4b5c6d7e8f9a0c and 5f0c1d2e3a4b5c6d7e8f9a0d, as \
                 5f0c1d2e3a4b5c6d7e8f9a0b sees them.",
            ),
        ] {
            let whose = whose(&id('b'), linked, &only);
            let [found, _] = lines(&whose, through, Basis::Costs);
            assert_eq!(found, line);
        }
    }

    #[test]
    fn an_invoice_is_of_the_organization_that_it_names() {
        let payer: OrgId = "5f0c1d2e3a4b5c6d7e8f9a0b".parse().unwrap();
        let mut row = InvoiceRow::default();
        row.invoice.id = Some("64b7f0a1c2d3e4f506172839".to_owned());
        let unknown = "the organization of invoice 64b7f0a1c2d3e4f506172839, as \
                       5f0c1d2e3a4b5c6d7e8f9a0b sees it";
        assert_eq!(row.whose(&payer, Linked::Omit), unknown);
        for (org, linked, whose) in [
            (
                "b",
                Linked::Omit,
                "organization 5f0c1d2e3a4b5c6d7e8f9a0b alone",
            ),
            (
                "c",
                Linked::Omit,
                "organization 5f0c1d2e3a4b5c6d7e8f9a0c, as 5f0c1d2e3a4b5c6d7e8f9a0b sees it",
            ),
            (
                "c",
                Linked::Include,
                "organization 5f0c1d2e3a4b5c6d7e8f9a0c and those linked to it, as \
                 5f0c1d2e3a4b5c6d7e8f9a0b sees them",
            ),
        ] {
            row.invoice.org_id = Some(format!("5f0c1d2e3a4b5c6d7e8f9a0{org}"));
            assert_eq!(row.whose(&payer, linked), whose);
        }
    }

    #[test]
    fn data_reaches_the_end_of_what_is_over() {
        let today = "2025-03-14".parse().unwrap();
        let of = |months: &str| Through::of_months(months.parse().unwrap(), today);
        let february = "2025-02-28".parse().unwrap();
        assert_eq!(of("2025-01..2025-02"), Through::Day(february));
        assert_eq!(of("2025-Q1"), Through::Running("2025-03".parse().unwrap()));
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        let (updated, end) = (at("2025-03-09T04:30:00Z"), at("2025-03-01T00:00:00Z"));
        let (pending, paid) = (InvoiceStatus::Pending, InvoiceStatus::Paid);
        assert_eq!(
            Through::of_invoice(Some(&pending), updated, end),
            Through::Updated("2025-03-09".parse().unwrap())
        );
        assert_eq!(
            Through::of_invoice(Some(&paid), updated, end),
            Through::Day(february)
        );
        assert_eq!(Through::of_invoice(None, None, None), Through::Unknown);
    }

    #[test]
    fn a_basis_is_one_sentence_or_two_without_a_period() {
        for basis in [
            Basis::Costs,
            Basis::LineItems,
            Basis::Sums,
            Basis::Invoice,
            Basis::Found,
            Basis::Focus,
        ] {
            assert!(!what(basis).ends_with('.') && what(basis).len() < 220);
        }
    }
}
