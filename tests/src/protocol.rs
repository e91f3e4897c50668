//! The two versions of HTTP that every test over sockets runs on.

use std::fmt;

use atlas_billing::ClientBuilder;

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 in the clear, with prior knowledge.
    Http2,
}

impl Protocol {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Http1, Self::Http2];

    /// A client's builder that speaks this version alone.
    pub fn on(self, builder: ClientBuilder) -> ClientBuilder {
        builder.configure_http(move |http| {
            // Nothing here goes by TLS, and reading the machine's certificates takes longer than
            // most tests.
            let http = http.no_proxy().tls_certs_only([]);
            match self {
                Self::Http1 => http.http1_only(),
                Self::Http2 => http.http2_prior_knowledge(),
            }
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        })
    }
}
