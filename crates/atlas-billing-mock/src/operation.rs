//! Which operation a request is for.

use http::Method;

/// What the stand-in can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage`: creates a Cost Explorer query.
    CreateQuery,
    /// `GET /api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage/{token}`: one look at a query.
    Look,
    /// `GET /api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}`: one invoice.
    Invoice,
    /// `GET /api/atlas/v2/orgs/{orgId}/invoices`: one page of the list of invoices.
    Invoices,
    /// `POST /api/oauth/token`: an access token for a service account.
    Token,
    /// `POST /api/oauth/revoke`: the end of an access token.
    Revoke,
    /// Anything else: answered 404, or 405 where only the method is wrong.
    Other,
}

/// A path that was understood, with its variable parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    CreateQuery { org: String },
    Look { org: String, token: String },
    Invoice { org: String, invoice: String },
    Invoices { org: String },
    Token,
    Revoke,
    WrongMethod { allow: &'static str },
    Unknown,
}

impl Route {
    /// Reads method and path (without the query).
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').collect();
        let (allow, route) = match parts.as_slice() {
            ["", "api", "atlas", "v2", "orgs", org, rest @ ..] => {
                let org = (*org).to_owned();
                match rest {
                    ["billing", "costExplorer", "usage"] => ("POST", Self::CreateQuery { org }),
                    ["billing", "costExplorer", "usage", token] => {
                        let token = (*token).to_owned();
                        ("GET", Self::Look { org, token })
                    }
                    ["invoices"] => ("GET", Self::Invoices { org }),
                    ["invoices", invoice] => {
                        let invoice = (*invoice).to_owned();
                        ("GET", Self::Invoice { org, invoice })
                    }
                    _ => return Self::Unknown,
                }
            }
            ["", "api", "oauth", "token"] => ("POST", Self::Token),
            ["", "api", "oauth", "revoke"] => ("POST", Self::Revoke),
            _ => return Self::Unknown,
        };
        if method.as_str() == allow {
            route
        } else {
            Self::WrongMethod { allow }
        }
    }

    /// The operation, without the variable parts.
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::CreateQuery { .. } => Operation::CreateQuery,
            Self::Look { .. } => Operation::Look,
            Self::Invoice { .. } => Operation::Invoice,
            Self::Invoices { .. } => Operation::Invoices,
            Self::Token => Operation::Token,
            Self::Revoke => Operation::Revoke,
            Self::WrongMethod { .. } | Self::Unknown => Operation::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let of = |method: Method, path: &str| Route::of(&method, path).operation();
        let base = "/api/atlas/v2/orgs/5f0c1d2e3a4b5c6d7e8f9a0b";
        let usage = format!("{base}/billing/costExplorer/usage");
        assert_eq!(of(Method::POST, &usage), Operation::CreateQuery);
        assert_eq!(of(Method::GET, &format!("{usage}/abc")), Operation::Look);
        assert_eq!(
            of(Method::GET, &format!("{base}/invoices")),
            Operation::Invoices
        );
        assert_eq!(
            of(Method::GET, &format!("{base}/invoices/1")),
            Operation::Invoice
        );
        assert_eq!(of(Method::POST, "/api/oauth/token"), Operation::Token);
        assert_eq!(of(Method::POST, "/api/oauth/revoke"), Operation::Revoke);
        assert_eq!(of(Method::GET, "//api/oauth/revoke"), Operation::Other);
        assert_eq!(
            of(Method::GET, &format!("{base}/invoices/1/csv")),
            Operation::Other
        );
        let wrong = Route::of(&Method::GET, &usage);
        assert_eq!(wrong, Route::WrongMethod { allow: "POST" });
    }
}
