//! Exact totals of a FOCUS report.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::error::{Error, Result};
use crate::money::{ExactSum, Groups};
use crate::stream::csv::Header;
use crate::stream::csv::{FocusRow, FocusRows};

/// The costs of a FOCUS report, added up exactly by the values of some of its columns.
///
/// Costs in different billing currencies are never added to each other: each group has one.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org, id: atlas_billing::InvoiceId) -> atlas_billing::Result<()> {
/// let rows = org.focus_report(id).await?;
/// let totals = rows.total_by(["ServiceName", "SubAccountName"]).await?;
/// for total in totals.totals()? {
///     println!("{:?} {} {:?}", total.group, total.billed_cost, total.currency);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct FocusTotals {
    columns: Vec<String>,
    /// Where the columns are in the report that is being added.
    places: Option<(Header, Vec<usize>)>,
    groups: Groups<Group>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    cells: Vec<Option<String>>,
    currency: Option<String>,
    rows: u64,
    billed: ExactSum,
    effective: ExactSum,
    list: ExactSum,
    contracted: ExactSum,
}

/// The exact costs of one group, in its billing currency.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FocusTotal {
    /// The values of the columns that are grouped by; `None` for an empty cell.
    pub group: Vec<Option<String>>,
    /// The billing currency.
    pub currency: Option<String>,
    /// How many rows.
    pub rows: u64,
    /// What is invoiced (`BilledCost`).
    pub billed_cost: Decimal,
    /// The cost after all discounts (`EffectiveCost`).
    pub effective_cost: Decimal,
    /// The cost at list prices (`ListCost`).
    pub list_cost: Decimal,
    /// The cost at negotiated prices (`ContractedCost`).
    pub contracted_cost: Decimal,
}

impl FocusRows {
    /// The exact totals of the rows that are left by the values of these columns, to the end of the
    /// report.
    ///
    /// # Errors
    /// As for [`next`](Self::next) and [`FocusTotals::add`].
    pub async fn total_by<S: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = S>,
    ) -> Result<FocusTotals> {
        let mut totals = FocusTotals::new(columns);
        while let Some(row) = self.next().await {
            totals.add(&row?)?;
        }
        Ok(totals)
    }
}

impl FocusTotals {
    /// Totals by the values of these columns, in this order; one total without any.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The columns that are grouped by.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Adds a row; those of several reports may be added to the same totals.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the report does not have a column.
    pub fn add(&mut self, row: &FocusRow) -> Result<()> {
        let places = match &self.places {
            Some((header, places)) if header.is(row.header()) => places,
            _ => {
                let places = places(row.header(), &self.columns)?;
                &self.places.insert((row.header().clone(), places)).1
            }
        };
        let cells = places.iter().map(|place| row.cell(*place));
        let currency = row.billing_currency();
        let values = cells.clone().chain([currency]);
        let new = || Group {
            cells: cells.map(|cell| cell.map(str::to_owned)).collect(),
            currency: currency.map(str::to_owned),
            ..Group::default()
        };
        let place = self.groups.place(
            |identity| values.for_each(|value| identity.push(value)),
            new,
        );
        let group = self.groups.at(place);
        group.rows += 1;
        group.billed.extend(row.billed_cost());
        group.effective.extend(row.effective_cost());
        group.list.extend(row.list_cost());
        group.contracted.extend(row.contracted_cost());
        Ok(())
    }

    /// The sums of totals, one for each billing currency, without groups.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where no decimal holds a sum exactly.
    pub fn sums_of(totals: &[FocusTotal]) -> Result<Vec<FocusTotal>> {
        let currencies: BTreeSet<_> = totals.iter().map(|total| &total.currency).collect();
        let sum = |currency: &Option<String>| {
            let of = |cost: fn(&FocusTotal) -> Decimal| {
                let same = totals.iter().filter(|total| total.currency == *currency);
                same.map(cost).collect::<ExactSum>().total()
            };
            let same = totals.iter().filter(|total| total.currency == *currency);
            Ok(FocusTotal {
                group: Vec::new(),
                currency: currency.clone(),
                rows: same.map(|total| total.rows).sum(),
                billed_cost: of(|total| total.billed_cost)?,
                effective_cost: of(|total| total.effective_cost)?,
                list_cost: of(|total| total.list_cost)?,
                contracted_cost: of(|total| total.contracted_cost)?,
            })
        };
        currencies.into_iter().map(sum).collect()
    }

    /// The totals, ordered by their groups and currencies.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where no decimal holds a sum exactly.
    pub fn totals(&self) -> Result<Vec<FocusTotal>> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by(|left, right| {
            (&left.cells, &left.currency).cmp(&(&right.cells, &right.currency))
        });
        let total = |group: &Group| {
            Ok(FocusTotal {
                group: group.cells.clone(),
                currency: group.currency.clone(),
                rows: group.rows,
                billed_cost: group.billed.total()?,
                effective_cost: group.effective.total()?,
                list_cost: group.list.total()?,
                contracted_cost: group.contracted.total()?,
            })
        };
        groups.into_iter().map(total).collect()
    }
}

/// Where the columns are.
fn places(header: &Header, columns: &[String]) -> Result<Vec<usize>> {
    let place = |column: &String| {
        header.position(column).ok_or_else(|| {
            Error::input(format!(
                "the report has no column {column:?}; it has {}",
                header.names().join(", ")
            ))
        })
    };
    columns.iter().map(place).collect()
}

#[cfg(test)]
mod tests;
