//! The splitter beside serde_json on the whole document.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use proptest::prelude::*;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::*;

/// An invoice reduced to what makes a difference here: an own key before and after the items,
/// strings, numbers, maps of arrays, and invoices inside invoices.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invoice {
    amount: Option<i64>,
    id: Option<String>,
    line_items: Option<Vec<Object<Item>>>,
    linked_invoices: Option<Vec<Object<Invoice>>>,
    payments: Option<Vec<BTreeMap<String, f64>>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    sku: Option<String>,
    #[serde(rename = "totalPriceCents")]
    total: Option<i64>,
    tags: Option<BTreeMap<String, Option<Vec<String>>>>,
}

/// A value that must be written as an object; serde takes an array of the fields too.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer
            .deserialize_map(Fields(PhantomData))
            .map(Object)
    }
}

fn item_of(text: &[u8]) -> serde_json::Result<(Item, usize)> {
    first(text)
}

fn path_of(splitter: &Splitter) -> Vec<usize> {
    let linked = splitter.linked_invoice();
    linked
        .map(|linked| linked.path().to_vec())
        .unwrap_or_default()
}

type Read = (Vec<(Vec<usize>, Item)>, Invoice);

/// What serde_json makes of the whole.
fn whole(document: &[u8]) -> serde_json::Result<Read> {
    let Object(mut invoice) = serde_json::from_slice::<Object<Invoice>>(document)?;
    let mut items = Vec::new();
    take_items(&mut invoice, &mut Vec::new(), &mut items);
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok((items, invoice))
}

fn take_items(invoice: &mut Invoice, path: &mut Vec<usize>, items: &mut Vec<(Vec<usize>, Item)>) {
    let own = invoice.line_items.iter_mut().flat_map(std::mem::take);
    items.extend(own.map(|Object(item)| (path.clone(), item)));
    for (index, Object(linked)) in invoice.linked_invoices.iter_mut().flatten().enumerate() {
        path.push(index);
        take_items(linked, path, items);
        path.pop();
    }
}

/// What the splitter makes of it in chunks.
fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> crate::Result<Read> {
    let mut splitter = Splitter::new(InvoiceLimits::default(), true);
    let mut chunks = chunks.into_iter();
    let mut items = Vec::new();
    loop {
        match splitter.next(item_of)? {
            Step::Item(item) => items.push((path_of(&splitter), item)),
            Step::More => match chunks.next() {
                Some(chunk) => splitter.push(Bytes::copy_from_slice(chunk)),
                None => splitter.finish(),
            },
            Step::End => break,
        }
    }
    let json = splitter.take_head().json;
    let head = serde_json::from_slice(&json)
        .map_err(|error| Error::new(ErrorKind::Decode, error.to_string()))?;
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok((items, head))
}

fn assert_agrees(document: &[u8], size: usize) {
    let text = String::from_utf8_lossy(document);
    match (whole(document), split(document.chunks(size))) {
        (Ok(whole), Ok(split)) => assert_eq!(whole, split, "{text}"),
        (Err(_), Err(_)) => {}
        (whole, split) => panic!("{text}\nwhole: {whole:?}\nsplit: {split:?}"),
    }
}

/// Escapes, characters of several bytes, space everywhere, brackets in strings, unknown keys of
/// every shape, and linked invoices within linked invoices.
const SAMPLE: &str = r#" { "x" : [ {"lineItems":[1]}, "]}" ] ,"amount":-5, "line\u0049tems" : [
 {"sku":"a\"}]\\","totalPriceCents":1,"tags":{"t":["x","\u00e9\ud83d\ude00"],"n":null}} ,
	{ }, {"sku":"日本 {[","unknown":{"a":[[{}]]},"totalPriceCents":-9223372036854775808}
 ] , "id" : "5f0c" , "linkedInvoices":[{"id":"l0","lineItems":[{"totalPriceCents":2},{"totalPriceCents":3}],
 "linkedInvoices":[{"lineItems":[{"totalPriceCents":4}],"id":"late"}]}, {"lineItems":null},{"lineItems":[]}],
 "content":{"lineItems":7},"payments":[{"a":1.5e3}] } "#;

#[test]
fn every_split_of_a_document_reads_the_same() {
    let document = SAMPLE.as_bytes();
    let expected = whole(document).unwrap();
    assert_eq!(expected.0.len(), 6);
    for at in 0..=document.len() {
        let (left, right) = document.split_at(at);
        assert_eq!(split([left, right]).unwrap(), expected, "split at {at}");
    }
    for size in 1..40 {
        assert_eq!(
            split(document.chunks(size)).unwrap(),
            expected,
            "chunks of {size}"
        );
    }
}

#[test]
fn an_item_of_any_length_reads_the_same_whatever_follows() {
    // With a character of four bytes at every place around the end of what is checked at once.
    for length in MOST - 12..MOST + 4 {
        let mut sku = "x".repeat(length - r#"{"sku":""}"#.len() - 4);
        sku.push('\u{1f319}');
        let text = format!(r#"{{"sku":"{sku}"}}"#);
        assert_eq!(text.len(), length);
        for behind in [&b""[..], b", {}]", "\u{1f319}".as_bytes(), b"\xff\xfe"] {
            let (item, used) = item_of(&[text.as_bytes(), behind].concat()).unwrap();
            assert_eq!((item.sku.as_deref(), used), (Some(sku.as_str()), length));
        }
    }
    for text in [&b"{\"sku\":\"\xff\"}"[..], b"{\"sku\":\"x", b""] {
        assert!(item_of(text).is_err());
    }
}

#[test]
fn every_beginning_of_a_document_is_an_error() {
    let document = SAMPLE.trim_end().as_bytes();
    for at in 0..document.len() {
        let error = split([&document[..at]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "cut at {at}: {error}");
    }
}

#[test]
fn what_serde_json_refuses_is_refused() {
    for document in [
        "",
        "[]",
        "null",
        "<html>",
        "{}}",
        "{} x",
        "{}{}",
        "{,}",
        "{\"id\"}",
        "{\"id\":}",
        "{\"id\":1}",
        "{\"id\":\"a\",}",
        "{\"id\":\"a\" \"b\":1}",
        "{\"id\":\"a\",\"id\":\"b\"}",
        "{\"lineItems\":[],\"lineItems\":[]}",
        "{\"lineItems\":[],\"line\\u0049tems\":null}",
        "{\"lineItems\":[,]}",
        "{\"lineItems\":[{},]}",
        "{\"lineItems\":[{}{}]}",
        "{\"lineItems\":[{} 1]}",
        "{\"lineItems\":[{}}",
        "{\"lineItems\":[{]}]}",
        "{\"lineItems\":[null]}",
        "{\"lineItems\":[[]]}",
        "{\"lineItems\":{}}",
        "{\"lineItems\":[{\"totalPriceCents\":01}]}",
        "{\"lineItems\":[{\"totalPriceCents\":1.5}]}",
        "{\"lineItems\":[{\"totalPriceCents\":9223372036854775808}]}",
        "{\"lineItems\":[{\"sku\":\"\\x\"}]}",
        "{\"lineItems\":[{\"sku\":\"\\ud800\"}]}",
        "{\"lineItems\":[{\"sku\":\"a\nb\"}]}",
        "{\"lineItems\":[{\"sku\":\"a\",\"sku\":\"b\"}]}",
        "{\"lineItems\":[{\"u\":tru}]}",
        "{\"linkedInvoices\":[1]}",
        "{\"linkedInvoices\":[[]]}",
        "{\"linkedInvoices\":[{},]}",
        "{\"linkedInvoices\":[{\"lineItems\":[3]}]}",
        "{\"u\":tru}",
        "{\"u\":1 2}",
        "{\"u\":1\"2\"}",
        "{\"u\":[1,]}",
    ] {
        assert!(whole(document.as_bytes()).is_err(), "{document}");
        for size in [1, 2, 7, 1000] {
            let read = split(document.as_bytes().chunks(size));
            assert!(read.is_err(), "{document}: {read:?}");
        }
    }
    let invalid = b"{\"lineItems\":[{\"sku\":\"\xff\"}]}";
    assert!(whole(invalid).is_err() && split([&invalid[..]]).is_err());
}

#[test]
fn an_item_that_cannot_be_read_is_named_with_its_path() {
    for (document, path) in [
        (
            r#"{"lineItems":[{},{"totalPriceCents":"x"}]}"#,
            "$.lineItems[1].totalPriceCents",
        ),
        (
            r#"{"linkedInvoices":[{},{"lineItems":[{"tags":{"t":["a",5]}}]}]}"#,
            "$.linkedInvoices[1].lineItems[0].tags.t[1]",
        ),
        (
            r#"{"status":200,"content":{"lineItems":[{},7]}}"#,
            "$.content.lineItems[1]",
        ),
    ] {
        for size in [3, 1000] {
            let error = split(document.as_bytes().chunks(size)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(error.json_path(), Some(path), "{error}");
        }
    }
}

#[test]
fn deep_nesting_ends_in_an_error_or_a_value_never_in_a_crash() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{}{}", open.repeat(depth), close.repeat(depth))
    };
    for depth in [10, 60, 61, 62, 63, 64, 200, 100_000] {
        let linked = nested(depth, r#"{"linkedInvoices":["#, "]}");
        assert_agrees(linked.as_bytes(), 1000);
        let unknown = format!(r#"{{"u":{}}}"#, nested(depth, "[", "]"));
        assert_agrees(unknown.as_bytes(), 1000);
        let item = format!(r#"{{"lineItems":[{{"u":{}}}]}}"#, nested(depth, "[", "]"));
        assert_agrees(item.as_bytes(), 1000);
        let tags = format!(
            r#"{{"lineItems":[{{"tags":{}}}]}}"#,
            nested(depth, "[", "]")
        );
        assert_agrees(tags.as_bytes(), 1000);
    }
    let deep = |depth: usize| {
        let (open, close) = (r#"{"linkedInvoices":["#.repeat(depth), "]}".repeat(depth));
        format!(r#"{open}{{"lineItems":[{{"tags":{{"a":["x"]}}}}]}}{close}"#)
    };
    for depth in [60, 61, 62, 63] {
        assert_agrees(deep(depth).as_bytes(), 1000);
    }
}

#[test]
fn items_of_linked_invoices_are_left_out_but_checked_to_be_json() {
    let mut splitter = Splitter::new(InvoiceLimits::default(), false);
    splitter.push(Bytes::from_static(SAMPLE.as_bytes()));
    splitter.finish();
    let mut count = 0;
    while let Step::Item(_) = splitter.next(item_of).unwrap() {
        assert!(path_of(&splitter).is_empty());
        count += 1;
    }
    assert_eq!(count, 3);
    for broken in [
        r#"{"linkedInvoices":[{"lineItems":[{"a":tru}]}]}"#,
        r#"{"linkedInvoices":[{"lineItems":[{"a":1]}]}]}"#,
    ] {
        let mut splitter = Splitter::new(InvoiceLimits::default(), false);
        splitter.push(Bytes::from_static(broken.as_bytes()));
        splitter.finish();
        assert!(splitter.next(item_of).is_err(), "{broken}");
    }
}

#[test]
fn a_linked_invoice_is_known_by_its_id_where_it_came_first() {
    let mut splitter = Splitter::new(InvoiceLimits::default(), true);
    splitter.push(Bytes::from_static(SAMPLE.as_bytes()));
    splitter.finish();
    let mut marks = Vec::new();
    while let Step::Item(_) = splitter.next(item_of).unwrap() {
        if let Some(linked) = splitter.linked_invoice() {
            marks.push((linked.path().to_vec(), linked.id().map(str::to_owned)));
        }
    }
    let l0 = || Some("l0".to_owned());
    assert_eq!(
        marks,
        [(vec![0], l0()), (vec![0], l0()), (vec![0, 0], None)]
    );
}

#[test]
fn a_byte_order_mark_is_skipped_in_any_chunks() {
    let marked = format!("\u{feff}{SAMPLE}");
    let expected = whole(SAMPLE.as_bytes()).unwrap();
    for size in [1, 2, 3, 1000] {
        assert_eq!(split(marked.as_bytes().chunks(size)).unwrap(), expected);
    }
    for marked in [
        &b"\xef{}"[..],
        b"\xef\xbb",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
    ] {
        for size in [1, 1000] {
            assert!(split(marked.chunks(size)).is_err());
        }
    }
}

#[test]
fn what_came_before_an_item_is_there_with_it() {
    let bare = r#"{"id":"a","linkedInvoices":[{"id":"l","lineItems":[{}]}],"amount":5,"lineItems":[{},{}],"x":1}"#;
    let partial = [
        r#"{"id":"a","linkedInvoices":[{"id":"l","lineItems":[]}]}"#,
        r#"{"id":"a","linkedInvoices":[{"id":"l","lineItems":[]}],"amount":5,"lineItems":[]}"#,
        r#"{"id":"a","linkedInvoices":[{"id":"l","lineItems":[]}],"amount":5,"lineItems":[]}"#,
    ];
    for document in [
        bare.to_owned(),
        format!(r#"{{"status":200,"content":{bare}}}"#),
        format!(r#"{{"envelope":{bare},"status":200}}"#),
    ] {
        let mut splitter = Splitter::new(InvoiceLimits::default(), true);
        splitter.push(Bytes::from(document));
        for partial in partial {
            assert!(matches!(splitter.next(item_of), Ok(Step::Item(_))));
            assert_eq!(String::from_utf8(splitter.partial_head()).unwrap(), partial);
        }
    }
}

#[test]
fn items_and_head_are_bounded() {
    let limits = InvoiceLimits::default().with_item(30).with_head(60);
    for (document, fits) in [
        (r#"{"lineItems":[{"sku":"0123456789"}]}"#, true),
        (
            r#"{"lineItems":[{"sku":"01234567890123456789012"}]}"#,
            false,
        ),
        (
            r#"{"id":"0123456789","lineItems":[{},{},{},{},{},{},{},{},{},{},{}]}"#,
            true,
        ),
        (
            r#"{"id":"01234567890123456789012345678901234567890123456789012345"}"#,
            false,
        ),
        (
            r#"{"id":                                                        "0"  }"#,
            true,
        ),
        // 60 bytes, and 61.
        (
            r#"{"id":"012345678901234567890123456789012345678901234567890"  }"#,
            true,
        ),
        (
            r#"{"id":"0123456789012345678901234567890123456789012345678901"}"#,
            false,
        ),
    ] {
        for size in [1, 10, 1000] {
            let mut splitter = Splitter::new(limits, true);
            let mut chunks = document.as_bytes().chunks(size);
            let end = loop {
                match splitter.next(item_of) {
                    Ok(Step::More) => match chunks.next() {
                        Some(chunk) => splitter.push(Bytes::copy_from_slice(chunk)),
                        None => splitter.finish(),
                    },
                    Ok(Step::Item(_)) => {}
                    end => break end,
                }
            };
            match end {
                Ok(_) => assert!(fits, "{document} in chunks of {size}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TooLarge);
                    assert!(!fits, "{document} in chunks of {size}: {error}");
                }
            }
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z\"\\\\{}\\[\\],:é日😀\n]{0,6}", Just("x".to_owned())]
}

fn item() -> impl Strategy<Value = Object<Item>> {
    let tags = prop::collection::btree_map(
        text(),
        prop::option::of(prop::collection::vec(text(), 0..3)),
        0..3,
    );
    (
        prop::option::of(text()),
        prop::option::of(any::<i64>()),
        prop::option::of(tags),
    )
        .prop_map(|(sku, total, tags)| Object(Item { sku, total, tags }))
}

fn invoice() -> impl Strategy<Value = Object<Invoice>> {
    let leaf = (
        prop::option::of(any::<i64>()),
        prop::option::of(text()),
        prop::option::of(prop::collection::vec(item(), 0..4)),
    )
        .prop_map(|(amount, id, line_items)| {
            Object(Invoice {
                amount,
                id,
                line_items,
                linked_invoices: None,
                payments: None,
            })
        });
    leaf.prop_recursive(3, 12, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3)).prop_map(|(Object(outer), linked)| {
            Object(Invoice {
                linked_invoices: Some(linked),
                ..outer
            })
        })
    })
}

/// Bytes that come up in JSON, so that a change of a document often keeps some of its sense.
fn telling_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        prop::sample::select(b"{}[],:\"\\ \n0123-.eEtrufalsn".to_vec()),
        any::<u8>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_invoice_in_any_chunks(invoice in invoice(), pretty: bool, size in 1usize..200) {
        let document = match pretty {
            true => serde_json::to_vec_pretty(&invoice),
            false => serde_json::to_vec(&invoice),
        }
        .unwrap();
        prop_assert!(split(document.chunks(size)).is_ok());
        assert_agrees(&document, size);
    }

    #[test]
    fn any_damaged_invoice_in_any_chunks(
        invoice in invoice(),
        changes in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), telling_byte()), 1..4),
        size in 1usize..200,
    ) {
        let mut document = serde_json::to_vec(&invoice).unwrap();
        for (kind, at, byte) in changes {
            if document.is_empty() {
                break;
            }
            let at = at.index(document.len());
            match kind {
                0 => document[at] = byte,
                1 => drop(document.remove(at)),
                2 => document.insert(at, byte),
                _ => {
                    let tail = document[at..].to_vec();
                    document.truncate(at);
                    document.extend(tail.iter().skip(usize::from(byte) / 8));
                }
            }
        }
        assert_agrees(&document, size);
    }

    #[test]
    fn any_tokens_in_any_chunks(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"lineItems\"", "\"linkedInvoices\"", "\"id\"",
                "\"totalPriceCents\"", "\"tags\"", "{\"lineItems\":[", "{}", "1", "null", " ", "\"a\"", "\"",
                "\"linkedInvoices\":[{", "\"\\u006c",
            ]),
            0..14,
        ),
        size in 1usize..9,
    ) {
        assert_agrees(tokens.concat().as_bytes(), size);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60), size in 1usize..9) {
        assert_agrees(&bytes, size);
    }
}

#[test]
fn limits_are_8_mib_for_an_item_and_64_mib_for_the_rest() {
    let limits = InvoiceLimits::default();
    assert_eq!((limits.item(), limits.head()), (8 << 20, 64 << 20));
    let limits = limits.with_item(5).with_head(7);
    assert_eq!((limits.item(), limits.head()), (5, 7));
}

#[test]
fn the_position_counts_the_bytes_of_all_chunks() {
    let mut splitter = Splitter::new(InvoiceLimits::default(), true);
    for (chunk, position) in [(r#"{"id":"#, 6), (r#""a","#, 10), (r#""x":1}"#, 16)] {
        splitter.push(Bytes::from_static(chunk.as_bytes()));
        assert!(matches!(splitter.next(item_of), Ok(Step::More)));
        assert_eq!(splitter.position(), position);
    }
}

#[test]
fn it_is_known_whether_items_stood_in_the_document_or_in_its_content() {
    for (document, in_document, in_content, items) in [
        (r#"{"lineItems":[{}]}"#, true, false, 1),
        (
            r#"{"content":{"lineItems":[{}]},"status":200}"#,
            false,
            true,
            1,
        ),
        (
            r#"{"envelope":{"lineItems":[{}]},"lineItems":[{}]}"#,
            true,
            true,
            2,
        ),
        // What another key holds is not looked into.
        (r#"{"contents":{"lineItems":[{}]}}"#, false, false, 0),
    ] {
        let mut splitter = Splitter::new(InvoiceLimits::default(), true);
        splitter.push(Bytes::from_static(document.as_bytes()));
        splitter.finish();
        let mut found = 0;
        while let Step::Item(_) = splitter.next(item_of).unwrap() {
            found += 1;
        }
        let head = splitter.take_head();
        let in_both = (head.in_document, head.in_content, found);
        assert_eq!(in_both, (in_document, in_content, items), "{document}");
    }
}

#[test]
fn what_cannot_be_an_invoice_is_refused_where_it_stands() {
    for (document, position, expected) in [
        ("[]", 0, "an invoice object"),
        ("7", 0, "an invoice object"),
        (r#"{"linkedInvoices":[[]]}"#, 19, "an invoice object"),
        (r#"{"a":}"#, 5, "a value"),
        (r#"{"a":1,]"#, 7, "a key"),
        (r#"{"a" 1}"#, 5, "a colon"),
        (r#"{"a":1 2}"#, 7, "a comma or the end"),
        (r#"{"lineItems":[7]}"#, 14, "a line item"),
        ("{} x", 3, "the end"),
    ] {
        let mut splitter = Splitter::new(InvoiceLimits::default(), true);
        splitter.push(Bytes::from_static(document.as_bytes()));
        splitter.finish();
        let error = splitter.next(item_of).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let expected = format!("expected {expected} at byte {position}");
        assert!(error.to_string().contains(&expected), "{document}: {error}");
    }
}

#[test]
fn what_is_no_invoice_from_the_first_byte_is_shown() {
    let mut splitter = Splitter::new(InvoiceLimits::default(), true);
    splitter.push(Bytes::from_static(b"<html>Sign in</html>"));
    let error = splitter.next(item_of).unwrap_err();
    let excerpt = error.excerpt().unwrap();
    assert!(excerpt.starts_with("<html>Sign in"), "{excerpt}");
}
