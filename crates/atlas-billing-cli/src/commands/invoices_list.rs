//! `invoices list`.

use super::find;
use crate::args::{Format, ListArgs, shown_period};
use crate::connect::connect;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Heading, Layout, Records, Row, amount};
use crate::records::invoice::{InvoiceRow, columns};

pub(super) async fn run(context: &Context, args: &ListArgs) -> Result<(), Failure> {
    context.refuse_raw("a list of invoices, which may have several pages,")?;
    let period = args
        .period
        .map(|period| period.resolve(context.today))
        .transpose()?;
    let org = connect(context).await?;
    let mut sink = context.sink()?;
    if let Some(period) = period {
        context
            .voice
            .note(&format!("Period: {}", shown_period(period, context.today)));
    }
    let rows = find::list(&org.org, period, &args.statuses.status).await?;
    match context.form() {
        Format::Table | Format::Markdown => {
            let title = period.map(|period| shown_period(period, context.today));
            context.draw_into(&mut sink, &[layout(&rows, title.as_deref())])?;
        }
        form => {
            let columns = columns();
            let mut records = Records::begin(form, &columns, context.paper, sink)?;
            for row in &rows {
                records.write(row)?;
            }
            sink = records.end()?;
        }
    }
    sink.finish()
}

fn layout(rows: &[InvoiceRow], period: Option<&str>) -> Layout {
    let title = match period {
        Some(period) => format!("Invoices {period}"),
        None => "Invoices".to_owned(),
    };
    let mut headings = vec![
        Heading::left("id"),
        Heading::left("period"),
        Heading::left("status"),
    ];
    let figures = ["subtotal", "credits", "tax", "billed", "paid"];
    headings.extend(figures.map(Heading::right));
    let mut layout = Layout::titled(title, headings);
    for row in rows {
        let mut texts = vec![
            row.id.clone().unwrap_or_default(),
            row.period(),
            row.status_text().to_owned(),
        ];
        let figures = [
            row.subtotal,
            row.credits,
            row.sales_tax,
            row.billed,
            row.paid,
        ];
        let shown = |cents: Option<i64>| cents.map_or(String::new(), |c| amount::cents(c.into()));
        texts.extend(figures.map(shown));
        layout.rows.push(Row::new(texts));
    }
    if rows.is_empty() {
        layout.notes.push("None.".to_owned());
    }
    layout
}

#[cfg(test)]
mod tests {
    use atlas_billing::raw::enums::InvoiceStatus;

    use super::*;

    #[test]
    fn a_row_an_invoice_and_what_is_not_said_stays_empty() {
        let row = InvoiceRow {
            id: Some("64b7f0a1c2d3e4f506172839".into()),
            start: "2025-03-01T00:00:00Z".parse().ok(),
            end: "2025-04-01T00:00:00Z".parse().ok(),
            status: Some(InvoiceStatus::Pending),
            subtotal: Some(123_456),
            credits: Some(0),
            ..InvoiceRow::default()
        };
        let layout = layout(&[row], Some("2025-03 (to date)"));
        assert_eq!(layout.title.as_deref(), Some("Invoices 2025-03 (to date)"));
        let texts = &layout.rows[0].texts;
        assert_eq!(
            texts[1..],
            [
                "2025-03 (to date)",
                "PENDING",
                "1,234.56",
                "0.00",
                "",
                "",
                ""
            ]
        );
        assert_eq!(super::layout(&[], None).notes, ["None."]);
    }
}
