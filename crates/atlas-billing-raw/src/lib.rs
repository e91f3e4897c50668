#![doc = include_str!("../README.md")]

mod cents;
mod decimal;
#[rustfmt::skip]
mod generated;
mod lenient;
mod line_item;
mod number;
mod open_enum;
pub mod operation;
mod pages;
mod presigned_url;
mod shared;
pub mod timestamp;
pub mod transport;

pub use cents::Cents;
pub use decimal::{decimal_of_f64, parse_decimal};
pub use generated::{Client, builder, enums, types};
pub use number::{NotANumber, Number};
pub use open_enum::Unknown;
pub use pages::{Page, Pages};
pub use presigned_url::PresignedUrl;
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
pub use rust_decimal::Decimal;
pub use shared::{Interner, SharedText, Tags, deserialize_tags};
pub use transport::{Plain, SendFuture, SharedTransport, Transport};
