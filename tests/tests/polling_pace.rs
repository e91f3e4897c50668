//! The pace of polling, by simulation: how soon a result is delivered, with how many requests, and
//! whether the rate limit is met. Time is paused and answers are instant, over a transport that is
//! injected; the service is the stand-in's core.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, ExchangeError, HttpClient, Random};
use atlas_billing::{Client, Credentials, Org, Seen, reqwest};
use atlas_billing_mock::{Core, ORG_ID, RateLimit, Ready, Request, Scenario};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// tokio's clock, which is paused.
#[derive(Debug, Clone, Copy)]
struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000) + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

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

/// Hands requests to whichever stand-in is there.
struct Injected {
    core: Mutex<Arc<Core>>,
    clock: Paused,
    round_trip: Mutex<Duration>,
}

impl fmt::Debug for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Injected")
    }
}

impl HttpClient for Injected {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move {
            let leg = *self.round_trip.lock().unwrap() / 2;
            tokio::time::sleep(leg).await;
            let response = self.respond(&request);
            tokio::time::sleep(leg).await;
            Ok(response)
        })
    }
}

impl Injected {
    fn respond(&self, request: &reqwest::Request) -> reqwest::Response {
        let url = request.url();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut asked = match request.body().and_then(|body| body.as_bytes()) {
            Some(body) => Request::post(target, body.to_vec()),
            None => Request::get(target),
        };
        asked.headers = request.headers().clone();
        let core = self.core.lock().unwrap().clone();
        let answer = core.respond_at(&asked, self.clock.now());
        let mut response = http::Response::new(answer.body.into_bytes());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response.into()
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

/// One client over an exchangeable service.
struct Lab {
    http: Arc<Injected>,
    clock: Paused,
    org: Org,
}

impl Lab {
    fn new() -> Self {
        let clock = Paused(Instant::now());
        let http = Arc::new(Injected {
            core: Mutex::new(Arc::new(Core::new(Scenario::default()))),
            clock,
            round_trip: Mutex::default(),
        });
        let client = Client::builder(Credentials::none())
            .http_client(http.clone())
            .clock(Arc::new(clock))
            .random(Arc::new(Spread::default()))
            .build()
            .unwrap();
        let org = client.org(ORG_ID.parse().unwrap());
        Self { http, clock, org }
    }

    async fn run(&self, ready: Duration, limit: RateLimit, round_trip: Duration) -> Run {
        let scenario = Scenario::builder()
            .without_invoices()
            .ready(Ready::After(ready))
            .rate_limit(limit)
            .build();
        let core = Arc::new(Core::new(scenario));
        *self.http.core.lock().unwrap() = core.clone();
        *self.http.round_trip.lock().unwrap() = round_trip;
        let mut query = self
            .org
            .costs("2025-01".parse().unwrap())
            .start()
            .await
            .unwrap();
        // By what the client has seen: with an envelope the status line of a 429 says 200.
        let mut refused = 0;
        while let Some(look) = query.next().await {
            refused += usize::from(look.unwrap().seen() == Seen::RateLimited);
        }
        let requests = core.requests();
        let waited = (self.clock.now() - requests[0].at).to_std().unwrap();
        let report = query.await.unwrap();
        assert!(report.rows().is_empty(), "the scenario has no invoices");
        Run {
            ready: ready.as_secs_f64(),
            late: waited.saturating_sub(ready).as_secs_f64(),
            requests: requests.len(),
            refused,
        }
    }
}

fn bucket() -> RateLimit {
    RateLimit::new(10, 5.0)
}

#[tokio::test(start_paused = true)]
async fn results_are_delivered_soon_with_few_requests_and_clear_of_the_rate_limit() {
    let lab = Lab::new();
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
            let run = lab
                .run(Duration::from_secs(seconds), limit.clone(), round_trip)
                .await;
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
async fn a_look_that_meets_the_rate_limit_waits_as_told() {
    let lab = Lab::new();
    let ready = Duration::from_secs(90);
    let told = lab.run(ready, RateLimit::new(2, 5.0), Duration::ZERO).await;
    // A token comes back every twelve seconds, and each refusal says when.
    assert!((1..=8).contains(&told.refused), "{told:?}");
    assert!(told.requests <= 18, "{told:?}");
    let limit = RateLimit::new(2, 5.0).without_retry_after();
    let untold = lab.run(ready, limit, Duration::ZERO).await;
    assert!(untold.refused <= told.refused, "{told:?} {untold:?}");
}
