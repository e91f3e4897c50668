//! A successful answer whose body is still to be read, and one that has been read.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Ask;
use super::body::BodyStream;
use super::unwrap;
use super::version::Form;
use crate::edge::Edge;
use crate::error::Error;
use crate::meta::ResponseMeta;
use crate::{ErrorKind, Result};

/// A successful answer whose body is still to be read.
#[derive(Debug)]
pub(crate) struct Answer {
    edge: Edge,
    operation: &'static str,
    form: Form,
    max_body: u64,
    meta: ResponseMeta,
    body: BodyStream,
}

impl Answer {
    /// An answer with a failing status becomes the error that its body tells.
    pub(super) async fn new(
        edge: &Edge,
        ask: &Ask,
        meta: ResponseMeta,
        body: BodyStream,
    ) -> Result<Self> {
        if meta.status().is_success() {
            return Ok(Self {
                edge: edge.clone(),
                operation: ask.operation,
                form: ask.form,
                max_body: ask.max_body,
                meta,
                body,
            });
        }
        // The status stands whatever becomes of the body: a cut or endless one adds nothing.
        let body = body.collect(unwrap::ERROR_BODY).await.unwrap_or_default();
        Err(unwrap::error_of(edge, meta, &body).with_operation(ask.operation))
    }

    /// What was called, by its stable name.
    pub(super) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The largest body that is kept in memory whole.
    pub(super) fn max_body(&self) -> u64 {
        self.max_body
    }

    /// Whether the answer says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let media = self.meta.content_type();
        media.is_some_and(|media| media.ends_with("json"))
    }

    /// Reads the whole body and takes the envelope off.
    pub(crate) async fn fetch(self) -> Result<Fetched> {
        let limit = self.max_body;
        let (opener, body) = self.into_parts();
        opener.open(body.collect(limit).await?)
    }

    /// The body as it arrives, the envelope still on.
    pub(crate) fn into_stream(self) -> (ResponseMeta, BodyStream) {
        (self.meta, self.body)
    }

    /// The body as it arrives, and what takes the envelope off once its end is known.
    pub(crate) fn into_parts(self) -> (Opener, BodyStream) {
        let opener = Opener {
            edge: self.edge,
            operation: self.operation,
            form: self.form,
            meta: self.meta,
        };
        (opener, self.body)
    }
}

/// Takes the envelope off a body that was read apart from its answer.
#[derive(Debug)]
pub(crate) struct Opener {
    edge: Edge,
    operation: &'static str,
    form: Form,
    meta: ResponseMeta,
}

impl Opener {
    /// What the answer says beside its body.
    pub(crate) fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The content of `body`, or the error that it holds.
    pub(crate) fn open(self, body: Bytes) -> Result<Fetched> {
        let (meta, body) = unwrap::open(&self.edge, self.form, self.meta, body)
            .map_err(|error| error.with_operation(self.operation))?;
        Ok(Fetched {
            operation: self.operation,
            meta,
            body,
        })
    }
}

/// A successful answer that has been read, its envelope off.
#[derive(Debug)]
pub(crate) struct Fetched {
    operation: &'static str,
    pub(crate) meta: ResponseMeta,
    pub(crate) body: Bytes,
}

impl Fetched {
    /// The body as a value of `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] with the JSON path and an excerpt.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<(ResponseMeta, T)> {
        match serde_json::from_slice(&self.body) {
            Ok(value) => Ok((self.meta, value)),
            Err(error) => Err(self.unreadable::<T>(error)),
        }
    }

    /// Decodes once more, this time keeping track of where: the usual case does not pay for it.
    fn unreadable<T: DeserializeOwned>(self, error: serde_json::Error) -> Error {
        let media = self.meta.content_type();
        let what = match (self.body.is_empty(), media.as_deref()) {
            (true, _) => "the answer is empty where JSON was expected".to_owned(),
            (_, Some(media)) if !media.ends_with("json") => {
                format!("the answer is {media} where JSON was expected")
            }
            _ => format!("the answer cannot be read: {error}"),
        };
        let mut unreadable = Error::new(ErrorKind::Unreadable, what)
            .with_operation(self.operation)
            .with_excerpt(&self.body)
            .with_meta(self.meta);
        let mut decoder = serde_json::Deserializer::from_slice(&self.body);
        if let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut decoder) {
            let path = error.path().to_string();
            if path != "." {
                unreadable = unreadable.with_json_path(format!("$.{path}"));
            }
        }
        unreadable.with_source(error)
    }
}
