//! `check`: whether credentials and organization work, and what they may read.

use atlas_billing::{Error, Month, Org};

use super::{find, invoices_show};
use crate::args::Format;
use crate::connect::connect;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Cell, Column, Heading, Kind, Layout, Row};

/// What was tried, and what came of it.
#[derive(Debug, PartialEq, Eq)]
struct CheckRow {
    what: &'static str,
    ok: bool,
    said: String,
}

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    context.refuse_raw("a check")?;
    let connection = connect(context).await?;
    let mut sink = context.sink()?;
    let org = &connection.org;
    let (invoices, first) = told("list of invoices", list(org).await);
    let (costs, second) = told("Cost Explorer", explore(context, org).await);
    let rows = [invoices, costs];
    match context.form() {
        Format::Table | Format::Markdown => {
            let base_url = org.client().base_url().trim_end_matches('/');
            let title = format!("Organization {} at {base_url}", org.id());
            context.draw_into(&mut sink, &[layout(title, &rows)])?;
        }
        form => sink = invoices_show::write(form, context, &columns(), &rows, sink)?,
    }
    sink.finish()?;
    // What failed first decides how the command ends.
    first.or(second).map_or(Ok(()), Err)
}

/// Reads the list of invoices, which says who may sign in and see the organization.
async fn list(org: &Org) -> Result<String, Error> {
    let rows = find::list(org, None, &[]).await?;
    Ok(match rows.first() {
        Some(newest) => format!(
            "{} invoices, the newest {}, {}",
            rows.len(),
            newest.period(),
            newest.status_text()
        ),
        None => "no invoices yet".to_owned(),
    })
}

/// Creates a query for the running month, without waiting for it: queries change nothing.
async fn explore(context: &Context, org: &Org) -> Result<String, Error> {
    let query = org.costs(Month::of(context.today).into()).start().await?;
    Ok(format!("queries are taken, such as {}", query.token()))
}

fn told(what: &'static str, came: Result<String, Error>) -> (CheckRow, Option<Failure>) {
    match came {
        Ok(said) => (
            CheckRow {
                what,
                ok: true,
                said,
            },
            None,
        ),
        Err(error) => (
            CheckRow {
                what,
                ok: false,
                said: error.to_string(),
            },
            Some(error.into()),
        ),
    }
}

fn layout(title: String, rows: &[CheckRow]) -> Layout {
    let mut layout = Layout::titled(title, ["", "", ""].map(Heading::left).to_vec());
    for row in rows {
        let mark = if row.ok { "ok" } else { "FAILED" };
        layout.rows.push(Row::new([mark, row.what, &row.said]));
    }
    layout
}

fn columns() -> Vec<Column<CheckRow>> {
    vec![
        Column::new("what", Kind::Text, "What was tried.", |r: &CheckRow| {
            Cell::text(r.what)
        })
        .always(),
        Column::new("ok", Kind::Boolean, "Whether it worked.", |r: &CheckRow| {
            Cell::Boolean(r.ok)
        })
        .always(),
        Column::new("said", Kind::Text, "What came of it.", |r: &CheckRow| {
            Cell::text(r.said.as_str())
        })
        .always(),
    ]
}
