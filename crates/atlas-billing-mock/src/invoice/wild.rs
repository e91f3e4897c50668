//! Line items with what a client must survive.

use super::catalog::Meter;
use super::figures::Invoice;
use super::item::{DayText, Item, Kind, cluster, project};
use super::number::{push_int, push_milli, put};
use crate::random::noise;

/// Notes as JSON and as CSV write them.
const NOTES: [(&str, &str); 5] = [
    (
        r#""Says \"see below\", twice""#,
        r#""Says ""see below"", twice""#,
    ),
    (r#""two\nlines\tand a tab""#, "\"two\nlines\tand a tab\""),
    ("\"Zürich – 東京 \u{1F680}\"", "Zürich – 東京 \u{1F680}"),
    (
        r#""back\\slash \u0041\/\ud83d\ude80""#,
        "back\\slash A/\u{1F680}",
    ),
    (r#""""#, ""),
];

/// The whole of `tags`, and the values of the two tag columns that CSV has for it.
const TAGS: [(&str, [&str; 2]); 7] = [
    ("null", ["", ""]),
    ("{}", ["", ""]),
    (r#"{"env":[],"team":["routing"]}"#, ["", "routing"]),
    (
        r#"{"env":["prod","dr"],"team":["insight","booking"]}"#,
        ["\"prod, dr\"", "\"insight, booking\""],
    ),
    (r#"{"env":null,"team":["routing"]}"#, ["", "routing"]),
    (
        r#"{"env":["a,b"],"team":["\"x\""]}"#,
        ["\"a,b\"", "\"\"\"x\"\"\""],
    ),
    (
        r#"{"cost center \u00e9":["4711"],"env":["prod"]}"#,
        ["prod", ""],
    ),
];

/// Fields that no specification knows.
const UNKNOWN: [&str; 4] = [
    r#""meterVersion":3"#,
    r#""attribution":{"rule":"x","parts":[1,2,{"y":null}],"lineItems":[]}"#,
    r#""billedThrough":null"#,
    r#""x-note":"]},{\"id\":""#,
];

/// The dice of one item, thrown per question.
struct Dice {
    seed: u64,
    position: u64,
}

impl Dice {
    fn new(invoice: &Invoice, item: &Item) -> Self {
        Self {
            seed: invoice.plan.seed ^ 0x51D,
            position: item.position,
        }
    }

    /// A number below `sides`, the same for the same question.
    fn throw(&self, question: u64, sides: u64) -> u64 {
        noise(self.seed ^ (question << 40), self.position) % sides
    }

    fn pick<T: Copy>(&self, question: u64, from: &[T]) -> T {
        from[self.throw(question, from.len() as u64) as usize]
    }
}

/// Writes fields with commas between them.
struct Fields<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Fields<'_> {
    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.raw("\"");
        put(self.out, key);
        put(self.out, "\":");
        self.out
    }

    fn raw(&mut self, text: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, key: &str, value: &str) {
        let out = self.key(key);
        put(out, "\"");
        put(out, value);
        put(out, "\"");
    }
}

/// Appends an odd item's object.
pub(crate) fn push_json(out: &mut Vec<u8>, invoice: &Invoice, item: &Item, day: &DayText) {
    let dice = Dice::new(invoice, item);
    let meter = meter_of(invoice, item);
    out.push(b'{');
    let mut fields = Fields { out, first: true };
    match dice.throw(1, 4) {
        0 => fields.text("cloudProvider", "LUNA"),
        1 => fields.raw("\"cloudProvider\":null"),
        2 => {}
        _ => fields.text(
            "cloudProvider",
            meter.map_or("ATLAS", |meter| meter.provider),
        ),
    }
    match meter.and_then(cluster) {
        Some(cluster) => fields.text("clusterName", cluster.name),
        None if dice.throw(2, 2) == 0 => fields.raw("\"clusterName\":null"),
        None => {}
    }
    fields.text("created", &day.created);
    push_int(fields.key("discountCents"), item.discount_cents);
    fields.text("endDate", &day.end);
    match meter.and_then(project) {
        Some((id, name)) => {
            fields.text("groupId", id);
            fields.text("groupName", name);
        }
        None => fields.raw("\"groupId\":null,\"groupName\":null"),
    }
    if let Some((json, _)) = note(&dice) {
        put(fields.key("note"), json);
    }
    if let Some(meter) = meter.filter(|meter| meter.discount_percent > 0) {
        fields.raw(&format!("\"percentDiscount\":{}", meter.discount_percent));
    }
    if dice.throw(3, 3) == 0 {
        // The same number with an exponent, as some writers of doubles print it.
        fields.raw(&format!("\"quantity\":{}E-3", item.quantity_milli));
    } else {
        push_milli(fields.key("quantity"), item.quantity_milli);
    }
    fields.text("sku", meter.map_or("CREDIT", |meter| &meter.sku));
    fields.text("startDate", &day.start);
    if dice.throw(4, 5) == 0 {
        fields.text("stitchAppName", "triggers \\u0026 functions");
    }
    put(fields.key("tags"), tags(&dice).0);
    if dice.throw(5, 4) == 0 {
        fields.raw("\"tierLowerBound\":0.0,\"tierUpperBound\":null");
    }
    push_int(fields.key("totalPriceCents"), item.total_cents);
    fields.text("unit", meter.map_or("credit", |meter| meter.unit));
    let price = meter.map(|meter| meter.price_text.clone());
    let price = price.unwrap_or_else(|| (item.total_cents as f64 / 100.0).to_string());
    fields.raw(&format!("\"unitPriceDollars\":{price}"));
    if dice.throw(6, 2) == 0 {
        fields.raw(dice.pick(7, &UNKNOWN));
    }
    out.push(b'}');
}

fn meter_of<'a>(invoice: &'a Invoice, item: &Item) -> Option<&'a Meter> {
    match item.kind {
        Kind::Usage { meter } => invoice.meters.get(meter),
        Kind::Credit => None,
    }
}

fn note(dice: &Dice) -> Option<(&'static str, &'static str)> {
    (dice.throw(8, 2) == 0).then(|| dice.pick(9, &NOTES))
}

fn tags(dice: &Dice) -> (&'static str, [&'static str; 2]) {
    dice.pick(10, &TAGS)
}

/// An odd item's note and tag columns as CSV writes them; no columns where the row is ragged.
pub(crate) fn csv_parts(invoice: &Invoice, item: &Item) -> (&'static str, [&'static str; 2]) {
    let dice = Dice::new(invoice, item);
    (note(&dice).map_or("", |(_, csv)| csv), tags(&dice).1)
}
