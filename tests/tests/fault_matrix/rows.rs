//! The rows: each operation and form, how it is called and what its undisturbed result is.

use std::fmt::Write as _;

use atlas_billing::{
    Cents, Client, CostQuery, GroupBy, LineItem, LineItemFilters, Month, Months, Org, PollPolicy,
    Result,
};
use atlas_billing_mock::{ORG_ID, On, Operation, Ready, RecordedRequest};
use atlas_billing_tests::planted::Identity;

/// What is called, and where in it the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Row {
    Create,
    Poll,
    ResultJson,
    ResultCsv,
    Invoice,
    InvoiceCsv,
    Items,
    List,
    Orgs,
    Projects,
    Clusters,
    Skus,
    Sku,
    Pending,
    Search,
    Associated,
    CreateReport,
    PollReport,
    Reports,
    Download,
    Token,
    Unsigned,
    Signed,
}

impl Row {
    pub(crate) const ALL: [Self; 23] = [
        Self::Create,
        Self::Poll,
        Self::ResultJson,
        Self::ResultCsv,
        Self::Invoice,
        Self::InvoiceCsv,
        Self::Items,
        Self::List,
        Self::Orgs,
        Self::Projects,
        Self::Clusters,
        Self::Skus,
        Self::Sku,
        Self::Pending,
        Self::Search,
        Self::Associated,
        Self::CreateReport,
        Self::PollReport,
        Self::Reports,
        Self::Download,
        Self::Token,
        Self::Unsigned,
        Self::Signed,
    ];

    /// The row's name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create query",
            Self::Poll => "poll, not ready",
            Self::ResultJson => "result JSON",
            Self::ResultCsv => "result CSV",
            Self::Invoice => "invoice JSON",
            Self::InvoiceCsv => "invoice CSV",
            Self::Items => "item stream",
            Self::List => "list",
            Self::Orgs => "organizations",
            Self::Projects => "projects",
            Self::Clusters => "clusters",
            Self::Skus => "SKUs",
            Self::Sku => "one SKU",
            Self::Pending => "pending invoices",
            Self::Search => "search",
            Self::Associated => "associated invoices",
            Self::CreateReport => "create report",
            Self::PollReport => "poll report, not ready",
            Self::Reports => "reports",
            Self::Download => "download",
            Self::Token => "token request",
            Self::Unsigned => "Digest, unsigned",
            Self::Signed => "Digest, signed",
        }
    }

    /// How the client signs in. Most rows do so as a service account, whose rejected token can be
    /// replaced; the token request's own row is about that.
    pub(crate) fn identity(self) -> Identity {
        match self {
            Self::Unsigned | Self::Signed => Identity::Key,
            _ => Identity::Account,
        }
    }

    /// What the fault strikes: an operation of the stand-in.
    fn operation(self) -> Operation {
        match self {
            Self::Create | Self::Unsigned | Self::Signed => Operation::CreateQuery,
            Self::Poll | Self::ResultJson | Self::ResultCsv => Operation::Poll,
            Self::Invoice | Self::InvoiceCsv | Self::Items => Operation::Invoice,
            Self::List => Operation::Invoices,
            Self::Orgs => Operation::Organizations,
            Self::Projects => Operation::Projects,
            Self::Clusters => Operation::Clusters,
            Self::Skus => Operation::Skus,
            Self::Sku => Operation::Sku,
            Self::Pending => Operation::PendingInvoices,
            Self::Search => Operation::Search,
            Self::Associated => Operation::AssociatedInvoices,
            Self::CreateReport => Operation::CreateReport,
            Self::PollReport => Operation::Report,
            Self::Reports => Operation::Reports,
            Self::Download => Operation::Download,
            Self::Token => Operation::Token,
        }
    }

    /// The wrapper's name for it.
    pub(crate) fn operation_name(self) -> &'static str {
        match self.operation() {
            Operation::CreateQuery => "createCostExplorerQueryProcess",
            Operation::Poll => "getCostExplorerQueryProcess",
            Operation::Invoice => "getOrgInvoice",
            Operation::Invoices => "listOrgInvoices",
            Operation::Organizations => "listOrgs",
            Operation::Projects => "listOrgGroups",
            Operation::Clusters => "listClusterDetails",
            Operation::Skus => "listSkus",
            Operation::Sku => "getSku",
            Operation::PendingInvoices => "listOrgInvoicePending",
            Operation::Search => "searchOrgInvoiceLineItems",
            Operation::AssociatedInvoices => "listAssociatedInvoices",
            Operation::CreateReport => "createInvoiceReport",
            Operation::Report => "getInvoiceReport",
            Operation::Reports => "listInvoiceReports",
            Operation::Download => "downloadInvoiceReport",
            _ => "accessToken",
        }
    }

    /// How many requests of the kind go before the first that is struck, once the stand-in has
    /// forgotten what was sent beforehand: readiness is polled for in JSON, and the CSV file is the
    /// second request.
    pub(crate) fn spared(self) -> u64 {
        u64::from(self == Self::ResultCsv)
    }

    /// Which requests the fault strikes: the first few of its kind alone, or each.
    pub(crate) fn struck(self, times: u64, once: bool) -> Vec<On> {
        let on = On::operation(self.operation());
        let on = match self {
            Self::Unsigned => on.unsigned(),
            Self::Signed => on.signed(),
            _ => on,
        };
        // The call that warms the client up is spared, too.
        let first = self.spared() + u64::from(self.is_warm()) + 1;
        match once {
            true => (first..first + times).map(|n| on.clone().nth(n)).collect(),
            false => vec![on.from(first)],
        }
    }

    /// Whether `request` is of the kind that the fault strikes.
    pub(crate) fn is_struck(self, request: &RecordedRequest) -> bool {
        let signed = request.header("authorization").is_some();
        let struck = match self {
            Self::Unsigned => !signed,
            Self::Signed => signed,
            _ => true,
        };
        struck && request.operation == self.operation()
    }

    /// When the stand-in has the query's result, or the report's file.
    pub(crate) fn ready(self) -> Ready {
        match self {
            Self::Poll | Self::PollReport => Ready::AfterPolls(1),
            _ => Ready::AtOnce,
        }
    }

    /// Whether a query has to be there before.
    pub(crate) fn needs_query(self) -> bool {
        matches!(self, Self::Poll | Self::ResultJson | Self::ResultCsv)
    }

    /// Whether a report has to be there before.
    pub(crate) fn needs_report(self) -> bool {
        matches!(self, Self::PollReport | Self::Reports | Self::Download)
    }

    /// How far apart polls are: the service allows a report one each five seconds.
    pub(crate) fn pace(self) -> u64 {
        if self.needs_report() { 5 } else { 1 }
    }

    /// Whether a call goes before it, so that a challenge is kept.
    pub(crate) fn is_warm(self) -> bool {
        self == Self::Signed
    }

    /// How many requests go before the first that is struck.
    pub(crate) fn before(self) -> u32 {
        match self {
            Self::Token | Self::Unsigned | Self::Signed => 0,
            Self::ResultCsv | Self::Download => 2,
            _ => 1,
        }
    }

    /// How many requests an undisturbed call makes.
    pub(crate) fn least(self) -> u32 {
        match self {
            Self::Signed => 1,
            Self::Poll | Self::ResultCsv | Self::PollReport | Self::Download => 3,
            _ => 2,
        }
    }

    /// Makes the call and says its result in a line. `token` is that of the query or the report.
    pub(crate) async fn call(
        self,
        client: &Client,
        token: Option<String>,
        polling: PollPolicy,
    ) -> Result<String> {
        let org = client.org(ORG_ID.parse()?);
        let token = token.unwrap_or_default();
        let query = |token: String| org.resume(token.parse().expect("a query was created"));
        // Of the client's policy the waits are not those of reports.
        let report = |token: String| {
            let report = org.resume_report(token.parse().expect("a report was"));
            report.polling(polling)
        };
        let invoice = || INVOICE.parse().map(|id| org.invoice(id));
        match self {
            Self::Create | Self::Token | Self::Unsigned | Self::Signed => {
                let query = start(&org).await?;
                Ok(format!(
                    "token of {} characters",
                    query.token().as_str().len()
                ))
            }
            Self::Poll | Self::ResultJson => {
                let report = query(token).await?;
                let mut line = format!("{} rows", report.rows().len());
                write!(line, ", {} in total", report.total()?).expect("a string takes all");
                Ok(line)
            }
            Self::ResultCsv => {
                let file = query(token).csv().await?.bytes().await?;
                Ok(format!("{} bytes", file.len()))
            }
            Self::Invoice => {
                let invoice = org.invoice(INVOICE.parse()?).await?;
                let sum: Cents = invoice.line_items.iter().map(LineItem::gross).sum();
                Ok(format!("{} items, {sum}", invoice.line_items.len()))
            }
            Self::InvoiceCsv => {
                let file = org.invoice(INVOICE.parse()?).csv().await?.bytes().await?;
                Ok(format!("{} bytes", file.len()))
            }
            Self::Items => {
                let mut items = org.invoice(INVOICE.parse()?).line_items().await?;
                let (mut count, mut sum) = (0, Cents::ZERO);
                while let Some(item) = items.next().await {
                    count += 1;
                    sum += item?.gross();
                }
                let head = items.head();
                assert!(head.is_some(), "a stream that ended well has a head");
                Ok(format!("{count} items, {sum}"))
            }
            Self::List => Ok(joined(org.invoices().await?, |it| it.id)),
            Self::Orgs => Ok(joined(client.orgs().await?, |it| it.id)),
            Self::Projects => Ok(joined(org.projects().await?, |it| it.id)),
            Self::Clusters => Ok(joined(org.clusters().await?, |it| it.group_id)),
            Self::Skus => Ok(joined(client.skus().await?, |it| it.id)),
            Self::Sku => {
                let sku = client.sku("ATLAS_AWS_INSTANCE_M30").await?;
                Ok(sku.description.unwrap_or_default())
            }
            Self::Pending => Ok(joined(org.invoices().pending().await?, |it| it.id)),
            Self::Search => {
                let all = invoice()?.search_line_items(LineItemFilters::default());
                Ok(joined(all.await?, |it| {
                    Some(it.total_price_cents?.to_string())
                }))
            }
            Self::Associated => {
                let month = Month::new(2025, 1)?;
                Ok(joined(org.associated_invoices(month).await?, |it| {
                    it.invoice_id
                }))
            }
            Self::CreateReport => {
                let query = invoice()?.focus_report().fresh(true).start().await?;
                Ok(format!(
                    "token of {} characters",
                    query.token().as_str().len()
                ))
            }
            Self::PollReport => {
                let report = report(token).report().await?;
                Ok(format!("{:?}, {:?}", report.report_id, report.state))
            }
            Self::Reports => Ok(joined(org.reports(INVOICE.parse()?).await?, |it| {
                it.report_id
            })),
            Self::Download => {
                let file = report(token).csv().await?.bytes().await?;
                Ok(format!("{} bytes", file.len()))
            }
        }
    }
}

/// A text of each of several things.
fn joined<T>(things: Vec<T>, text: impl Fn(T) -> Option<String>) -> String {
    let texts: Vec<String> = things.into_iter().filter_map(text).collect();
    assert!(!texts.is_empty(), "there is something in each list");
    texts.join(" ")
}

/// The invoice that is requested.
pub(crate) const INVOICE: &str = "66a10000000000000000a001";

/// Creates the query of every row.
pub(crate) async fn start(org: &Org) -> Result<CostQuery> {
    let months = Months::new(Month::new(2025, 1)?, Month::new(2025, 2)?)?;
    org.costs(months).group_by(GroupBy::Services).start().await
}
