//! `check`: where the settings come from, whether they work, and what they may read.

use atlas_billing::{Error, Month, Org};

use super::Context;
use crate::connect::{Connection, connect};
use crate::failure::Failure;
use crate::output::{Heading, Layout, Row, columns};
use crate::records::InvoiceRow;
use crate::text::counted;

/// What was checked, and the result.
struct Checked {
    what: &'static str,
    ok: bool,
    result: String,
    /// Where a setting comes from.
    from: Option<String>,
}

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = &connection.org(context).await?;
    let mut failures = Vec::new();
    let mut checked = |what, result: Result<String, Error>| {
        let ok = result.is_ok();
        let result = result.unwrap_or_else(|error| {
            let kind = error.kind().to_string().replace('_', " ");
            let status = error
                .status()
                .map_or(String::new(), |status| format!(" ({})", status.as_u16()));
            failures.push(Failure::from(error));
            format!("{kind}{status}")
        });
        Checked {
            what,
            ok,
            result,
            from: None,
        }
    };
    let mut rows = vec![
        checked("list of invoices", newest_invoice(org).await),
        checked("Cost Explorer", query(context, org).await),
    ];
    let checks = rows.len();
    rows.extend(settings(&connection, org)?);
    let columns = columns! { Checked:
        "what" Text always = |r| r.what, "What was checked.";
        "ok" Boolean always = |r| r.ok, "Whether it worked.";
        "result" Text always = |r| &*r.result, "The result, or the value of a setting.";
        "from" Text = |r| r.from.as_deref(), "Where a setting comes from.";
    };
    context.style.write(out, &columns, &rows, || {
        let base_url = org.client().base_url().trim_end_matches('/').to_owned();
        let title = format!("Organization {} at {base_url}", org.id());
        let mut layout = Layout::titled(title, ["", "", ""].map(Heading::left).to_vec());
        let mark = |ok| if ok { "ok" } else { "FAILED" };
        layout.rows.extend(
            rows[..checks]
                .iter()
                .map(|row| Row::new([mark(row.ok), row.what, &row.result])),
        );
        let headings = ["setting", "value", "from"].map(Heading::left).to_vec();
        let from = rows[checks..].iter().map(|row| {
            let from = row.from.as_deref().unwrap_or_default();
            Row::new([row.what, &row.result, from])
        });
        let settings = Layout {
            headings,
            rows: from.collect(),
            ..Layout::default()
        };
        Ok(vec![layout, settings])
    })?;
    // What failed first decides how the command ends.
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// The settings and where each comes from; of credentials only their kind.
fn settings(connection: &Connection, org: &Org) -> Result<Vec<Checked>, Failure> {
    let row = |what, result: String, from: &str| Checked {
        what,
        ok: true,
        result,
        from: Some(from.to_owned()),
    };
    let base_url = org.client().base_url().trim_end_matches('/').to_owned();
    let Some(settings) = &connection.settings else {
        return Ok(vec![
            row("credentials", "none".to_owned(), "--demo"),
            row("organization", org.id().to_string(), "--demo"),
            row("base URL", base_url, "--demo"),
        ]);
    };
    let profile = settings.profile.as_ref();
    let mut rows: Vec<Checked> = profile
        .map(|profile| row("profile", profile.value.clone(), &profile.from))
        .into_iter()
        .collect();
    let kind = &settings.kind;
    let from = |from: Option<&String>, default: &str| {
        from.map_or_else(|| default.to_owned(), String::clone)
    };
    let org_from = from(
        settings.org.clone()?.as_ref().map(|org| &org.from),
        "the only one there is",
    );
    let url_from = from(settings.base_url.as_ref().map(|url| &url.from), "default");
    rows.push(row("credentials", kind.value.to_owned(), &kind.from));
    rows.push(row("organization", org.id().to_string(), &org_from));
    rows.push(row("base URL", base_url, &url_from));
    let version = settings.api_version.as_ref();
    rows.extend(
        version.map(|version| row("API version", version.value.to_string(), &version.from)),
    );
    Ok(rows)
}

/// Reads the list of invoices, which tells who may sign in and see the organization.
async fn newest_invoice(org: &Org) -> Result<String, Error> {
    let rows = org.invoices().await?;
    let count = counted(rows.len(), "invoice");
    Ok(rows.first().map_or("no invoices yet".to_owned(), |newest| {
        let newest = InvoiceRow::from(newest);
        format!(
            "{count}, the newest {}, {}",
            newest.period(),
            newest.status()
        )
    }))
}

/// Creates a query for the running month, without waiting for it: queries change nothing.
async fn query(context: &Context, org: &Org) -> Result<String, Error> {
    let query = org.costs(Month::of(context.today)).start().await?;
    Ok(format!("query {} was created", query.token()))
}
