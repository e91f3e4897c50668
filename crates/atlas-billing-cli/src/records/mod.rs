//! The kinds of records that commands write, each described column by column.

pub(crate) mod change;
pub(crate) mod cost;
pub(crate) mod group;
pub(crate) mod invoice;
pub(crate) mod line_item;
