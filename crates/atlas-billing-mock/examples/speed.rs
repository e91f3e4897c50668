//! How fast invoices are made, so that a benchmark knows what of its time is the stand-in's:
//! `cargo run --release -p atlas-billing-mock --example speed [ITEMS]`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use atlas_billing_mock::{
    Core, INVOICE_ID, InvoicePlan, ORG_ID, Request, Scenario, StandIn, Variety,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let items = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |text| text.parse())?;
    for variety in [Variety::Plain, Variety::Wild] {
        let plan = InvoicePlan::new(INVOICE_ID).items(items).variety(variety);
        let scenario = Scenario::builder().without_invoices().invoice(plan).build();
        let started = Instant::now();
        let facts = scenario.facts(INVOICE_ID).ok_or("no facts")?;
        println!(
            "{variety:?}, {} items: figures in {:?}",
            facts.line_items,
            started.elapsed()
        );
        for form in ["json", "csv"] {
            let started = Instant::now();
            let made = make(scenario.clone(), form)?;
            report(form, "made", made, items, started);
            let atlas = StandIn::start(scenario.clone()).await?;
            let started = Instant::now();
            let read = fetch(&atlas, form)?;
            report(form, "over loopback", read, items, started);
        }
        let started = Instant::now();
        let made = make_focus(scenario)?;
        report("focus", "made", made, items, started);
    }
    Ok(())
}

fn target() -> String {
    format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}")
}

fn accept(form: &str) -> String {
    format!("application/vnd.atlas.2023-01-01+{form}")
}

fn make(scenario: Scenario, form: &str) -> Result<usize, Box<dyn Error>> {
    let request = Request::get(target()).header(http::header::ACCEPT, &accept(form));
    let response = Core::new(scenario).respond(&request);
    Ok(response.body.into_pieces().map(|piece| piece.len()).sum())
}

/// The FOCUS file: a report, its URL and the download.
fn make_focus(scenario: Scenario) -> Result<usize, Box<dyn Error>> {
    let core = Core::new(scenario);
    let version = "application/vnd.atlas.2025-03-12+json";
    let json = |request: Request| -> Result<serde_json::Value, serde_json::Error> {
        let request = request.header(http::header::ACCEPT, version);
        let response = core.respond(&request.header(http::header::CONTENT_TYPE, version));
        serde_json::from_slice(&response.body.into_bytes())
    };
    let reports = format!("{}/reports", target());
    let body = r#"{"reportType":"FOCUS","reportFormat":"CSV"}"#;
    let created = json(Request::post(&*reports, body))?;
    let id = created["reportId"].as_str().ok_or("no report")?;
    let report = json(Request::get(format!("{reports}/{id}")))?;
    let url = report["downloadUrl"].as_str().ok_or("no URL")?;
    let pieces = core.respond(&Request::get(url)).body.into_pieces();
    Ok(pieces.map(|piece| piece.len()).sum())
}

fn fetch(atlas: &StandIn, form: &str) -> Result<usize, Box<dyn Error>> {
    let mut stream = TcpStream::connect(atlas.address())?;
    let (target, accept) = (target(), accept(form));
    write!(
        stream,
        "GET {target} HTTP/1.1\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
    )?;
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(total),
            count => total += count,
        }
    }
}

fn report(form: &str, what: &str, bytes: usize, items: u64, started: Instant) {
    let time = started.elapsed();
    let rate = bytes as f64 / time.as_secs_f64() / 1e6;
    let each = bytes as f64 / items as f64;
    println!("  {form:5} {what:14} {time:>12.3?} {rate:>6.0} MB/s, {each:.0} bytes an item");
}
