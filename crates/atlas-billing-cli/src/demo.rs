//! The stand-in inside the binary: `--demo`, and the command `mock`.

#[cfg(feature = "demo")]
pub(crate) use with_stand_in::{Running, serve, start};
#[cfg(not(feature = "demo"))]
pub(crate) use without::{Running, serve, start};

#[cfg(feature = "demo")]
mod with_stand_in {
    use std::io::Write;

    use atlas_billing::{Month, OrgId};
    use atlas_billing_mock::{INVOICE_ID, InvoicePlan, ORG_ID, Ready, Scenario, StandIn};

    use crate::args::MockArgs;
    use crate::context::Context;
    use crate::exit::Exit;
    use crate::failure::Failure;

    /// A query is ready at its third look: long enough to see progress, and no longer.
    const LOOKS: u64 = 2;

    /// A stand-in that lives as long as this does.
    pub(crate) struct Running(StandIn);

    impl Running {
        pub(crate) fn base_url(&self) -> String {
            self.0.base_url()
        }

        /// The made-up organization.
        pub(crate) fn org(&self) -> Result<OrgId, Failure> {
            Ok(ORG_ID.parse()?)
        }
    }

    /// Starts the stand-in of `--demo`.
    pub(crate) async fn start(context: &Context) -> Result<Running, Failure> {
        context
            .voice
            .must("Demonstration: the data is made up, and nothing leaves this machine.");
        let scenario = Scenario::builder()
            .today(context.today)
            .with_linked_invoices()
            .ready(Ready::AfterLooks(LOOKS))
            .build();
        StandIn::start_raw(scenario)
            .await
            .map(Running)
            .map_err(|error| cannot_start(&error))
    }

    /// Runs the command `mock` until it is interrupted.
    pub(crate) async fn serve(context: &Context, args: &MockArgs) -> Result<(), Failure> {
        let mut scenario = Scenario::builder()
            .today(context.today)
            .seed(args.seed)
            .with_linked_invoices()
            .ready(Ready::AfterLooks(LOOKS));
        if let Some(items) = args.items {
            let month = Month::of(context.today).prev();
            let plan = InvoicePlan::new(INVOICE_ID).month(month.year(), month.month());
            scenario = scenario.invoice(plan.seed(args.seed).items(items));
        }
        let stand_in = StandIn::start_raw_on(scenario.build(), args.port.unwrap_or(0))
            .await
            .map_err(|error| cannot_start(&error))?;
        let base_url = stand_in.base_url();
        context.voice.note(&format!(
            "A stand-in for Atlas with made-up data; any credentials will do. In another shell:\n  \
             export MONGODB_ATLAS_BASE_URL={base_url} MONGODB_ATLAS_ORG_ID={ORG_ID} \
             MONGODB_ATLAS_ACCESS_TOKEN=any\n  atlas-billing costs\nInterrupt to end."
        ));
        let mut sink = context.sink()?;
        writeln!(sink, "{base_url}")?;
        sink.finish()?;
        std::future::pending().await
    }

    fn cannot_start(error: &std::io::Error) -> Failure {
        Failure::new(
            Exit::Other,
            format!("the stand-in cannot listen on loopback: {error}."),
        )
    }
}

#[cfg(not(feature = "demo"))]
mod without {
    use std::convert::Infallible;

    use atlas_billing::OrgId;

    use crate::args::MockArgs;
    use crate::context::Context;
    use crate::failure::Failure;

    /// There is none in this build.
    pub(crate) struct Running(Infallible);

    impl Running {
        pub(crate) fn base_url(&self) -> String {
            match self.0 {}
        }

        pub(crate) fn org(&self) -> Result<OrgId, Failure> {
            match self.0 {}
        }
    }

    pub(crate) async fn start(_: &Context) -> Result<Running, Failure> {
        Err(missing())
    }

    pub(crate) async fn serve(_: &Context, _: &MockArgs) -> Result<(), Failure> {
        Err(missing())
    }

    fn missing() -> Failure {
        Failure::usage(
            "this build has no stand-in: build it with the feature demo, which is on by default.",
        )
    }
}
