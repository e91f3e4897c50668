//! Turns the generated client's errors into ours.

use std::sync::Arc;

use atlas_billing_raw as raw;

use super::unwrap;
use crate::edge::{Clock as _, SystemClock};
use crate::error::{ErrorBody, network_error};
use crate::meta::ResponseMeta;
use crate::{Error, ErrorKind};

/// The error that an error of the generated client is.
pub(crate) async fn from_raw(error: raw::Error<()>) -> Error {
    match error {
        raw::Error::InvalidRequest(reason) | raw::Error::Custom(reason) => Error::input(reason),
        raw::Error::CommunicationError(error)
        | raw::Error::ResponseBodyError(error)
        | raw::Error::InvalidUpgrade(error) => network_error(Box::new(error)),
        raw::Error::InvalidResponsePayload(body, error) => Error::new(
            ErrorKind::Unreadable,
            format!("the answer cannot be read: {error}"),
        )
        .with_excerpt(&body)
        .with_source(error),
        raw::Error::ErrorResponse(value) => Error::new(
            ErrorKind::Refused,
            format!("the service answered {}", value.status()),
        ),
        raw::Error::UnexpectedResponse(mut response) => {
            if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
                return Arc::into_inner(error).unwrap_or_else(|| {
                    Error::new(ErrorKind::Refused, "the call failed before it was sent")
                });
            }
            let url = response.url().clone();
            let meta = ResponseMeta::new(response.status(), response.headers().clone(), &url);
            let now = SystemClock::new().now();
            let limit = usize::try_from(unwrap::ERROR_BODY).unwrap_or(usize::MAX);
            let mut body = Vec::new();
            while let Ok(Some(piece)) = response.chunk().await {
                body.extend_from_slice(&piece);
                if body.len() >= limit {
                    break;
                }
            }
            if meta.status().is_success() && ErrorBody::read(&body).is_none() {
                return Error::new(
                    ErrorKind::Unreadable,
                    "the answer is not what was asked for",
                )
                .with_excerpt(&body)
                .with_meta(meta);
            }
            unwrap::error_at(now, meta, &body)
        }
    }
}
