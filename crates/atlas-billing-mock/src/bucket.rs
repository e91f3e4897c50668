//! Rate limits by token bucket.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::operation::Operation;

/// A rate limit: a bucket of tokens, one taken by each request, refilled steadily.
///
/// ```
/// use atlas_billing_mock::{Operation, RateLimit};
///
/// // Ten at once, then five a minute, for looks alone, told without a Retry-After.
/// let limit = RateLimit::new(10, 5.0).of([Operation::Look]).without_retry_after();
/// # let _ = limit;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimit {
    pub(crate) capacity: u32,
    pub(crate) per_minute: f64,
    pub(crate) operations: Vec<Operation>,
    pub(crate) retry_after: bool,
    pub(crate) headers: bool,
}

impl RateLimit {
    /// A full bucket of `capacity` tokens that regains `per_minute` of them a minute, shared by
    /// the four billing operations. A refusal is 429 with `Retry-After`.
    pub fn new(capacity: u32, per_minute: f64) -> Self {
        let operations = [
            Operation::CreateQuery,
            Operation::Look,
            Operation::Invoice,
            Operation::Invoices,
        ];
        Self {
            capacity,
            per_minute: per_minute.max(0.0),
            operations: operations.to_vec(),
            retry_after: true,
            headers: true,
        }
    }

    /// The limit for these operations only (they share the bucket).
    #[must_use]
    pub fn of(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.operations = operations.into_iter().collect();
        self
    }

    /// Refuses without saying when to come back.
    #[must_use]
    pub fn without_retry_after(mut self) -> Self {
        self.retry_after = false;
        self
    }

    /// Leaves `RateLimit-Limit` and `RateLimit-Remaining` off every answer.
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers = false;
        self
    }
}

/// What a bucket says to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// Go on; that many whole tokens are left.
    Taken { left: u32 },
    /// No token; the next one is there after that time, or never.
    Refused { after: Option<Duration> },
}

/// The state of one limit.
#[derive(Debug)]
pub(crate) struct Bucket {
    limit: RateLimit,
    tokens: f64,
    filled: Option<DateTime<Utc>>,
}

impl Bucket {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let tokens = f64::from(limit.capacity);
        Self {
            limit,
            tokens,
            filled: None,
        }
    }

    pub(crate) fn limit(&self) -> &RateLimit {
        &self.limit
    }

    pub(crate) fn is_for(&self, operation: Operation) -> bool {
        self.limit.operations.contains(&operation)
    }

    /// Takes one token at `now`.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Verdict {
        let since = self.filled.map_or(Duration::ZERO, |filled| {
            (now - filled).to_std().unwrap_or(Duration::ZERO)
        });
        let gained = since.as_secs_f64() * self.limit.per_minute / 60.0;
        self.tokens = (self.tokens + gained).min(f64::from(self.limit.capacity));
        self.filled = Some(now);
        // A refill by thirds and the like sums up to just under one.
        if self.tokens + 1e-9 >= 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Verdict::Taken {
                left: self.tokens as u32,
            };
        }
        let missing = (1.0 - self.tokens) * 60.0 / self.limit.per_minute;
        Verdict::Refused {
            after: Duration::try_from_secs_f64(missing).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let mut bucket = Bucket::new(RateLimit::new(2, 6.0));
        let mut now: DateTime<Utc> = "2025-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(bucket.take(now), Verdict::Taken { left: 1 });
        assert_eq!(bucket.take(now), Verdict::Taken { left: 0 });
        let ten = Some(Duration::from_secs(10));
        assert_eq!(bucket.take(now), Verdict::Refused { after: ten });
        now += Duration::from_secs(5);
        let five = Some(Duration::from_secs(5));
        assert_eq!(bucket.take(now), Verdict::Refused { after: five });
        now += Duration::from_secs(5);
        assert_eq!(bucket.take(now), Verdict::Taken { left: 0 });
        now += Duration::from_secs(3600);
        assert_eq!(bucket.take(now), Verdict::Taken { left: 1 });
    }

    #[test]
    fn a_bucket_that_never_refills_says_so() {
        let mut bucket = Bucket::new(RateLimit::new(0, 0.0));
        let now = "2025-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(bucket.take(now), Verdict::Refused { after: None });
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing_away() {
        let mut bucket = Bucket::new(RateLimit::new(2, 6.0));
        let now: DateTime<Utc> = "2025-03-01T00:00:00Z".parse().unwrap();
        bucket.take(now);
        let earlier = now - Duration::from_secs(60);
        assert_eq!(bucket.take(earlier), Verdict::Taken { left: 0 });
    }
}
