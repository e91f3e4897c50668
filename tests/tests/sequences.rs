//! Whole flows under seeded sequences of faults: sign in, create, poll, download; list, fetch, read.
//! No socket and no waiting: the stand-in's core behind a transport of faults, on a paused clock.
//!
//! Each sequence ends in the undisturbed result, or in an error that a fault of it explains, by its
//! deadline, without a secret in what it shows. `SEQUENCES=10000 cargo test -p atlas-billing-tests
//! --test sequences` runs as many; `SEED=0x…` runs one again and says what happened in it.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::doubles::TokioClock;
use atlas_billing::edge::{BoxFuture, Clock as _, ExchangeError, HttpClient, Random};
use atlas_billing::poll::{PollPolicy, Tolerance};
use atlas_billing::{
    Cents, Client, Error, ErrorKind, GroupBy, Month, Months, Org, Result, RetryPolicy, Timeouts,
};
use atlas_billing_mock::{Core, INVOICE_ID, ORG_ID, Ready, ReportSettings, Scenario};
use atlas_billing_tests::planted::{self, Identity};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

/// The limit on silence, before the head and within a body.
const SILENCE: Duration = Duration::from_secs(30);
/// The limit on a whole call.
const TOTAL: Duration = Duration::from_secs(900);
/// How long a poll may be waited for.
const POLLING: Duration = Duration::from_secs(600);

/// What goes wrong with one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// The request does not arrive.
    Refused,
    /// The request arrives, and is acted on; the response does not.
    Lost,
    /// Silence before the head.
    Silent,
    /// The connection breaks within the body.
    Broken,
    /// Silence within the body.
    Stalled,
    /// The body comes in pieces, each just before silence has lasted too long.
    Dripping,
    /// 429 with `Retry-After: 2`.
    Limited,
    /// A status of a gateway or of the service, with a page.
    Status(u16),
    /// 401, as if the token had been revoked.
    Unauthorized,
    /// A web page with 200.
    Html,
}

impl Trouble {
    const ALL: [Self; 13] = [
        Self::Refused,
        Self::Lost,
        Self::Silent,
        Self::Broken,
        Self::Stalled,
        Self::Dripping,
        Self::Limited,
        Self::Status(500),
        Self::Status(502),
        Self::Status(503),
        Self::Status(504),
        Self::Unauthorized,
        Self::Html,
    ];

    /// The kinds of error that it explains.
    fn explains(self) -> &'static [ErrorKind] {
        match self {
            Self::Refused | Self::Lost | Self::Broken => &[ErrorKind::Truncated],
            Self::Silent | Self::Stalled => &[ErrorKind::Timeout],
            Self::Dripping => &[],
            Self::Limited => &[ErrorKind::RateLimited],
            Self::Status(_) => &[ErrorKind::Service],
            Self::Unauthorized => &[ErrorKind::Unauthorized],
            Self::Html => &[ErrorKind::Decode],
        }
    }

    /// Whether a call that meets it once goes on: what breaks within a body may have been handed on
    /// already, and a 500 (a defect, not a busy service) or a page in place of a result is final.
    fn is_survived(self) -> bool {
        !matches!(
            self,
            Self::Broken | Self::Stalled | Self::Html | Self::Status(500)
        )
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same seed.
#[derive(Debug)]
struct Numbers(Mutex<u64>);

impl Numbers {
    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }
}

impl Random for Numbers {
    fn bits(&self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

/// The stand-in's core behind a connection of faults.
struct Weather {
    core: Core,
    clock: Arc<TokioClock>,
    numbers: Numbers,
    /// Of a hundred exchanges so many go wrong.
    percent: usize,
    /// What happened: the request, and what went wrong with it.
    log: Mutex<Vec<(String, Option<Trouble>)>>,
}

impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weather")
    }
}

impl Weather {
    /// The response of the core, at the time of the paused clock.
    fn respond(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let response = self.core.respond_at(&request.into(), self.clock.now());
        assert_eq!(response.fault, None, "the scenario has no faults");
        response.into()
    }
}

impl HttpClient for Weather {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, std::result::Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let body = request.body().and_then(|body| body.as_bytes());
            let mut sent = http::Request::new(Bytes::copy_from_slice(body.unwrap_or_default()));
            *sent.method_mut() = request.method().clone();
            *sent.uri_mut() = request.url().as_str().parse()?;
            *sent.headers_mut() = request.headers().clone();

            let strikes = self.numbers.below(100) < self.percent;
            let trouble = Trouble::ALL[self.numbers.below(Trouble::ALL.len())];
            // The token endpoint rejects a secret, and a storage host knows no tokens.
            let authorization = sent.headers().get(http::header::AUTHORIZATION);
            let has_token =
                authorization.is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
            let trouble = (trouble != Trouble::Unauthorized || has_token).then_some(trouble);
            let trouble = trouble.filter(|_| strikes);
            let line = format!("{} {}", sent.method(), sent.uri().path());
            self.log.lock().unwrap().push((line, trouble));

            let page = |status: u16, body: &'static str| {
                let response = http::Response::builder().status(status);
                let response = response.header("content-type", "text/html");
                Ok(response
                    .body(Bytes::from(body))
                    .unwrap()
                    .map(reqwest::Body::from)
                    .into())
            };
            match trouble {
                None => Ok(self.respond(sent).map(reqwest::Body::from).into()),
                Some(Trouble::Refused) => Err("the connection was refused".into()),
                Some(Trouble::Lost) => {
                    self.respond(sent);
                    Err("the connection was closed".into())
                }
                Some(Trouble::Silent) => std::future::pending().await,
                Some(Trouble::Status(status)) => page(status, "<html>gateway</html>"),
                Some(Trouble::Html) => page(200, "<!DOCTYPE html><html>sign in</html>"),
                Some(Trouble::Unauthorized) => page(401, "{\"error\":401}"),
                Some(Trouble::Limited) => {
                    let response = http::Response::builder().status(429);
                    let response = response.header("retry-after", "2");
                    Ok(response
                        .body(Bytes::new())
                        .unwrap()
                        .map(reqwest::Body::from)
                        .into())
                }
                Some(trouble) => Ok(self
                    .respond(sent)
                    .map(|body| disturbed(trouble, body))
                    .into()),
            }
        })
    }
}

/// A body on which the trouble acts.
fn disturbed(trouble: Trouble, body: Bytes) -> reqwest::Body {
    let half = body.slice(..body.len() / 2);
    let pieces = |pieces: Vec<Bytes>| stream::iter(pieces).map(Ok::<_, ExchangeError>);
    match trouble {
        Trouble::Broken => {
            let broken = stream::once(async { Err("the connection was reset".into()) });
            reqwest::Body::wrap_stream(pieces(vec![half]).chain(broken))
        }
        Trouble::Stalled => reqwest::Body::wrap_stream(pieces(vec![half]).chain(stream::pending())),
        _ => {
            let rest = body.slice(half.len()..);
            let late = pieces(vec![half, rest]).then(|piece| async {
                tokio::time::sleep(SILENCE - Duration::from_secs(1)).await;
                piece
            });
            reqwest::Body::wrap_stream(late)
        }
    }
}

/// What is done with the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Sign in, create a query, poll for it, read its report.
    Costs,
    /// The same, as a CSV file.
    CostsCsv,
    /// Sign in, list the invoices, read the newest closed one item by item.
    Items,
    /// Sign in, have a report made, poll for it, download it.
    Focus,
}

impl Flow {
    const ALL: [Self; 4] = [Self::Costs, Self::CostsCsv, Self::Items, Self::Focus];

    async fn run(self, org: &Org) -> Result<String> {
        let months = || Months::new(Month::new(2025, 1)?, Month::new(2025, 2)?);
        match self {
            Self::Costs => {
                let report = org.costs(months()?).group_by(GroupBy::Services).await?;
                Ok(format!("{} rows, {}", report.rows().len(), report.total()?))
            }
            Self::CostsCsv => {
                let query = org
                    .costs(months()?)
                    .group_by(GroupBy::Services)
                    .start()
                    .await?;
                let file = query.csv().await?.bytes().await?;
                Ok(format!("{} bytes", file.len()))
            }
            Self::Items => {
                let invoices = org.invoices().await?;
                let id = INVOICE_ID;
                assert!(
                    invoices
                        .iter()
                        .any(|invoice| invoice.id.as_deref() == Some(id))
                );
                let mut items = org.invoice(id.parse()?).line_items().await?;
                let (mut count, mut sum) = (0, Cents::ZERO);
                while let Some(item) = items.next().await {
                    count += 1;
                    sum += item?.gross();
                }
                assert!(
                    items.head().is_some(),
                    "a stream that ended well has a head"
                );
                Ok(format!("{count} items, {sum}"))
            }
            Self::Focus => {
                let mut rows = org.focus_report(INVOICE_ID.parse()?).await?;
                let (mut count, mut text) = (0, String::new());
                while let Some(row) = rows.next().await {
                    count += 1;
                    text = format!("{:?}", row?.billed_cost());
                }
                Ok(format!("{count} rows, the last {text}"))
            }
        }
    }
}

/// What came of one sequence.
struct Ended {
    result: Result<String>,
    took: Duration,
    log: Vec<(String, Option<Trouble>)>,
}

async fn run(flow: Flow, seed: u64, percent: usize) -> Ended {
    let started = Instant::now();
    let clock = TokioClock::new();
    let scenario = Scenario::builder()
        .today("2025-03-10".parse().unwrap())
        .sign_in(Identity::Account.sign_in())
        .ready(Ready::AfterPolls(2))
        .reports(ReportSettings::default().ready(Ready::AfterPolls(2)));
    let weather = Arc::new(Weather {
        core: Core::new(scenario.build()),
        clock: clock.clone(),
        numbers: Numbers(Mutex::new(seed)),
        percent,
        log: Mutex::default(),
    });
    let timeouts = Timeouts::default().with_head(SILENCE).with_idle(SILENCE);
    let client = Client::builder(Identity::Account.credentials())
        .http_client(weather.clone())
        .clock(clock)
        .random(Arc::new(Numbers(Mutex::new(!seed))))
        .timeouts(timeouts.with_total(TOTAL))
        .retry(RetryPolicy::new())
        .polling(
            PollPolicy::default()
                .with_tolerance(Tolerance::of(Duration::from_secs(120)))
                .with_poll_timeout(SILENCE)
                .with_deadline(POLLING),
        )
        .build()
        .unwrap();
    let result = flow.run(&client.org(ORG_ID.parse().unwrap())).await;
    let log = weather.log.lock().unwrap().clone();
    Ended {
        result,
        took: started.elapsed(),
        log,
    }
}

/// Every text of an error and of what caused it.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {:?}", error.excerpt());
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, " {cause} {cause:?}");
        next = cause.source();
    }
    text
}

/// What is wrong with how a sequence ended, if anything.
fn trouble(ended: &Ended, undisturbed: &str) -> Option<String> {
    let struck: Vec<Trouble> = ended
        .log
        .iter()
        .filter_map(|(_, trouble)| *trouble)
        .collect();
    // A poll that was due at the deadline is made, and a request that was sent may be silent.
    let latest = TOTAL + SILENCE;
    if ended.took > latest {
        return Some(format!("it took {:?}", ended.took));
    }
    let error = match &ended.result {
        Ok(result) if result == undisturbed => return None,
        Ok(result) => return Some(format!("another result: {result}")),
        Err(error) => error,
    };
    if let Some(secret) = planted::in_text(&shown(error)) {
        return Some(format!("it shows {secret}"));
    }
    let mut explained: BTreeSet<String> = BTreeSet::new();
    for kind in struck.iter().flat_map(|trouble| trouble.explains()) {
        explained.insert(format!("{kind:?}"));
    }
    if ended.took >= POLLING {
        explained.insert(format!("{:?}", ErrorKind::NotReady));
    }
    if ended.took + SILENCE >= TOTAL {
        explained.insert(format!("{:?}", ErrorKind::Timeout));
    }
    let kind = format!("{:?}", error.kind());
    if !explained.contains(&kind) {
        return Some(format!("{kind} is explained by nothing: {error}"));
    }
    // A new token between two failures is no success of the request that fails: rejected again, it
    // is final.
    let calls = ended
        .log
        .iter()
        .filter(|(line, trouble)| trouble.is_some() || !line.ends_with("/api/oauth/token"));
    let calls: Vec<bool> = calls.map(|(_, trouble)| trouble.is_some()).collect();
    let alone = calls.windows(2).all(|pair| pair != [true, true]);
    if alone && struck.iter().all(|trouble| trouble.is_survived()) {
        return Some(format!("it should have gone on: {error}"));
    }
    None
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(parsed.unwrap_or_else(|_| panic!("{name} is no number")))
}

#[tokio::test(start_paused = true)]
async fn each_sequence_of_faults_ends_in_its_result_or_the_right_error() {
    let mut undisturbed = Vec::new();
    for flow in Flow::ALL {
        undisturbed.push(run(flow, 1, 0).await.result.expect("undisturbed"));
    }
    let seeds = match (number("SEED"), number("SEQUENCES")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(200),
    };
    let alone = seeds.end - seeds.start == 1;
    let (mut results, mut errors) = (0_u32, 0_u32);
    let mut wrong = Vec::new();
    for seed in seeds {
        let at = usize::try_from(seed % 4).unwrap();
        // From a fault now and then to one in every other exchange.
        let percent = [5, 15, 30, 50][usize::try_from(seed / 4 % 4).unwrap()];
        let ended = run(Flow::ALL[at], seed, percent).await;
        if alone {
            for (request, trouble) in &ended.log {
                println!("{request}: {trouble:?}");
            }
            println!("{:?} after {:?}", ended.result, ended.took);
        }
        match ended.result {
            Ok(_) => results += 1,
            Err(_) => errors += 1,
        }
        if let Some(what) = trouble(&ended, &undisturbed[at]) {
            wrong.push(format!("SEED={seed:#x} {:?}: {what}", Flow::ALL[at]));
        }
    }
    println!("{results} ended in their result, {errors} in an error");
    assert!(
        wrong.is_empty(),
        "{} sequences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Either is there to be seen, or the weather is not what it is meant to be.
    assert!(
        alone || results > 0 && errors > 0,
        "{results} results, {errors} errors"
    );
}
