//! Sums over the line items of a stream, to its end.

use std::collections::BTreeSet;
use std::future::poll_fn;

use atlas_billing_raw::Cents;
use atlas_billing_raw::types::Invoice;
use serde_json::value::RawValue;

use super::LineItems;
use crate::error::{Error, Result};
use crate::money::totals::{self, Dimension, ItemFilter, Total, Totals};
use crate::money::{
    DailyGroups, DailyTotals, Groups, Identity, Needs, Spans, Statement, StatementBuilder,
    TagTotals, read_all,
};

/// Sums over the line items of a stream, and the rest of the invoice.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InvoiceTotals {
    /// The sums of the items that pass the filter, if there was one; those of linked invoices
    /// included if the stream hands those out.
    pub totals: Totals,
    /// How all of the invoice's own items lead to the figures that it states; unit prices are not
    /// tested, as they are by [`LineItems::statement`].
    pub statement: Statement,
    /// The invoice without its line items.
    pub head: Invoice,
}

/// Sums by day over the line items of a stream, and the rest of the invoice.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InvoiceDays {
    /// The sums of the items that pass the filter.
    pub daily: DailyGroups,
    /// The sums of all items, which tell [what is posted](DailyTotals::complete_through), also where a
    /// filter leaves little.
    pub all: DailyTotals,
    /// How all of the invoice's own items lead to the figures that it states; unit prices are not
    /// tested, as they are by [`LineItems::statement`].
    pub statement: Statement,
    /// The invoice without its line items.
    pub head: Invoice,
}

/// Sums by tag key over the line items of a stream, and the rest of the invoice.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InvoiceTags {
    /// The sums of the items that pass the filter.
    pub tags: TagTotals,
    /// The invoice without its line items.
    pub head: Invoice,
}

/// Sums of each kind over the invoice's own items of a stream, and the rest of the invoice.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InvoiceSums {
    /// The sums by dimensions; [`Totals::rolled_up`] has those by fewer.
    pub totals: Totals,
    /// The sums by the tags of the resources.
    pub tags: TagTotals,
    /// The sums by day.
    pub daily: DailyGroups,
    /// How the items lead to the figures that the invoice states.
    pub statement: Statement,
    /// The invoice without its line items.
    pub head: Invoice,
}

/// The items that share all values that the sums tell apart.
struct Combination {
    total: Total,
    /// Where the sums are that they count in.
    in_totals: usize,
    in_tags: usize,
    in_daily: usize,
    in_statement: usize,
}

impl LineItems {
    /// Exact sums of the items that are left, by one or more dimensions, to the end of the stream.
    ///
    /// Faster than adding the items one by one: of each, only the fields that sums need are decoded,
    /// and nothing is copied. Other fields are only checked to be JSON.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn total_by(self, by: &[Dimension]) -> Result<InvoiceTotals> {
        self.total_filtered(by, &ItemFilter::new()).await
    }

    /// The same sums over the items that pass `filter`. The
    /// [statement](InvoiceTotals::statement) is of all of the invoice's own items still.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn total_filtered(
        mut self,
        by: &[Dimension],
        filter: &ItemFilter,
    ) -> Result<InvoiceTotals> {
        let mut totals = Totals::new(by);
        let needs = Needs::of(by).and(filter);
        let add = |text: &[u8]| {
            needs.read(text, |charge| {
                if filter.passes_charge(charge) {
                    totals.add_charge(charge);
                }
                (charge.gross, charge.discount)
            })
        };
        self.add_up(add).await?;
        let head = self.head.unwrap_or_default();
        Ok(InvoiceTotals {
            totals,
            statement: Statement::of_sums(self.own, &head),
            head,
        })
    }

    /// How the invoice's own items lead to the amounts billed and due. Items of linked invoices are
    /// passed over, also if the stream was to hand them out.
    ///
    /// As fast as [`total_by`](Self::total_by): of each item, only what is needed is decoded.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// let statement = org.last_invoice().line_items().await?.statement().await?;
    /// for row in &statement.rows {
    ///     println!("{:>14}  {}", row.cents, row.label);
    /// }
    /// for finding in &statement.findings {
    ///     println!("{}", finding.text);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`next`](Self::next). [`ErrorKind::Input`]: items have been taken from the stream
    /// already, so that a [`StatementBuilder`] must be fed with each.
    ///
    /// [`ErrorKind::Input`]: crate::ErrorKind::Input
    pub async fn statement(mut self) -> Result<Statement> {
        self.own_alone()?;
        let mut builder = StatementBuilder::new();
        self.read_to_end(|text| builder.read(text)).await?;
        Ok(builder.finish(&self.head.unwrap_or_default()))
    }

    /// Exact sums of the items that are left by day and kind of charge, and by dimensions if any are
    /// given, over those that pass `filter`, to the end of the stream; those of linked invoices
    /// included if the stream hands them out.
    ///
    /// ```no_run
    /// use atlas_billing::money::{Forecast, ForecastOptions};
    /// use atlas_billing::totals::ItemFilter;
    ///
    /// # async fn run(org: atlas_billing::Org) -> Result<(), Box<dyn std::error::Error>> {
    /// let items = org.current_invoice().line_items().await?;
    /// let days = items.daily(&[], &ItemFilter::new()).await?;
    /// let today = "2025-03-14".parse()?;
    /// let options = ForecastOptions::new();
    /// let forecast = Forecast::of(&days.daily.total(), "2025-03".parse()?, today, &options)?;
    /// println!("{} ({:?})", forecast.total, forecast.range);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn daily(mut self, by: &[Dimension], filter: &ItemFilter) -> Result<InvoiceDays> {
        let mut groups = DailyGroups::new(by);
        let mut all = DailyTotals::new();
        let needs = DailyGroups::needs(by).and(filter);
        let is_filtered = !filter.is_empty();
        let add = |text: &[u8]| {
            needs.read(text, |charge| {
                if is_filtered {
                    all.add_charge(charge);
                }
                if filter.passes_charge(charge) {
                    groups.add_charge(charge);
                }
                (charge.gross, charge.discount)
            })
        };
        self.add_up(add).await?;
        let head = self.head.unwrap_or_default();
        Ok(InvoiceDays {
            all: match is_filtered {
                true => all,
                false => groups.total(),
            },
            daily: groups,
            statement: Statement::of_sums(self.own, &head),
            head,
        })
    }

    /// Exact sums of the items that are left by the tag keys that they carry, over those that pass
    /// `filter`, to the end of the stream; those of linked invoices included if the stream hands them
    /// out.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn tags(mut self, filter: &ItemFilter) -> Result<InvoiceTags> {
        let mut tags = TagTotals::new();
        let needs = TagTotals::needs().and(filter);
        let add = |text: &[u8]| {
            needs.read(text, |charge| {
                if filter.passes_charge(charge) {
                    tags.add_read(charge);
                }
            })
        };
        self.read_to_end(add).await?;
        Ok(InvoiceTags {
            tags,
            head: self.head.unwrap_or_default(),
        })
    }

    /// All that the invoice's own items come to, in one pass: what [`total_by`](Self::total_by) says by
    /// `by`, [`daily`](Self::daily) by `daily_by`, and [`statement`](Self::statement). Items of linked
    /// invoices are passed over.
    ///
    /// # Errors
    /// As for [`statement`](Self::statement). [`ErrorKind::Input`] for a dimension that is a tag: those
    /// sums are [`TagTotals::by`].
    ///
    /// [`ErrorKind::Input`]: crate::ErrorKind::Input
    pub async fn sums(mut self, by: &[Dimension], daily_by: &[Dimension]) -> Result<InvoiceSums> {
        let is_tag = |by: &Dimension| matches!(by, Dimension::Tag(_));
        if by.iter().chain(daily_by).any(is_tag) {
            return Err(Error::input("sums by a tag are those of TagTotals"));
        }
        self.own_alone()?;
        let mut totals = Totals::new(by);
        let mut tags = TagTotals::new();
        let mut daily = DailyGroups::new(daily_by);
        let mut statement = StatementBuilder::new();
        let mut spans = Spans::default();
        // An item is looked up once, which tells where it counts in the four.
        let mut combinations: Groups<Combination> = Groups::default();
        let every: BTreeSet<_> = by.iter().chain(daily_by).chain([&Dimension::Sku]).collect();
        let add = |text: &[u8]| {
            read_all(text, &mut spans, |charge, written| {
                let identify = |identity: &mut Identity| {
                    totals::identify(every.iter().copied(), charge, identity);
                    identity.push(charge.project_name);
                    identity.push(written.map(RawValue::get));
                };
                let new = || {
                    Ok(Combination {
                        total: Total::default(),
                        in_totals: totals.place(charge),
                        in_tags: tags.place(written)?,
                        in_daily: daily.place(charge),
                        in_statement: statement.place(charge),
                    })
                };
                let place = combinations.try_place(identify, new)?;
                let combination = combinations.at(place);
                combination.total.add_item(charge.gross, charge.discount);
                daily.add_at(combination.in_daily, charge);
                statement.add_at(combination.in_statement, charge);
                Ok(())
            })
        };
        self.read_to_end(add).await?;
        for combination in combinations.into_values() {
            totals.add_at(combination.in_totals, combination.total);
            tags.add_at(combination.in_tags, combination.total);
        }
        let head = self.head.unwrap_or_default();
        Ok(InvoiceSums {
            totals,
            tags,
            daily,
            statement: statement.finish(&head),
            head,
        })
    }

    /// Reads the items that are left by `read`, which says gross and discount of each, and adds up the
    /// invoice's own.
    async fn add_up(
        &mut self,
        mut read: impl FnMut(&[u8]) -> serde_json::Result<((Cents, Cents), usize)>,
    ) -> Result<()> {
        while let Some((gross, discount)) = poll_fn(|cx| self.poll_step(cx, &mut read)).await? {
            if self.splitter.linked_invoice().is_none() {
                self.own.add(gross, discount);
            }
        }
        Ok(())
    }

    /// Reads the items that are left by `read`.
    async fn read_to_end(
        &mut self,
        mut read: impl FnMut(&[u8]) -> serde_json::Result<((), usize)>,
    ) -> Result<()> {
        while poll_fn(|cx| self.poll_step(cx, &mut read)).await?.is_some() {}
        Ok(())
    }

    /// Passes over the items of linked invoices, for sums that need all of the invoice's own.
    fn own_alone(&mut self) -> Result<()> {
        if self.own.count() > 0 || self.linked_invoice().is_some() {
            let message = "a statement needs all line items, and some have been taken already";
            return Err(Error::input(message));
        }
        self.splitter.skip_linked_items();
        Ok(())
    }
}
