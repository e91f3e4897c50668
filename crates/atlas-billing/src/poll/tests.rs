//! A query of a made-up service, with time paused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::auth::Credentials;
use crate::client::Client;
use crate::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
use crate::exchange::{Observer, RequestEvent};
use crate::meta::ResponseMeta;
use crate::request::Form;

/// What the made-up service does, poll by poll.
#[derive(Debug)]
enum Step {
    Ready,
    Pending(Option<u64>),
    Fails(ErrorKind),
    /// The machine sleeps for so many seconds, and then this happens.
    SleepsThen(u64, ErrorKind),
    Hangs,
}

use Step::*;

#[derive(Debug, Clone)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    /// The response to the next request.
    response: Arc<Mutex<http::Response<Bytes>>>,
    clock: Arc<TokioClock>,
    calls: Calls,
}

/// The waits that observers are told of: how many seconds, and whether after a failure.
#[derive(Debug, Default)]
struct Waits(Mutex<Vec<(u64, bool)>>);

impl Observer for Waits {
    fn observe(&self, event: &RequestEvent<'_>) {
        if let RequestEvent::Wait { wait, error, .. } = event {
            let mut waits = self.0.lock().unwrap();
            waits.push((wait.as_secs(), error.is_some()));
        }
    }
}

impl Polled for Script {
    type Output = Bytes;
    const OPERATION: &'static str = "getReport";
    const WHAT: &'static str = "report";
    const RESUME: &'static str = "Resume it.";

    fn token(&self) -> &str {
        "r-17"
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn calls_mut(&mut self) -> &mut Calls {
        &mut self.calls
    }

    async fn prepare(&self) -> Result<Call> {
        let step = self.steps.lock().unwrap().pop_front();
        let (status, retry_after) = match step.expect("one poll too many") {
            Ready => (200, None),
            Pending(asked) => (202, asked),
            Fails(kind) => return Err(Error::new(kind, "it broke")),
            SleepsThen(seconds, kind) => {
                self.clock.suspend(Duration::from_secs(seconds));
                return Err(Error::new(kind, "it broke"));
            }
            Hangs => std::future::pending().await,
        };
        let mut response = http::Response::builder().status(status);
        if let Some(seconds) = retry_after {
            response = response.header("retry-after", seconds);
        }
        *self.response.lock().unwrap() = response.body(Bytes::from("here")).unwrap();
        let build =
            |raw: atlas_billing_raw::Client| async move { raw.list_orgs_bytes().send().await };
        self.calls.prepare(Form::Json, build).await
    }

    fn read(&self, content: Content) -> Result<Option<Bytes>> {
        Ok(Some(content.bytes))
    }
}

fn query(policy: PollPolicy, steps: impl IntoIterator<Item = Step>) -> (Query<Script>, Arc<Waits>) {
    let (clock, waits) = (TokioClock::new(), Arc::<Waits>::default());
    let response = Arc::<Mutex<http::Response<Bytes>>>::default();
    let next = response.clone();
    let client = Client::builder(Credentials::none())
        .http_client(FakeHttp::new(move |_, _| Ok(next.lock().unwrap().clone())))
        .clock(clock.clone())
        .random(CountingRandom::new())
        .observer(waits.clone());
    let client = client.build().unwrap();
    let script = Script {
        steps: Arc::new(Mutex::new(steps.into_iter().collect())),
        response,
        clock,
        calls: Calls::new(client.pipeline(), CallOptions::new(), None),
    };
    (Query::new(script, policy), waits)
}

fn every(seconds: u64) -> PollPolicy {
    PollPolicy::default().with_backoff(Backoff::every(Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn polls_tell_their_status_and_the_result_takes_no_further_poll() {
    let steps = [
        Pending(Some(30)),
        Fails(ErrorKind::Truncated),
        Fails(ErrorKind::RateLimited),
        Ready,
    ];
    let (mut query, waits) = query(every(5), steps);
    let mut seen = Vec::new();
    while let Some(attempt) = query.next().await {
        let attempt = attempt.unwrap();
        let (elapsed, next) = (attempt.elapsed(), attempt.next_wait());
        seen.push((
            attempt.status(),
            attempt.error().is_some(),
            elapsed.as_secs(),
            next.map(|wait| wait.as_secs()),
            attempt.to_string(),
        ));
    }
    let poll = |status, failed, elapsed, next, words: &str| {
        (status, failed, elapsed, next, words.to_owned())
    };
    assert_eq!(
        seen,
        [
            poll(
                Status::Pending,
                false,
                0,
                Some(30),
                "poll 1 after 0 ms: not ready, next in 30 s"
            ),
            poll(
                Status::Ambiguous,
                true,
                30,
                Some(5),
                "poll 2 after 30 s: no clear response, next in 5 s"
            ),
            poll(
                Status::RateLimited,
                true,
                35,
                Some(5),
                "poll 3 after 35 s: rate limit reached, next in 5 s"
            ),
            poll(Status::Ready, false, 40, None, "poll 4 after 40 s: ready"),
        ]
    );
    assert!(query.next().await.is_none());
    assert_eq!(query.ready().await.unwrap().1, "here");
    assert_eq!(
        *waits.0.lock().unwrap(),
        [(30, false), (5, true), (5, true)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_at_the_deadline_has_what_resuming_takes() {
    let steps = std::iter::repeat_with(|| Pending(None)).take(99);
    let policy = every(20).with_deadline(Duration::from_secs(90));
    let (query, waits) = query(policy, steps);
    let error = query.ready().await.unwrap_err();
    assert!(error.is_not_ready());
    let poll = error.poll().unwrap();
    assert_eq!((poll.token.as_str(), poll.polls), ("r-17", 6));
    assert_eq!(poll.elapsed, Duration::from_secs(90));
    let waits: Vec<u64> = waits.0.lock().unwrap().iter().map(|wait| wait.0).collect();
    assert_eq!(waits, [20, 20, 20, 20, 10]);
    assert_eq!(
        error.to_string(),
        "the report r-17 was not ready after 6 polls in 1 min 30 s"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_tolerance_lists_what_was_seen() {
    let steps = std::iter::once(Pending(None))
        .chain(std::iter::repeat_with(|| Fails(ErrorKind::Truncated)).take(4))
        .chain(std::iter::repeat_with(|| Fails(ErrorKind::Timeout)).take(99));
    let (query, _) = query(every(20), steps);
    let error = query.ready().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.message(),
        "it broke; no clear response about the report for 2 min 20 s (4 x incomplete \
         response, 3 x no response in time), 8 polls in 2 min 20 s; the service may still be \
         processing it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_at_once_unless_the_machine_has_slept() {
    for (steps, kind) in [
        (
            vec![Pending(None), Fails(ErrorKind::Failed)],
            Some(ErrorKind::Failed),
        ),
        (
            vec![Pending(None), Fails(ErrorKind::Connect)],
            Some(ErrorKind::Connect),
        ),
        (vec![SleepsThen(800, ErrorKind::Connect), Ready], None),
        (
            vec![
                SleepsThen(800, ErrorKind::Connect),
                Fails(ErrorKind::Connect),
            ],
            Some(ErrorKind::Connect),
        ),
        (
            vec![SleepsThen(800, ErrorKind::Failed)],
            Some(ErrorKind::Failed),
        ),
    ] {
        let (query, _) = query(every(1), steps);
        let result = query.ready().await;
        assert_eq!(result.err().map(|error| error.kind()), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_late_is_not_forgiven() {
    let (mut query, _) = query(every(1), [Pending(None), Fails(ErrorKind::Unauthorized)]);
    query.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(query.next().await.unwrap().unwrap_err().is_unauthorized());
    assert!(query.next().await.is_none());
    let error = query.ready().await.unwrap_err();
    assert_eq!(
        (error.is_unauthorized(), error.poll().unwrap().polls),
        (true, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_loses_neither_the_poll_nor_the_wait() {
    let (mut query, waits) = query(every(7), [Hangs]);
    for _ in 0..2 {
        // The same poll is still under way: a second one would panic.
        let mut next = std::pin::pin!(query.next());
        let pending =
            poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending())).await;
        assert!(pending);
    }
    assert!(waits.0.lock().unwrap().is_empty());
}

#[test]
fn a_failed_poll_is_observed_by_what_it_may_mean() {
    let ambiguous = |words: &str| Observation::Ambiguous(words.to_owned());
    let failed = |forgivable| Observation::Failed { forgivable };
    for (status, observation) in [
        (429, Observation::RateLimited),
        (502, ambiguous("status 502")),
        (503, ambiguous("status 503")),
        (504, ambiguous("status 504")),
        (500, failed(true)),
        (403, failed(true)),
        (404, failed(true)),
    ] {
        let url = "https://cloud.mongodb.com/x".parse().unwrap();
        let status = http::StatusCode::from_u16(status).unwrap();
        let meta = ResponseMeta::new(status, http::HeaderMap::new(), &url);
        let error = Error::from_response(meta, b"");
        assert_eq!(Observation::of_failure(&error), observation, "{status}");
    }
    for (kind, observation) in [
        (ErrorKind::Timeout, ambiguous("no response in time")),
        (ErrorKind::Truncated, ambiguous("incomplete response")),
        (ErrorKind::Connect, failed(true)),
        (ErrorKind::Tls, failed(true)),
        (ErrorKind::Decode, failed(true)),
        (ErrorKind::Failed, failed(false)),
        (ErrorKind::Input, failed(false)),
    ] {
        let error = Error::new(kind, "x");
        assert_eq!(Observation::of_failure(&error), observation, "{kind:?}");
    }
}

#[test]
fn durations_read_as_people_write_them() {
    for (millis, words) in [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (2_149, "2.1 s"),
        (59_960, "1 min"),
        (90_400, "1 min 30 s"),
        (3_599_600, "1 h"),
        (11_100_000, "3 h 5 min"),
    ] {
        assert_eq!(in_words(Duration::from_millis(millis)), words);
    }
}
