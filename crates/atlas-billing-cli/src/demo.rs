//! The stand-in inside the binary: `--demo`, and the command `mock`.

use std::io::Write;

use atlas_billing::Month;
use atlas_billing_mock::{
    INVOICE_ID, InvoicePlan, ORG_ID, Ready, Scenario, ScenarioBuilder, StandIn,
};

use crate::args::MockArgs;
use crate::commands::Context;
use crate::failure::{Failure, exit};

/// A query is ready at its third poll: long enough to see progress, and no longer.
const POLLS: u64 = 2;

/// Starts the stand-in of `--demo`.
pub(crate) async fn start(context: &Context) -> Result<StandIn, Failure> {
    let voice = &context.voice;
    voice.must("Demonstration: the data is made up, and nothing leaves this machine");
    listening(StandIn::start(scenario(context).build()).await)
}

fn scenario(context: &Context) -> ScenarioBuilder {
    let ready = Ready::AfterPolls(POLLS);
    Scenario::builder()
        .today(context.today)
        .with_linked_invoices()
        // Its own, the one that it pays for, and one of somebody else's.
        .organizations(3)
        .ready(ready)
}

fn listening(started: std::io::Result<StandIn>) -> Result<StandIn, Failure> {
    started.map_err(|error| {
        Failure::new(
            exit::OTHER,
            format!("the stand-in cannot listen on loopback: {error}"),
        )
    })
}

/// Runs the command `mock` until it is interrupted.
pub(crate) async fn serve(context: &Context, args: &MockArgs) -> Result<(), Failure> {
    let mut scenario = scenario(context).seed(args.seed);
    if let Some(items) = args.items {
        let month = Month::of(context.today).prev();
        let plan = InvoicePlan::new(INVOICE_ID).month(month.year(), month.month());
        scenario = scenario.invoice(plan.seed(args.seed).items(items));
    }
    let port = args.port.unwrap_or(0);
    let stand_in = listening(StandIn::start_on(scenario.build(), port).await)?;
    let base_url = stand_in.base_url();
    context
        .voice
        .note("A stand-in for Atlas with made-up data; any credentials will do. In another shell:");
    context.voice.note(&format!(
        "  export MONGODB_ATLAS_BASE_URL={base_url} MONGODB_ATLAS_ORG_ID={ORG_ID} \
         MONGODB_ATLAS_ACCESS_TOKEN=any"
    ));
    context.voice.note("  atlas-billing costs");
    context.voice.note("Interrupt to end");
    let mut sink = context.sink()?;
    writeln!(sink, "{base_url}")?;
    sink.finish()?;
    std::future::pending().await
}
