//! Secrets that are planted in clients and stand-ins, to be looked for where there must be none.

use atlas_billing::Credentials;
use atlas_billing_mock::SignIn;

/// The public part of an API key: no secret, and as such may be shown.
pub const PUBLIC_KEY: &str = "kpublicx";
/// The private part of an API key.
pub const PRIVATE_KEY: &str = "planted0-0000-4000-8000-privatekey00";
/// A service account's id: no secret.
pub const CLIENT_ID: &str = "mdb_sa_id_made_up";
/// A service account's secret.
pub const CLIENT_SECRET: &str = "mdb_sa_sk_planted_client_secret";
/// A given access token.
pub const BEARER: &str = "planted.bearer.token";

/// How the stand-in's own access tokens begin.
const GIVEN_TOKENS: &str = "mdb.made.up.";
/// The base64 of `mdb_sa_id_made_up:mdb_sa_sk_planted_client_secret`, up to where the last
/// characters depend on its length.
const BASIC: &str = "bWRiX3NhX2lkX21hZGVfdXA6bWRiX3NhX3NrX3BsYW50ZWRf";
/// What a presigned URL of the stand-in's storage host has in its path, and in its query beside the
/// signature: it must stay out of logs as a whole.
const PRESIGNED: [&str; 2] = ["billing-reports", "X-Amz-"];
/// How Digest's Authorization header begins: it must stay out of logs as a whole.
const DIGEST: &str = "Digest username=";

/// The secret that `text` shows, if any.
pub fn in_text(text: &str) -> Option<&'static str> {
    let secrets = [
        PRIVATE_KEY,
        CLIENT_SECRET,
        BEARER,
        GIVEN_TOKENS,
        BASIC,
        DIGEST,
    ];
    let mut secrets = secrets.into_iter().chain(PRESIGNED);
    secrets.find(|secret| text.contains(secret))
}

/// How a client signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// With a given token.
    Bearer,
    /// As a service account.
    Account,
    /// With an API key.
    Key,
}

impl Identity {
    /// The three of them.
    pub const ALL: [Self; 3] = [Self::Bearer, Self::Account, Self::Key];

    /// The client's side of it.
    pub fn credentials(self) -> Credentials {
        match self {
            Self::Bearer => Credentials::bearer(BEARER),
            Self::Account => Credentials::service_account(CLIENT_ID, CLIENT_SECRET),
            Self::Key => Credentials::api_key(PUBLIC_KEY, PRIVATE_KEY),
        }
    }

    /// The server's side of it.
    pub fn sign_in(self) -> SignIn {
        match self {
            Self::Bearer => SignIn::bearer(BEARER),
            Self::Account => SignIn::service_account(CLIENT_ID, CLIENT_SECRET),
            Self::Key => SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_is_found() {
        for secret in [PRIVATE_KEY, CLIENT_SECRET, BEARER] {
            assert_eq!(in_text(&format!("x{secret}y")), Some(secret));
        }
        let url = "https://files.example/billing-reports/1.csv?X-Amz-Signature=2";
        assert!(PRESIGNED.contains(&in_text(url).unwrap()));
        assert_eq!(
            in_text("Authorization: Digest username=\"k\""),
            Some(DIGEST)
        );
        assert_eq!(in_text("kpublicx mdb_sa_id_made_up Digest realm="), None);
    }
}
