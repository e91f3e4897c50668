//! Rate limits.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::age;
use crate::route::Operation;
use crate::setters::setters;

/// A rate limit: a bucket of tokens, one taken by each request, refilled steadily. A refused
/// request gets 429.
///
/// ```
/// use atlas_billing_mock::{Operation, RateLimit};
///
/// // Ten at once, then five a minute, for polls alone, refused without a Retry-After.
/// let limit = RateLimit::new(10, 5.0).of([Operation::Poll]).without_retry_after();
/// // The quota of the token endpoint.
/// let quota = RateLimit::new(10, 10.0).of([Operation::Token]);
/// # let _ = (limit, quota);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct RateLimit {
    pub(crate) capacity: u32,
    per_minute: f64,
    /// None for all that are versioned.
    operations: Option<Vec<Operation>>,
    pub(crate) retry_after: bool,
}

impl RateLimit {
    /// A full bucket of `capacity` tokens that regains `per_minute` of them a minute, shared by
    /// all operations of the billing API. A refusal has a `Retry-After`, and every response of these
    /// operations `RateLimit-Limit` and `RateLimit-Remaining`.
    pub fn new(capacity: u32, per_minute: f64) -> Self {
        Self {
            capacity,
            per_minute: per_minute.max(0.0),
            operations: None,
            retry_after: true,
        }
    }

    setters! {
        /// The limit for these operations only (they share the bucket).
        of(operations: impl IntoIterator<Item = Operation>) => operations = Some(operations.into_iter().collect());

        /// Refuses without saying when to come back.
        without_retry_after() => retry_after = false;
    }

    pub(crate) fn is_for(&self, operation: Operation) -> bool {
        let operations = self.operations.as_ref();
        operations.map_or(operation.is_billing(), |these| these.contains(&operation))
    }
}

/// The state of one limit.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) limit: RateLimit,
    tokens: f64,
    filled: Option<DateTime<Utc>>,
}

impl Bucket {
    pub(crate) fn new(limit: &RateLimit) -> Self {
        Self {
            limit: limit.clone(),
            tokens: f64::from(limit.capacity),
            filled: None,
        }
    }

    /// Takes one token at `now`: how many whole ones are left, or the time until the next one, if
    /// there will be one.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Result<u32, Option<Duration>> {
        let since = age(now, self.filled.replace(now).unwrap_or(now)).as_secs_f64();
        let filled = self.tokens + since * self.limit.per_minute / 60.0;
        self.tokens = filled.min(f64::from(self.limit.capacity));
        // A refill by thirds and the like sums up to just under one.
        if self.tokens + 1e-9 >= 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(self.tokens as u32);
        }
        let missing = (1.0 - self.tokens) * 60.0 / self.limit.per_minute;
        Err(Duration::try_from_secs_f64(missing).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let mut bucket = Bucket::new(&RateLimit::new(2, 6.0));
        let mut now: DateTime<Utc> = "2025-03-01T00:00:00Z".parse().unwrap();
        assert_eq!((bucket.take(now), bucket.take(now)), (Ok(1), Ok(0)));
        assert_eq!(bucket.take(now), Err(Some(Duration::from_secs(10))));
        now += Duration::from_secs(5);
        assert_eq!(bucket.take(now), Err(Some(Duration::from_secs(5))));
        assert_eq!(
            bucket.take(now - Duration::from_secs(60)),
            Err(Some(Duration::from_secs(5)))
        );
        now += Duration::from_secs(3600);
        assert_eq!(bucket.take(now), Ok(1));
        assert_eq!(Bucket::new(&RateLimit::new(0, 0.0)).take(now), Err(None));
    }
}
