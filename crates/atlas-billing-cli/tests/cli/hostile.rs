//! Responses that no Atlas would send: what is printed stays on its line and says what happened.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use atlas_billing_mock::ORG_ID;

use super::atlas::{Ran, SECRET, TODAY, bare};

/// Runs the command against a server that gives every request the same response.
fn against(head: &str, body: &[u8], args: &[&str]) -> Ran {
    let url = serve(head, body);
    let mut command = bare();
    command
        .args(["--today", TODAY, "--org", ORG_ID, "--base-url", &url])
        .args(args);
    command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
    Ran::of(command)
}

/// The URL of a server that gives every request the same response.
fn serve(head: &str, body: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut response = format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend_from_slice(body);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let _ = reader.read_exact(&mut vec![0; length]);
            let _ = stream.write_all(&response);
        }
    });
    url
}

const JSON: &str = "200 OK\r\nContent-Type: application/json";

fn is_unsafe(c: char) -> bool {
    c != '\n' && c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn an_error_cannot_move_the_cursor_or_forge_a_line() {
    let body = r#"{"error":403,"errorCode":"NO\u001b[31m\u202eROLE","detail":"x\u001b]0;t\u0007\nError: forged\r\u2028\u2066\u0085y"}"#;
    for flags in [
        &["invoices", "list"] as &[&str],
        &["-v", "costs"],
        &["-v", "invoices", "items", "last"],
    ] {
        let ran = against(
            "403 Forbidden\r\nContent-Type: application/json",
            body.as_bytes(),
            flags,
        );
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
        assert!(!ran.stderr.contains(is_unsafe), "{:?}", ran.stderr);
        assert_eq!(
            ran.stderr
                .lines()
                .filter(|line| line.starts_with("error: "))
                .count(),
            1,
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("Organization Billing Viewer"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn names_stay_in_their_cells() {
    let name = "web\u{1b}[2J\u{202e}\n|@all";
    let json = serde_json::json!({
        "id": "64b7f0a1c2d3e4f506172839", "statusName": name,
        "lineItems": [{"sku": name, "groupName": name, "totalPriceCents": 5}],
    });
    let body = json.to_string();
    let show = ["-v", "invoices", "show", "64b7f0a1c2d3e4f506172839"];
    for args in [
        &["-o", "table"] as &[&str],
        &["-o", "markdown"],
        &["--by", "sku"],
        &["--by", "project", "-o", "markdown"],
    ] {
        let ran = against(JSON, body.as_bytes(), &[&show, args].concat());
        assert!(
            !ran.stdout.contains(is_unsafe) && !ran.stderr.contains(is_unsafe),
            "{args:?}: {ran:?}"
        );
    }
    let items = ["invoices", "items", "64b7f0a1c2d3e4f506172839"];
    for format in ["csv", "jsonl"] {
        let ran = against(
            JSON,
            body.as_bytes(),
            &[&items as &[&str], &["-o", format]].concat(),
        );
        if format == "jsonl" {
            assert!(!ran.stdout.contains(is_unsafe), "{ran:?}");
            assert_eq!(ran.jsonl()[0]["sku"], name);
        } else {
            assert!(ran.stdout.contains(name), "{ran:?}");
        }
    }
}

#[test]
fn digits_stay_as_received() {
    let body = r#"{"id":"64b7f0a1c2d3e4f506172839","lineItems":[{"quantity":0.1234567890123456789,"unitPriceDollars":1e-9}]}"#;
    for format in ["csv", "json", "jsonl"] {
        let args = [
            "invoices",
            "items",
            "64b7f0a1c2d3e4f506172839",
            "-o",
            format,
        ];
        let ran = against(JSON, body.as_bytes(), &args);
        assert!(ran.stdout.contains("0.1234567890123456789"), "{ran:?}");
    }
}

#[test]
fn a_web_page_is_told_as_such() {
    let page = b"\n<!DOCTYPE html><html><title>Sign in</title></html>";
    for head in ["200 OK\r\nContent-Type: text/html", JSON] {
        let ran = against(head, page, &["invoices", "list"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(7), ""),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr
                .contains("error: got a web page instead of Atlas data\n"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr
                .contains("a proxy or login page may be in the way"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_list_without_periods_is_not_an_empty_one() {
    let body = br#"{"results":[{"id":"64b7f0a1c2d3e4f506172839"}],"totalCount":1}"#;
    let ran = against(JSON, body, &["invoices", "show", "last"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(!ran.stderr.contains("has no invoices"), "{}", ran.stderr);
}

#[test]
fn a_rate_limit_tells_when_to_retry() {
    let head = "429 Too Many Requests\r\nRetry-After: 900\r\nContent-Type: application/json";
    let ran = against(
        head,
        br#"{"error":429,"errorCode":"RATE_LIMITED"}"#,
        &["invoices", "list"],
    );
    assert_eq!(ran.code, Some(6));
    assert!(ran.stderr.contains("retry in 900 s"), "{}", ran.stderr);
}

#[test]
fn a_proxy_that_wants_credentials_is_told_as_such_after_one_attempt() {
    let proxy = serve("407 Proxy Authentication Required", b"");
    let mut command = bare();
    command.args([
        "-v",
        "invoices",
        "list",
        "--org",
        ORG_ID,
        "--base-url",
        "https://atlas.invalid",
    ]);
    command
        .env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET)
        .env("HTTPS_PROXY", proxy);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(7), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("http://USER:PASSWORD@HOST:PORT"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("retrying"), "{}", ran.stderr);
}

#[test]
fn what_is_no_json_or_csv_is_not_handed_on() {
    let id = "64b7f0a1c2d3e4f506172839";
    for (head, body, format) in [
        (JSON, &b"<html>sign in</html>"[..], "raw-json"),
        (JSON, b"", "raw-json"),
        (JSON, b"{}", "raw-json"),
        (
            JSON,
            br#"{"id":"64b7f0a1c2d3e4f506172839","lineItems":[{"sku":"a""#,
            "raw-json",
        ),
        (
            "200 OK\r\nContent-Type: text/html",
            b"<html>sign in</html>",
            "raw-csv",
        ),
        (
            "200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: br",
            b"\x0b\x02\x80ab\x03",
            "raw-csv",
        ),
        (
            "200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: GZIP",
            b"\x1f\x8b\x08",
            "raw-csv",
        ),
    ] {
        for command in ["show", "items"] {
            let ran = against(head, body, &["invoices", command, id, "-o", format]);
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (Some(7), ""),
                "{command} {head} {body:?}: {}",
                ran.stderr
            );
        }
    }
}
