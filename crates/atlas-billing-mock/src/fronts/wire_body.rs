//! Reading the bodies of HTTP/1.1 requests.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::wire::{Bad, LONGEST_BODY, LONGEST_HEAD};

/// Reads so many bytes.
pub(super) async fn read_length<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
    length: usize,
) -> io::Result<Result<Bytes, Bad>> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Err(Bad(400)));
        }
    }
    Ok(Ok(buffer.split_to(length).freeze()))
}

/// Reads a chunked body (RFC 9112, section 7.1).
pub(super) async fn read_chunked<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> io::Result<Result<Bytes, Bad>> {
    let mut body = BytesMut::new();
    loop {
        let Some(line) = read_line(stream, buffer).await? else {
            return Ok(Err(Bad(400)));
        };
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(digits).ok();
        let Some(size) = size.and_then(|text| usize::from_str_radix(text.trim(), 16).ok()) else {
            return Ok(Err(Bad(400)));
        };
        if body.len().saturating_add(size) > LONGEST_BODY {
            return Ok(Err(Bad(413)));
        }
        if size == 0 {
            break;
        }
        match read_length(stream, buffer, size + 2).await? {
            Ok(chunk) if chunk.ends_with(b"\r\n") => body.extend_from_slice(&chunk[..size]),
            _ => return Ok(Err(Bad(400))),
        }
    }
    // Trailers mean nothing here.
    loop {
        match read_line(stream, buffer).await? {
            Some(line) if line.is_empty() => return Ok(Ok(body.freeze())),
            Some(_) => {}
            None => return Ok(Err(Bad(400))),
        }
    }
}

async fn read_line<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> io::Result<Option<Bytes>> {
    loop {
        if let Some(at) = find(buffer, b"\r\n") {
            let line = buffer.split_to(at).freeze();
            buffer.advance(2);
            return Ok(Some(line));
        }
        if buffer.len() > LONGEST_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Where `wanted` is first.
pub(super) fn find(buffer: &[u8], wanted: &[u8]) -> Option<usize> {
    buffer
        .windows(wanted.len())
        .position(|window| window == wanted)
}
