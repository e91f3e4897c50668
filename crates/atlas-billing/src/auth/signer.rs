//! Puts `Authorization` on requests, and decides what a 401 means.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::auth::bearer::bearer;
use crate::auth::challenge::Challenge;
use crate::auth::credentials::Who;
use crate::auth::digest::{ApiKey, DigestState, Offer, Turn};
use crate::auth::service_account::{ServiceAccount, Token};
use crate::auth::{Credentials, OriginRule};
use crate::edge::Edge;
use crate::{Error, ErrorKind, Result};

/// Puts `Authorization` on requests. One for each client and its clones: it holds the Digest
/// challenge or the access token that they share.
#[derive(Debug)]
pub(crate) struct Signer {
    origin: OriginRule,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Unsigned,
    Digest { key: ApiKey, state: DigestState },
    Account(Box<ServiceAccount>),
    Bearer(HeaderValue),
}

/// How a request was signed, for [`Signer::refused`].
#[derive(Debug)]
pub(crate) struct Signed(By);

impl Signed {
    /// Whether no other signature could be had for the request.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.0, By::Fixed)
    }
}

#[derive(Debug)]
enum By {
    /// No one, or what cannot be renewed.
    Fixed,
    Digest(Turn),
    Token(Arc<Token>),
}

/// Whether a refused request is worth sending once more, signed anew.
#[derive(Debug)]
pub(crate) enum Again {
    /// It is, signed with [`Signer::sign_again`].
    Yes(Anew),
    No,
}

/// What the second signature of a refused request goes by: under Digest, the challenge of its own
/// refusal.
#[derive(Debug)]
pub(crate) struct Anew(Option<Turn>);

impl Signer {
    /// A signer for requests to the one origin that `origin` allows.
    ///
    /// # Errors
    ///
    /// `Configuration` if the credentials cannot be sent, or would be sent in the clear.
    pub(crate) fn new(credentials: Credentials, origin: OriginRule) -> Result<Self> {
        credentials.check()?;
        origin.check(&credentials)?;
        let way = match credentials.0 {
            Who::NoOne => Way::Unsigned,
            Who::ApiKey(key) => Way::Digest {
                key,
                state: DigestState::default(),
            },
            Who::Account(account) => Way::Account(Box::new(ServiceAccount::new(account, &origin)?)),
            Who::Bearer(token) => Way::Bearer(bearer(token.expose()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Configuration,
                    "no header can carry the access token",
                )
            })?),
        };
        Ok(Self { origin, way })
    }

    /// Signs `request`, as the last step before it is sent: Digest hashes its method, path and
    /// query. A key that has met no challenge yet sends the request unsigned, to get one. Without
    /// credentials an `Authorization` that is there stays.
    ///
    /// # Errors
    ///
    /// `Configuration` for a request to another origin; what kept an access token from coming.
    pub(crate) async fn sign(&self, edge: &Edge, request: &mut reqwest::Request) -> Result<Signed> {
        self.sign_with(edge, request, None).await
    }

    /// Signs a request that was refused, to be sent once more.
    ///
    /// # Errors
    ///
    /// Those of [`sign`](Self::sign).
    pub(crate) async fn sign_again(
        &self,
        edge: &Edge,
        request: &mut reqwest::Request,
        anew: Anew,
    ) -> Result<Signed> {
        self.sign_with(edge, request, anew.0).await
    }

    async fn sign_with(
        &self,
        edge: &Edge,
        request: &mut reqwest::Request,
        turn: Option<Turn>,
    ) -> Result<Signed> {
        if matches!(self.way, Way::Unsigned) {
            return Ok(Signed(By::Fixed));
        }
        self.origin.permit(request.url())?;
        let (value, by) = match &self.way {
            Way::Unsigned => (None, By::Fixed),
            Way::Bearer(value) => (Some(value.clone()), By::Fixed),
            Way::Account(account) => {
                let token = account.token(edge).await?;
                (Some(token.header.clone()), By::Token(token))
            }
            Way::Digest { key, state } => {
                let turn = turn.unwrap_or_else(|| state.turn());
                (digest(edge, key, &turn, request)?, By::Digest(turn))
            }
        };
        let headers = request.headers_mut();
        match value {
            Some(value) => headers.insert(header::AUTHORIZATION, value),
            None => headers.remove(header::AUTHORIZATION),
        };
        Ok(Signed(by))
    }

    /// Takes in a 401: `headers` are its, `signed` the request's. `Yes` if the same request,
    /// signed again, may succeed; the caller sends it once more and takes that answer as final.
    ///
    /// `signed` lives until the answer's head is there: that is how it is known that a challenge
    /// may be shared.
    ///
    /// # Errors
    ///
    /// `Unauthorized` if the service asks for a kind of Digest that is not spoken here.
    pub(crate) async fn refused(
        &self,
        edge: &Edge,
        signed: &Signed,
        headers: &HeaderMap,
    ) -> Result<Again> {
        match (&self.way, &signed.0) {
            (Way::Account(account), By::Token(token)) => {
                account.refused(token);
                Ok(Again::Yes(Anew(None)))
            }
            (Way::Digest { state, .. }, By::Digest(turn)) => {
                match Offer::of(&Challenge::all(headers)) {
                    Offer::Digest(challenge) => {
                        match state.refused(turn, challenge, &cnonce(edge)) {
                            Some(turn) => Ok(Again::Yes(Anew(Some(turn)))),
                            None => Ok(Again::No),
                        }
                    }
                    Offer::Nothing => Ok(Again::No),
                    Offer::Unsupported(why) => Err(Error::new(
                        ErrorKind::Unauthorized,
                        format!(
                            "the service asks for HTTP Digest in a form that is not supported \
                             ({}); MD5 and SHA-256 with qop auth are",
                            why.join("; ")
                        ),
                    )),
                }
            }
            _ => Ok(Again::No),
        }
    }

    /// Gives back what can be given back: the access token of a service account.
    ///
    /// # Errors
    ///
    /// What kept the service from taking it.
    pub(crate) async fn revoke(&self, edge: &Edge) -> Result<()> {
        match &self.way {
            Way::Account(account) => account.revoke(edge).await,
            Way::Unsigned | Way::Digest { .. } | Way::Bearer(_) => Ok(()),
        }
    }
}

/// The answer to the kept challenge, if there is one.
fn digest(
    edge: &Edge,
    key: &ApiKey,
    turn: &Turn,
    request: &reqwest::Request,
) -> Result<Option<HeaderValue>> {
    let cnonce = cnonce(edge);
    let Some((challenge, count, cnonce)) = turn.answer(&cnonce) else {
        return Ok(None);
    };
    let url = request.url();
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let answer = challenge.answer(key, request.method().as_str(), &uri, count, cnonce);
    // Bytes beyond ASCII may come back from the challenge: no nonce is ours to judge.
    let mut value = HeaderValue::from_bytes(answer.as_bytes()).map_err(|error| {
        let message = "the service's Digest challenge cannot be answered in a header";
        Error::new(ErrorKind::Unauthorized, message).with_source(error)
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn cnonce(edge: &Edge) -> String {
    format!("{:032x}", edge.random.bits())
}

#[cfg(test)]
mod tests;
