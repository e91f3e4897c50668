//! An invoice as JSON and as CSV, generated piece by piece.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::iter::once;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::catalog::Cluster;
use super::odd::Dice;
use super::plan::{Invoice, Item, KeyOrder};
use crate::response::Body;

/// How much is generated at once.
const PIECE: usize = 64 * 1024;

pub(super) type Texts = Box<dyn Iterator<Item = String> + Send>;

/// The body of an invoice as JSON.
pub(crate) fn json_body(invoice: &Arc<Invoice>) -> Body {
    body(json(Arc::clone(invoice)))
}

/// The body of an invoice as CSV: a preamble, a header row, a row an item.
pub(crate) fn csv_body(invoice: &Arc<Invoice>) -> Body {
    body(Box::new(
        once(preamble(invoice)).chain(csv(Arc::clone(invoice))),
    ))
}

/// The body of a list of whole invoices, in one page.
pub(crate) fn list_body(links: &Value, invoices: Vec<Arc<Invoice>>) -> Body {
    let count = invoices.len();
    let texts = once(format!("{{\"links\":{links},\"results\":["))
        .chain(several(invoices))
        .chain(once(format!("],\"totalCount\":{count}}}")));
    body(Box::new(texts))
}

/// Invoices as the elements of an array.
fn several(invoices: Vec<Arc<Invoice>>) -> Texts {
    let invoices = invoices.into_iter().enumerate();
    Box::new(invoices.flat_map(|(number, invoice)| {
        let comma = if number > 0 { "," } else { "" };
        once(comma.to_owned()).chain(json(invoice))
    }))
}

/// A small body is generated at once; a large one while it is sent.
pub(super) fn body(mut texts: Texts) -> Body {
    let mut pieces = std::iter::from_fn(move || {
        let mut piece = texts.next()?;
        while piece.len() < PIECE {
            match texts.next() {
                Some(text) => piece.push_str(&text),
                None => break,
            }
        }
        Some(Bytes::from(piece))
    })
    .peekable();
    let first = pieces.next().unwrap_or_default();
    match pieces.peek() {
        Some(_) => Body::Pieces(Box::new(once(first).chain(pieces))),
        None => Body::Whole(first),
    }
}

fn json(invoice: Arc<Invoice>) -> Texts {
    let mut head = head(&invoice);
    head.insert("links".to_owned(), json!([]));
    head.insert("payments".to_owned(), payments(&invoice));
    head.insert("refunds".to_owned(), refunds(&invoice));
    let (mut before, mut after) = (String::new(), String::new());
    for (key, value) in head {
        match invoice.plan.order == KeyOrder::HeadFirst || key.as_str() < "lineItems" {
            true => before += &format!("\"{key}\":{value},"),
            false => after += &format!(",\"{key}\":{value}"),
        }
    }
    let writer = Writer::new(Arc::clone(&invoice));
    let items = (0..invoice.plan.items).map(move |position| writer.json(position));
    let linked = several(invoice.linked.clone());
    let texts = once(format!("{{{before}\"lineItems\":["))
        .chain(items)
        .chain(once("],\"linkedInvoices\":[".to_owned()))
        .chain(linked)
        .chain(once(format!("]{after}}}")));
    Box::new(texts)
}

fn csv(invoice: Arc<Invoice>) -> Texts {
    let linked = invoice.linked.clone().into_iter().flat_map(csv);
    let items = 0..invoice.plan.items;
    let writer = Writer::new(invoice);
    Box::new(
        items
            .map(move |position| writer.csv(position))
            .chain(linked),
    )
}

fn preamble(invoice: &Invoice) -> String {
    let facts = invoice.facts();
    let date = |day: chrono::NaiveDate| day.format("%B %-d, %Y").to_string();
    format!(
        "Invoice Number,{},\nBilling Period,\"{} - {}\",\nOrganization Name,{},\n\
         Organization ID,{},\n\n\
         Date,Usage Date,Description,Note,Organization Name,Organization ID,Project,Project ID,\
         SKU,Region,Cluster,Replica Set,Config Server,Application,Unit,Unit Price,Quantity,\
         Discount Percent,Amount,env,team\n",
        facts.id,
        date(facts.start),
        date(facts.end),
        quoted(invoice.org.name),
        facts.org_id,
    )
}

/// The entry of an invoice in the list.
pub(crate) fn metadata(invoice: &Invoice, with_linked: bool) -> Value {
    let mut object = head(invoice);
    if with_linked && !invoice.linked.is_empty() {
        let linked = invoice.linked.iter().map(|linked| metadata(linked, true));
        object.insert("linkedInvoices".to_owned(), linked.collect());
    }
    Value::Object(object)
}

/// The fields that the list and the invoice itself have.
fn head(invoice: &Invoice) -> Map<String, Value> {
    let facts = invoice.facts();
    // A pending one changed on its last day, which is today: at no moment that is to come.
    let updated = match facts.status.as_str() {
        "PENDING" => format!(
            "{}T00:00:00Z",
            invoice.plan.day(invoice.plan.days.saturating_sub(1))
        ),
        _ => format!("{}T04:30:00Z", facts.end),
    };
    let object = json!({
        "amountBilledCents": facts.amount_billed_cents,
        "amountPaidCents": facts.amount_paid_cents,
        "created": format!("{}T00:00:00Z", facts.start),
        "creditsCents": facts.credits_cents,
        "endDate": format!("{}T00:00:00Z", facts.end),
        "id": facts.id,
        "orgId": facts.org_id,
        "salesTaxCents": facts.sales_tax_cents,
        "startDate": format!("{}T00:00:00Z", facts.start),
        "startingBalanceCents": 0,
        "statusName": facts.status,
        "subtotalCents": facts.subtotal_cents,
        "updated": updated,
    });
    serde_json::from_value(object).unwrap_or_default()
}

fn payments(invoice: &Invoice) -> Value {
    let facts = invoice.facts();
    let status = match facts.status.as_str() {
        "PENDING" | "FREE" => return json!([]),
        "CLOSED" => "NEW",
        same => same,
    };
    json!([{
        "amountBilledCents": facts.amount_billed_cents,
        "amountPaidCents": facts.amount_paid_cents,
        "created": format!("{}T06:00:00Z", facts.end),
        "currency": invoice.org.currency,
        "id": invoice.id_of(1),
        "salesTaxCents": facts.sales_tax_cents,
        "statusName": status,
        "subtotalCents": facts.subtotal_cents,
        "unitPrice": invoice.org.rate,
        "updated": format!("{}T06:05:00Z", facts.end),
    }])
}

fn refunds(invoice: &Invoice) -> Value {
    let facts = invoice.facts();
    match invoice.plan.refunded {
        false => json!([]),
        true => json!([{
            "amountCents": facts.amount_paid_cents / 10,
            "created": format!("{}T09:00:00Z", facts.end),
            "paymentId": invoice.id_of(1),
            "reason": "Interrupted service",
        }]),
    }
}

/// Writes an invoice's line items.
struct Writer {
    invoice: Arc<Invoice>,
    /// The invoice's days and the one after them.
    days: Vec<String>,
    /// The same as CSV writes them.
    slashes: Vec<String>,
    /// The day after the invoice's last one, as JSON and as CSV write it.
    end: String,
    billed: String,
    org: String,
}

impl Writer {
    fn new(invoice: Arc<Invoice>) -> Self {
        let slashes = |day: chrono::NaiveDate| day.format("%m/%d/%Y").to_string();
        let days = (0..=invoice.plan.days).map(|number| invoice.plan.day(number));
        let days: Vec<_> = days.collect();
        Self {
            days: days.iter().map(ToString::to_string).collect(),
            slashes: days.into_iter().map(slashes).collect(),
            end: invoice.plan.end().to_string(),
            billed: slashes(invoice.plan.end()),
            org: format!("{},{}", quoted(invoice.org.name), invoice.org.id),
            invoice,
        }
    }

    /// One item's object, after a comma where it is not the first.
    fn json(&self, position: u64) -> String {
        let item = self.invoice.item(position);
        let (meter, day) = (item.meter, item.day as usize);
        let (project, cluster) = (meter.project, meter.cluster);
        // A credit is the whole month's, and its price is its amount.
        let (start, end) = match item.is_credit {
            true => (&self.days[0], &self.end),
            false => (&self.days[day], &self.days[day + 1]),
        };
        let mut object = String::with_capacity(512);
        text(&mut object, "cloudProvider", meter.provider);
        text(&mut object, "clusterName", cluster.map(|it| it.name));
        field(
            &mut object,
            "created",
            format_args!("\"{}T03:12:45Z\"", self.days[day + 1]),
        );
        if meter.discount_percent > 0 {
            field(&mut object, "discountCents", item.discount_cents);
            field(
                &mut object,
                "percentDiscount",
                format_args!("{}.0", meter.discount_percent),
            );
        }
        field(&mut object, "endDate", format_args!("\"{end}T00:00:00Z\""));
        text(&mut object, "groupId", project.map(|it| &*it.id));
        text(&mut object, "groupName", project.map(|it| it.name));
        text(&mut object, "note", item.is_credit.then_some(NOTE));
        field(&mut object, "quantity", milli(item.quantity_milli));
        text(&mut object, "sku", Some(&meter.sku));
        field(
            &mut object,
            "startDate",
            format_args!("\"{start}T00:00:00Z\""),
        );
        if let Some(Cluster { env, team, .. }) = cluster {
            let tags = format_args!("{{\"env\":[\"{env}\"],\"team\":[\"{team}\"]}}");
            field(&mut object, "tags", tags);
        }
        field(&mut object, "totalPriceCents", item.total_cents);
        text(&mut object, "unit", Some(&meter.unit));
        field(&mut object, "unitPriceDollars", price(&item));
        object.push('}');
        if let Some(dice) = Dice::of(&self.invoice, &item) {
            object = dice.odd(&object, &item);
        }
        match position {
            0 => object,
            _ => format!(",{object}"),
        }
    }

    /// One item's row.
    fn csv(&self, position: u64) -> String {
        let item = self.invoice.item(position);
        let (meter, odd) = (item.meter, Dice::of(&self.invoice, &item));
        let (label, cluster) = (quoted(&meter.label), meter.cluster);
        let note = if item.is_credit { NOTE } else { "" };
        let note = odd.and_then(Dice::note).map_or(note, |(_, csv)| csv);
        let (project, project_id) = meter
            .project
            .map_or(("".into(), ""), |p| (quoted(p.name), &*p.id));
        let replica_set = cluster.map(|cluster| format!("atlas-{}-shard-0", cluster.name));
        let tags = cluster.map_or(["", ""], |cluster| [cluster.env, cluster.team]);
        let end = match odd.map(|dice| dice.tags().1) {
            // Rows without tags end early, and as on Windows.
            Some(["", ""]) => "\r\n".to_owned(),
            odd => format!(",{}\n", odd.unwrap_or(tags).join(",")),
        };
        format!(
            "{},{},{label},{note},{},{project},{project_id},{label},{},{},{},,,{},{},{},{},{}{end}",
            self.billed,
            self.slashes[item.day as usize],
            self.org,
            meter.region,
            cluster.map_or("", |cluster| cluster.name),
            replica_set.unwrap_or_default(),
            meter.unit,
            price(&item),
            milli(item.quantity_milli),
            meter.discount_percent,
            cents(item.net_cents()),
        )
    }
}

/// Appends a field to an object, whose brace the first one opens.
fn field(object: &mut String, key: &str, value: impl Display) {
    let before = if object.is_empty() { '{' } else { ',' };
    // Writing to a String cannot fail.
    let _ = write!(object, "{before}\"{key}\":{value}");
}

/// Appends a text, where there is one.
fn text(object: &mut String, key: &str, value: Option<&str>) {
    match value {
        // The only one of the characters to escape that the made-up names have.
        Some(value) if value.contains('"') => {
            field(
                object,
                key,
                format_args!("\"{}\"", value.replace('"', "\\\"")),
            );
        }
        Some(value) => field(object, key, format_args!("\"{value}\"")),
        None => {}
    }
}

fn price(item: &Item<'_>) -> String {
    match item.is_credit {
        true => cents(item.total_cents),
        false => item.meter.price_text.clone(),
    }
}

/// Thousandths as a decimal number without trailing zeros.
pub(crate) fn milli(milli: u64) -> String {
    decimal(milli.into(), 3)
}

/// A number of units of which 10^`places` are a whole, as a decimal number without trailing zeros.
pub(crate) fn decimal(units: i128, places: usize) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

/// Cents as a decimal number of dollars with two places.
pub(crate) fn cents(cents: i64) -> String {
    let (sign, cents) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// A field's text as CSV has it, in quotes if it needs them.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

/// The note of a credit.
const NOTE: &str = "Promotional credit";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::catalog::Meter;
    use crate::invoice::plan::{InvoicePlan, Variety};

    const ID: &str = "66b100000000000000000001";

    fn invoice(plan: InvoicePlan) -> Arc<Invoice> {
        Invoice::new(plan, 2, &Meter::by_organization(false))
    }

    fn text(plan: InvoicePlan) -> String {
        let bytes = json_body(&invoice(plan)).into_bytes();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[test]
    fn plain_and_wild_invoices_are_json_and_add_up() {
        for variety in [Variety::Plain, Variety::Wild] {
            let linked = InvoicePlan::new("66b100000000000000000002").items(10);
            let plan = InvoicePlan::new(ID)
                .items(2_000)
                .variety(variety)
                .refunded();
            let plan = plan.linked(linked.clone()).linked(linked);
            let facts = invoice(plan.clone()).facts().clone();
            let value: Value = serde_json::from_str(&text(plan.clone())).unwrap();
            let items = value["lineItems"].as_array().unwrap();
            assert_eq!(items.len(), 2_000);
            let sum = |key: &str| -> i64 { items.iter().filter_map(|i| i[key].as_i64()).sum() };
            assert_eq!(sum("totalPriceCents"), facts.gross_cents);
            assert_eq!(sum("discountCents"), facts.discount_cents);
            assert_eq!(value["subtotalCents"], facts.subtotal_cents);
            let linked = value["linkedInvoices"][1]["lineItems"].as_array();
            assert_eq!(linked.unwrap().len(), 10);
            let other = text(plan.key_order(KeyOrder::HeadFirst));
            assert_eq!(value, serde_json::from_str::<Value>(&other).unwrap());
        }
    }

    #[test]
    fn key_order_is_as_planned() {
        let plan = |order| InvoicePlan::new(ID).items(1).key_order(order);
        let first = text(plan(KeyOrder::HeadFirst));
        assert!(first.find("\"statusName\"") < first.find("\"lineItems\""));
        let sorted = text(plan(KeyOrder::Alphabetical));
        assert!(sorted.find("\"statusName\"") > sorted.find("\"lineItems\""));
        assert!(sorted.find("\"id\"") < sorted.find("\"lineItems\""));
    }

    #[test]
    fn csv_has_a_row_an_item_and_adds_up() {
        let invoice = invoice(InvoicePlan::new(ID).items(500));
        let bytes = csv_body(&invoice).into_bytes();
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
        let mut sum = 0;
        for row in &lines[6..] {
            assert!(row.starts_with("02/01/2025,01/"), "{row}");
            assert!(row.contains(r#","Größe ""Nord"" GmbH","#), "{row}");
            let fields: Vec<&str> = row.split(',').collect();
            assert_eq!(fields.len(), columns.len(), "{row}");
            sum += fields[amount].replace('.', "").parse::<i64>().unwrap();
        }
        let facts = invoice.facts();
        assert_eq!(sum, facts.gross_cents - facts.discount_cents);
    }

    #[test]
    fn a_large_invoice_comes_in_pieces_and_an_empty_one_whole() {
        let large = json_body(&invoice(InvoicePlan::new(ID).items(5_000)));
        assert_eq!(large.known_length(), None);
        let lengths: Vec<usize> = large.into_pieces().map(|piece| piece.len()).collect();
        assert!(lengths.len() > 10);
        assert!(lengths.iter().all(|length| *length < PIECE + 2_048));
        let value: Value = serde_json::from_str(&text(InvoicePlan::new(ID).items(0))).unwrap();
        assert_eq!(value["lineItems"], json!([]));
        assert_eq!(value["amountBilledCents"], 0);
    }

    #[test]
    fn numbers() {
        for (value, want) in [(0, "0"), (5, "0.005"), (72_000, "72"), (10_010, "10.01")] {
            assert_eq!(milli(value), want);
        }
        for (units, places, want) in [
            (0, 4, "0"),
            (-5, 4, "-0.0005"),
            (123_400, 4, "12.34"),
            (-7, 0, "-7"),
        ] {
            assert_eq!(decimal(units, places), want);
        }
        for (value, want) in [
            (0, "0.00"),
            (-5, "-0.05"),
            (123, "1.23"),
            (-100_000, "-1000.00"),
        ] {
            assert_eq!(cents(value), want);
        }
    }
}
