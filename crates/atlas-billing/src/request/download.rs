//! A file that is downloaded from another host by a presigned URL, whole or not at all.
//!
//! Nothing of ours goes there: no credential, no header of the caller's, no cookie. The URL is a
//! secret. It is https (plain http where the service itself is on this machine), is not redirected,
//! and is refreshed where the host refuses it, as it does once it has expired.
//!
//! A download that breaks goes on where it stopped, if the host says that the file is the same and
//! sends the rest (RFC 9110 sections 13.1.5 and 14.2). Otherwise it starts over, and what was handed
//! out already is compared by its checksum.

use std::fmt;

use atlas_billing_raw::PresignedUrl;
use bytes::Bytes;
use flate2::Crc;
use futures_util::stream;
use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use http::{HeaderValue, Method, StatusCode};
use url::Url;

use super::csv_file::CsvFile;
use super::options::Form;
use super::response::ResponseHead;
use crate::auth::is_loopback;
use crate::edge::BoxFuture;
use crate::error::{Error, ErrorKind, Result, Transience};
use crate::exchange::{
    BodyStream, Exchange, GZIP_MAGIC, Gunzip, Limits, RetryPolicy, in_call_span,
};
use crate::meta::ResponseMeta;

/// How often in a row the host may refuse the URL.
const REFUSALS: u32 = 3;

/// How often in a row a download may break without at least this much in between.
const BREAKS: u32 = 5;
const PROGRESS: u64 = 1024 * 1024;

/// Obtains a URL, and refreshes it where the last one was refused.
pub(crate) type ObtainUrl = Box<dyn Fn() -> BoxFuture<'static, Result<PresignedUrl>> + Send + Sync>;

/// What a download goes by.
#[derive(Debug, Clone)]
pub(crate) struct DownloadSettings {
    /// The stable name of the download, for errors and observers.
    pub(crate) operation: &'static str,
    pub(crate) exchange: Exchange,
    pub(crate) limits: Limits,
    pub(crate) retry: RetryPolicy,
    /// The largest file that is kept in memory whole.
    pub(crate) max_body: u64,
    /// The largest file, decompressed.
    pub(crate) max_file: u64,
    /// Whether the service itself is on this machine, so that its files may be, too.
    pub(crate) local: bool,
}

/// Length and checksum of bytes that have passed.
#[derive(Default)]
struct Passed {
    length: u64,
    sum: Crc,
}

impl Passed {
    fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.sum.update(bytes);
    }
}

/// A file that comes from its beginning again: whether it is the same one is not known yet.
#[derive(Default)]
struct Again {
    passed: Passed,
    tag: Option<HeaderValue>,
}

/// A download under way.
pub(crate) struct Download {
    settings: DownloadSettings,
    obtain_url: ObtainUrl,
    url: Option<Url>,
    body: Option<BodyStream>,
    /// The strong entity tag of the file that was handed out so far, if it has one.
    tag: Option<HeaderValue>,
    /// Length and checksum of what was handed out, compressed as it was sent.
    done: Passed,
    /// What comes again after a start from the beginning, up to `done`.
    again: Option<Again>,
    refusals: u32,
    breaks: u32,
    /// Where in the file the last break was.
    broke_at: u64,
    gunzip: Option<Gunzip>,
    /// The size of what was handed out, decompressed.
    size: u64,
}

impl Download {
    /// The CSV file, plain or gzip, as far as its first piece; the rest comes as it is read.
    pub(crate) async fn csv(settings: DownloadSettings, obtain_url: ObtainUrl) -> Result<CsvFile> {
        let (operation, max_body) = (settings.operation, settings.max_body);
        let mut download = Self {
            settings,
            obtain_url,
            url: None,
            body: None,
            tag: None,
            done: Passed::default(),
            again: None,
            refusals: 0,
            breaks: 0,
            broke_at: 0,
            gunzip: None,
            size: 0,
        };
        let begun = in_call_span(operation, download.begin()).await;
        let (meta, first) = begun.map_err(|error| error.with_operation(operation))?;
        let head = ResponseHead {
            form: Form::Csv,
            max_body,
            meta,
        };
        let rest = stream::try_unfold(download, move |mut download| async move {
            let next = download.next().await;
            let next = next.map_err(|error| error.with_operation(operation))?;
            Ok(next.map(|piece| (piece, download)))
        });
        CsvFile::from_pieces(head, first, Box::pin(rest))
    }

    /// The head of the response, and the first piece of the file.
    async fn begin(&mut self) -> Result<(ResponseMeta, Bytes)> {
        // Whether it is compressed is told by its first bytes: no header says so reliably.
        let mut start = self.next_sent().await?.unwrap_or_default();
        while start.len() < GZIP_MAGIC.len()
            && let Some(more) = self.next_sent().await?
        {
            start = [start, more].concat().into();
        }
        let meta = self.body.as_ref().map(|body| body.meta().clone());
        let meta = meta.ok_or_else(|| Error::decode("the download is empty"))?;
        if !start.starts_with(GZIP_MAGIC) {
            self.measure(&start)?;
            return Ok((meta, start));
        }
        let mut gunzip = Gunzip::new();
        gunzip.push(start);
        self.gunzip = Some(gunzip);
        Ok((meta, self.next().await?.unwrap_or_default()))
    }

    /// The next piece of the file, decompressed; `None` at its end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let piece = loop {
            let Some(gunzip) = &mut self.gunzip else {
                break self.next_sent().await?;
            };
            match gunzip.next()? {
                Some(piece) if piece.is_empty() => continue,
                Some(piece) => break Some(piece),
                None => {}
            }
            let Some(sent) = self.next_sent().await? else {
                let rest = self.gunzip.take().map(|mut gunzip| gunzip.finish());
                break rest.transpose()?.filter(|rest| !rest.is_empty());
            };
            if let Some(gunzip) = &mut self.gunzip {
                gunzip.push(sent);
            }
        };
        self.measure(piece.as_deref().unwrap_or_default())?;
        Ok(piece)
    }

    fn measure(&mut self, piece: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(piece.len() as u64);
        let limit = self.settings.max_file;
        if self.size <= limit {
            return Ok(());
        }
        let message = format!("the file has more than {limit} bytes, the limit for one");
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    /// The next piece as it was sent, whatever breaks in between.
    async fn next_sent(&mut self) -> Result<Option<Bytes>> {
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => self.open().await?,
            };
            let next = body.next().await;
            self.body = Some(body);
            match next {
                Some(Ok(piece)) => {
                    let piece = self.unseen(piece)?;
                    if !piece.is_empty() {
                        self.done.update(&piece);
                        self.refusals = 0;
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => {
                    let error = error.with_operation(self.settings.operation);
                    let done = self.done.length;
                    if done >= self.broke_at.saturating_add(PROGRESS) {
                        self.breaks = 0;
                        self.broke_at = done;
                    }
                    self.breaks += 1;
                    if error.transience() == Transience::Permanent || self.breaks > BREAKS {
                        return Err(error);
                    }
                    self.body = None;
                }
                None if self.again.is_some() => return Err(changed()),
                None => return Ok(None),
            }
        }
    }

    /// What of `piece` was not handed out before.
    fn unseen(&mut self, mut piece: Bytes) -> Result<Bytes> {
        let Some(again) = &mut self.again else {
            return Ok(piece);
        };
        let passed = &mut again.passed;
        let left = self.done.length.saturating_sub(passed.length);
        let known = piece.split_to(usize::try_from(left).unwrap_or(usize::MAX).min(piece.len()));
        passed.update(&known);
        if passed.length == self.done.length {
            if passed.sum.sum() != self.done.sum.sum() {
                return Err(changed());
            }
            self.tag = again.tag.take();
            self.again = None;
        }
        Ok(piece)
    }

    /// A response with the rest of the file, or the file from its beginning.
    async fn open(&mut self) -> Result<BodyStream> {
        loop {
            let url = match &self.url {
                Some(url) => url.clone(),
                None => {
                    let url = (self.obtain_url)().await?;
                    let url = checked(&url, self.settings.local)?;
                    self.url.insert(url).clone()
                }
            };
            let settings = &self.settings;
            let (done, tag) = (self.done.length, self.tag.as_ref());
            let attempt = || settings.attempt(&url, done, tag);
            let (retry, deadline) = (&settings.retry, settings.limits.deadline);
            let exchange = &settings.exchange;
            let opened = exchange
                .retry(settings.operation, retry, deadline, attempt)
                .await;
            let body = opened?;
            let status = body.meta().status();
            if status == StatusCode::PARTIAL_CONTENT && self.is_the_rest(body.meta()) {
                self.again = None;
                return Ok(body);
            }
            if status == StatusCode::OK {
                let tag = strong_tag(body.meta());
                match self.done.length {
                    0 => self.tag = tag,
                    _ => {
                        let passed = Passed::default();
                        self.again = Some(Again { passed, tag });
                    }
                }
                return Ok(body);
            }
            let meta = body.meta().clone();
            if status.is_success() {
                let message = match status {
                    StatusCode::PARTIAL_CONTENT => "sent another part of the file".to_owned(),
                    _ => format!("responded {status} instead of the file"),
                };
                let error = Error::decode(format!("the storage host {message}"));
                return Err(error.with_meta(meta));
            }
            if status == StatusCode::RANGE_NOT_SATISFIABLE && self.tag.take().is_some() {
                // The file is another one, or was complete: from its beginning it tells.
                continue;
            }
            self.refusals += 1;
            if status.is_redirection() || self.refusals > REFUSALS {
                return Err(refused(meta));
            }
            self.url = None;
        }
    }

    /// Whether a part of a file is all that is missing here.
    fn is_the_rest(&self, meta: &ResponseMeta) -> bool {
        let range = meta.headers().get(CONTENT_RANGE);
        let range = range.and_then(|range| part(range.to_str().ok()?));
        let is_rest = range.is_some_and(|(first, last, length)| {
            first == self.done.length
                && length.is_none_or(|length| last.checked_add(1) == Some(length))
        });
        is_rest && self.tag.is_some() && strong_tag(meta).is_none_or(|tag| Some(tag) == self.tag)
    }
}

impl DownloadSettings {
    /// One request, for what follows the first `done` bytes if the file still has this tag. A status
    /// that says the URL is of no use is no error here.
    async fn attempt(&self, url: &Url, done: u64, tag: Option<&HeaderValue>) -> Result<BodyStream> {
        let mut request = reqwest::Request::new(Method::GET, url.clone());
        let headers = request.headers_mut();
        // A part of a compressed file would be a part of something else.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(tag) = tag.filter(|_| done > 0)
            && let Ok(range) = HeaderValue::try_from(format!("bytes={done}-"))
        {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, tag.clone());
        }
        let mut shown = url.clone();
        shown.set_path("/");
        let exchange = &self.exchange;
        let sent = exchange.send_shown(self.operation, request, self.limits, shown);
        let body = sent.await?.undecoded();
        match body.meta().status().as_u16() {
            // What a gateway or a rate limit says is for the retry policy. The body is not read: it
            // may repeat the signature.
            429 | 500..=599 => Err(Error::from_response(body.meta().clone(), b"")),
            _ => Ok(body),
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("done", &self.done.length)
            .finish_non_exhaustive()
    }
}

/// The URL, where it may be requested.
fn checked(url: &PresignedUrl, local: bool) -> Result<Url> {
    let parsed = Url::parse(url.expose()).ok().filter(Url::has_host);
    let parsed = parsed.filter(|url| url.username().is_empty() && url.password().is_none());
    match parsed {
        Some(url) if url.scheme() == "https" => Ok(url),
        Some(url) if url.scheme() == "http" && local && is_loopback(&url) => Ok(url),
        _ => Err(Error::decode(format!(
            "the service sent a download URL ({url}) that is not https, which is not requested"
        ))),
    }
}

/// The entity tag that says that two files are the same byte for byte (RFC 9110 section 8.8.3).
fn strong_tag(meta: &ResponseMeta) -> Option<HeaderValue> {
    let tag = meta.headers().get(ETAG)?;
    tag.as_bytes().starts_with(b"\"").then(|| tag.clone())
}

/// The first and last byte of a part, and the file's length where it is known (RFC 9110 section
/// 14.4).
fn part(range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (unit, range) = range.trim().split_once(' ')?;
    let (bytes, length) = range
        .split_once('/')
        .filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    let (first, last) = bytes.split_once('-')?;
    let length = match length {
        "*" => None,
        length => Some(length.parse().ok()?),
    };
    Some((first.trim().parse().ok()?, last.parse().ok()?, length))
}

fn changed() -> Error {
    let message = "the file changed while it was downloaded";
    Error::new(ErrorKind::Truncated, message)
}

fn refused(meta: ResponseMeta) -> Error {
    let status = meta.status();
    let what = match status.is_redirection() {
        true => "redirects the download, and redirects are not followed",
        false => "refused the download, with new URLs, too",
    };
    Error::new(
        ErrorKind::Rejected,
        format!("the storage host {what}: {status}"),
    )
    .with_meta(meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_bounds_and_perhaps_the_length() {
        for (text, expected) in [
            ("bytes 10-19/20", Some((10, 19, Some(20)))),
            ("Bytes 0-0/*", Some((0, 0, None))),
            ("bytes */20", None),
            ("bytes 10-/20", None),
            ("bytes 10-19/soon", None),
            ("lines 10-19/20", None),
            ("bytes=10-19/20", None),
            ("", None),
        ] {
            assert_eq!(part(text), expected, "{text}");
        }
    }

    #[test]
    fn only_https_is_requested_and_loopback_where_the_service_is_there() {
        for (url, local, accepted) in [
            ("https://files.example/r.csv?sig=x", false, true),
            ("https://files.example:8443/r.csv", true, true),
            ("http://files.example/r.csv", true, false),
            ("http://127.0.0.1:9/r.csv", true, true),
            ("http://127.0.0.1:9/r.csv", false, false),
            ("https://user:planted@files.example/r.csv", false, false),
            ("ftp://files.example/r.csv", true, false),
            ("file:///etc/passwd", true, false),
            ("/r.csv", true, false),
            ("", true, false),
        ] {
            let checked = checked(&PresignedUrl::from(url.to_owned()), local);
            assert_eq!(checked.is_ok(), accepted, "{url}");
            if let Err(error) = checked {
                let shown = format!("{error} {error:?}");
                assert!(
                    !shown.contains("r.csv") && !shown.contains("planted"),
                    "{shown}"
                );
            }
        }
    }
}
