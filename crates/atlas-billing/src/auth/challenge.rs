//! The challenges of a 401, read from `WWW-Authenticate`.

use http::{HeaderMap, header};

/// One challenge: a scheme and its parameters, names in lower case, values unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// All challenges of all `WWW-Authenticate` headers, in order.
    pub(super) fn all(headers: &HeaderMap) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            read(&String::from_utf8_lossy(value.as_bytes()), &mut challenges);
        }
        challenges
    }

    /// Whether the scheme is `name`; schemes have no case (RFC 9110 section 11.1).
    pub(super) fn is(&self, name: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(name)
    }

    /// The first parameter of that name, given in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads one header value (RFC 9110 section 11.6.1). A comma separates challenges and parameters
/// alike, so only what follows a word shows what it is: `=` makes it a parameter's name. What fits
/// nowhere is skipped up to the next comma, and one odd challenge hides no other. The blob that
/// some schemes have in place of parameters is read as one of these; none of them is used here.
fn read(value: &str, challenges: &mut Vec<Challenge>) {
    let mut text = Cursor(value);
    let first_of_value = challenges.len();
    loop {
        text.skip(|c| c == ',' || is_space(c));
        if text.0.is_empty() {
            return;
        }
        let word = text.take(is_token);
        if word.is_empty() {
            text.skip(|c| c != ',');
            continue;
        }
        text.skip(is_space);
        let own = challenges.get_mut(first_of_value..);
        let current = own.and_then(<[_]>::last_mut);
        match (text.0.strip_prefix('='), current) {
            (Some(rest), Some(current)) => {
                text.0 = rest;
                text.skip(is_space);
                let value = match text.0.strip_prefix('"') {
                    Some(quoted) => {
                        text.0 = quoted;
                        text.quoted()
                    }
                    None => text.take(|c| !is_space(c) && c != ',').to_owned(),
                };
                current.parameters.push((word.to_ascii_lowercase(), value));
            }
            _ => {
                let (scheme, parameters) = (word.to_owned(), Vec::new());
                challenges.push(Challenge { scheme, parameters });
            }
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.take(unwanted);
    }

    /// The rest of a quoted string whose opening quote is read (RFC 9110 section 5.6.4); one that
    /// is never closed ends where the text does.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => value.extend(chars.next()),
                c => value.push(c),
            }
        }
        self.0 = chars.as_str();
        value
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;
    use proptest::prelude::*;

    use super::*;

    fn all(values: &[&[u8]]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        Challenge::all(&headers)
    }

    /// `Scheme name=value; name=value` of each challenge.
    fn shown(value: &str) -> Vec<String> {
        all(&[value.as_bytes()])
            .iter()
            .map(|challenge| {
                let mut text = challenge.scheme.clone();
                for (name, value) in &challenge.parameters {
                    text.push_str(&format!(" {name}={value};"));
                }
                text
            })
            .collect()
    }

    #[test]
    fn headers_that_servers_send_are_read() {
        for (value, expected) in [
            ("", vec![]),
            ("Bearer", vec!["Bearer"]),
            (
                r#"Digest realm="MMS Public API", domain="", nonce="a+/b==", algorithm=MD5, qop="auth", stale=false"#,
                vec![
                    "Digest realm=MMS Public API; domain=; nonce=a+/b==; algorithm=MD5; qop=auth; stale=false;",
                ],
            ),
            (
                r#"Basic realm="x, y", Digest realm="a \"b\" \\", nonce=n , Bearer"#,
                vec![
                    "Basic realm=x, y;",
                    r#"Digest realm=a "b" \; nonce=n;"#,
                    "Bearer",
                ],
            ),
            (
                r#"Bearer, Digest nonce="1", qop="auth,auth-int", Digest nonce="2""#,
                vec![
                    "Bearer",
                    "Digest nonce=1; qop=auth,auth-int;",
                    "Digest nonce=2;",
                ],
            ),
            (
                "Negotiate dG9rZW4=, Basic realm=x",
                vec!["Negotiate dg9rzw4=;", "Basic realm=x;"],
            ),
            (
                "Negotiate dG9r/W4=, Digest nonce=n",
                vec!["Negotiate", "dG9r", "Digest nonce=n;"],
            ),
            (
                "digest NONCE = \"n\" ,, Qop=auth",
                vec!["digest nonce=n; qop=auth;"],
            ),
            (
                "Digest nonce=a/b==, qop=auth",
                vec!["Digest nonce=a/b==; qop=auth;"],
            ),
            (
                "Digest nonce=\"never closed, qop=auth",
                vec!["Digest nonce=never closed, qop=auth;"],
            ),
            ("Digest nonce=", vec!["Digest nonce=;"]),
            ("/?, \"x\", Digest nonce=n", vec!["Digest nonce=n;"]),
            ("=x, Basic realm=r", vec!["Basic realm=r;"]),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn several_headers_are_read_apart() {
        let challenges = all(&[b"Digest nonce=1", b"realm=x, Basic", b"Digest nonce=\xff"]);
        let schemes: Vec<&str> = challenges.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["Digest", "realm", "Basic", "Digest"]);
        assert_eq!(challenges[0].parameter("realm"), None);
        assert_eq!(challenges[3].parameter("nonce"), Some("\u{fffd}"));
        assert!(challenges[0].is("DIGEST"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = all(&[&bytes]);
        }

        #[test]
        fn never_panics_on_what_looks_like_a_challenge(
            text in "((Digest|Basic|é)? ?(nonce|realm)?[ =]{0,3}[\"\\\\a/é=]{0,6},? ?){0,6}"
        ) {
            let _ = all(&[text.as_bytes()]);
        }

        #[test]
        fn any_quoted_value_comes_back(value in "[ -~]{0,30}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Digest a=1, realm=\"{escaped}\", b=2, Basic realm=x");
            let challenges = all(&[header.as_bytes()]);
            prop_assert_eq!(challenges.len(), 2);
            prop_assert_eq!(challenges[0].parameter("realm"), Some(value.as_str()));
            prop_assert_eq!(challenges[0].parameter("b"), Some("2"));
        }
    }
}
