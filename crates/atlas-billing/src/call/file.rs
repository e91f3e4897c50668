//! A CSV file as it arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::answer::Answer;
use super::body::BodyStream;
use super::unwrap::no_file;
use crate::{Error, ErrorKind, ResponseMeta, Result};

/// A CSV file as it arrives: what the files of the two questions have in common.
#[derive(Debug)]
pub(crate) struct File {
    meta: ResponseMeta,
    max_body: u64,
    /// What was read already: the first piece, or a file out of an envelope, which had to be read
    /// to its end.
    first: Option<Bytes>,
    /// What is still to come.
    rest: Option<BodyStream>,
}

impl File {
    /// The file that `answer` is, or the error that it holds instead. It is read as far as its
    /// first piece: a page of HTML, or nothing at all under a status of 200, is no file.
    pub(crate) async fn of(answer: Answer) -> Result<Self> {
        let (max_body, operation) = (answer.max_body(), answer.operation());
        if answer.is_json() {
            // An envelope with the file in it, or an error.
            let fetched = answer.fetch().await?;
            return Ok(Self {
                meta: fetched.meta,
                max_body,
                first: Some(fetched.body),
                rest: None,
            });
        }
        let (meta, mut rest) = answer.into_stream();
        let first = loop {
            match rest.next().await.transpose()? {
                Some(piece) if piece.is_empty() => {}
                first => break first.unwrap_or_default(),
            }
        };
        if let Some(why) = no_file(&meta, &first) {
            return Err(Error::new(ErrorKind::Unreadable, why)
                .with_operation(operation)
                .with_excerpt(&first)
                .with_meta(meta));
        }
        Ok(Self {
            meta,
            max_body,
            first: Some(first),
            rest: Some(rest),
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
        let first = self.first.unwrap_or_default();
        match self.rest {
            Some(rest) => rest.collect_after(first, self.max_body).await,
            None => Ok(first),
        }
    }
}

impl Stream for File {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match (self.first.take(), &mut self.rest) {
            (Some(first), _) => Poll::Ready(Some(Ok(first))),
            (None, Some(rest)) => Pin::new(rest).poll_next(context),
            (None, None) => Poll::Ready(None),
        }
    }
}
