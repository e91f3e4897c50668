//! An invoice as CSV: a preamble, a header row, a row an item.

use super::catalog::Meter;
use super::figures::Invoice;
use super::item::{Item, Kind, cluster, days, project, slashes};
use super::number::{push_cents, push_milli, put};
use super::wild;

/// The fixed columns; one a tag key follows.
const COLUMNS: [&str; 19] = [
    "Date",
    "Usage Date",
    "Description",
    "Note",
    "Organization Name",
    "Organization ID",
    "Project",
    "Project ID",
    "SKU",
    "Region",
    "Cluster",
    "Replica Set",
    "Config Server",
    "Application",
    "Unit",
    "Unit Price",
    "Quantity",
    "Discount Percent",
    "Amount",
];

/// The tag keys that have columns.
const TAG_KEYS: &str = "env,team";

/// What stands before the rows.
pub(crate) fn opening(invoice: &Invoice) -> String {
    let facts = invoice.facts();
    let date = |day: chrono::NaiveDate| day.format("%B %-d, %Y").to_string();
    format!(
        "Invoice Number,{},\nBilling Period,\"{} - {}\",\nOrganization Name,{},\n\
         Organization ID,{},\n\n{},{TAG_KEYS}\n",
        facts.id,
        date(facts.start),
        date(facts.end),
        quoted(&invoice.org_name),
        facts.org_id,
        COLUMNS.join(","),
    )
}

/// A field's text, in quotes if it needs them.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Writes an invoice's rows, with everything that rows share rendered beforehand.
pub(crate) struct CsvItems {
    meters: Vec<MeterText>,
    credit: MeterText,
    /// The two dates that a row begins with, by day.
    days: Vec<String>,
}

struct MeterText {
    description: String,
    /// From the organization to the unit price.
    middle: String,
    /// From the description to the unit price, where there is no note.
    whole: String,
    discount: String,
    tags: String,
}

impl CsvItems {
    pub(crate) fn new(invoice: &Invoice) -> Self {
        let org = format!("{},{}", quoted(&invoice.org_name), invoice.org_id);
        let meters = invoice
            .meters
            .iter()
            .map(|meter| MeterText::new(meter, &org))
            .collect();
        let billed = slashes(invoice.plan.end());
        let days = days(&invoice.plan);
        let days = days
            .iter()
            .map(|day| format!("{billed},{},", day.slashes))
            .collect();
        Self {
            meters,
            credit: MeterText::credit(&org),
            days,
        }
    }

    /// Appends one item's row.
    pub(crate) fn push(&self, out: &mut Vec<u8>, invoice: &Invoice, item: &Item) {
        put(out, &self.days[item.day as usize]);
        let odd = item.odd.then(|| wild::csv_parts(invoice, item));
        let text = match item.kind {
            Kind::Usage { meter } => &self.meters[meter],
            Kind::Credit => &self.credit,
        };
        match odd {
            Some((note, _)) => {
                put(out, &text.description);
                put(out, note);
                put(out, &text.middle);
            }
            None => put(out, &text.whole),
        }
        if item.kind == Kind::Credit {
            push_cents(out, item.total_cents);
            put(out, ",1");
        } else {
            push_milli(out, item.quantity_milli);
        }
        put(out, &text.discount);
        push_cents(out, item.total_cents - item.discount_cents);
        match odd {
            // Rows without tags end early, and as on Windows.
            Some((_, ["", ""])) => put(out, "\r\n"),
            Some((_, tags)) => {
                for tag in tags {
                    put(out, ",");
                    put(out, tag);
                }
                put(out, "\n");
            }
            None => put(out, &text.tags),
        }
    }
}

impl MeterText {
    fn new(meter: &Meter, org: &str) -> Self {
        let cluster = cluster(meter);
        let (project_id, project_name) = project(meter).unwrap_or_default();
        let name = cluster.map_or("", |cluster| cluster.name);
        let set = cluster
            .map(|c| format!("atlas-{}-shard-0", c.name))
            .unwrap_or_default();
        let (label, region, unit) = (quoted(&meter.label), meter.region, meter.unit);
        let price = &meter.price_text;
        let middle = format!(
            ",{org},{project_name},{project_id},{label},{region},{name},{set},,,{unit},{price},"
        );
        Self {
            description: format!("{label},"),
            whole: format!("{label},{middle}"),
            middle,
            discount: format!(",{},", meter.discount_percent),
            tags: cluster.map_or(",,\n".to_owned(), |c| format!(",{},{}\n", c.env, c.team)),
        }
    }

    /// A credit's unit price is its amount.
    fn credit(org: &str) -> Self {
        let middle = format!(",{org},,,Credit,,,,,,credit,");
        Self {
            description: "Credit,".to_owned(),
            whole: format!("Credit,Promotional credit{middle}"),
            middle,
            discount: ",0,".to_owned(),
            tags: ",,\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_needed() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
    }
}
