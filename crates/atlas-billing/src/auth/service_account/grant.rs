//! What the token endpoint gives: an access token and how long it lives.

use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;

use super::failure::Failure;
use crate::auth::bearer::bearer;
use crate::{ErrorKind, Secret};

/// An access token and how long it lives.
pub(super) struct Grant {
    pub(super) token: Secret,
    /// The token as `Authorization` says it, marked as sensitive.
    pub(super) header: HeaderValue,
    lifetime: Duration,
}

/// For a token that does not say how long it lives: well below the hour that Atlas documents.
const UNSAID: Duration = Duration::from_secs(600);

impl Grant {
    /// Reads the answer's body (RFC 6749 section 5.1). No message shows any of it.
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            #[serde(default)]
            token_type: Option<String>,
            #[serde(default)]
            expires_in: Option<f64>,
        }
        let unreadable = |why: &str| {
            Failure::new(
                ErrorKind::Unreadable,
                format!(
                    "the token endpoint answered with {why}: check that the base URL is that of \
                     Atlas, and that no proxy answers in its place"
                ),
            )
        };
        let answer: Answer = serde_json::from_slice(body).map_err(|error| {
            // serde_json's message may quote a value: its place says enough.
            unreadable(&format!(
                "{} bytes that are no token (line {}, column {})",
                body.len(),
                error.line(),
                error.column()
            ))
        })?;
        let is_bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
        if !answer.token_type.as_ref().is_none_or(is_bearer) {
            return Err(unreadable("a token of another type than Bearer"));
        }
        let header = bearer(&answer.access_token)
            .ok_or_else(|| unreadable("a token that is empty or that no header can carry"))?;
        let lifetime = match answer.expires_in {
            None => UNSAID,
            Some(seconds) => Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX),
        };
        Ok(Self {
            token: answer.access_token.into(),
            header,
            lifetime,
        })
    }

    /// How long after it was asked for it may be used: less than its life by a tenth or a minute,
    /// so that it does not end on its way, nor by a clock that runs a little slow.
    pub(super) fn use_for(&self) -> Duration {
        let margin = (self.lifetime / 10).min(Duration::from_secs(60));
        self.lifetime.saturating_sub(margin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_the_endpoint_gives() {
        for (body, lifetime) in [
            (
                r#"{"access_token":"planted","expires_in":3600,"token_type":"Bearer"}"#,
                3600,
            ),
            (
                r#"{"access_token":"planted","expires_in":30.0,"token_type":"bearer","scope":"x"}"#,
                30,
            ),
            (r#"{"access_token":"planted","expires_in":null}"#, 600),
            (r#"{"access_token":"planted","expires_in":-5}"#, 0),
        ] {
            let grant = Grant::read(body.as_bytes()).ok().unwrap();
            assert_eq!(grant.lifetime, Duration::from_secs(lifetime));
            assert_eq!(grant.header, "Bearer planted");
            assert!(grant.header.is_sensitive());
        }
    }

    #[test]
    fn refuses_what_is_no_token_and_shows_none_of_it() {
        for body in [
            "",
            "{}",
            "null",
            "<html>planted</html>",
            r#"{"access_token":""}"#,
            r#"{"access_token":"plan\nted"}"#,
            r#"{"access_token":"planted","token_type":"mac"}"#,
            r#"{"access_token":"planted","expires_in":"planted"}"#,
            r#"{"access_token":["planted"]}"#,
        ] {
            let error = Grant::read(body.as_bytes()).err().unwrap().error();
            assert_eq!(error.kind(), ErrorKind::Unreadable, "{body}");
            assert!(!format!("{error} {error:?}").contains("plan"), "{error:?}");
        }
    }

    #[test]
    fn is_used_for_a_little_less_than_its_life() {
        for (lifetime, used) in [(3600, 3540), (600, 540), (100, 90), (10, 9), (0, 0)] {
            let body = format!(r#"{{"access_token":"t","expires_in":{lifetime}}}"#);
            let grant = Grant::read(body.as_bytes()).ok().unwrap();
            assert_eq!(grant.use_for(), Duration::from_secs(used));
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), life in any::<f64>()) {
            let _ = Grant::read(&bytes);
            let body = format!(r#"{{"access_token":"t","expires_in":{life:e}}}"#);
            if let Ok(grant) = Grant::read(body.as_bytes()) {
                prop_assert!(grant.use_for() <= grant.lifetime);
            }
        }
    }
}
