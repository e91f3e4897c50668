//! Every public type, printed after a client has signed in with planted secrets.

use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use atlas_billing::*;
use atlas_billing_mock::{ORG_ID, Ready, Scenario, StandIn};
use atlas_billing_tests::planted::{self, BEARER, CLIENT_ID, CLIENT_SECRET, Identity, PRIVATE_KEY};
use atlas_billing_tests::protocol::Protocol;

/// Texts by the name of what they show.
#[derive(Default)]
struct Shown(Vec<(&'static str, String)>);

impl Shown {
    fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        self.0.push((name, format!("{value:?} {value:#?}")));
    }

    fn both<T: Debug + std::fmt::Display>(&mut self, name: &'static str, value: &T) {
        self.0.push((name, format!("{value:?} {value:#?} {value}")));
    }
}

/// Keeps what it is told, as text.
#[derive(Debug, Default)]
struct Told(Mutex<String>);

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        let _ = write!(self.0.lock().unwrap(), "{event:?} {event:#?}");
    }
}

#[tokio::test]
async fn no_public_type_shows_a_secret() {
    for identity in Identity::ALL {
        let mut shown = Shown::default();
        for protocol in Protocol::BOTH {
            show(&mut shown, identity, protocol).await;
        }
        for (name, text) in &shown.0 {
            assert!(!text.is_empty(), "{name}");
            let secret = planted::in_text(text);
            assert_eq!(secret, None, "{identity:?}, {name}: {text}");
        }
        let names: Vec<&str> = shown.0.iter().map(|(name, _)| *name).collect();
        let left_out: Vec<String> = exported()
            .into_iter()
            .filter(|name| !names.contains(&name.as_str()) && !NO_VALUES.contains(&name.as_str()))
            .collect();
        assert!(left_out.is_empty(), "not printed: {left_out:?}");
    }
}

/// What is exported and is no value to print: constants, functions, traits, aliases, other crates.
const NO_VALUES: [&str; 12] = [
    "COMMERCIAL",
    "GOVERNMENT",
    "Observer",
    "Result",
    "atlas_billing_raw",
    "chrono",
    "decimal_of_f64",
    "parse_decimal",
    "raw",
    "read_records",
    "reqwest",
    "Decimal",
];

/// The names that the library and its public modules export.
fn exported() -> Vec<String> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-billing/src");
    let mut source = String::new();
    for file in ["lib.rs", "csv/mod.rs", "edge/mod.rs", "money/mod.rs"] {
        source += &std::fs::read_to_string(library.join(file)).unwrap();
    }
    let mut names = Vec::new();
    for export in source.split("pub use ").skip(1) {
        let (export, _) = export.split_once(';').unwrap();
        let list = export.split_once('{').map_or(export, |(_, list)| list);
        for name in list.trim_end_matches('}').split(',') {
            let name = name.trim().rsplit("::").next().unwrap();
            let name = name.rsplit(" as ").next().unwrap();
            if !name.is_empty() {
                names.push(name.to_owned());
            }
        }
    }
    assert!(names.len() > 50, "{names:?}");
    names
}

async fn show(shown: &mut Shown, identity: Identity, protocol: Protocol) {
    let scenario = Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .sign_in(identity.sign_in())
        .with_linked_invoices()
        .ready(Ready::AfterLooks(1));
    let stand_in = StandIn::start_raw(scenario.build()).await.unwrap();
    let told = Arc::new(Told::default());
    let builder = || {
        let builder = Client::builder(identity.credentials())
            .base_url(stand_in.base_url())
            .allow_plain_http("proxy.example")
            .observer(told.clone());
        protocol.on(builder)
    };
    shown.debug("ClientBuilder", &builder());
    let client = builder().build().unwrap();
    let org = client.org(ORG_ID.parse().unwrap());

    // From here on the client holds a token, or a challenge.
    let request = org.costs("2025-01..2025-02".parse().unwrap());
    shown.debug("CostRequest", &request);
    let mut query = request.clone().start().await.unwrap();
    shown.debug("Query", &query);
    let look = query.next().await.unwrap().unwrap();
    shown.both("Look", &look);
    shown.both("Seen", &look.seen());
    shown.both("QueryToken", query.token());
    let looks = query.into_stream();
    shown.debug("Looks", &looks);
    let report = looks.into_query().await.unwrap();
    shown.debug("CostReport", &report);
    shown.debug("CostRow", &report.rows()[0]);
    let file = org.resume(report.token().clone()).csv().await.unwrap();
    shown.debug("CostFile", &file);
    shown.debug("Client", &client);
    shown.debug("Org", &org);
    shown.debug("raw", &client.raw());
    shown.debug("raw", &client.raw_with(Form::Csv, &CallOptions::new()));

    let request = org.current_invoice().linked_items(true);
    shown.debug("InvoiceRequest", &request);
    shown.debug("CsvRequest", &request.clone().csv());
    let file = request.clone().csv().await.unwrap();
    shown.debug("InvoiceFile", &file);
    let mut records = file.records();
    let record = records.next().await.unwrap().unwrap();
    shown.debug("Record", &record);
    shown.debug("Header", record.header());
    shown.debug("Row", record.row());
    shown.debug("Fields", &record.row().fields());
    shown.debug("Records", &records);
    let mut rows = request.clone().csv().await.unwrap().rows();
    shown.debug("InvoiceRow", &rows.next().await.unwrap().unwrap());
    shown.debug("InvoicePreamble", &rows.preamble());
    shown.debug("InvoiceCsv", &rows);
    shown.debug("SystemClock", &edge::SystemClock::new());
    shown.debug("OsRandom", &edge::OsRandom::new());
    let mut items = request.clone().line_items().await.unwrap();
    shown.debug("LineItems", &items);
    let item = items.next().await.unwrap().unwrap();
    shown.debug("LineItem", &item);
    while let Some(item) = items.next().await {
        if let Some(linked) = item.unwrap().linked() {
            shown.debug("Linked", linked);
        }
    }
    let invoice = request.await.unwrap();
    shown.debug("Invoice", &invoice);
    shown.debug("InvoiceHead", invoice.head());
    shown.debug("InvoiceOwed", &invoice.head().owed_as_documented());
    let payments = invoice.head().payments.iter().flatten();
    let owed: Vec<Option<PaymentOwed>> = payments
        .map(|payment| invoice.head().payment_owed_as_documented(payment))
        .collect();
    shown.debug("PaymentOwed", &owed);
    let reconciliation = invoice.reconcile();
    shown.debug("Reconciliation", &reconciliation);
    let totals = invoice.total_by(&[Dimension::Project, Dimension::Sku]);
    shown.debug("Totals", &totals);
    shown.debug("Group", &totals);
    shown.debug("Key", &totals);
    shown.debug("Project", &totals);
    shown.debug("Total", &totals);
    shown.debug("ItemSums", &reconciliation);
    let meta = invoice.meta().unwrap();
    shown.debug("ResponseMeta", meta);
    shown.debug("RateLimit", &meta.rate_limit());
    let list = org.invoices();
    shown.debug("ListRequest", &list);
    let mut stream = list.into_stream();
    let summary = stream.next().await.unwrap().unwrap();
    shown.debug("Invoices", &stream);
    shown.debug("InvoiceSummary", &summary);

    // A refusal, with all that it holds.
    let error = org
        .resume("f".repeat(64).parse().unwrap())
        .await
        .unwrap_err();
    shown.both("Error", &error);
    shown.both("ErrorKind", &error.kind());
    shown.debug("FieldViolation", &error.field_violations());
    shown.debug("PollOutcome", &error.poll().unwrap());
    shown.debug("BodyStream", &client.raw().get_org_invoice_bytes());
    shown.0.push(("Event", told.0.lock().unwrap().clone()));

    for credentials in [
        Credentials::api_key("kpublicx", PRIVATE_KEY),
        Credentials::service_account(CLIENT_ID, CLIENT_SECRET),
        Credentials::bearer(BEARER),
        Credentials::none(),
    ] {
        shown.debug("Credentials", &credentials);
        let builder = Client::builder(credentials.clone());
        shown.debug("ClientBuilder", &builder);
    }
    shown.debug("Secret", &Secret::new(PRIVATE_KEY));
    shown.both("OrgId", org.id());
    let id: InvoiceId = invoice.head().invoice_id().parse().unwrap();
    shown.both("InvoiceId", &id);
    shown.both("ApiVersion", &"2023-01-01".parse::<ApiVersion>().unwrap());
    let months: Months = "2025-01..2025-02".parse().unwrap();
    shown.both("Months", &months);
    shown.debug("MonthsIter", &months.iter());
    shown.both("Month", &months.first());
    shown.debug("CallOptions", &CallOptions::new());
    shown.debug("Timeouts", &Timeouts::default());
    shown.debug("RetryPolicy", &RetryPolicy::new());
    shown.debug("PollPolicy", &PollPolicy::default());
    shown.debug("WaitPolicy", &WaitPolicy::default());
    shown.debug("EndurancePolicy", &EndurancePolicy::default());
    shown.debug("InvoiceLimits", &InvoiceLimits::default());
    shown.debug("Form", &Form::Json);
    shown.debug("Dimension", &Dimension::Sku);
    shown.both("Cents", &Cents::from(7));
    shown.both("GroupBy", &GroupBy::Services);
    shown.both("Service", &Service::Clusters);
    shown.both("CloudProvider", &CloudProvider::from("AWS"));
    shown.both("InvoiceStatus", &InvoiceStatus::Paid);
    shown.both("PaymentStatus", &PaymentStatus::from("NEW"));
}
