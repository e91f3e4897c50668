//! A report that the service has made already is used again where it stands for the invoice.

use std::time::Duration;

use atlas_billing::ErrorKind;
use atlas_billing_mock::{Operation, ReportSettings};
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, PENDING, ROWS, Setup, id, rows, scenario, with};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_closed_invoice_has_one_report_until_another_is_asked_for() {
    for protocol in Protocol::BOTH {
        let setup = Setup::of(protocol, scenario()).await;
        let created = || setup.count(Operation::CreateReport);
        assert_eq!(rows(setup.report()).await.unwrap(), ROWS);
        assert_eq!(created(), 1, "{protocol}");
        // By its id, and by its month.
        let month = "2025-01".parse().unwrap();
        for request in [
            setup.report(),
            setup.org.invoice_of(month).focus_report(),
            setup.report().spec_version("1.3"),
        ] {
            assert_eq!(rows(request).await.unwrap(), ROWS, "{protocol}");
            assert_eq!(created(), 1, "{protocol}");
        }
        setup.atlas.forget_requests();
        assert_eq!(rows(setup.report().fresh(true)).await.unwrap(), ROWS);
        assert_eq!(created(), 1, "{protocol}");
        // What is not used is not asked for.
        let asked = [Operation::Invoices, Operation::Reports].map(|it| setup.count(it));
        assert_eq!(asked, [0, 0], "{protocol}");
    }
}

#[tokio::test]
async fn a_pending_invoice_gets_a_new_one_each_time() {
    for protocol in Protocol::BOTH {
        let setup = Setup::of(protocol, scenario()).await;
        for count in 1..=3 {
            let request = match count {
                3 => setup.org.current_invoice().focus_report(),
                _ => setup.org.focus_report(id(PENDING)),
            };
            assert_eq!(rows(request).await.unwrap(), ROWS, "{protocol}");
            assert_eq!(setup.count(Operation::CreateReport), count, "{protocol}");
        }
    }
}

/// A report is kept for seven days; the next one can be used again, too.
#[tokio::test]
async fn one_that_the_service_has_deleted_is_made_again() {
    let setup = Setup::of(Protocol::Http1, scenario()).await;
    for (passed, created) in [(0, 1), (6, 1), (2, 2), (1, 2)] {
        setup.advance(passed * DAY);
        assert_eq!(rows(setup.report()).await.unwrap(), ROWS);
        assert_eq!(setup.count(Operation::CreateReport), created, "{passed}");
    }
}

#[tokio::test]
async fn one_that_failed_is_made_again() {
    let failing = with(ReportSettings::default().failing("Out of luck"));
    let setup = Setup::of(Protocol::Http1, failing).await;
    for created in 1..=2 {
        let error = setup.report().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
        assert_eq!(setup.count(Operation::CreateReport), created);
    }
}

/// The newest one that fits, wherever in the list it is.
#[tokio::test]
async fn the_list_of_reports_is_read_as_far_as_needed() {
    let setup = Setup::of(Protocol::Http1, scenario()).await;
    for _ in 0..3 {
        let query = setup.report().fresh(true).start().await.unwrap();
        drop(query);
    }
    let reports = setup.org.reports(id(INVOICE)).per_page(1).await.unwrap();
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| report.download_url.is_none()));
    let query = setup.report().start().await.unwrap();
    assert_eq!(
        reports[0].report_id.as_deref(),
        Some(query.token().report().as_str())
    );
    assert_eq!(setup.count(Operation::CreateReport), 3);
}
