//! What is made of a response: envelopes, bodies that are not what they say, and that no text of a
//! body gets into an error.

use std::error::Error as _;

use atlas_billing::{Error, ErrorKind};
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, is_file, responded};
use crate::{CSV, INVOICE, JSON, january, org, reply, scenario, stand_in};

/// Envelopes that were not requested, in both spellings, around values and files.
#[tokio::test]
async fn an_envelope_is_taken_off_wherever_it_comes() {
    let token = format!(r#"{{"token":"{}"}}"#, "ab".repeat(32));
    let invoice = r#"{"id":"x","lineItems":[{},{}]}"#;
    let bodies = [
        ("create", token.as_str(), "64"),
        (
            "report",
            r#"{"usageDetails":[{"usageAmount":1.5}]}"#,
            "1 rows",
        ),
        (
            "cost bytes",
            r#"{"usageDetails":[]}"#,
            r#"{"usageDetails":[]}"#,
        ),
        ("cost file", r#""a,b\n1,2\n""#, "a,b\n1,2\n"),
        ("invoice", invoice, "2 items"),
        ("items", r#"{"lineItems":[{},{}],"id":"x"}"#, "2 items"),
        ("bytes", invoice, invoice),
        ("file", r#""a,b\n1,2\n""#, "a,b\n1,2\n"),
        ("list", r#"{"results":[{"id":"x"}]}"#, "1 invoices"),
    ];
    for (name, content, expected) in bodies {
        for key in ["content", "envelope"] {
            for body in [
                format!(r#"{{"status":200,"{key}":{content}}}"#),
                format!(r#"{{"{key}":{content},"status":200}}"#),
            ] {
                let result = responded(name, 200, JSON, &body).await;
                assert_eq!(result.unwrap(), expected, "{name} {body}");
            }
        }
    }
    // A list keeps its body and gains a status.
    let body = r#"{"status":200,"results":[{"id":"x"}]}"#;
    let list = responded("list", 200, JSON, body).await;
    assert_eq!(list.unwrap(), "1 invoices");
}

#[tokio::test]
async fn what_is_not_the_value_never_becomes_an_empty_one() {
    use ErrorKind::{Decode, Forbidden, NotFound, Service, Truncated};
    for name in CALLS {
        let media = if is_file(name) { CSV } else { JSON };
        let empty = match name {
            // An invoice tells its own end; a poll without a body is ambiguous.
            "invoice" | "items" | "sums" | "bytes" | "report" | "cost bytes" => Truncated,
            _ => Decode,
        };
        let cases: &[(&str, &str, ErrorKind)] = &[
            (media, "", empty),
            (JSON, "", empty),
            ("text/html", "<html><body>Sorry</body></html>", Decode),
            (media, "<html><body>Sorry</body></html>", Decode),
            (JSON, "null", Decode),
            (JSON, "[]", Decode),
            (JSON, "[{}]", Decode),
            (JSON, "0", Decode),
            (JSON, "\"text\"", Decode),
            (JSON, r#"{"status":200}"#, Decode),
            (JSON, r#"{"status":200,"content":null}"#, Decode),
            (JSON, r#"{"status":200,"content":[]}"#, Decode),
            (JSON, r#"{"error":403,"errorCode":"X"}"#, Forbidden),
            (
                JSON,
                r#"{"status":404,"error":404,"errorCode":"X"}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":404,"content":{"error":404,"errorCode":"X"}}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":200,"content":{"error":404,"errorCode":"X"}}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":500,"envelope":{"error":500,"errorCode":"X"}}"#,
                Service,
            ),
            (JSON, r#"{"status":404}"#, NotFound),
        ];
        for (media, body, kind) in cases {
            // A bare text is what a file in an envelope looks like once that is off.
            if is_file(name) && matches!(*body, "0" | "\"text\"" | "null") {
                continue;
            }
            // Polls without a body go on for two minutes.
            if *kind == Truncated && name.contains("report") | name.starts_with("cost") {
                continue;
            }
            let error = match responded(name, 200, media, body).await {
                Ok(result) => panic!("{name} took {media} {body:?} for {result:?}"),
                Err(error) => error,
            };
            assert_eq!(error.kind(), *kind, "{name} {media} {body:?}: {error}");
            assert!(error.status().is_some(), "{name} {body:?}: {error}");
            assert!(error.operation().is_some(), "{name} {body:?}: {error}");
            let page = error
                .excerpt()
                .is_some_and(|excerpt| excerpt.starts_with('<'));
            assert_eq!(page, body.starts_with('<'), "{name} {media} {body:?}");
        }
    }
}

/// `{}` is the documented example of a finished query; for everything else it is no value.
#[tokio::test]
async fn an_empty_object_is_a_value_of_cost_explorer_alone() {
    for name in CALLS {
        let result = responded(name, 200, JSON, "{}").await;
        match name {
            "report" => assert_eq!(result.unwrap(), "0 rows"),
            "cost bytes" => assert_eq!(result.unwrap(), "{}"),
            _ => assert_eq!(result.unwrap_err().kind(), ErrorKind::Decode, "{name}"),
        }
    }
}

#[tokio::test]
async fn a_value_truncated_anywhere_is_no_value() {
    let invoice = r#"{"id":"x","lineItems":[{"sku":"S","totalPriceCents":5}],"linkedInvoices":[]}"#;
    let list = r#"{"results":[{"id":"x"}],"totalCount":1}"#;
    for (name, body, result) in [
        ("invoice", invoice, "1 items"),
        ("items", invoice, "1 items"),
        ("sums", invoice, "1 items"),
        ("bytes", invoice, invoice),
        ("list", list, "1 invoices"),
    ] {
        assert_eq!(responded(name, 200, JSON, body).await.unwrap(), result);
        for end in 1..body.len() {
            let error = responded(name, 200, JSON, &body[..end]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{name} {end}: {error}");
        }
    }
}

/// The text of `error` wherever it can be shown, that of its sources included.
fn shown(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n{:?}", error.help());
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!("\n{cause}\n{cause:?}");
        next = cause.source();
    }
    text
}

/// A value of another type than documented names its place, and nothing of what it holds.
#[tokio::test]
async fn no_text_of_a_body_is_shown_in_an_error() {
    const SECRET: &str = "Kestrel-4417";
    let item = |field: &str| format!(r#"{{"id":"x","lineItems":[{{}},{{{field}}}]}}"#);
    let amount = item(&format!(r#""totalPriceCents":"{SECRET}""#));
    let quantity = item(&format!(r#""quantity":["{SECRET}"]"#));
    let tags = item(&format!(r#""tags":{{"team":"{SECRET}"}}"#));
    let head = format!(r#"{{"id":"x","subtotalCents":"{SECRET}","lineItems":[]}}"#);
    let items = format!(r#"{{"id":"x","lineItems":"{SECRET}"}}"#);
    let bare = format!(r#"{{"id":"x","lineItems":[{{"sku":{SECRET}}}]}}"#);
    let usage = format!(r#"{{"usageDetails":[{{}},{{"usageAmount":"{SECRET}"}}]}}"#);
    let date = format!(r#"{{"usageDetails":[{{"usageDate":"{SECRET}"}}]}}"#);
    let list = format!(r#"{{"results":[{{"amountBilledCents":"{SECRET}"}}]}}"#);
    let status = format!(r#"{{"results":[{{"statusName":["{SECRET}"]}}]}}"#);
    let token = format!(r#"{{"token":["{SECRET}"]}}"#);
    let other_token = format!(r#"{{"token":"{SECRET}"}}"#);
    for (name, body, path) in [
        ("create", &token, Some("$.token")),
        ("create", &other_token, Some("$.token")),
        ("report", &usage, Some("$.usageDetails[1].usageAmount")),
        ("report", &date, Some("$.usageDetails[0].usageDate")),
        ("invoice", &amount, Some("$.lineItems[1].totalPriceCents")),
        ("invoice", &quantity, Some("$.lineItems[1].quantity")),
        ("invoice", &head, Some("$.subtotalCents")),
        ("items", &amount, Some("$.lineItems[1].totalPriceCents")),
        ("items", &tags, Some("$.lineItems[1].tags.team")),
        ("items", &items, None),
        ("items", &bare, None),
        ("sums", &amount, Some("$.lineItems[1].totalPriceCents")),
        ("bytes", &bare, None),
        ("file", &amount, None),
        ("cost file", &usage, None),
        ("list", &list, Some("$.results[0].amountBilledCents")),
        ("list", &status, Some("$.results[0].statusName")),
    ] {
        let error = match responded(name, 200, JSON, body).await {
            Ok(result) => panic!("{name} took {body} for {result}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Decode, "{name} {body}: {error}");
        assert!(
            !shown(&error).contains(SECRET),
            "{name} {body}: {}",
            shown(&error)
        );
        if path.is_some() {
            assert_eq!(error.json_path(), path, "{name} {body}: {error}");
        }
    }
    // In a CSV file, too: a cell that is no amount.
    let file =
        format!("Invoice Number,1\n\nDate,Usage Date,Amount\n2025-01-01,2025-01-01,{SECRET}\n");
    let stand_in =
        stand_in(scenario().fault(atlas_billing_mock::On::any(), reply(CSV, file))).await;
    let org = org(Protocol::Http1, &stand_in.base_url());
    let file = org.invoice(INVOICE.parse().unwrap()).csv().await.unwrap();
    let mut rows = file.invoice_rows();
    while let Some(row) = rows.next().await {
        if let Err(error) = row {
            assert!(!shown(&error).contains(SECRET), "{}", shown(&error));
        }
    }
}

/// Whatever the service's text holds, nothing of it can steer a terminal or forge a line.
#[tokio::test]
async fn text_of_the_service_is_neutralized_in_errors() {
    use atlas_billing_mock::Fault;
    let detail = "before\u{1b}[2J\r\nError: forged\u{202e}\u{2028}after";
    let fault = Fault::Status(403).and(Fault::Detail(detail.to_owned()));
    let error = crate::calls::struck_by("list", fault).await.unwrap_err();
    let shown = shown(&error) + error.detail().unwrap() + error.message();
    assert!(
        shown.contains("before") && shown.contains("after"),
        "{shown}"
    );
    let lines: Vec<&str> = shown.lines().collect();
    assert!(
        !lines.iter().any(|line| line.starts_with("Error: forged")),
        "{shown}"
    );
    assert!(!error.message().contains('\n'), "{error}");
    for unsafe_text in ["\u{1b}", "\u{202e}", "\u{2028}", "\r"] {
        assert!(!shown.contains(unsafe_text), "{shown:?}");
    }
}

/// A service that this release does not know is part of the total, and is reported as unlisted.
#[tokio::test]
async fn a_grouped_report_misses_no_service() {
    use atlas_billing::GroupBy;
    use atlas_billing_mock::NEW_SERVICE;

    let stand_in = stand_in(scenario().with_new_service()).await;
    let org = org(Protocol::Http1, &stand_in.base_url());
    let whole = org.costs(january()).await.unwrap();
    assert_eq!(whole.unlisted(), None, "nothing was compared");
    let grouped = org
        .costs(january())
        .group_by(GroupBy::Services)
        .await
        .unwrap();
    assert_eq!(grouped.total().unwrap(), whole.total().unwrap());
    let unlisted = grouped.unlisted().unwrap();
    assert!(!unlisted.is_zero());
    assert!(
        grouped
            .rows()
            .iter()
            .all(|row| row.service.as_deref() != Some(NEW_SERVICE))
    );
    let by_service = grouped.total_by(|row| row.service.clone()).unwrap();
    assert_eq!(by_service[&None], unlisted);
}
