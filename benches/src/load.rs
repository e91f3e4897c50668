//! One client under load: thousands of calls at a time, FOCUS reports and their downloads among them,
//! faults among the responses, and a rate limit that is always reached. No call may be lost or end in
//! another's result, no wait may be shorter than what was asked for, and memory has to stay level.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use atlas_billing::poll::{Backoff, PollPolicy, Tolerance};
use atlas_billing::{
    Cents, Client, Credentials, Decimal, InvoiceId, Observer, Org, RequestEvent, RetryPolicy,
};
use atlas_billing_mock::{At, Fault, InvoicePlan, ORG_ID, On, RateLimit, Scenario, StandIn};

use crate::Result;
use crate::gauge::{processor_time, resident_kib};
use crate::process::Server;
use crate::table::markdown;

/// Invoices of the stand-in; the nth has n items, so that one response taken for another shows.
const INVOICES: u64 = 32;

/// Of so many callers one requests FOCUS reports, each a new one.
const REPORTS: u64 = 16;

/// Requests a second that the stand-in lets through, after a first second's worth at once.
const RATE: u32 = 300;

fn invoice_id(number: u64) -> String {
    format!("66b1{number:020x}")
}

/// The stand-in's process: its address first, and once a line comes in what was requested.
pub(crate) async fn serve() -> Result<()> {
    let mut scenario = Scenario::builder()
        .without_invoices()
        .history(usize::MAX)
        .rate_limit(RateLimit::new(RATE, f64::from(RATE) * 60.0))
        // About two in a hundred: primes, so that the four kinds seldom meet.
        .fault(On::any().every(193), Fault::Gateway(502))
        .fault(On::any().every(197), Fault::Gateway(503))
        .fault(On::any().every(199), Fault::Close(At::BeforeHead))
        .fault(On::any().every(211), Fault::Reset(At::Body(100)));
    for number in 1..=INVOICES {
        scenario = scenario.invoice(
            InvoicePlan::new(invoice_id(number))
                .items(number)
                .credits(0),
        );
    }
    let stand_in = StandIn::start(scenario.build()).await?;
    println!("{}", stand_in.base_url());
    std::io::stdin().read_line(&mut String::new())?;
    let requests = stand_in.requests();
    let with = |status: u16| {
        requests
            .iter()
            .filter(|request| request.status == status)
            .count()
    };
    println!("{} {} {}", requests.len(), with(200), with(429));
    Ok(())
}

/// What the client's own observer counts.
#[derive(Debug, Default)]
struct Counts {
    responses: AtomicU64,
    failures: AtomicU64,
    waits: AtomicU64,
    too_soon: AtomicU64,
}

impl Observer for Counts {
    fn observe(&self, event: &RequestEvent<'_>) {
        match event {
            RequestEvent::Response { .. } => self.responses.fetch_add(1, Ordering::Relaxed),
            RequestEvent::Failure { .. } => self.failures.fetch_add(1, Ordering::Relaxed),
            RequestEvent::Wait { wait, error, .. } => {
                if let Some(asked) = error.and_then(|error| error.retry_after()) {
                    self.waits.fetch_add(1, Ordering::Relaxed);
                    self.too_soon
                        .fetch_add(u64::from(*wait < asked), Ordering::Relaxed);
                }
                0
            }
            _ => 0,
        };
    }
}

/// How the calls ended.
#[derive(Debug, Default)]
struct Ends {
    started: AtomicU64,
    reports: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    failed: AtomicU64,
}

/// Runs the load: `[--seconds N] [--calls N]`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let (mut seconds, mut calls) = (60, 2_000);
    for pair in arguments.chunks(2) {
        match pair {
            ["--seconds", value] => seconds = value.parse()?,
            ["--calls", value] => calls = value.parse()?,
            _ => return Err("usage: load [--seconds N] [--calls N]".into()),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(load(Duration::from_secs(seconds), calls))
}

async fn load(time: Duration, calls: u64) -> Result<()> {
    let mut server = Server::start("stand-in")?;
    let counts = Arc::new(Counts::default());
    let patient = RetryPolicy::new()
        .with_max_attempts(10_000)
        .with_max_elapsed(time + Duration::from_secs(600))
        .with_base(Duration::from_millis(50))
        .with_cap(Duration::from_secs(2));
    let client = Client::builder(Credentials::bearer("made-up"))
        .base_url(&server.base_url)
        .retry(patient)
        .observer(Arc::clone(&counts) as Arc<dyn Observer>)
        .build()?;
    let org = client.org(ORG_ID.parse()?);
    // What a report has to come to is known from the invoice.
    let mut net = Vec::new();
    for number in 1..=INVOICES {
        let invoice = org.invoice(invoice_id(number).parse()?).await?;
        net.push(invoice.line_items.iter().map(|item| item.net()).sum());
    }
    let net: Arc<[Cents]> = net.into();
    let ends = Arc::new(Ends::default());
    let start = Instant::now();
    let callers: Vec<_> = (0..calls)
        .map(|number| {
            let (org, ends, net) = (org.clone(), Arc::clone(&ends), Arc::clone(&net));
            let end = start + time;
            tokio::spawn(async move {
                let (own, in_turn) = (number % INVOICES, number / INVOICES);
                match (in_turn % REPORTS, net.get(usize::try_from(own)?)) {
                    (0, Some(net)) => reporter(&org, own + 1, *net, end, &ends).await,
                    _ => caller(&org, own + 1, end, &ends).await,
                }
            })
        })
        .collect();
    let memory = watch_memory(time).await;
    for caller in callers {
        caller.await??;
    }
    let (took, cpu) = (start.elapsed(), processor_time());
    let line = server.ask()?;
    let seen: Vec<u64> = line
        .split(' ')
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    let seen = seen
        .try_into()
        .map_err(|_| format!("three numbers, not {line:?}"))?;
    report(&ends, &counts, &seen, &memory, (took, cpu))
}

/// One caller: call after call until the time is over, each waited for to its end.
async fn caller(org: &Org, number: u64, end: Instant, ends: &Ends) -> Result<()> {
    let id: InvoiceId = invoice_id(number).parse()?;
    while Instant::now() < end {
        ends.started.fetch_add(1, Ordering::Relaxed);
        let outcome = org.invoice(id).await;
        let counter = match outcome {
            Ok(invoice) => {
                let own = invoice.id.as_deref() == Some(id.as_str());
                let right = own && invoice.line_items.len() as u64 == number;
                if right { &ends.right } else { &ends.wrong }
            }
            Err(error) => {
                eprintln!("{error}");
                &ends.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// One caller who requests report after report, downloads each and adds it up.
async fn reporter(org: &Org, number: u64, net: Cents, end: Instant, ends: &Ends) -> Result<()> {
    let id: InvoiceId = invoice_id(number).parse()?;
    let patient = PollPolicy::default()
        .with_backoff(Backoff::for_reports())
        .with_tolerance(Tolerance::of(Duration::from_secs(600)))
        .with_deadline(Duration::from_secs(600));
    let report = async || -> atlas_billing::Result<(u64, Decimal)> {
        let request = org.focus_report(id).fresh(true).polling(patient);
        let (mut count, mut sum) = (0, Decimal::ZERO);
        let mut rows = request.await?;
        while let Some(row) = rows.next().await {
            sum += row?.billed_cost().unwrap_or_default();
            count += 1;
        }
        Ok((count, sum * Decimal::ONE_HUNDRED))
    };
    while Instant::now() < end {
        ends.started.fetch_add(1, Ordering::Relaxed);
        ends.reports.fetch_add(1, Ordering::Relaxed);
        let counter = match report().await {
            Ok(found) if found == (number, net.get().into()) => &ends.right,
            Ok(found) => {
                eprintln!("{found:?} of a report of {number} rows and {net}");
                &ends.wrong
            }
            Err(error) => {
                eprintln!("{error}");
                &ends.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The resident size in KiB, twelve times over the load.
async fn watch_memory(time: Duration) -> Vec<u64> {
    let mut seen = Vec::new();
    for _ in 0..12 {
        tokio::time::sleep(time / 12).await;
        seen.push(resident_kib());
    }
    seen
}

fn report(
    ends: &Ends,
    counts: &Counts,
    seen: &[u64; 3],
    memory: &[u64],
    (took, cpu): (Duration, Duration),
) -> Result<()> {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (started, right) = (of(&ends.started), of(&ends.right));
    let (wrong, failed) = (of(&ends.wrong), of(&ends.failed));
    let (responses, failures) = (of(&counts.responses), of(&counts.failures));
    let (waits, too_soon) = (of(&counts.waits), of(&counts.too_soon));
    let [seen, whole, limited] = *seen;
    let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
    // What the first calls take (connections, pools) is there after a quarter of the time.
    let settled = memory.get(2).copied().unwrap_or(0);
    let last = memory.last().copied().unwrap_or(0);
    let most = memory.iter().max().copied().unwrap_or(0);
    let row = |what: &str, figure: String| vec![what.to_owned(), figure];
    let rows = [
        row("calls started", started.to_string()),
        row("of them FOCUS reports", of(&ends.reports).to_string()),
        row("ended in their own result", right.to_string()),
        row("ended in another", wrong.to_string()),
        row("ended in an error", failed.to_string()),
        row(
            "requests sent, by the client",
            (responses + failures).to_string(),
        ),
        row("requests seen, by the stand-in", seen.to_string()),
        row("of them 200, some truncated", whole.to_string()),
        row("of them rejected by the rate limit", limited.to_string()),
        row("waits after a Retry-After", waits.to_string()),
        row("of them shorter than that", too_soon.to_string()),
        row("requests without a response", failures.to_string()),
        row(
            "calls a second",
            format!("{:.0}", right as f64 / took.as_secs_f64()),
        ),
        row(
            "cpu seconds of the client",
            format!("{:.1}", cpu.as_secs_f64()),
        ),
        row("resident MiB after a quarter", mib(settled)),
        row("resident MiB at the end", mib(last)),
        row("resident MiB at most", mib(most)),
    ];
    println!("{}", markdown(&["load", "figure"], &rows));
    let held = [
        ("no call is lost", started == right + wrong + failed),
        (
            "none ends in another's result or in an error",
            wrong == 0 && failed == 0,
        ),
        (
            "what was sent is what was seen",
            responses + failures == seen,
        ),
        ("each result was sent once", right <= whole),
        ("no wait is shorter than its Retry-After", too_soon == 0),
        ("the limit was reached", limited > 0 && waits > 0),
        ("memory is level", last <= settled + settled / 4),
    ];
    let broken: Vec<&str> = held
        .iter()
        .filter(|(_, held)| !held)
        .map(|(what, _)| *what)
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!("does not hold: {}", broken.join("; ")).into())
}
