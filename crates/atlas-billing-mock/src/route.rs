//! The operations: where each is found, and what it is on the wire.

use crate::request::Request;

/// What the stand-in can be asked for. Paths that do not begin with `/api` are below `/api/atlas/v2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /orgs/{orgId}/billing/costExplorer/usage`: creates a Cost Explorer query.
    CreateQuery,
    /// `GET /orgs/{orgId}/billing/costExplorer/usage/{token}`: polls a query once.
    Poll,
    /// `GET /orgs/{orgId}/invoices/{invoiceId}`: one invoice.
    Invoice,
    /// `GET /orgs/{orgId}/invoices/{invoiceId}/csv`: the CSV form of an invoice, where other clients
    /// look for it.
    InvoiceCsv,
    /// `GET /orgs/{orgId}/invoices`: one page of the list of invoices.
    Invoices,
    /// `GET /orgs/{orgId}/invoices/pending`: the pending invoices, whole.
    PendingInvoices,
    /// `GET /orgs/{orgId}/associatedInvoices`: the ids of one month's invoices.
    AssociatedInvoices,
    /// `GET /orgs/{orgId}/invoices/{invoiceId}/lineItems:search` with a body: one page of the line
    /// items found. A POST where
    /// [`search_needs_post`](crate::ScenarioBuilder::search_needs_post) says so.
    Search,
    /// `POST /orgs/{orgId}/invoices/{invoiceId}/reports`: creates a report.
    CreateReport,
    /// `GET /orgs/{orgId}/invoices/{invoiceId}/reports/{reportId}`: polls a report once.
    Report,
    /// `GET /orgs/{orgId}/invoices/{invoiceId}/reports`: one page of the list of reports.
    Reports,
    /// `GET /orgs`: one page of the list of organizations.
    Organizations,
    /// `GET /orgs/{orgId}/groups`: one page of the list of an organization's projects.
    Projects,
    /// `GET /clusters`: one page of the projects of all organizations, with their clusters.
    Clusters,
    /// `GET /skus`: one page of the list of SKUs.
    Skus,
    /// `GET /skus/{skuId}`: one SKU.
    Sku,
    /// `POST /api/oauth/token`: an access token for a service account.
    Token,
    /// `POST /api/oauth/revoke`: revokes an access token.
    Revoke,
    /// Anything on the storage host, which is where reports are downloaded from: see
    /// [`ReportSettings`](crate::ReportSettings).
    Download,
    /// Anything else: 404, or 405 where only the method is wrong.
    Other,
}

/// What an operation is on the wire.
pub(crate) struct OperationVersion {
    /// The date of its one version.
    pub(crate) since: &'static str,
    pub(crate) json: bool,
    pub(crate) csv: bool,
    /// The parameters of its query.
    parameters: [&'static [&'static str]; 2],
}

impl OperationVersion {
    /// Whether its query can have a parameter.
    pub(crate) fn has(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|them| them.contains(&parameter))
    }
}

/// The parameters of lists.
const PAGE: &[&str] = &[
    "envelope",
    "includeCount",
    "itemsPerPage",
    "pageNum",
    "pretty",
];
/// The parameters of the list of invoices.
const INVOICES: &[&str] = &[
    "viewLinkedInvoices",
    "statusNames",
    "fromDate",
    "toDate",
    "sortBy",
    "orderBy",
];

impl Operation {
    /// Whether it is one of the billing API's: versioned, signed and limited.
    pub(crate) fn is_billing(self) -> bool {
        !matches!(
            self,
            Self::Token | Self::Revoke | Self::Download | Self::Other
        )
    }

    /// Whether its response is a list, whose envelope is the list itself.
    pub(crate) fn is_list(self) -> bool {
        self == Self::PendingInvoices || self.version().has("pageNum")
    }

    pub(crate) fn version(self) -> OperationVersion {
        let (since, parameters): (_, [&[&str]; 2]) = match self {
            Self::Invoices => ("2023-01-01", [PAGE, INVOICES]),
            Self::Organizations | Self::Projects => ("2023-01-01", [PAGE, &["name"]]),
            Self::Clusters => ("2023-01-01", [PAGE, &[]]),
            Self::Skus | Self::Reports => ("2025-03-12", [PAGE, &[]]),
            Self::Sku => ("2025-03-12", [&["envelope", "pretty"], &[]]),
            Self::Invoice | Self::PendingInvoices => ("2023-01-01", [&["envelope", "pretty"], &[]]),
            Self::Search => (
                "2024-08-05",
                [&["envelope", "itemsPerPage", "pageNum"], &[]],
            ),
            Self::AssociatedInvoices => {
                ("2025-03-12", [&["month", "year", "includeLinkedOrgs"], &[]])
            }
            Self::CreateReport | Self::Report => ("2025-03-12", [&[], &[]]),
            _ => ("2023-01-01", [&["envelope"], &[]]),
        };
        OperationVersion {
            since,
            json: self != Self::InvoiceCsv,
            csv: matches!(self, Self::Poll | Self::Invoice | Self::InvoiceCsv),
            parameters,
        }
    }
}

/// Where a request leads, with the variable parts of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) operation: Operation,
    /// Empty where the path has no organization.
    pub(crate) org: &'a str,
    /// The token of a query, the id of an invoice, or the code of a SKU.
    pub(crate) id: &'a str,
    /// The id of a report of the invoice.
    pub(crate) report: &'a str,
}

impl<'a> Route<'a> {
    /// The route of a request, given the URL of the storage host.
    pub(crate) fn of(request: &'a Request, storage: &str) -> Self {
        match request.origin.as_deref() == Some(storage) {
            true => Self::to(Operation::Download),
            false => Self::find(request.method.as_str(), request),
        }
    }

    /// The methods that are allowed on the path of `request`, for one that is not.
    pub(crate) fn allowed(request: &Request) -> String {
        let is_known = |method: &&str| Route::find(method, request).operation != Operation::Other;
        let methods = ["GET", "POST"].into_iter().filter(is_known);
        methods.collect::<Vec<_>>().join(", ")
    }

    fn to(operation: Operation) -> Self {
        Self {
            operation,
            org: "",
            id: "",
            report: "",
        }
    }

    fn find(method: &str, request: &'a Request) -> Self {
        use Operation::*;
        let parts: Vec<&str> = request.path().split('/').collect();
        let rest = match parts[..] {
            ["", "api", "oauth", "token"] if method == "POST" => return Self::to(Token),
            ["", "api", "oauth", "revoke"] if method == "POST" => return Self::to(Revoke),
            ["", "api", "atlas", "v2", ref rest @ ..] => rest,
            _ => return Self::to(Other),
        };
        match (method, rest) {
            ("GET", ["orgs"]) => Self::to(Organizations),
            ("GET", ["clusters"]) => Self::to(Clusters),
            ("GET", ["skus"]) => Self::to(Skus),
            ("GET", ["skus", id]) => Self {
                id,
                ..Self::to(Sku)
            },
            (_, ["orgs", org, rest @ ..]) if !org.is_empty() => Self::in_org(method, org, rest),
            _ => Self::to(Other),
        }
    }

    fn in_org(method: &str, org: &'a str, rest: &[&'a str]) -> Self {
        use Operation::*;
        let (operation, id, report) = match (method, rest) {
            ("POST", ["billing", "costExplorer", "usage"]) => (CreateQuery, "", ""),
            ("GET", ["billing", "costExplorer", "usage", token]) => (Poll, *token, ""),
            ("GET", ["groups"]) => (Projects, "", ""),
            ("GET", ["associatedInvoices"]) => (AssociatedInvoices, "", ""),
            ("GET", ["invoices"]) => (Invoices, "", ""),
            ("GET", ["invoices", "pending"]) => (PendingInvoices, "", ""),
            ("GET", ["invoices", id]) => (Invoice, *id, ""),
            ("GET", ["invoices", id, "csv"]) => (InvoiceCsv, *id, ""),
            ("GET" | "POST", ["invoices", id, "lineItems:search" | "lineItems%3Asearch"]) => {
                (Search, *id, "")
            }
            ("POST", ["invoices", id, "reports"]) => (CreateReport, *id, ""),
            ("GET", ["invoices", id, "reports"]) => (Reports, *id, ""),
            ("GET", ["invoices", id, "reports", report]) => (Report, *id, *report),
            _ => return Self::to(Other),
        };
        Self {
            operation,
            org,
            id,
            report,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "/api/atlas/v2";
    const STORAGE: &str = "https://files.example";

    fn operation(request: &Request) -> Operation {
        Route::of(request, STORAGE).operation
    }

    #[test]
    fn paths_lead_to_operations() {
        use Operation::*;
        for (path, want) in [
            ("/orgs", Organizations),
            ("/orgs/5f", Other),
            ("/orgs//invoices", Other),
            ("/orgs/5f/groups", Projects),
            ("/orgs/5f/billing/costExplorer/usage/abc", Poll),
            ("/orgs/5f/billing/costExplorer/usage", Other),
            ("/orgs/5f/associatedInvoices", AssociatedInvoices),
            ("/orgs/5f/invoices", Invoices),
            ("/orgs/5f/invoices/pending", PendingInvoices),
            ("/orgs/5f/invoices/1", Invoice),
            ("/orgs/5f/invoices/1/csv", InvoiceCsv),
            ("/orgs/5f/invoices/1/lineItems:search", Search),
            ("/orgs/5f/invoices/1/lineItems%3Asearch", Search),
            ("/orgs/5f/invoices/1/reports", Reports),
            ("/orgs/5f/invoices/1/reports/2", Report),
            ("/clusters", Clusters),
            ("/skus", Skus),
            ("/skus/ATLAS_SUPPORT", Sku),
            ("/skus/a/b", Other),
        ] {
            let request = Request::get(format!("{BASE}{path}"));
            assert_eq!(operation(&request), want, "{path}");
        }
        assert_eq!(operation(&Request::get("/")), Other);
        assert_eq!(operation(&Request::post("/api/oauth/token", "")), Token);
        let usage = format!("{BASE}/orgs/5f/billing/costExplorer/usage");
        assert_eq!(operation(&Request::post(usage, "")), CreateQuery);
        let reports = format!("{BASE}/orgs/5f/invoices/1/reports");
        assert_eq!(operation(&Request::post(reports, "")), CreateReport);
    }

    #[test]
    fn the_storage_host_has_one_operation_and_other_paths_their_methods() {
        let file = Request::get(format!("{STORAGE}/any/path?x"));
        assert_eq!(operation(&file), Operation::Download);
        assert_eq!(operation(&Request::get("/any/path")), Operation::Other);
        let allowed = |path: &str| Route::allowed(&Request::get(format!("{BASE}{path}")));
        assert_eq!(allowed("/orgs/5f/billing/costExplorer/usage"), "POST");
        assert_eq!(allowed("/orgs/5f/invoices/1/reports"), "GET, POST");
        assert_eq!(allowed("/nowhere"), "");
    }
}
