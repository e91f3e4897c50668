//! The reader beside csv-core, and at every split.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use super::records::{Records, Row, Rows, read_records};
use crate::error::{Error, ErrorKind, Result};

fn to_vec(row: &Row) -> Vec<String> {
    row.cells().map(str::to_owned).collect()
}

fn read(chunks: &[&[u8]]) -> Result<Vec<Vec<String>>> {
    let mut rows = Rows::new();
    let mut read = Vec::new();
    for chunk in chunks {
        rows.push(Bytes::copy_from_slice(chunk));
        while let Some(row) = rows.next()? {
            read.push(to_vec(&row));
        }
    }
    rows.finish();
    while let Some(row) = rows.next()? {
        read.push(to_vec(&row));
    }
    assert_eq!(rows.records, read.len() as u64);
    Ok(read)
}

/// What csv-core, the reader behind the csv crate, makes of the same bytes.
fn reference(mut input: &[u8]) -> Vec<Vec<String>> {
    let mut core = csv_core::Reader::new();
    let mut read = Vec::new();
    let (mut output, mut ends) = (vec![0; input.len() + 1], vec![0; input.len() + 2]);
    loop {
        let (mut written, mut count) = (0, 0);
        loop {
            let (result, taken, out, end) =
                core.read_record(input, &mut output[written..], &mut ends[count..]);
            (input, written, count) = (&input[taken..], written + out, count + end);
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return read,
                full => panic!("the buffers are large enough: {full:?}"),
            }
        }
        let mut start = 0;
        read.push(
            ends[..count]
                .iter()
                .map(|&end| {
                    let cell = String::from_utf8(output[start..end].to_vec()).unwrap();
                    start = end;
                    cell
                })
                .collect(),
        );
    }
}

const SAMPLE: &str = "\u{feff}a,\"b,\r\nc\",d\r\n\r\n\"say \"\"hi\"\"\",2\rlast,\"\",é";

#[test]
fn every_split_reads_the_same() {
    let whole = read(&[SAMPLE.as_bytes()]).unwrap();
    assert_eq!(
        whole,
        [
            vec!["a", "b,\r\nc", "d"],
            vec!["say \"hi\"", "2"],
            vec!["last", "", "é"],
        ]
    );
    for at in 0..=SAMPLE.len() {
        let (left, right) = SAMPLE.as_bytes().split_at(at);
        assert_eq!(read(&[left, right]).unwrap(), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = SAMPLE.as_bytes().chunks(1).collect();
    assert_eq!(read(&bytes).unwrap(), whole);
}

#[test]
fn invalid_text_is_found_wherever_it_is_cut() {
    let file = b"a,b\n1,2\n3,\xc3\xa9\n4,\xc3\n5,6\n";
    for size in 1..=file.len() {
        let mut rows = Rows::new();
        let mut ended = Vec::new();
        for chunk in file.chunks(size) {
            rows.push(Bytes::copy_from_slice(chunk));
            while let Some(row) = rows.next().transpose() {
                ended.push(row.map(|row| to_vec(&row)).map_err(|error| error.kind()));
            }
        }
        let row = |cells: [&str; 2]| Ok(cells.map(str::to_owned).to_vec());
        let expected = [
            row(["a", "b"]),
            row(["1", "2"]),
            row(["3", "é"]),
            Err(ErrorKind::Decode),
            row(["5", "6"]),
        ];
        assert_eq!(ended, expected, "chunks of {size}");
    }
}

#[test]
fn an_open_quote_at_the_end_is_an_error() {
    let error = read(&[b"a,b\n1,\"2"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("record 2"), "{error}");
}

#[test]
fn a_record_is_bounded() {
    let mut rows = Rows::new();
    rows.max_record = 10;
    rows.push(Bytes::from_static(b"0123456789\n\"12345"));
    assert!(rows.next().unwrap().is_some());
    assert!(rows.next().unwrap().is_none());
    rows.push(Bytes::from_static(b"67890"));
    assert_eq!(rows.next().unwrap_err().kind(), ErrorKind::TooLarge);
}

proptest! {
    #[test]
    fn agrees_with_csv_core(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["a", ",", "\"", "\n", "\r", "é", " ", "\"\"", "xyz"]),
            0..40,
        ),
        size in 1usize..9,
    ) {
        let text = pieces.concat();
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        match read(&chunks) {
            Ok(rows) => prop_assert_eq!(rows, reference(text.as_bytes())),
            // The one thing refused here: an end of the file within quotes.
            Err(error) => {
                prop_assert!(error.to_string().contains("within quotes"));
                let closed = format!("{text}\"\n");
                prop_assert!(read(&[closed.as_bytes()]).is_ok());
            }
        }
    }
}

fn row(raw: &str) -> Row {
    Row::new(Bytes::copy_from_slice(raw.as_bytes()), raw.contains('"'))
}

#[test]
fn cells_are_split_at_commas_outside_quotes() {
    for (raw, cells) in [
        ("a,b,,c", &["a", "b", "", "c"][..]),
        (",", &["", ""]),
        ("é,日本", &["é", "日本"]),
        (r#""a,b",c"#, &["a,b", "c"]),
        (r#""he said ""no""",x,"#, &[r#"he said "no""#, "x", ""]),
        (r#""""""#, &["\""]),
        ("\",\"", &[","]),
        (r#"a"b",c"#, &[r#"a"b""#, "c"]),
        (r#""a"b,c"#, &["ab", "c"]),
    ] {
        let row = row(raw);
        assert_eq!(to_vec(&row), cells);
        for (index, cell) in cells.iter().enumerate() {
            assert_eq!(row.get(index), Some(*cell));
        }
        assert_eq!(row.get(cells.len()), None);
    }
}

#[test]
fn any_cell_of_a_long_record_is_found() {
    // The last byte of the sign is a comma but for its highest bit.
    for (width, text) in [0, 1, 30, 31, 32, 33, 70]
        .into_iter()
        .flat_map(|width| [(width, "x"), (width, "€")])
    {
        let cells: Vec<String> = (0..80).map(|n| text.repeat((n * width) % 71)).collect();
        let row = row(&cells.join(","));
        for (index, cell) in cells.iter().enumerate() {
            assert_eq!(row.get(index), Some(cell.as_str()));
        }
        assert_eq!(row.get(cells.len()), None);
    }
}

fn body(parts: &[&'static str]) -> Vec<Result<Bytes>> {
    let parts = parts.iter();
    parts
        .map(|part| Ok(Bytes::from_static(part.as_bytes())))
        .collect()
}

#[tokio::test]
async fn cells_are_found_by_name_in_ragged_records() {
    let body = body(&[
        "Date, Am",
        "ount ,Date\r\n01/0",
        "2/2025\r\n",
        "",
        "1,\"2, x\",3,4",
    ]);
    let mut records = Records::new(stream::iter(body));
    let short = records.next().await.unwrap().unwrap();
    assert_eq!(short.get("Date"), Some("01/02/2025"));
    assert_eq!((short.get("Amount"), short.get("Total")), (None, None));
    let long = records.next().await.unwrap().unwrap();
    assert_eq!(
        (long.get("Amount"), long.get_at(3)),
        (Some("2, x"), Some("4"))
    );
    let all: Vec<_> = long.iter().collect();
    assert_eq!(
        all,
        [("Date", "1"), ("Amount", "2, x"), ("Date", "3"), ("", "4")]
    );
    assert!(records.next().await.is_none());
    assert!(records.next().await.is_none());
    assert_eq!(
        records.header().unwrap().names(),
        ["Date", "Amount", "Date"]
    );
}

#[tokio::test]
async fn a_broken_body_is_an_error_and_the_end() {
    let mut parts = body(&["a,b\n1,2\n3"]);
    parts.push(Err(Error::new(
        ErrorKind::Truncated,
        "the connection broke",
    )));
    parts.extend(body(&[",4\n"]));
    let records: Vec<_> = Records::new(stream::iter(parts)).collect().await;
    assert_eq!(records.len(), 2);
    assert!(records[0].is_ok());
    assert_eq!(
        records[1].as_ref().unwrap_err().kind(),
        ErrorKind::Truncated
    );
}

#[test]
fn a_whole_file_reads_as_its_stream_does() {
    let records = read_records(Bytes::from_static(b"a,b\n1,2\n\n3\n")).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (records[1].get("a"), records[1].get("b")),
        (Some("3"), None)
    );
    assert!(read_records(Bytes::new()).unwrap().is_empty());
}
