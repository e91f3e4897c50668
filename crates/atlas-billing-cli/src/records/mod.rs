//! The kinds of records that commands write, each described column by column.

pub(crate) mod cost;
pub(crate) mod invoice;
pub(crate) mod line_item;
