//! What a user of the crate does in a line or two, each as they would write it.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use atlas_billing::edge::BoxFuture;
use atlas_billing::edge::doubles::{FakeHttp, TokioClock};
use atlas_billing::totals::{Dimension, Totals};
use atlas_billing::{
    AccessToken, Cents, Client, Credentials, FocusTotals, InvoiceStatus, LineItemFilters, Month,
    Months, Org, RetryPolicy, TokenProvider,
};
use atlas_billing_mock::{
    Core, Fault, INVOICE_ID, ORG_ID, On, Operation, Ready, Scenario, ScenarioBuilder,
};

fn scenario() -> ScenarioBuilder {
    let today = "2025-06-17".parse().unwrap();
    Scenario::builder().today(today).ready(Ready::AtOnce)
}

/// The stand-in without a socket: three lines that a user's test needs.
fn transport(scenario: ScenarioBuilder) -> Arc<FakeHttp> {
    let core = Core::new(scenario.build());
    FakeHttp::new(move |_, request| {
        let response = core.exchange(request.clone());
        response.map_err(|fault| format!("{fault:?}").into())
    })
}

fn org_with(http: &Arc<FakeHttp>) -> Org {
    let client = Client::builder(Credentials::none()).http_client(http.clone());
    let client = client.clock(TokioClock::new()).build().unwrap();
    client.org(ORG_ID.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_previous_calendar_month() {
    let org = org_with(&transport(scenario()));
    let today = "2025-06-17".parse().unwrap();
    let report = org.costs(Months::previous(today)).await.unwrap();
    assert_eq!(report.rows()[0].usage_date, "2025-05-01".parse().ok());
    let month = Month::of(today).prev();
    let invoice = org.invoice_of(month).await.unwrap();
    assert!(report.total().unwrap() > 0.into() && !invoice.line_items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_closed_invoice_and_its_sums() {
    let http = transport(scenario());
    let invoice = org_with(&http).last_invoice().await.unwrap();
    assert_ne!(invoice.status_name, Some(InvoiceStatus::Pending));
    assert_eq!(http.requests().len(), 2);

    let mut tagged = Cents::ZERO;
    for item in invoice
        .line_items
        .iter()
        .filter(|item| !item.tag("team").is_empty())
    {
        tagged += item.gross();
    }
    let all: Cents = invoice.line_items.iter().map(|item| item.gross()).sum();
    let totals = Totals::of(&invoice.line_items, &[Dimension::tag("team")]);
    assert_eq!(totals.total().gross, all);
    let groups: Cents = totals
        .groups()
        .iter()
        .skip(1)
        .map(|group| group.total.gross)
        .sum();
    assert_eq!(groups, tagged);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_by_its_id_is_one_request() {
    let http = transport(scenario());
    let org = org_with(&http);
    org.invoice(INVOICE_ID.parse().unwrap()).await.unwrap();
    assert_eq!(http.requests().len(), 1);
}

#[test]
fn a_client_from_an_existing_one_a_proxy_and_a_private_ca() {
    let existing = atlas_billing::reqwest::Client::new();
    let builder = || Client::builder(Credentials::bearer("made-up"));
    builder().http_client(Arc::new(existing)).build().unwrap();

    let proxy = atlas_billing::reqwest::Proxy::https("http://proxy.example:3128").unwrap();
    builder().proxy(proxy).build().unwrap();

    let error = builder().ca_file("no-such.pem").build().unwrap_err();
    assert!(
        error.is_input() && error.to_string().contains("no-such.pem"),
        "{error}"
    );
}

/// Obtains tokens elsewhere: from Vault, or by a workload's identity.
#[derive(Debug)]
struct Vault;

impl TokenProvider for Vault {
    fn token(
        &self,
    ) -> BoxFuture<'_, Result<AccessToken, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async { Ok(AccessToken::new("made-up")) })
    }
}

#[tokio::test(start_paused = true)]
async fn own_credentials_and_a_header_on_every_request() {
    let http = transport(scenario());
    let client = Client::builder(Credentials::provider(Arc::new(Vault)))
        .http_client(http.clone())
        .headers(|headers| {
            headers.insert("traceparent", "00-made-up-01".parse().unwrap());
        })
        .build()
        .unwrap();
    let org = client.org(ORG_ID.parse().unwrap());
    org.invoices().await.unwrap();
    let requests = http.requests();
    assert_eq!(requests[0].headers()["authorization"], "Bearer made-up");
    assert_eq!(requests[0].headers()["traceparent"], "00-made-up-01");
}

#[tokio::test(start_paused = true)]
async fn an_own_retry_predicate() {
    let fault = Fault::Error {
        status: 500,
        code: "MADE_UP".into(),
    };
    let faults = || scenario().fault(On::operation(Operation::Invoices).nth(1), fault.clone());
    let http = transport(faults());
    assert!(org_with(&http).invoices().await.is_err());

    let http = transport(faults());
    let policy = RetryPolicy::new().with_retry_if(|error| error.error_code() == Some("MADE_UP"));
    org_with(&http).invoices().retry(policy).await.unwrap();
    assert_eq!(http.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_month_cost_by_project_in_focus() {
    let http = transport(scenario());
    let report = org_with(&http).last_invoice().focus_report();
    let totals = report.await.unwrap().total_by(["SubAccountName"]).await;
    let totals = totals.unwrap().totals().unwrap();
    assert!(
        totals.len() > 3
            && totals
                .iter()
                .all(|total| total.currency.as_deref() == Some("USD"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_file_of_a_report_that_another_process_requested() {
    let http = transport(scenario());
    let invoice = INVOICE_ID.parse().unwrap();
    let query = org_with(&http).focus_report(invoice).start().await.unwrap();
    let saved = query.token().to_string();
    drop(query);
    let query = org_with(&http).resume_report(saved.parse().unwrap());
    let file = query.csv().await.unwrap().bytes().await.unwrap();
    assert!(file.starts_with(b"BilledCost,"));
}

#[tokio::test(start_paused = true)]
async fn the_reports_of_all_linked_organizations_of_a_month() {
    let http = transport(scenario().with_linked_invoices().organizations(2));
    let org = org_with(&http);
    let mut totals = FocusTotals::new(["BillingAccountName"]);
    for invoice in org
        .associated_invoices(Month::new(2025, 5).unwrap())
        .await
        .unwrap()
    {
        let (id, linked) = (invoice.invoice_id.unwrap(), invoice.org_id.unwrap());
        let linked = org.client().org(linked.parse().unwrap());
        let mut rows = linked.focus_report(id.parse().unwrap()).await.unwrap();
        while let Some(row) = rows.next().await {
            totals.add(&row.unwrap()).unwrap();
        }
    }
    assert_eq!(totals.totals().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn names_of_projects_clusters_and_skus() {
    let org = org_with(&transport(scenario()));
    let projects = org.projects().await.unwrap();
    assert!(projects.iter().all(|project| project.name.is_some()));
    let clusters = org.clusters().await.unwrap();
    assert!(clusters.iter().any(|project| !project.clusters.is_empty()));
    let sku = org.client().sku("ATLAS_AWS_INSTANCE_M30").await.unwrap();
    assert!(sku.description.is_some());
    assert_eq!(org.client().orgs().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_since_yesterday() {
    let org = org_with(&transport(scenario()));
    let mut filters = LineItemFilters::default();
    filters.usage_start_date = "2025-06-16".parse().ok();
    let items = org
        .current_invoice()
        .search_line_items(filters)
        .await
        .unwrap();
    let spent: Cents = items.iter().filter_map(|item| item.total_price_cents).sum();
    assert!(spent > Cents::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_running_month_in_one_request() {
    let http = transport(scenario());
    let pending = org_with(&http).invoices().pending().await.unwrap();
    assert!(!pending[0].line_items.is_empty());
    assert_eq!(http.requests().len(), 1);
}
