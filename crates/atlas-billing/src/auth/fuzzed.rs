//! What the fuzz targets run of signing in.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "run by fuzzers and tests alone"
)]

use super::*;

/// A challenge is read, and responded to where it is supported.
pub fn challenge(value: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::WWW_AUTHENTICATE, value);
    let state = DigestState::default();
    let key = ApiKey {
        public: "public".to_owned(),
        private: "planted".into(),
    };
    if let Ok(Some(challenge)) = DigestChallenge::choose(&headers) {
        let turn = state.rejected(&state.turn(), challenge, "c").unwrap();
        let value = turn.authorization(&key, "GET", "/x?y=1", "c").unwrap();
        assert!(value.starts_with("Digest username=\"public\""), "{value}");
        assert!(!value.contains(['\r', '\n']), "{value}");
    }
}

/// A response of the token endpoint is read, and an error of it shows nothing of the body.
pub fn token_response(body: &[u8]) {
    if let Err(error) = service_account::read(body) {
        assert!(error.message().len() < 120, "{error}");
    }
}
