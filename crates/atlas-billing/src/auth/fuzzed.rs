//! What the fuzzing of all parsers reads of a sign-in.

use super::*;

/// Reads a challenge, and responds to it where it is supported.
pub(crate) fn challenge(value: &[u8]) -> String {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return "no header".to_owned();
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::WWW_AUTHENTICATE, value);
    let state = DigestState::default();
    let key = ApiKey {
        public: "public".to_owned(),
        private: "planted".into(),
    };
    match DigestChallenge::choose(&headers) {
        Ok(None) => "no Digest".to_owned(),
        Err(error) => error.kind().to_string(),
        Ok(Some(challenge)) => {
            let turn = state.rejected(&state.turn(), challenge, "c").unwrap();
            let value = turn.authorization(&key, "GET", "/x?y=1", "c").unwrap();
            assert!(value.starts_with("Digest username=\"public\""), "{value}");
            assert!(!value.contains(['\r', '\n']), "{value}");
            let names = value.split(", ").filter_map(|part| part.split_once('='));
            names.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Reads a response of the token endpoint.
pub(crate) fn grant(body: &[u8]) -> String {
    match service_account::read(body) {
        Ok(_) => "a token".to_owned(),
        Err(error) => error.to_string(),
    }
}
