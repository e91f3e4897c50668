//! The network: reqwest.

use super::{BoxFuture, ExchangeError, HttpClient};

/// Sends requests with a reqwest client.
#[derive(Debug, Clone)]
pub(crate) struct ReqwestClient(pub(crate) reqwest::Client);

impl HttpClient for ReqwestClient {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move { Ok(self.0.execute(request).await?) })
    }
}
