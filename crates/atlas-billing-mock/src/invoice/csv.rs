//! An invoice as CSV: a preamble, a header row, a row an item.

use super::figures::Invoice;
use super::item::{DayText, Item, Kind, cluster, days, project, slashes};
use super::number::{push_cents, push_milli, put};
use super::wild;

/// The fixed columns; one a tag key follows.
const COLUMNS: &str = "Date,Usage Date,Description,Note,Organization Name,Organization ID,Project,\
    Project ID,SKU,Region,Cluster,Replica Set,Config Server,Application,Unit,Unit Price,Quantity,\
    Discount Percent,Amount";

/// The tag keys that have columns.
const TAG_KEYS: &str = "env,team";

/// What stands before the rows.
pub(crate) fn opening(invoice: &Invoice) -> String {
    let facts = invoice.facts();
    let date = |day: chrono::NaiveDate| day.format("%B %-d, %Y").to_string();
    format!(
        "Invoice Number,{},\nBilling Period,\"{} - {}\",\nOrganization Name,{},\n\
         Organization ID,{},\n\n{COLUMNS},{TAG_KEYS}\n",
        facts.id,
        date(facts.start),
        date(facts.end),
        quoted(&invoice.org_name),
        facts.org_id,
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
    days: Vec<DayText>,
    billed: String,
    org: String,
}

struct MeterText {
    description: String,
    /// From the project to the unit price.
    middle: String,
    discount: String,
    tags: String,
}

impl CsvItems {
    pub(crate) fn new(invoice: &Invoice) -> Self {
        let meters = invoice.meters.iter().map(MeterText::new).collect();
        let org = format!(",{},{},", quoted(&invoice.org_name), invoice.org_id);
        let billed = slashes(invoice.plan.end());
        Self {
            meters,
            days: days(&invoice.plan),
            billed,
            org,
        }
    }

    /// Appends one item's row.
    pub(crate) fn push(&self, out: &mut Vec<u8>, invoice: &Invoice, item: &Item) {
        let day = &self.days[item.day as usize];
        let odd = item.odd.then(|| wild::csv_parts(invoice, item));
        put(out, &self.billed);
        put(out, ",");
        put(out, &day.slashes);
        put(out, ",");
        let (text, note) = match item.kind {
            Kind::Usage { meter } => (Some(&self.meters[meter]), ""),
            Kind::Credit => (None, "Promotional credit"),
        };
        put(out, text.map_or("Credit", |text| &text.description));
        put(out, ",");
        put(out, odd.map_or(note, |(note, _)| note));
        put(out, &self.org);
        match text {
            Some(text) => {
                put(out, &text.middle);
                push_milli(out, item.quantity_milli);
                out.extend_from_slice(text.discount.as_bytes());
            }
            None => {
                put(out, ",,Credit,,,,,,credit,");
                push_cents(out, item.total_cents);
                out.extend_from_slice(b",1,0,");
            }
        }
        push_cents(out, item.total_cents - item.discount_cents);
        match odd {
            // Rows without tags end early, and some end as on Windows.
            Some((_, ["", ""])) => put(out, "\r\n"),
            Some((_, [env, team])) => {
                put(out, ",");
                put(out, env);
                put(out, ",");
                put(out, team);
                put(out, "\n");
            }
            None => {
                put(out, text.map_or(",,", |text| &text.tags));
                put(out, "\n");
            }
        }
    }
}

impl MeterText {
    fn new(meter: &super::catalog::Meter) -> Self {
        let cluster = cluster(meter);
        let (project_id, project_name) = project(meter).unwrap_or_default();
        let name = cluster.map_or("", |cluster| cluster.name);
        let replica_set = cluster
            .map(|c| format!("atlas-{}-shard-0", c.name))
            .unwrap_or_default();
        let (label, region, unit) = (&meter.label, meter.region, meter.unit);
        let price = &meter.price_text;
        Self {
            description: quoted(label),
            middle: format!(
                "{project_name},{project_id},{label},{region},{name},{replica_set},,,{unit},{price},"
            ),
            discount: format!(",{},", meter.discount_percent),
            tags: cluster.map_or(",,".to_owned(), |c| format!(",{},{}", c.env, c.team)),
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
