//! What things of the service are called: checked when made, so that a typo is refused before
//! anything is sent.

mod api_version;
mod invoice_id;
mod object_id;
mod org_id;
mod query_token;
mod shown;
mod text;

pub use api_version::ApiVersion;
pub use invoice_id::InvoiceId;
pub(crate) use object_id::ObjectId;
pub use org_id::OrgId;
pub use query_token::QueryToken;
pub(crate) use shown::shown;
pub(crate) use text::text_value;
