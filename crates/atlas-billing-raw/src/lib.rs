#![doc = include_str!("../README.md")]

#[rustfmt::skip]
mod generated;
mod lenient;
mod open_enum;
pub mod operation;
pub mod timestamp;
pub mod transport;

pub use generated::{Client, builder, enums, types};
pub use open_enum::Unknown;
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
pub use transport::{Plain, Seam, SendFuture, Transport};
