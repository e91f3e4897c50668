//! The rows: each operation and form, how it is called and what its undisturbed result is.

use std::fmt::Write as _;

use atlas_billing::{
    Cents, Client, CostQuery, GroupBy, LineItem, Month, Months, Org, QueryToken, Result,
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
    Token,
    Unsigned,
    Signed,
}

impl Row {
    pub(crate) const ALL: [Self; 11] = [
        Self::Create,
        Self::Poll,
        Self::ResultJson,
        Self::ResultCsv,
        Self::Invoice,
        Self::InvoiceCsv,
        Self::Items,
        Self::List,
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

    /// When the stand-in has the query's result.
    pub(crate) fn ready(self) -> Ready {
        match self {
            Self::Poll => Ready::AfterPolls(1),
            _ => Ready::AtOnce,
        }
    }

    /// Whether a query has to be there before.
    pub(crate) fn needs_query(self) -> bool {
        matches!(self, Self::Poll | Self::ResultJson | Self::ResultCsv)
    }

    /// Whether a call goes before it, so that a challenge is kept.
    pub(crate) fn is_warm(self) -> bool {
        self == Self::Signed
    }

    /// How many requests go before the first that is struck.
    pub(crate) fn before(self) -> u32 {
        match self {
            Self::Token | Self::Unsigned | Self::Signed => 0,
            Self::ResultCsv => 2,
            _ => 1,
        }
    }

    /// How many requests an undisturbed call makes.
    pub(crate) fn least(self) -> u32 {
        match self {
            Self::Signed => 1,
            Self::Poll | Self::ResultCsv => 3,
            _ => 2,
        }
    }

    /// Makes the call and says its result in a line.
    pub(crate) async fn call(self, client: &Client, token: Option<QueryToken>) -> Result<String> {
        let org = client.org(ORG_ID.parse()?);
        let query = |token: Option<QueryToken>| org.resume(token.expect("a query was created"));
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
            Self::List => {
                let ids: Vec<String> = org
                    .invoices()
                    .await?
                    .iter()
                    .filter_map(|invoice| invoice.id.clone())
                    .collect();
                Ok(ids.join(" "))
            }
        }
    }
}

/// The invoice that is requested.
pub(crate) const INVOICE: &str = "66a10000000000000000a001";

/// Creates the query of every row.
pub(crate) async fn start(org: &Org) -> Result<CostQuery> {
    let months = Months::new(Month::new(2025, 1)?, Month::new(2025, 2)?)?;
    org.costs(months).group_by(GroupBy::Services).start().await
}
