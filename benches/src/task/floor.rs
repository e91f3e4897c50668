//! The floor: what it takes to receive the bytes at all.

use reqwest::header::ACCEPT;

use crate::Result;
use crate::gauge::{Gauge, Sample, Seen};

/// Streams the body and drops it.
pub(super) async fn run(url: String, form: &str) -> Result<Sample> {
    let client = reqwest::Client::new();
    let gauge = Gauge::start();
    let accept = format!("application/vnd.atlas.2023-01-01+{form}");
    let request = client.get(url).header(ACCEPT, accept);
    let mut answer = request.send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(gauge.stop(Seen {
        count: bytes,
        cents: 0,
    }))
}
