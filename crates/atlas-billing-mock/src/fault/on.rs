//! Which requests a fault meets.

use http::header::AUTHORIZATION;

use crate::fault::Fault;
use crate::operation::Operation;
use crate::request::Request;

/// Which requests a fault meets: those for an operation, and of them the nth, the first few, or
/// all.
///
/// ```
/// use atlas_billing_mock::{Fault, On, Operation, Scenario};
///
/// let scenario = Scenario::builder()
///     .fault(On::operation(Operation::Look).nth(2), Fault::Gateway(504))
///     .fault(On::any().signed().nth(1), Fault::Status(401))
///     .build();
/// # let _ = scenario;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    operation: Option<Operation>,
    signed: Option<bool>,
    first: u64,
    last: u64,
    every: u64,
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self {
            operation: None,
            signed: None,
            first: 1,
            last: u64::MAX,
            every: 1,
        }
    }

    /// Every request for this operation.
    pub fn operation(operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..Self::any()
        }
    }

    /// Only the nth of them, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        (self.first, self.last) = (n, n);
        self
    }

    /// Only the first `n` of them.
    #[must_use]
    pub fn first(mut self, n: u64) -> Self {
        (self.first, self.last) = (1, n);
        self
    }

    /// Only the nth, counted from 1, and all after it.
    #[must_use]
    pub fn from(mut self, n: u64) -> Self {
        (self.first, self.last) = (n, u64::MAX);
        self
    }

    /// Of those left, only each nth by the count from 1: 50 makes two of a hundred. 0 counts as 1.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.every = n.max(1);
        self
    }

    /// Only those with an `Authorization` header.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.signed = Some(true);
        self
    }

    /// Only those without one, as the first leg of Digest.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.signed = Some(false);
        self
    }

    fn is_for(&self, operation: Operation, request: &Request) -> bool {
        let signed = request.headers.contains_key(AUTHORIZATION);
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.signed.is_none_or(|wanted| wanted == signed)
    }
}

/// A fault with the requests it meets, and how many of those came.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    on: On,
    fault: Fault,
    seen: u64,
}

impl Rule {
    pub(crate) fn new(on: On, fault: Fault) -> Self {
        Self { on, fault, seen: 0 }
    }

    /// Counts the request if it is one of those, and gives the fault if it is to be hit.
    pub(crate) fn meet(&mut self, operation: Operation, request: &Request) -> Option<&Fault> {
        if !self.on.is_for(operation, request) {
            return None;
        }
        self.seen += 1;
        let meant = (self.on.first..=self.on.last).contains(&self.seen)
            && self.seen.is_multiple_of(self.on.every);
        meant.then_some(&self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(on: On, requests: &[(Operation, &Request)]) -> Vec<bool> {
        let mut rule = Rule::new(on, Fault::Html);
        requests
            .iter()
            .map(|(operation, request)| rule.meet(*operation, request).is_some())
            .collect()
    }

    #[test]
    fn requests_are_counted_among_their_like() {
        let plain = Request::get("/");
        let signed = Request::get("/").header(AUTHORIZATION, "Bearer x");
        let look = Operation::Look;
        let all = [
            (look, &plain),
            (Operation::Invoice, &plain),
            (look, &signed),
            (look, &plain),
        ];
        assert_eq!(hits(On::any(), &all), [true; 4]);
        assert_eq!(hits(On::any().nth(2), &all), [false, true, false, false]);
        assert_eq!(
            hits(On::operation(look).nth(2), &all),
            [false, false, true, false]
        );
        assert_eq!(
            hits(On::operation(look).first(2), &all),
            [true, false, true, false]
        );
        assert_eq!(
            hits(On::operation(look).from(2), &all),
            [false, false, true, true]
        );
        assert_eq!(hits(On::any().every(2), &all), [false, true, false, true]);
        assert_eq!(
            hits(On::operation(look).from(2).every(3), &all),
            [false, false, false, true]
        );
        assert_eq!(hits(On::any().signed(), &all), [false, false, true, false]);
        assert_eq!(
            hits(On::operation(look).unsigned().nth(2), &all),
            [false, false, false, true]
        );
    }
}
