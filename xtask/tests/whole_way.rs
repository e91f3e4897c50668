//! From a specification to a call: the raw crate, generated anew from the small specification with
//! one more operation in it, compiles and sends what it should.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod shop;

use std::path::Path;
use std::process::Command;

use shop::Shop;

/// Calls the operation that was added, its bytes form, and one that was there.
const CALLS: &str = r##"
//! The added operation, called.

use std::sync::{Arc, Mutex};

use atlas_billing_raw::enums::{Kind, OrderState};
use atlas_billing_raw::operation::Called;
use atlas_billing_raw::{Client, Plain, SharedTransport, SendFuture, Transport};

/// Records what is sent and responds from memory.
#[derive(Debug, Default, Clone)]
struct Memory(Arc<Mutex<Vec<String>>>);

impl Transport for Memory {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        called: Called,
        request: reqwest::Request,
    ) -> SendFuture<'a> {
        let line = format!("{} {} {}", called.operation.name, called.bytes, request.url());
        self.0.lock().unwrap().push(line);
        let body = match called.operation.name {
            "getStock" => r#"{"amount":7.0,"info":7,"left":{"amount":1},"new":{"field":null}}"#,
            "placeOrder" => r#"{"cents":null,"lines":null,"state":"EATEN","tags":{"a":null}}"#,
            _ => "{}",
        };
        let status = if called.operation.method == "POST" { 202 } else { 200 };
        let response = http::Response::builder().status(status).body(body).unwrap();
        Box::pin(async move { Ok(response.into()) })
    }
}

#[tokio::test]
async fn the_added_operation_is_callable() {
    let _ = Plain::json();
    let memory = Memory::default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = Client::new_with_client("http://127.0.0.1:9", http, SharedTransport::new(memory.clone()));

    let stock = client.get_stock().shop_id("s1").send().await.unwrap();
    assert_eq!(stock.amount, Some(7));
    // One of several forms is JSON, whatever comes; an object composed of others is an object.
    assert_eq!(stock.info, Some(7.into()));
    assert_eq!(stock.left.as_ref().unwrap().amount, Some(1));
    client.get_stock_bytes().shop_id("s1").send().await.unwrap();

    let order = client
        .place_order()
        .shop_id("s1")
        .body_map(|body| {
            body.day("2025-01-01".parse::<chrono::NaiveDate>().unwrap()).kind(Kind::Fast)
        })
        .send()
        .await
        .unwrap();
    assert_eq!(order.state, Some(OrderState::from("EATEN")));
    assert_eq!(order.cents, None);
    assert!(order.lines.is_empty());
    assert!(order.tags["a"].is_empty());

    let states = vec![OrderState::Open, OrderState::from("EATEN")];
    client.list_all_orders().shop_id("s1").states(states).send().await.unwrap();

    assert_eq!(
        *memory.0.lock().unwrap(),
        [
            "getStock false http://127.0.0.1:9/shops/s1/stock",
            "getStock true http://127.0.0.1:9/shops/s1/stock",
            "placeOrder false http://127.0.0.1:9/shops/s1/orders",
            "listAllOrders false http://127.0.0.1:9/shops/s1/orders?states=OPEN&states=EATEN",
        ]
    );
}
"##;

#[test]
#[ignore = "builds the raw crate and all it depends on: a minute; .ci/run runs it"]
fn an_operation_added_by_one_entry_and_one_update_is_callable() {
    let shop = Shop::open();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    copy_raw_crate(&shop, project);

    // One entry, from what `ops` prints, and one `update` over the slice of an older release.
    let entry = shop
        .run(&["ops", "--from", "upstream.yaml", "stock"])
        .stdout;
    shop.write(
        "openapi/slice.toml",
        &format!("{}\n{entry}", shop.read("openapi/slice.toml")),
    );
    shop.change_upstream();
    let upstream = shop.read("upstream.yaml");
    let amount = "                amount: {format: int64, type: integer}\n";
    let composed = "                info: {oneOf: [{$ref: '#/components/schemas/Line'}, {type: string}]}\n                \
                    left: {allOf: [{$ref: '#/components/schemas/Line'}, {properties: {amount: {type: integer}}, type: object}]}\n";
    assert!(upstream.contains(amount));
    shop.write(
        "upstream.yaml",
        &upstream.replace(amount, &format!("{amount}{composed}")),
    );
    let updated = shop.run(&["update", "--from", "upstream.yaml"]);
    assert_eq!(updated.code, 0, "{updated:?}");

    shop.write("crates/atlas-billing-raw/tests/calls.rs", CALLS);
    let output = Command::new(env!("CARGO"))
        .args([
            "test",
            "--quiet",
            "--offline",
            "--package",
            "atlas-billing-raw",
            "--test",
            "calls",
        ])
        .current_dir(shop.path())
        // The workspace's own, where most dependencies have been built already.
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap(),
        )
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// The raw crate's hand-written part, in a workspace of its own.
fn copy_raw_crate(shop: &Shop, project: &Path) {
    let read = |path: &str| std::fs::read_to_string(project.join(path)).unwrap();
    let manifest = read("Cargo.toml");
    let lines = manifest.lines().map(|line| match line {
        line if line.starts_with("members =") => "members = [\"crates/atlas-billing-raw\"]",
        line if line.starts_with("default-members =") => "",
        line => line,
    });
    shop.write("Cargo.toml", &lines.collect::<Vec<_>>().join("\n"));
    shop.write("Cargo.lock", &read("Cargo.lock"));
    let raw = "crates/atlas-billing-raw";
    for name in ["Cargo.toml", "README.md"] {
        shop.write(&format!("{raw}/{name}"), &read(&format!("{raw}/{name}")));
    }
    for entry in std::fs::read_dir(project.join(raw).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // The methods of a type that the small specification lacks.
        if path.is_file() && name != "line_item.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("mod line_item;\n", "");
            shop.write(&format!("{raw}/src/{name}"), &text);
        }
    }
}
