//! The CSV file of a finished query.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::call::{Answer, File};
use crate::csv::Records;
use crate::{QueryToken, ResponseMeta, Result};

/// The CSV file of a finished Cost Explorer query, still to be read: whole, as it arrives, or
/// record by record.
///
/// What columns it has is documented nowhere, so records are read by the names of its own header
/// row.
///
/// ```no_run
/// # async fn read(org: atlas_billing::Org) -> atlas_billing::Result<()> {
/// let mut records = org.costs("2025-03".parse()?).csv().await?.records();
/// while let Some(record) = records.next().await {
///     let record = record?;
///     println!("{}", record.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the file is still to be read"]
pub struct CostFile {
    token: QueryToken,
    file: File,
}

impl CostFile {
    pub(super) async fn of(answer: Answer, token: QueryToken) -> Result<Self> {
        Ok(Self {
            token,
            file: File::of(answer).await?,
        })
    }

    /// The query that this is the result of.
    pub fn token(&self) -> &QueryToken {
        &self.token
    }

    /// Status, headers, rate limit and version of the answer.
    pub fn meta(&self) -> &ResponseMeta {
        self.file.meta()
    }

    /// The next piece of the file as it was sent, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or falls silent; a file that was cut never ends without one.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        self.file.next().await
    }

    /// The whole file as it was sent, in memory.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) beyond
    /// the call's `max_body`.
    pub async fn bytes(self) -> Result<Bytes> {
        self.file.bytes().await
    }

    /// The file's records as they arrive, by the names of its header row.
    pub fn records(self) -> Records {
        Records::new(self)
    }
}

impl Stream for CostFile {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.file).poll_next(context)
    }
}
