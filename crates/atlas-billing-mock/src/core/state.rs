//! What a core remembers between requests.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use http::StatusCode;

use super::limited;
use super::query::Query;
use crate::answer::Answer;
use crate::bucket::{Bucket, RateLimit, Verdict};
use crate::fault::{Fault, Rule};
use crate::operation::Operation;
use crate::request::{RecordedRequest, Request};
use crate::scenario::Scenario;
use crate::sign_in::Door;

#[derive(Debug)]
pub(super) struct State {
    pub(super) door: Door,
    pub(super) queries: HashMap<String, Query>,
    rules: Vec<Rule>,
    buckets: Vec<Bucket>,
    records: VecDeque<RecordedRequest>,
    order: u64,
}

impl State {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            door: Door::new(&scenario.sign_in, scenario.seed),
            queries: HashMap::new(),
            rules: scenario.rules.clone(),
            buckets: scenario.limits.iter().cloned().map(Bucket::new).collect(),
            records: VecDeque::new(),
            order: 0,
        }
    }

    /// The first fault that is to hit this request. Every rule counts it, hit or not.
    pub(super) fn fault(&mut self, operation: Operation, request: &Request) -> Option<Fault> {
        let mut hit = None;
        for rule in &mut self.rules {
            if let Some(fault) = rule.meet(operation, request) {
                hit = hit.or(Some(fault));
            }
        }
        hit.cloned()
    }

    /// Takes a token of each limit there is for the operation: what is left of each, or the 429.
    pub(super) fn take_tokens(
        &mut self,
        operation: Operation,
        now: DateTime<Utc>,
    ) -> Result<Vec<(RateLimit, u32)>, Box<Answer>> {
        let mut limits = Vec::new();
        for bucket in self
            .buckets
            .iter_mut()
            .filter(|bucket| bucket.is_for(operation))
        {
            match bucket.take(now) {
                Verdict::Taken { left } => limits.push((bucket.limit().clone(), left)),
                refused => return Err(limited(bucket.limit(), refused).into()),
            }
        }
        Ok(limits)
    }

    pub(super) fn record(
        &mut self,
        request: &Request,
        operation: Operation,
        at: DateTime<Utc>,
        status: StatusCode,
        keep: usize,
    ) {
        let (order, request) = (self.order, request.clone());
        self.order += 1;
        self.records.push_back(RecordedRequest {
            order,
            at,
            operation,
            request,
            status,
        });
        while self.records.len() > keep {
            self.records.pop_front();
        }
    }

    pub(super) fn records(&self) -> Vec<RecordedRequest> {
        self.records.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self) {
        self.records.clear();
    }
}
