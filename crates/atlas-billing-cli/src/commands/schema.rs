//! `schema`: what the records of csv, jsonl and json hold.

use std::io::Write;

use crate::args::SchemaOf;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::schema;
use crate::records::{cost, invoice, line_item};

pub(super) fn run(context: &Context, of: SchemaOf) -> Result<(), Failure> {
    let schema = match of {
        SchemaOf::Costs => schema(
            "costs",
            "One amount of a Cost Explorer query: a month of what was grouped by.",
            &cost::columns(),
        ),
        SchemaOf::Invoice => schema(
            "invoice",
            "One invoice, without its line items. All cents are hundredths of a US dollar, as the \
             service documents them; negative amounts are credits.",
            &invoice::columns(),
        ),
        SchemaOf::LineItem => schema(
            "line-item",
            "One line item of an invoice. Load a file by replacing everything that has its \
             invoice_id: a pending invoice's items change until it is closed.",
            &line_item::columns(),
        ),
    };
    let mut sink = context.sink()?;
    serde_json::to_writer_pretty(&mut sink, &schema).map_err(std::io::Error::from)?;
    writeln!(sink)?;
    sink.finish()
}
