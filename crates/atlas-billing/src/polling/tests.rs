//! A made-up operation of the service, a report, to show that polling one more takes a description
//! and no second poller.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Operation, PollPolicy, Poller, Reading, Seen};
use crate::edge::{BoxFuture, Clock, Edge, ExchangeError, HttpClient, Random};
use crate::{Error, ErrorKind, Result};

/// What the service says of a report: `{"state":"RUNNING"}`.
#[derive(Debug, Clone)]
struct State {
    state: &'static str,
    url: Option<&'static str>,
    retry_after: Option<Duration>,
}

/// A report that is written by the service while one waits.
#[derive(Debug)]
struct Report {
    script: Arc<Mutex<VecDeque<Step>>>,
}

#[derive(Debug, Clone)]
enum Step {
    Says(&'static str),
    SaysLater(&'static str, u64),
    Breaks(ErrorKind),
    /// The machine sleeps for so many seconds, and then the connection is refused.
    SleepsThen(u64, ErrorKind),
    /// Nothing, ever.
    Hangs,
}

impl Operation for (Report, Arc<Hands>) {
    type Answer = State;
    type Output = &'static str;

    fn what(&self) -> &'static str {
        "report"
    }

    fn token(&self) -> &str {
        "r-17"
    }

    fn resume(&self) -> String {
        "reports.resume(\"r-17\")".to_owned()
    }

    fn look(&self, _limit: Duration) -> BoxFuture<'static, Result<State>> {
        let says = |state| State {
            state,
            url: (state == "SUCCEEDED").then_some("https://reports.example/17"),
            retry_after: None,
        };
        let step = self.0.script.lock().unwrap().pop_front();
        let hands = self.1.clone();
        Box::pin(async move {
            match step.unwrap() {
                Step::Says(state) => Ok(says(state)),
                Step::SaysLater(state, seconds) => Ok(State {
                    retry_after: Some(Duration::from_secs(seconds)),
                    ..says(state)
                }),
                Step::Breaks(kind) => Err(Error::new(kind, "it broke")),
                Step::SleepsThen(seconds, kind) => {
                    hands.advance(Duration::from_secs(seconds));
                    Err(Error::new(kind, "it broke"))
                }
                Step::Hangs => std::future::pending().await,
            }
        })
    }

    fn read(&self, answer: State) -> Reading<&'static str> {
        match (answer.state, answer.url) {
            ("PENDING" | "RUNNING", _) => Reading::Pending {
                retry_after: answer.retry_after,
            },
            ("SUCCEEDED", Some(url)) => Reading::Ready(url),
            ("FAILED", _) => Reading::Failed(Error::new(ErrorKind::Failed, "the report failed")),
            (other, _) => Reading::Ambiguous(Error::new(
                ErrorKind::Unreadable,
                format!("the report's state is {other}"),
            )),
        }
    }
}

/// The hands of a clock: time passes when someone waits, and when told to.
#[derive(Debug, Default)]
struct Hands(Mutex<(Duration, Vec<Duration>)>);

impl Hands {
    fn advance(&self, by: Duration) {
        self.0.lock().unwrap().0 += by;
    }

    fn waits(&self) -> Vec<u64> {
        let hands = self.0.lock().unwrap();
        hands.1.iter().map(Duration::as_secs).collect()
    }
}

#[derive(Debug)]
struct Scripted(Arc<Hands>);

impl Clock for Scripted {
    fn elapsed(&self) -> Duration {
        self.0.0.lock().unwrap().0
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let hands = self.0.clone();
        Box::pin(async move {
            hands.0.lock().unwrap().1.push(duration);
            hands.advance(duration);
        })
    }
}

#[derive(Debug)]
struct Zero;

impl Random for Zero {
    fn bits(&self) -> u128 {
        0
    }
}

#[derive(Debug)]
struct NoNetwork;

impl HttpClient for NoNetwork {
    fn execute(
        &self,
        _request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async { Err("no network".into()) })
    }
}

/// A poller over a script, and the clock it waits on.
fn report(
    policy: PollPolicy,
    script: impl IntoIterator<Item = Step>,
) -> (Poller<(Report, Arc<Hands>)>, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    let edge = Edge {
        http: Arc::new(NoNetwork),
        clock: Arc::new(Scripted(hands.clone())),
        random: Arc::new(Zero),
    };
    let script = Arc::new(Mutex::new(script.into_iter().collect()));
    let operation = (Report { script }, hands.clone());
    (Poller::new(operation, &edge, policy), hands)
}

fn every(seconds: u64) -> PollPolicy {
    PollPolicy::default().with_wait(super::WaitPolicy::every(Duration::from_secs(seconds)))
}

#[tokio::test]
async fn a_report_is_awaited_by_its_description_alone() {
    let script = [
        Step::Says("PENDING"),
        Step::SaysLater("RUNNING", 30),
        Step::Says("RUNNING"),
        Step::Says("SUCCEEDED"),
    ];
    let (poller, hands) = report(every(5), script);
    let (_, url) = poller.result().await.unwrap();
    assert_eq!(url, "https://reports.example/17");
    assert_eq!(hands.waits(), [5, 30, 5]);
}

#[tokio::test]
async fn looks_tell_what_was_seen_and_the_result_takes_no_further_look() {
    let script = [
        Step::Says("PENDING"),
        Step::Breaks(ErrorKind::Cut),
        Step::Breaks(ErrorKind::RateLimited),
        Step::Says("SUCCEEDED"),
    ];
    let (mut poller, _) = report(every(5), script);
    let mut seen = Vec::new();
    while let Some(look) = poller.next().await {
        let look = look.unwrap();
        seen.push((
            look.number(),
            look.seen(),
            look.next_wait().is_some(),
            look.error().is_some(),
        ));
    }
    assert_eq!(
        seen,
        [
            (1, Seen::NotReady, true, false),
            (2, Seen::Unclear, true, true),
            (3, Seen::RateLimited, true, true),
            (4, Seen::Ready, false, false),
        ]
    );
    assert!(poller.next().await.is_none());
    // The script is used up: another look would panic.
    assert!(poller.result().await.is_ok());
}

#[tokio::test]
async fn a_failed_report_ends_at_once_as_what_it_is() {
    let (poller, hands) = report(every(5), [Step::Says("PENDING"), Step::Says("FAILED")]);
    let error = poller.result().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert_eq!(hands.waits(), [5]);
    let poll = error.poll().unwrap();
    assert_eq!((poll.token(), poll.looks()), ("r-17", 2));
}

#[tokio::test]
async fn the_error_at_the_deadline_says_how_to_go_on() {
    let script = std::iter::repeat_n(Step::Says("RUNNING"), 99);
    let policy = every(20).with_deadline(Duration::from_secs(90));
    let (poller, hands) = report(policy, script);
    let error = poller.result().await.unwrap_err();
    assert!(error.is_not_ready());
    let poll = error.poll().unwrap();
    assert_eq!((poll.token(), poll.looks()), ("r-17", 6));
    assert_eq!(poll.elapsed(), Duration::from_secs(90));
    assert_eq!(hands.waits(), [20, 20, 20, 20, 10]);
    let text = error.to_string();
    for part in ["r-17", "6 looks", "1 min 30 s", "reports.resume(\"r-17\")"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn the_end_of_endurance_lists_what_was_seen() {
    let mut script = vec![Step::Says("RUNNING")];
    script.extend(std::iter::repeat_n(Step::Breaks(ErrorKind::Cut), 4));
    script.extend(std::iter::repeat_n(Step::Breaks(ErrorKind::Timeout), 99));
    let (poller, _) = report(every(20), script);
    let error = poller.result().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let counts: Vec<u32> = error
        .poll()
        .unwrap()
        .unclear()
        .iter()
        .map(|seen| seen.1)
        .collect();
    assert_eq!(counts, [4, 3]);
    let text = error.to_string();
    for part in [
        "2 min 20 s",
        "4 x connection broke",
        "3 x no answer in time",
        "resume",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn an_unknown_state_is_endured_and_named() {
    let (mut poller, _) = report(every(1), [Step::Says("PAUSED"), Step::Says("SUCCEEDED")]);
    let look = poller.next().await.unwrap().unwrap();
    assert_eq!(look.seen(), Seen::Unclear);
    assert!(look.error().unwrap().to_string().contains("PAUSED"));
    assert!(poller.result().await.is_ok());
}

#[tokio::test]
async fn a_refused_connection_is_the_end_unless_the_machine_has_slept() {
    let (poller, _) = report(
        every(1),
        [Step::Says("RUNNING"), Step::Breaks(ErrorKind::Connect)],
    );
    let error = poller.result().await.unwrap_err();
    assert!(error.is_connect());
    assert!(error.to_string().contains("reports.resume"), "{error}");

    let script = [
        Step::Says("RUNNING"),
        Step::SleepsThen(3600, ErrorKind::Connect),
        Step::Says("SUCCEEDED"),
    ];
    let (poller, _) = report(every(1), script);
    assert!(poller.result().await.is_ok());

    let script = [
        Step::Says("RUNNING"),
        Step::SleepsThen(3600, ErrorKind::Connect),
        Step::Breaks(ErrorKind::Connect),
    ];
    let (poller, _) = report(every(1), script);
    assert!(poller.result().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_error_that_was_handed_over_stays_the_end() {
    let (mut poller, _) = report(every(1), [Step::Breaks(ErrorKind::Forbidden)]);
    assert!(poller.next().await.unwrap().is_err());
    assert!(poller.next().await.is_none());
    let error = poller.result().await.unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(error.poll().unwrap().looks(), 1);
}

#[tokio::test]
async fn a_dropped_future_of_a_look_loses_neither_the_look_nor_the_wait() {
    let (mut poller, hands) = report(every(7), [Step::Hangs]);
    {
        let mut next = std::pin::pin!(poller.next());
        let pending = std::future::poll_fn(|context| {
            std::task::Poll::Ready(next.as_mut().poll(context).is_pending())
        });
        assert!(pending.await);
    }
    // The same look is still under way: the script is used up, so a second one would panic.
    let mut next = std::pin::pin!(poller.next());
    let pending = std::future::poll_fn(|context| {
        std::task::Poll::Ready(next.as_mut().poll(context).is_pending())
    });
    assert!(pending.await);
    assert!(hands.waits().is_empty());
}
