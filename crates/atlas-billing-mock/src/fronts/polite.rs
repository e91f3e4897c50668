//! The polite front: httpmock asks the core for every answer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};

use crate::answer::Answer;
use crate::core::Core;
use crate::problem::Problem;
use crate::request::Request;

/// A server out of httpmock's pool; it goes back when this is dropped.
pub(super) struct Polite {
    server: MockServer,
}

impl Polite {
    pub(super) async fn start(core: Arc<Core>) -> Self {
        let server = MockServer::start_async().await;
        server
            .mock_async(move |_when, then| {
                then.respond_with(move |request| respond(&core, request));
            })
            .await;
        Self { server }
    }

    pub(super) fn address(&self) -> SocketAddr {
        *self.server.address()
    }
}

impl fmt::Debug for Polite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polite")
            .field("address", &self.address())
            .finish()
    }
}

fn respond(core: &Core, request: &HttpMockRequest) -> HttpMockResponse {
    let answer = civil(core.respond(&ours(request)));
    let mut response = HttpMockResponse::builder().status(answer.status.as_u16());
    for (name, value) in &answer.headers {
        response = response.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    response.body(answer.body.into_bytes().to_vec()).build()
}

/// The request in the core's words.
fn ours(request: &HttpMockRequest) -> Request {
    let uri = request.uri();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Request {
        method: request.method(),
        target: target.to_owned(),
        headers: request
            .headers()
            .into_iter()
            .fold(HeaderMap::new(), collect),
        body: Bytes::from(request.body_vec()),
    }
}

fn collect(
    mut headers: HeaderMap,
    (name, value): (Option<http::HeaderName>, http::HeaderValue),
) -> HeaderMap {
    if let Some(name) = name {
        headers.append(name, value);
    }
    headers
}

/// What this front can send: in the place of a fault of the wire, a word about the other front.
fn civil(answer: Answer) -> Answer {
    match &answer.fault {
        None if !answer.status.is_informational() => answer,
        fault => {
            let detail = format!(
                "This front is polite and cannot do {fault:?}; start the stand-in with start_raw."
            );
            let problem = Problem::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", detail);
            let mut word = problem.into_answer();
            word.set(CONTENT_TYPE, "application/json");
            word
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Body;
    use crate::fault::{At, Fault};

    #[test]
    fn a_fault_of_the_wire_is_refused_aloud() {
        let mut answer = Answer::new(StatusCode::OK, Body::empty());
        answer.fault = Some(Fault::Close(At::InHead));
        let word = civil(answer);
        assert_eq!(word.status, StatusCode::NOT_IMPLEMENTED);
        let body = String::from_utf8(word.body.into_bytes().to_vec()).unwrap();
        assert!(
            body.contains("start_raw") && body.contains("Close(InHead)"),
            "{body}"
        );
    }
}
