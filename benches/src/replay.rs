//! Serves invoices and reports of any size from memory, so that what is measured is the client.
//!
//! The items come from the stand-in's seed. Up to [`BLOCK`] of them are made once; a larger invoice
//! is that block again and again, so that sending 10 million items takes neither their memory nor
//! the time to make them. The invoice's id is its number of items in hexadecimal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use atlas_billing_mock::{Core, InvoicePlan, ORG_ID, Request, Scenario};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// How many different items there are.
const BLOCK: u64 = 100_000;

/// The id of an invoice with this many items.
pub(crate) fn invoice_id(items: u64) -> String {
    format!("{items:024x}")
}

/// Where the FOCUS file of an invoice with this many items is.
pub(crate) fn focus_url(base_url: &str, items: u64) -> String {
    format!("{base_url}{FOCUS}{}", invoice_id(items))
}

/// Where FOCUS files are.
const FOCUS: &str = "/focus/";

/// What the list says of an invoice.
const ABOUT: &str = r#""statusName":"PAID","startDate":"2025-01-01T00:00:00Z","endDate":"2025-02-01T00:00:00Z","updated":"2025-02-03T00:00:00Z""#;

/// Which form is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Json,
    Csv,
    Focus,
    /// The report that has a FOCUS file.
    Report,
    /// The list of an organization's invoices: one, with the organization's id.
    List,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::List => "application/vnd.atlas.2023-01-01+json;charset=utf-8",
            Self::Csv => "application/vnd.atlas.2023-01-01+csv",
            Self::Report => "application/vnd.atlas.2025-03-12+json;charset=utf-8",
            Self::Focus => "text/csv",
        }
    }
}

/// The stand-in's response to `request`, which has this media type.
fn respond(core: &Core, request: Request, media: &str) -> Bytes {
    let request = request.header(reqwest::header::ACCEPT, media);
    let request = request.header(reqwest::header::CONTENT_TYPE, media);
    core.respond(&request).body.into_bytes()
}

/// The FOCUS file of the invoice at `path`.
fn focus(core: &Core, path: &str) -> Result<Bytes> {
    let media = "application/vnd.atlas.2025-03-12+json";
    let body = r#"{"reportType":"FOCUS","reportFormat":"CSV"}"#;
    let created = respond(core, Request::post(format!("{path}/reports"), body), media);
    let created: serde_json::Value = serde_json::from_slice(&created)?;
    let id = created["reportId"].as_str().ok_or("a report has an id")?;
    let report = respond(core, Request::get(format!("{path}/reports/{id}")), media);
    let report: serde_json::Value = serde_json::from_slice(&report)?;
    let url = report["downloadUrl"]
        .as_str()
        .ok_or("a report has a file")?;
    Ok(core.respond(&Request::get(url)).body.into_bytes())
}

/// An invoice in parts: `head`, `block` as often as it takes, `tail`.
struct Parts {
    head: Bytes,
    block: Bytes,
    separator: &'static [u8],
    repeats: u64,
    tail: Bytes,
}

impl Parts {
    fn make(items: u64, form: Form) -> Result<Self> {
        if items > BLOCK && !items.is_multiple_of(BLOCK) {
            return Err(format!("{items} items: more than {BLOCK} come in whole blocks").into());
        }
        let made = items.min(BLOCK);
        let id = invoice_id(items);
        let scenario = Scenario::builder()
            .invoice(InvoicePlan::new(&*id).items(made))
            .build();
        let core = Core::new(scenario);
        let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{id}");
        let body = match form {
            Form::Focus | Form::Report => focus(&core, &path)?,
            _ => respond(&core, Request::get(path), form.media_type()),
        };
        let (start, end) = match form {
            Form::Json | Form::List => {
                let open = b"\"lineItems\":[";
                let start = find(&body, open).ok_or("an invoice has items")? + open.len();
                let end = find(&body, b"],\"linkedInvoices\"").ok_or("an invoice has an end")?;
                (start, end)
            }
            Form::Focus | Form::Report => {
                let header = find(&body, b"\n").ok_or("a header row ends")? + 1;
                (header, body.len())
            }
            // The preamble ends with an empty line; the header row follows.
            Form::Csv => {
                let blank = find(&body, b"\n\n").map(|at| at + 2);
                let blank = blank.or_else(|| find(&body, b"\r\n\r\n").map(|at| at + 4));
                let header = blank.ok_or("a preamble ends")?;
                let rows = find(&body[header..], b"\n").ok_or("a header row ends")? + 1;
                (header + rows, body.len())
            }
        };
        Ok(Self {
            head: body.slice(..start),
            block: body.slice(start..end),
            separator: if form == Form::Json { b"," } else { b"" },
            repeats: items.checked_div(made).unwrap_or(0),
            tail: body.slice(end..),
        })
    }

    fn length(&self) -> u64 {
        let separators = self.separator.len() as u64 * self.repeats.saturating_sub(1);
        let ends = (self.head.len() + self.tail.len()) as u64;
        ends + self.block.len() as u64 * self.repeats + separators
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// A server on loopback that answers every GET of an invoice.
pub(crate) struct Replay {
    made: Mutex<HashMap<(u64, Form), Arc<Parts>>>,
}

impl Replay {
    /// Serves until the process ends; the address goes to standard output first.
    pub(crate) async fn serve() -> Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("http://{}", listener.local_addr()?);
        let replay = Arc::new(Self {
            made: Mutex::default(),
        });
        loop {
            let (stream, _) = listener.accept().await?;
            let replay = Arc::clone(&replay);
            tokio::spawn(async move {
                // A client that has seen enough hangs up: no concern of the server's.
                if let Err(error) = replay.connection(stream).await {
                    eprintln!("replay: {error}");
                }
            });
        }
    }

    async fn connection(&self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut asked = Vec::new();
        loop {
            asked.clear();
            while !asked.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut asked).await? == 0 {
                    return Ok(());
                }
            }
            let (items, form) = read_head(&String::from_utf8_lossy(&asked))?;
            let head = |length| {
                let media = form.media_type();
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
                )
            };
            if form == Form::List {
                let id = invoice_id(items);
                let list = format!(
                    r#"{{"links":[],"totalCount":1,"results":[{{"id":"{id}","orgId":"{id}",{ABOUT}}}]}}"#
                );
                let response = head(list.len() as u64) + &list;
                stream.write_all(response.as_bytes()).await?;
                continue;
            }
            if form == Form::Report {
                // So that making the file is no part of what is measured.
                self.parts(items, Form::Focus)?;
                let url = focus_url(&format!("http://{}", stream.local_addr()?), items);
                let report = format!(r#"{{"state":"SUCCEEDED","downloadUrl":"{url}"}}"#);
                let response = head(report.len() as u64) + &report;
                stream.write_all(response.as_bytes()).await?;
                continue;
            }
            let parts = self.parts(items, form)?;
            let mut head = head(parts.length()).into_bytes();
            head.extend_from_slice(&parts.head);
            if parts.repeats == 1 && parts.block.len() < 64 * 1024 {
                head.extend_from_slice(&parts.block);
                head.extend_from_slice(&parts.tail);
                stream.write_all(&head).await?;
                continue;
            }
            stream.write_all(&head).await?;
            for repeat in 0..parts.repeats {
                if repeat > 0 {
                    stream.write_all(parts.separator).await?;
                }
                stream.write_all(&parts.block).await?;
            }
            stream.write_all(&parts.tail).await?;
        }
    }

    fn parts(&self, items: u64, form: Form) -> Result<Arc<Parts>> {
        let mut made = self
            .made
            .lock()
            .map_err(|_| "a thread that made an invoice died")?;
        if let Some(parts) = made.get(&(items, form)) {
            return Ok(Arc::clone(parts));
        }
        let parts = Arc::new(Parts::make(items, form)?);
        made.insert((items, form), Arc::clone(&parts));
        Ok(parts)
    }
}

/// How many items, in which form.
fn read_head(head: &str) -> Result<(u64, Form)> {
    let target = head.split_whitespace().nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let is_list = path.ends_with("/invoices");
    let id = path.trim_end_matches("/invoices").rsplit('/').next();
    let id = id.unwrap_or_default();
    let items = u64::from_str_radix(id, 16).map_err(|error| format!("{target}: {error}"))?;
    let csv = head.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("accept:") && line.contains("csv")
    });
    let form = match csv {
        _ if path.starts_with(FOCUS) => Form::Focus,
        _ if path.contains("/reports/") => Form::Report,
        _ if is_list => Form::List,
        true => Form::Csv,
        false => Form::Json,
    };
    Ok((items, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_items_and_form() {
        let head = "GET /api/x/00000000000000000000000a?a=b HTTP/1.1\r\nAccept: a+csv\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (10, Form::Csv));
        let head = "GET /api/x/0000000000000000000f4240 HTTP/1.1\r\nhost: csv\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (1_000_000, Form::Json));
        let head = "GET /focus/00000000000000000000000a HTTP/1.1\r\nAccept: a+json\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (10, Form::Focus));
        let head = "GET /api/x/reports/00000000000000000000000a HTTP/1.1\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (10, Form::Report));
        let head = "GET /api/orgs/00000000000000000000000a/invoices?a=b HTTP/1.1\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (10, Form::List));
        assert!(read_head("").is_err());
    }

    #[test]
    fn blocks_repeat_to_one_document() {
        let one = Parts::make(BLOCK, Form::Json).unwrap();
        let three = Parts {
            repeats: 3,
            ..Parts::make(BLOCK, Form::Json).unwrap()
        };
        let growth = three.length() - one.length();
        assert_eq!(growth, 2 * (one.block.len() as u64 + 1));
        let small = Parts::make(2, Form::Json).unwrap();
        let text = [
            &small.head[..],
            &small.block,
            b",",
            &small.block,
            &small.tail,
        ]
        .concat();
        let invoice: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(invoice["lineItems"].as_array().unwrap().len(), 4);
        let small = Parts::make(2, Form::Csv).unwrap();
        assert!(small.head.ends_with(b"\n") && small.tail.is_empty());
        assert_eq!(small.block.iter().filter(|byte| **byte == b'\n').count(), 2);
        let small = Parts::make(2, Form::Focus).unwrap();
        assert!(small.head.starts_with(b"BilledCost,") && small.tail.is_empty());
        assert_eq!(small.block.iter().filter(|byte| **byte == b'\n').count(), 2);
        assert!(Parts::make(BLOCK + 1, Form::Json).is_err());
    }
}
