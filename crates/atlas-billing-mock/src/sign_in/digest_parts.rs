//! What Digest (RFC 7616) hashes, and how its header is written.

use std::collections::HashMap;

use md5::Md5;
use sha2::{Digest as _, Sha256};

/// A hash of Digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// `MD5`, the service's own.
    Md5,
    /// `SHA-256`.
    Sha256,
}

impl DigestAlgorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hash of `text` as lower-case hexadecimal digits.
    fn hash(self, text: &str) -> String {
        let bytes: Vec<u8> = match self {
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a client has to hash.
pub(super) struct Parts<'a> {
    pub(super) algorithm: DigestAlgorithm,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) realm: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    pub(super) nc: &'a str,
    pub(super) cnonce: &'a str,
}

impl Parts<'_> {
    /// RFC 7616, section 3.4.1, for qop "auth".
    pub(super) fn response(&self) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let a1 = hash(format!(
            "{}:{}:{}",
            self.username, self.realm, self.password
        ));
        let a2 = hash(format!("{}:{}", self.method, self.uri));
        hash(format!(
            "{a1}:{}:{}:{}:auth:{a2}",
            self.nonce, self.nc, self.cnonce
        ))
    }
}

/// The fields of a header value: `name=token` or `name="quoted"`, names in lower case.
pub(super) fn fields(text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ', '\t']).to_ascii_lowercase();
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        fields.insert(name, value);
        rest = left;
    }
    fields
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, section 3.9.1.
    fn of_the_rfc(algorithm: DigestAlgorithm) -> String {
        let parts = Parts {
            algorithm,
            username: "Mufasa",
            password: "Circle of Life",
            realm: "http-auth@example.org",
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            nc: "00000001",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        };
        parts.response()
    }

    #[test]
    fn vectors_of_the_rfc() {
        assert_eq!(
            of_the_rfc(DigestAlgorithm::Md5),
            "8ca523f5e9506fed4657c9700eebdbec"
        );
        assert_eq!(
            of_the_rfc(DigestAlgorithm::Sha256),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn fields_are_read_with_and_without_quotes() {
        let read = fields(r#"username="a,\"b\"", nc=00000001,qop=auth , uri="/x?y=1,2""#);
        assert_eq!(read["username"], "a,\"b\"");
        assert_eq!(read["nc"], "00000001");
        assert_eq!(read["qop"], "auth");
        assert_eq!(read["uri"], "/x?y=1,2");
        assert!(fields("").is_empty());
        assert_eq!(fields("a=\"open")["a"], "open");
    }
}
