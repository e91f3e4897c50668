//! An invoice's body, made piece by piece.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::csv::{CsvItems, opening};
use super::figures::Invoice;
use super::item::Item;
use super::json::{JsonItems, whole_head};
use super::plan::KeyOrder;
use crate::answer::Body;

/// How much is made at once.
const PIECE: usize = 64 * 1024;

/// Which form an invoice is made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Json,
    Csv,
}

/// The body of an invoice. A small one is made at once; a large one while it is sent.
pub(crate) fn body(invoice: &Arc<Invoice>, layout: Layout) -> Body {
    let mut segments = VecDeque::new();
    match layout {
        Layout::Json => json_segments(invoice, &mut segments),
        Layout::Csv => {
            segments.push_back(Segment::Text(opening(invoice)));
            csv_segments(invoice, &mut segments);
        }
    }
    let mut pieces = InvoicePieces { segments };
    let Some(first) = pieces.next() else {
        return Body::empty();
    };
    if pieces.segments.is_empty() {
        return Body::Whole(first);
    }
    Body::Pieces(Box::new(std::iter::once(first).chain(pieces)))
}

/// A part of the body.
enum Segment {
    Text(String),
    Items {
        invoice: Arc<Invoice>,
        writer: Writer,
        next: u64,
    },
}

enum Writer {
    Json(JsonItems),
    Csv(CsvItems),
}

fn json_segments(invoice: &Arc<Invoice>, segments: &mut VecDeque<Segment>) {
    let field = |(key, value): &(String, serde_json::Value)| format!("\"{key}\":{value}");
    let head = whole_head(invoice);
    let (before, after) = match invoice.plan.order {
        KeyOrder::HeadFirst => (&head[..], &head[..0]),
        KeyOrder::Alphabetical => {
            let split = head.partition_point(|(key, _)| key.as_str() < "lineItems");
            head.split_at(split)
        }
    };
    let before: Vec<String> = before.iter().map(field).collect();
    segments.push_back(Segment::Text(format!(
        "{{{},\"lineItems\":[",
        before.join(",")
    )));
    let writer = Writer::Json(JsonItems::new(invoice));
    segments.push_back(Segment::Items {
        invoice: Arc::clone(invoice),
        writer,
        next: 0,
    });
    segments.push_back(Segment::Text("],\"linkedInvoices\":[".to_owned()));
    for (number, linked) in invoice.linked.iter().enumerate() {
        if number > 0 {
            segments.push_back(Segment::Text(",".to_owned()));
        }
        json_segments(linked, segments);
    }
    let mut end = "]".to_owned();
    for entry in after {
        end.push(',');
        end.push_str(&field(entry));
    }
    end.push('}');
    segments.push_back(Segment::Text(end));
}

fn csv_segments(invoice: &Arc<Invoice>, segments: &mut VecDeque<Segment>) {
    let writer = Writer::Csv(CsvItems::new(invoice));
    segments.push_back(Segment::Items {
        invoice: Arc::clone(invoice),
        writer,
        next: 0,
    });
    invoice
        .linked
        .iter()
        .for_each(|linked| csv_segments(linked, segments));
}

struct InvoicePieces {
    segments: VecDeque<Segment>,
}

impl Iterator for InvoicePieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        while out.len() < PIECE {
            let Some(segment) = self.segments.front_mut() else {
                break;
            };
            let done = match segment {
                Segment::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    true
                }
                Segment::Items {
                    invoice,
                    writer,
                    next,
                } => {
                    push_items(&mut out, invoice, writer, next);
                    *next >= invoice.plan.items
                }
            };
            if done {
                self.segments.pop_front();
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

/// Appends items until the piece is full or there are no more.
fn push_items(out: &mut Vec<u8>, invoice: &Invoice, writer: &Writer, next: &mut u64) {
    out.reserve(PIECE + 1024);
    while *next < invoice.plan.items && out.len() < PIECE {
        let item = Item::at(&invoice.plan, &invoice.meters, *next);
        match writer {
            Writer::Json(writer) => {
                if *next > 0 {
                    out.push(b',');
                }
                writer.push(out, invoice, &item);
            }
            Writer::Csv(writer) => writer.push(out, invoice, &item),
        }
        *next += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::catalog::meters;
    use super::*;
    use crate::invoice::{InvoicePlan, Variety};

    fn invoice(plan: InvoicePlan) -> Arc<Invoice> {
        Invoice::new(
            plan,
            ("5f", "Org, \"the\" one"),
            ("60", "Linked"),
            &meters().into(),
        )
    }

    fn json(plan: InvoicePlan) -> Value {
        let bytes = body(&invoice(plan), Layout::Json).into_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn plain_and_wild_invoices_are_json_and_add_up() {
        for variety in [Variety::Plain, Variety::Wild] {
            let linked = InvoicePlan::new("66b100000000000000000002").items(10);
            let plan = InvoicePlan::new("66b100000000000000000001")
                .items(2_000)
                .variety(variety)
                .refunded()
                .linked(linked.clone())
                .linked(linked);
            let facts = invoice(plan.clone()).facts().clone();
            let value = json(plan.clone());
            let items = value["lineItems"].as_array().unwrap();
            assert_eq!(items.len(), 2_000);
            let sum = |key: &str| {
                items
                    .iter()
                    .filter_map(|item| item[key].as_i64())
                    .sum::<i64>()
            };
            assert_eq!(sum("totalPriceCents"), facts.gross_cents);
            assert_eq!(sum("discountCents"), facts.discount_cents);
            assert_eq!(value["subtotalCents"], facts.subtotal_cents);
            assert_eq!(
                value["linkedInvoices"][1]["lineItems"]
                    .as_array()
                    .unwrap()
                    .len(),
                10
            );
            assert_eq!(value, json(plan.key_order(KeyOrder::HeadFirst)));
        }
    }

    #[test]
    fn key_order_is_as_planned() {
        let text = |order| {
            let plan = InvoicePlan::new("66b100000000000000000001")
                .items(1)
                .key_order(order);
            let bytes = body(&invoice(plan), Layout::Json).into_bytes();
            String::from_utf8(bytes.into()).unwrap()
        };
        let first = text(KeyOrder::HeadFirst);
        assert!(first.find("\"statusName\"") < first.find("\"lineItems\""));
        let sorted = text(KeyOrder::Alphabetical);
        assert!(sorted.find("\"statusName\"") > sorted.find("\"lineItems\""));
        assert!(sorted.find("\"id\"") < sorted.find("\"lineItems\""));
    }

    #[test]
    fn csv_has_a_row_an_item_and_adds_up() {
        let plan = InvoicePlan::new("66b100000000000000000001").items(500);
        let invoice = invoice(plan);
        let bytes = body(&invoice, Layout::Csv).into_bytes();
        let text = String::from_utf8(bytes.into()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Invoice Number,66b100000000000000000001,");
        assert_eq!(
            lines[1],
            "Billing Period,\"January 1, 2025 - February 1, 2025\","
        );
        assert_eq!(lines[4], "");
        assert_eq!(lines.len(), 6 + 500);
        let columns: Vec<&str> = lines[5].split(',').collect();
        let amount = columns.iter().position(|name| *name == "Amount").unwrap();
        let mut cents = 0;
        for row in &lines[6..] {
            assert!(row.starts_with("02/01/2025,01/"), "{row}");
            // The organization's name has one comma within its quotes.
            let fields: Vec<&str> = row.split(',').collect();
            assert_eq!(fields.len(), columns.len() + 1, "{row}");
            cents += fields[amount + 1].replace('.', "").parse::<i64>().unwrap();
        }
        assert_eq!(
            cents,
            invoice.facts().gross_cents - invoice.facts().discount_cents
        );
    }

    #[test]
    fn a_large_invoice_comes_in_pieces() {
        let plan = InvoicePlan::new("66b100000000000000000001").items(5_000);
        let Body::Pieces(pieces) = body(&invoice(plan), Layout::Json) else {
            panic!("pieces")
        };
        let lengths: Vec<usize> = pieces.map(|piece| piece.len()).collect();
        assert!(lengths.len() > 10);
        assert!(lengths.iter().all(|length| *length < PIECE + 2_048));
    }

    #[test]
    fn an_invoice_without_items_is_whole() {
        let value = json(InvoicePlan::new("66b100000000000000000001").items(0));
        assert_eq!(value["lineItems"], serde_json::json!([]));
        assert_eq!(value["amountBilledCents"], 0);
    }
}
