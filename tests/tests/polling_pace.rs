//! The pace of polling, by simulation: how soon a result is delivered, with how many requests, and
//! whether the rate limit is met. Time is paused and the service is the stand-in's core, without
//! sockets.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::doubles::{FakeHttp, TokioClock};
use atlas_billing::edge::{BoxFuture, Clock, ExchangeError, HttpClient, Random};
use atlas_billing::poll::Status;
use atlas_billing::{Client, Credentials, Month, Org, reqwest};
use atlas_billing_mock::{Core, ORG_ID, RateLimit, Ready, Scenario};

/// Numbers that are spread and the same in each run (Weyl's sequence of the golden ratio).
#[derive(Debug, Default)]
struct Spread(Mutex<u128>);

impl Random for Spread {
    fn bits(&self) -> u128 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        *state >> 70
    }
}

/// A transport that takes its time, half of it each way.
#[derive(Debug)]
struct Distant {
    http: Arc<FakeHttp>,
    round_trip: Duration,
}

impl HttpClient for Distant {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move {
            tokio::time::sleep(self.round_trip / 2).await;
            let response = self.http.execute(request).await;
            tokio::time::sleep(self.round_trip / 2).await;
            response
        })
    }
}

/// What one query came to.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// When the result was ready, after the query was created.
    ready: f64,
    /// How much later it was delivered.
    late: f64,
    /// Requests, the creation included.
    requests: usize,
    /// Of them refused by the rate limit.
    refused: usize,
}

impl Run {
    fn latest(&self) -> f64 {
        (self.ready / 3.0 + 1.0).min(15.0)
    }

    fn most_requests(&self) -> f64 {
        12.0 + self.ready / 10.0
    }
}

/// Runs one query against a service of its own.
async fn run(ready: Duration, limit: RateLimit, round_trip: Duration, random: &Arc<Spread>) -> Run {
    let scenario = Scenario::builder()
        .without_invoices()
        .ready(Ready::After(ready))
        .rate_limit(limit)
        .build();
    let core = Arc::new(Core::new(scenario));
    let clock = TokioClock::new();
    let (service, time) = (core.clone(), clock.clone());
    let http = FakeHttp::new(move |_, request| {
        let response = service.respond_at(&request.clone().into(), time.now());
        Ok(response.into())
    });
    let client = Client::builder(Credentials::none())
        .http_client(Arc::new(Distant { http, round_trip }))
        .clock(clock.clone())
        .random(random.clone())
        .build()
        .unwrap();
    let org: Org = client.org(ORG_ID.parse().unwrap());
    let request = org.costs(Month::new(2025, 1).unwrap());
    let mut query = request.start().await.unwrap();
    // By what the client has seen: with an envelope the status line of a 429 says 200.
    let mut refused = 0;
    while let Some(attempt) = query.next().await {
        refused += usize::from(attempt.unwrap().status() == Status::RateLimited);
    }
    let requests = core.requests();
    let waited = (clock.now() - requests[0].at).to_std().unwrap();
    let report = query.await.unwrap();
    assert!(report.rows().is_empty(), "the scenario has no invoices");
    Run {
        ready: ready.as_secs_f64(),
        late: waited.saturating_sub(ready).as_secs_f64(),
        requests: requests.len(),
        refused,
    }
}

fn bucket() -> RateLimit {
    RateLimit::new(10, 5.0)
}

#[tokio::test(start_paused = true)]
async fn results_are_delivered_soon_with_few_requests_and_clear_of_the_rate_limit() {
    let random = Arc::new(Spread::default());
    let quick = Duration::ZERO;
    let slow = Duration::from_millis(200);
    let cases = [
        ("Retry-After", bucket(), quick),
        ("no Retry-After", bucket().without_retry_after(), quick),
        ("Retry-After, 0.2 s away", bucket(), slow),
        (
            "no Retry-After, 0.2 s away",
            bucket().without_retry_after(),
            slow,
        ),
    ];
    println!(
        "{:<28}{:>8}{:>8}{:>8}{:>10}{:>5}",
        "", "ready s", "late s", "of s", "requests", "429"
    );
    for (name, limit, round_trip) in cases {
        let mut worst: Option<Run> = None;
        let (mut most, mut refused) = (0.0_f64, 0);
        // Each second at first, where the bound moves; then a step that is no multiple of the wait.
        for seconds in (0..60).chain((60..=600).step_by(5)) {
            let ready = Duration::from_secs(seconds);
            let run = run(ready, limit.clone(), round_trip, &random).await;
            if [0, 1, 3, 10, 30, 60, 120, 300, 600].contains(&seconds) {
                println!(
                    "{name:<28}{:>8}{:>8.2}{:>8.2}{:>10}{:>5}",
                    run.ready,
                    run.late,
                    run.latest(),
                    run.requests,
                    run.refused
                );
            }
            // A result is seen no sooner than it has travelled.
            let late = run.late - round_trip.as_secs_f64();
            assert!(late <= run.latest(), "{name}: {run:?}");
            assert!(
                run.requests as f64 <= run.most_requests(),
                "{name}: {run:?}"
            );
            assert!(run.refused <= 2, "{name}: {run:?}");
            most = most.max(run.requests as f64 / run.most_requests());
            refused = refused.max(run.refused);
            if worst.is_none_or(|worst| run.late / run.latest() > worst.late / worst.latest()) {
                worst = Some(run);
            }
        }
        let worst = worst.unwrap();
        println!(
            "{name}: worst {:.0} % of the time allowed (ready after {} s), {:.0} % of the requests, \
             {refused} refused",
            100.0 * worst.late / worst.latest(),
            worst.ready,
            100.0 * most,
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_meets_the_rate_limit_waits_as_asked() {
    let random = Arc::new(Spread::default());
    let ready = Duration::from_secs(90);
    let asked = run(ready, RateLimit::new(2, 5.0), Duration::ZERO, &random).await;
    // A token comes back every twelve seconds, and each refusal says when.
    assert!((1..=8).contains(&asked.refused), "{asked:?}");
    assert!(asked.requests <= 18, "{asked:?}");
    let limit = RateLimit::new(2, 5.0).without_retry_after();
    let unasked = run(ready, limit, Duration::ZERO, &random).await;
    assert!(unasked.refused <= asked.refused, "{asked:?} {unasked:?}");
}
