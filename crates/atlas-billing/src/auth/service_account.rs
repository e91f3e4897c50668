//! A service account's own requests: for an access token by the client credentials grant (RFC 6749
//! section 4.4), and to revoke one (RFC 7009).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::credentials::{Account, OriginRule};
use super::tokens::AccessToken;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::{Exchange, Limits, RetryPolicy};
use crate::meta::ResponseMeta;
use crate::secret::Secret;

/// The operation of a request for an access token, by the name that errors and observers have.
pub(super) const ACCESS_TOKEN: &str = "accessToken";
const REVOKE_TOKEN: &str = "revokeToken";

/// The most of a response that is read: a token takes far less.
const LARGEST: u64 = 64 * 1024;

/// What the requests of one service account have in common.
#[derive(Debug)]
pub(super) struct ServiceAccount {
    token_url: Url,
    revocation_url: Url,
    authorization: HeaderValue,
    /// What a response may not repeat: the secret, and how `authorization` spells it.
    secrets: [Secret; 2],
}

impl ServiceAccount {
    pub(super) fn new(account: &Account, origin: &OriginRule) -> Result<Self> {
        // RFC 6749 section 2.3.1 encodes both parts as a form does; Atlas wants them as they are.
        let secret = account.secret.expose_secret();
        let pair = STANDARD.encode(format!("{}:{secret}", account.id));
        let mut authorization =
            HeaderValue::from_str(&format!("Basic {pair}")).map_err(|error| {
                Error::configuration("the service account cannot be a header's value")
                    .with_source(error)
            })?;
        authorization.set_sensitive(true);
        Ok(Self {
            token_url: origin.under_base("/api/oauth/token"),
            revocation_url: origin.under_base("/api/oauth/revoke"),
            authorization,
            secrets: [account.secret.clone(), pair.into()],
        })
    }

    /// Obtains an access token; returns it and when it was requested, by the clock's `elapsed`.
    ///
    /// A 429 is retried here until the minute has passed that the endpoint's quota counts over,
    /// as far as the deadline allows. Every other failure is left to the retry policy of the call
    /// that needs the token.
    pub(super) async fn obtain(
        &self,
        exchange: &Exchange,
        limits: Limits,
    ) -> Result<(AccessToken, Duration)> {
        // Waits of at least 2, 4, 8, 16, 20, 20 and 20 s: 90 s in all.
        let policy = RetryPolicy::new()
            .with_max_attempts(8)
            .with_throttled_base(Duration::from_secs(2));
        let attempts = exchange.retry(ACCESS_TOKEN, &policy, limits.deadline, || async {
            let requested_at = exchange.clock.elapsed();
            let form = "grant_type=client_credentials".to_owned();
            let sent = self.post(exchange, limits, ACCESS_TOKEN, &self.token_url, form);
            match sent.await {
                Err(error) if error.is_rate_limited() => Err(error),
                Err(error) => Ok(Err(error)),
                Ok((meta, body)) => Ok(match read(&body) {
                    Ok(token) => Ok((token, requested_at)),
                    Err(error) => Err(error.with_meta(meta)),
                }),
            }
        });
        attempts.await?
    }

    /// Revokes an access token.
    pub(super) async fn revoke(
        &self,
        exchange: &Exchange,
        limits: Limits,
        token: &Secret,
    ) -> Result<()> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.expose_secret())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let sent = self.post(exchange, limits, REVOKE_TOKEN, &self.revocation_url, form);
        sent.await.map(|_| ())
    }

    /// Sends `form` once; returns the body of a successful response.
    async fn post(
        &self,
        exchange: &Exchange,
        limits: Limits,
        operation: &'static str,
        url: &Url,
        form: String,
    ) -> Result<(ResponseMeta, Bytes)> {
        let mut request = reqwest::Request::new(Method::POST, url.clone());
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Some(form.into());
        let response = exchange.send(operation, request, limits).await?;
        let meta = response.meta().clone();
        let (body, failed) = response.collect_prefix(LARGEST).await;
        if meta.status().is_success() {
            return match failed {
                None => Ok((meta, body)),
                Some(error) => Err(error),
            };
        }
        let repeats =
            |secret: &Secret| memmem::find(&body, secret.expose_secret().as_bytes()).is_some();
        let safe = match self.secrets.iter().any(repeats) {
            true => Bytes::new(),
            false => body.clone(),
        };
        let rejected = matches!(
            meta.status(),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        let error = Error::from_response(meta, &safe);
        Err(match rejected {
            true => error.with_kind(ErrorKind::Unauthorized),
            false => error,
        })
    }
}

/// Reads a successful response of the token endpoint (RFC 6749 section 5.1). No message shows any
/// of it.
pub(super) fn read(body: &[u8]) -> Result<AccessToken> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
        token_type: Option<String>,
        expires_in: Option<Value>,
    }
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let granted: Granted = serde_json::from_slice(json).map_err(|error| {
        // serde_json's message may quote a value: its position says enough.
        let (line, column) = (error.line(), error.column());
        let message = format!("the response is not an access token (line {line}, column {column})");
        let error = Error::decode(message);
        match json.trim_ascii_start().starts_with(b"<") {
            true => error.with_excerpt(json.trim_ascii_start()),
            false => error,
        }
    })?;
    if granted
        .token_type
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(Error::decode(
            "the access token is of another type than Bearer",
        ));
    }
    let token = AccessToken::new(granted.access_token);
    let seconds = match granted.expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(match seconds.filter(|seconds: &f64| seconds.is_finite()) {
        Some(seconds) => {
            let life = Duration::try_from_secs_f64(seconds.max(0.0));
            token.with_expires_in(life.unwrap_or(Duration::MAX))
        }
        None => token,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_life_of_a_token_is_read_leniently() {
        for (body, seconds) in [
            (
                r#"{"access_token":"t","expires_in":3600,"token_type":"Bearer"}"#,
                Some(3600),
            ),
            (
                r#"{"access_token":"t","expires_in":30.0,"token_type":"bearer","x":1}"#,
                Some(30),
            ),
            (r#"{"access_token":"t","expires_in":"3600"}"#, Some(3600)),
            (r#"{"access_token":"t","expires_in":" 59.0 "}"#, Some(59)),
            (r#"{"access_token":"t","expires_in":-5}"#, Some(0)),
            (r#"{"access_token":"t","expires_in":"an hour"}"#, None),
            (r#"{"access_token":"t","expires_in":"inf"}"#, None),
            (r#"{"access_token":"t","expires_in":[3600]}"#, None),
            (r#"{"access_token":"t","expires_in":null}"#, None),
            ("\u{feff}{\"access_token\":\"t\"}", None),
        ] {
            let token = read(body.as_bytes()).unwrap();
            assert_eq!(token.secret.expose_secret(), "t");
            assert_eq!(token.expires_in, seconds.map(Duration::from_secs), "{body}");
        }
    }

    #[test]
    fn what_is_not_a_token_is_rejected_and_not_shown() {
        for body in [
            "",
            "{}",
            "null",
            " <html>planted</html>",
            r#"{"access_token":"planted","token_type":"mac"}"#,
            r#"{"access_token":["planted"]}"#,
            r#"{"access_token":"planted""#,
        ] {
            let error = read(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
            assert!(!format!("{error} {error:?}").contains("plan"), "{error:?}");
            assert_eq!(error.excerpt().is_some(), body.contains('<'), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_response_makes_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..60), life in any::<f64>(),
        ) {
            let _ = read(&bytes);
            for life in [format!("{life:e}"), format!("\"{life}\"")] {
                let _ = read(format!(r#"{{"access_token":"t","expires_in":{life}}}"#).as_bytes());
            }
        }
    }
}
