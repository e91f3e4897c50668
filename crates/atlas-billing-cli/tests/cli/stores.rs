//! `export` to an object store that fails: what is said, and what is left. What a store does with the
//! files is a matter for a real one (`.ci/datasets`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::atlas::{Atlas, Ran, atlas};

/// What the store answers, with headers and body.
type Reply = (u16, &'static str, &'static str);

const OK: Reply = (200, "etag: \"1\"\r\n", "");
const NONE: Reply = (
    200,
    "content-type: application/xml\r\n",
    "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>",
);
const REMOVED: Reply = (
    200,
    "",
    "<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>",
);
const MISSING: Reply = (404, "", "<Error><Code>NoSuchKey</Code></Error>");
const DENIED: Reply = (403, "", "<Error><Code>AccessDenied</Code></Error>");
const BUSY: Reply = (503, "", "<Error><Code>SlowDown</Code></Error>");
const TAKEN: Reply = (412, "", "<Error><Code>PreconditionFailed</Code></Error>");
/// No answer at all.
const SILENT: Reply = (0, "", "");

/// An empty store, but for what `fault` answers to a request (its line, its headers) instead.
struct Store {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store {
    fn start(fault: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (asked, fault) = (Arc::default(), Arc::new(fault));
        let (list, address) = (Arc::clone(&asked), address);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (list, fault) = (Arc::clone(&list), Arc::clone(&fault));
                std::thread::spawn(move || answer(stream.unwrap(), &list, &*fault));
            }
        });
        Self { address, asked }
    }

    fn export(&self, atlas: &Atlas) -> Ran {
        let to = ["--to", "s3://b/bill", "--endpoint", &self.address];
        let line = ["export", "line-items", "2025-02"];
        let mut command = atlas.command(&[&line[..], &to].concat());
        command.envs([
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_TIMEOUT", "300ms"),
        ]);
        Ran::of(command)
    }

    /// The requests so far that begin so.
    fn asked(&self, begin: &str) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.retain(|line| line.starts_with(begin));
        asked
    }
}

fn answer(
    stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    fault: &dyn Fn(&str, &str) -> Option<Reply>,
) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            // A client that hangs up is through.
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let line = head.lines().next().unwrap().to_owned();
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        asked.lock().unwrap().push(line.clone());
        let (status, headers, body) = fault(&line, &head).unwrap_or_else(|| match &line {
            line if line.contains("list-type") => NONE,
            line if line.starts_with("get") => MISSING,
            line if line.starts_with("post") => REMOVED,
            _ => OK,
        });
        if status == SILENT.0 {
            // Until the client gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n{body}");
        if reader.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn is_data(line: &str) -> bool {
    line.starts_with("put") && !line.contains("_manifest")
}

fn is_manifest(line: &str) -> bool {
    line.starts_with("put") && line.contains(".json")
}

#[test]
fn a_store_that_denies_is_known_before_anything_is_downloaded() {
    let (atlas, store) = (atlas(), Store::start(|_, _| Some(DENIED)));
    let ran = store.export(&atlas);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("cannot list"), "{}", ran.stderr);
    assert!(ran.stderr.contains("s3://b/bill"), "{}", ran.stderr);
    assert!(ran.stderr.contains("AWS_*"), "{}", ran.stderr);
    assert_eq!(store.asked("put"), [""; 0]);
    assert_eq!(store.asked("get").len(), 1, "it is not asked again");
    assert_eq!(atlas.asked().len(), 1, "the list of invoices alone");
}

#[test]
fn a_store_that_is_busy_is_asked_again_and_not_for_ever() {
    let atlas = atlas();
    let turns = Mutex::new(0);
    let store = Store::start(move |line, _| {
        let mut turns = turns.lock().unwrap();
        *turns += u32::from(is_data(line));
        (is_data(line) && *turns <= 2).then_some(BUSY)
    });
    let ran = store.export(&atlas);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let puts = store.asked("put");
    assert_eq!(puts.iter().filter(|line| is_data(line)).count(), 3);
    assert!(is_manifest(puts.last().unwrap()), "{puts:?}");

    let store = Store::start(|line, _| is_data(line).then_some(BUSY));
    let ran = store.export(&atlas);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("cannot write s3://b/bill/line_items/"));
    assert!(ran.stderr.contains("503"), "{}", ran.stderr);
    assert!(!store.asked("put").iter().any(|line| is_manifest(line)));
}

#[test]
fn a_store_that_does_not_answer_is_given_up() {
    let atlas = atlas();
    let store = Store::start(|line, _| is_data(line).then_some(SILENT));
    let ran = store.export(&atlas);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("cannot write s3://b/bill/line_items/"));
    assert!(ran.stderr.contains("timed out"), "{}", ran.stderr);
    assert!(!store.asked("put").iter().any(|line| is_manifest(line)));
}

/// The second of two runs at once: the first one wrote the manifest after this one had read that
/// there is none.
#[test]
fn a_manifest_that_another_run_wrote_is_not_replaced() {
    let atlas = atlas();
    let store = Store::start(|line, head| {
        let conditional = head.contains("if-none-match: *");
        is_manifest(line).then_some(if conditional { TAKEN } else { OK })
    });
    let ran = store.export(&atlas);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let said = &ran.stderr;
    assert!(
        said.contains("another run has written s3://b/bill/_manifest/"),
        "{said}"
    );
    assert!(said.contains("run this again"), "{said}");
    assert_eq!(store.asked("post"), [""; 0]);
}
