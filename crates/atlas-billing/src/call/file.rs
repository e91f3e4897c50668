//! A CSV file as it arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::answer::Answer;
use super::body::BodyStream;
use crate::{Error, ErrorKind, ResponseMeta, Result};

/// A CSV file as it arrives: what the files of the two questions have in common.
#[derive(Debug)]
pub(crate) struct File {
    meta: ResponseMeta,
    max_body: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Arriving(BodyStream),
    /// Out of an envelope, which had to be read to its end.
    There(Option<Bytes>),
}

impl File {
    /// The file that `answer` is, or the error that it holds instead.
    pub(crate) async fn of(answer: Answer) -> Result<Self> {
        let (max_body, operation) = (answer.max_body(), answer.operation());
        if answer.is_json() {
            // An envelope with the file in it, or an error.
            let fetched = answer.fetch().await?;
            let body = Body::There(Some(fetched.body));
            return Ok(Self {
                meta: fetched.meta,
                max_body,
                body,
            });
        }
        let (meta, body) = answer.into_stream();
        if let Some(media) = meta.content_type().filter(|media| media.ends_with("html")) {
            let error = Error::new(
                ErrorKind::Unreadable,
                format!("the answer is {media} where CSV was expected"),
            );
            return Err(error.with_operation(operation).with_meta(meta));
        }
        Ok(Self {
            meta,
            max_body,
            body: Body::Arriving(body),
        })
    }

    pub(crate) fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The next piece, `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What is left of the file, in memory.
    pub(crate) async fn bytes(self) -> Result<Bytes> {
        match self.body {
            Body::There(bytes) => Ok(bytes.unwrap_or_default()),
            Body::Arriving(body) => body.collect(self.max_body).await,
        }
    }
}

impl Stream for File {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.body {
            Body::Arriving(body) => Pin::new(body).poll_next(context),
            Body::There(bytes) => Poll::Ready(bytes.take().map(Ok)),
        }
    }
}
