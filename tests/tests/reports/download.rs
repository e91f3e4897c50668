//! The file of a report: plain or compressed, whole or not at all, whatever breaks on the way.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{At, Fault, On, Operation, ReportSettings, ScenarioBuilder};
use atlas_billing_tests::protocol::Protocol;
use bytes::Bytes;

use crate::{PACE, Setup, URL_LIFE, ends, file, scenario, whole, with};

fn on() -> On {
    On::operation(Operation::Download)
}

/// These responses of the storage host, one after another, and then its own.
fn scripted(faults: impl IntoIterator<Item = Fault>) -> ScenarioBuilder {
    scenario().faults(Operation::Download, faults)
}

/// A response of the storage host that has these headers beside its type.
fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Fault {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let csv = [("content-type", "text/csv")];
    Fault::Reply {
        status,
        headers: csv.iter().chain(headers).map(own).collect(),
        body: body.into(),
    }
}

#[tokio::test]
async fn a_file_is_plain_or_gzip_whatever_its_headers_say() {
    let whole = whole();
    let header = |name: &str, value: &str| Fault::Header(name.into(), value.into());
    let coding = |members| Fault::ContentCoding {
        name: "gzip".into(),
        members,
    };
    let gzip = |media: &str| with(ReportSettings::default().gzip(media));
    for protocol in Protocol::BOTH {
        for (what, scenario) in [
            ("plain", scenario()),
            ("octet-stream", gzip("application/octet-stream")),
            ("gzip", gzip("application/gzip")),
            ("as CSV", gzip("text/csv")),
            (
                "with its coding",
                gzip("text/csv").fault(on(), header("content-encoding", "gzip")),
            ),
            ("coded by the server", scenario().fault(on(), coding(1))),
            ("in members", scenario().fault(on(), coding(3))),
            (
                "plain, labelled gzip",
                scenario().fault(on(), header("content-encoding", "gzip")),
            ),
            (
                "without a type",
                scenario().fault(on(), Fault::ContentType(None)),
            ),
            (
                "of one byte a piece",
                gzip("application/gzip").chunk_size(1),
            ),
        ] {
            let setup = Setup::of(protocol, scenario).await;
            let file = file(setup.report()).await;
            let file = file.unwrap_or_else(|error| panic!("{protocol} {what}: {error}"));
            assert!(file == whole, "{protocol} {what}: {} bytes", file.len());
            assert_eq!(setup.downloads(), [200], "{protocol} {what}");
        }
    }
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_stopped() {
    let whole = whole();
    let gzip = || with(ReportSettings::default().gzip("application/gzip"));
    for protocol in Protocol::BOTH {
        for (what, scenario, breaks) in [
            ("closed", scripted([Fault::Close(At::Body(100_000))]), 1),
            ("reset", scripted([Fault::Reset(At::Body(100_000))]), 1),
            (
                "thrice",
                scripted([
                    Fault::Close(At::Body(50_000)),
                    Fault::StreamResetInBody {
                        code: 2,
                        after: 50_000,
                    },
                    Fault::Close(At::Body(1)),
                ]),
                3,
            ),
            (
                "gzip",
                gzip().faults(Operation::Download, [Fault::Close(At::Body(5_000))]),
                1,
            ),
        ] {
            let setup = Setup::of(protocol, scenario).await;
            let file = file(setup.report()).await.unwrap();
            assert!(file == whole, "{protocol} {what}: {} bytes", file.len());
            let downloads = setup.requests(Operation::Download);
            assert_eq!(downloads.len(), breaks + 1, "{protocol} {what}");
            assert_eq!(downloads[0].header("range"), None);
            let mut before = 0;
            for request in &downloads[1..] {
                let from = request.header("range").and_then(|range| {
                    let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
                    from.parse::<usize>().ok()
                });
                // What had arrived before a reset may be lost; what was closed was read.
                let from = from.unwrap_or_else(|| panic!("{protocol} {what}: {request:?}"));
                assert!(from >= before, "{protocol} {what}");
                before = from;
                let tag = request.header("if-range").unwrap();
                assert!(tag.starts_with('"'), "{tag}");
                assert_eq!(request.status, 206, "{protocol} {what}");
            }
            // All by the one URL.
            assert_eq!(setup.count(Operation::Report), 1, "{protocol} {what}");
        }
    }
}

#[tokio::test]
async fn a_url_that_expired_before_the_download_is_obtained_anew() {
    for protocol in Protocol::BOTH {
        let setup = Setup::of(protocol, scenario()).await;
        let mut query = setup.report().start().await.unwrap();
        while let Some(attempt) = query.next().await {
            attempt.unwrap();
        }
        setup.advance(URL_LIFE);
        let file = ends(async { query.csv().await?.bytes().await }).await;
        assert!(file.unwrap() == whole(), "{protocol}");
        assert_eq!(setup.downloads(), [403, 200], "{protocol}");
        assert_eq!(setup.count(Operation::Report), 2, "{protocol}");
        let waits = setup.clock.waits();
        assert!(
            waits.iter().all(|wait| *wait <= PACE),
            "{protocol}: {waits:?}"
        );
    }
}

#[tokio::test]
async fn a_url_that_expires_during_the_download_is_obtained_anew() {
    let whole = whole();
    for protocol in Protocol::BOTH {
        let setup = Setup::of(protocol, scripted([Fault::Close(At::Body(100_000))])).await;
        let mut csv = setup.report().csv().await.unwrap();
        let mut file = csv.next().await.unwrap().unwrap().to_vec();
        setup.advance(URL_LIFE);
        while let Some(piece) = ends(csv.next()).await {
            file.extend_from_slice(&piece.unwrap());
        }
        assert!(file == whole, "{protocol}: {} bytes", file.len());
        assert_eq!(setup.downloads(), [200, 403, 206], "{protocol}");
        let downloads = setup.requests(Operation::Download);
        assert!(
            downloads[2].header("range").is_some(),
            "what has arrived is not sent again"
        );
        let urls: Vec<_> = downloads.iter().map(|it| it.query()).collect();
        assert!(urls[0] == urls[1] && urls[1] != urls[2], "{urls:?}");
    }
}

#[tokio::test]
async fn a_host_without_ranges_or_tags_sends_the_file_again() {
    let whole = whole();
    let close = |at| Fault::Close(At::Body(at));
    let untagged = || reply(200, &[], whole.clone());
    let weak = || reply(200, &[("etag", "W/\"a\"")], whole.clone());
    for protocol in Protocol::BOTH {
        for (what, scenario, statuses) in [
            (
                "ignores ranges",
                with(ReportSettings::default().ignoring_ranges())
                    .faults(Operation::Download, [close(100_000), close(60_000)]),
                vec![200, 200, 200],
            ),
            (
                "no tag",
                scripted([untagged().and(close(100_000)), untagged()]),
                vec![200, 200],
            ),
            (
                "a weak tag",
                scripted([weak().and(close(100_000)), weak()]),
                vec![200, 200],
            ),
        ] {
            let setup = Setup::of(protocol, scenario).await;
            let file = file(setup.report()).await;
            let file = file.unwrap_or_else(|error| panic!("{protocol} {what}: {error}"));
            assert!(file == whole, "{protocol} {what}: {} bytes", file.len());
            assert_eq!(setup.downloads(), statuses, "{protocol} {what}");
            if what != "ignores ranges" {
                let requests = setup.requests(Operation::Download);
                assert_eq!(requests[1].header("range"), None, "{protocol} {what}");
            }
        }
    }
}

/// A start from the beginning that breaks, too, and then the rest: what came twice is left out.
#[tokio::test]
async fn ranges_may_be_ignored_once_and_honoured_later() {
    let whole = whole();
    let tag = [("etag", "\"same\"")];
    let all = || reply(200, &tag, whole.clone());
    for protocol in Protocol::BOTH {
        // The rest begins where the first break was, which the first response says.
        let first = 90_000;
        let range = format!("bytes {first}-{}/{}", whole.len() - 1, whole.len());
        let rest = reply(
            206,
            &[("etag", "\"same\""), ("content-range", &range)],
            whole.slice(first..),
        );
        let setup = Setup::of(
            protocol,
            scripted([
                all().and(Fault::Close(At::Body(first as u64))),
                all().and(Fault::Close(At::Body(30_000))),
                rest,
            ]),
        )
        .await;
        let file = file(setup.report()).await;
        let file = file.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        assert!(file == whole, "{protocol}: {} bytes", file.len());
        assert_eq!(setup.downloads(), [200, 200, 206], "{protocol}");
    }
}

#[tokio::test]
async fn a_file_that_changes_is_an_error_and_never_a_mixture() {
    let whole = whole();
    let mut other = whole.to_vec();
    other[50_000] = if other[50_000] == b'x' { b'y' } else { b'x' };
    let other = Bytes::from(other);
    let close = || Fault::Close(At::Body(100_000));
    let tagged = |tag, body: &Bytes| reply(200, &[("etag", tag)], body.clone());
    let untagged = |body: &Bytes| reply(200, &[], body.clone());
    for protocol in Protocol::BOTH {
        for (what, scenario) in [
            (
                "by its tag",
                with(ReportSettings::default().changing()).faults(Operation::Download, [close()]),
            ),
            (
                "with a tag",
                scripted([
                    tagged("\"a\"", &whole).and(close()),
                    tagged("\"b\"", &other),
                ]),
            ),
            (
                "without one",
                scripted([untagged(&whole).and(close()), untagged(&other)]),
            ),
            (
                "and is shorter",
                scripted([
                    untagged(&whole).and(close()),
                    untagged(&whole.slice(..70_000)),
                ]),
            ),
            (
                "and breaks, too",
                scripted([
                    tagged("\"a\"", &whole).and(close()),
                    tagged("\"b\"", &other).and(Fault::Close(At::Body(10_000))),
                    tagged("\"b\"", &other),
                ]),
            ),
        ] {
            let setup = Setup::of(protocol, scenario).await;
            let mut csv = setup.report().csv().await.unwrap();
            let mut file = Vec::new();
            let error = loop {
                match ends(csv.next()).await {
                    Some(Ok(piece)) => file.extend_from_slice(&piece),
                    Some(Err(error)) => break error,
                    None => panic!("{protocol} {what}: {} bytes and no error", file.len()),
                }
            };
            assert_eq!(error.kind(), ErrorKind::Truncated, "{protocol} {what}");
            assert_eq!(error.operation(), Some("downloadInvoiceReport"), "{what}");
            assert!(
                error.message().contains("changed"),
                "{protocol} {what}: {error}"
            );
            assert!(whole.starts_with(&file), "{protocol} {what}");
            assert!(csv.next().await.is_none(), "{protocol} {what}");
        }
    }
}

#[tokio::test]
async fn another_part_than_the_rest_is_an_error() {
    let whole = whole();
    let length = whole.len();
    let tag = "\"same\"";
    let first = || {
        let headers = [("etag", tag)];
        reply(200, &headers, whole.clone()).and(Fault::Close(At::Body(1_000)))
    };
    for (range, tag, body) in [
        // From elsewhere, up to elsewhere, of another file, or of who knows what.
        (
            format!("bytes 0-{}/{length}", length - 1),
            tag,
            whole.clone(),
        ),
        (
            format!("bytes 1000-1999/{length}"),
            tag,
            whole.slice(1_000..2_000),
        ),
        (
            format!("bytes 1000-{}/{length}", length - 1),
            "\"other\"",
            whole.slice(1_000..),
        ),
        (String::new(), tag, whole.slice(1_000..)),
    ] {
        let mut headers = vec![("etag", tag)];
        if !range.is_empty() {
            headers.push(("content-range", &range));
        }
        let scenario = scripted([first(), reply(206, &headers, body)]);
        let setup = Setup::of(Protocol::Http1, scenario).await;
        let error = file(setup.report()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{range} {tag}: {error}");
        assert_eq!(setup.downloads(), [200, 206], "{range} {tag}");
    }
    // Nor is a part accepted that nobody asked for.
    let headers = [("etag", tag), ("content-range", "bytes 0-999/5000")];
    let part = reply(206, &headers, whole.slice(..1_000));
    let setup = Setup::of(Protocol::Http1, scripted([part])).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

/// All bytes have arrived, but not the end of the message: nothing is left to ask for, so that the
/// whole file has to tell.
#[tokio::test]
async fn a_break_after_the_last_byte_costs_a_download_and_nothing_else() {
    let whole = whole();
    let setup = Setup::of(Protocol::Http1, scripted([Fault::WrongLength(7)])).await;
    let downloaded = file(setup.report()).await.unwrap();
    assert!(downloaded == whole, "{} bytes", downloaded.len());
    assert_eq!(setup.downloads(), [200, 416, 200]);
    // The URL is not to blame.
    assert_eq!(setup.count(Operation::Report), 1);

    let scenario = scenario().fault(on(), Fault::WrongLength(7));
    let setup = Setup::of(Protocol::Http1, scenario).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
}

#[tokio::test]
async fn a_download_that_only_breaks_comes_to_an_end() {
    for protocol in Protocol::BOTH {
        for fault in [
            Fault::Close(At::BeforeHead),
            Fault::Close(At::AfterHead),
            Fault::Close(At::Body(1_000)),
            Fault::Reset(At::Body(1_000)),
        ] {
            let setup = Setup::of(protocol, scenario().fault(on(), fault.clone())).await;
            let error = file(setup.report()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{protocol} {fault:?}");
            let downloads = setup.downloads().len();
            assert!(
                (2..=10).contains(&downloads),
                "{protocol} {fault:?}: {downloads}"
            );
        }
    }
}

#[tokio::test]
async fn half_a_gzip_file_is_an_error() {
    let gzip = || with(ReportSettings::default().gzip("application/gzip"));
    let setup = Setup::of(Protocol::Http1, gzip().fault(on(), Fault::HalfBody)).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(error.operation(), Some("downloadInvoiceReport"));

    // What begins like gzip and is not.
    let body = Fault::Body(Bytes::from_static(b"\x1f\x8b\x08 and nothing else"));
    let setup = Setup::of(Protocol::Http1, gzip().fault(on(), body)).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(error.operation(), Some("downloadInvoiceReport"));
}
