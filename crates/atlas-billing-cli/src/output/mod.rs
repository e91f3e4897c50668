//! What is written: records in each form, tables, files, and where it all goes.

pub(crate) mod amount;
mod bar;
mod cell;
mod column;
mod csv;
mod draft;
mod file;
mod json;
mod layout;
pub(crate) mod markdown;
mod records;
mod schema;
mod sink;
pub(crate) mod table;
mod width;

pub(crate) use cell::Cell;
pub(crate) use column::{Column, Kind};
pub(crate) use file::{FileError, WholeFile};
pub(crate) use layout::{Heading, Layout, Row};
pub(crate) use records::Records;
pub(crate) use schema::schema;
pub(crate) use sink::Sink;
pub(crate) use table::Paper;
