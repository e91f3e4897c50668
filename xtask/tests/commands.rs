//! The commands as a contributor runs them, in a checkout of the small specification.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod shop;

use shop::{Shop, done, refused};

#[test]
fn codegen_writes_what_check_then_finds_unchanged() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    let written = shop.files();
    assert_eq!(done(shop.run(&["codegen", "--check"])), "");
    done(shop.run(&["codegen"]));
    assert_eq!(shop.files(), written);
}

#[test]
fn one_changed_byte_fails_the_check_which_says_how_to_mend_it() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    for name in [
        "client.rs",
        "enums.rs",
        "mod.rs",
        "operations.rs",
        "types.rs",
    ] {
        let path = format!("crates/atlas-billing-raw/src/generated/{name}");
        let text = shop.read(&path);
        shop.write(&path, &text.replacen(';', ",", 1));
        let before = shop.files();
        let ran = shop.run(&["codegen", "--check"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains(name) && ran.stderr.contains("run `cargo xtask codegen`"));
        assert_eq!(shop.files(), before, "--check writes nothing");
        shop.write(&path, &text);
    }
    shop.write("crates/atlas-billing-raw/src/generated/stray.rs", "");
    assert_eq!(shop.run(&["codegen", "--check"]).code, 1);
    done(shop.run(&["codegen"]));
    assert_eq!(shop.run(&["codegen", "--check"]).code, 0);
}

#[test]
fn slice_prints_or_writes_the_same_bytes() {
    let shop = Shop::open();
    let printed = done(shop.run(&["slice", "--from", "upstream.yaml"]));
    assert_eq!(
        printed,
        done(shop.run(&["slice", "--from", "upstream.yaml", "--out", "-"]))
    );
    assert_eq!(printed, shop.read("openapi/atlas-billing.json"));
    done(shop.run(&["slice", "--from", "upstream.yaml", "--out", "out.json"]));
    assert_eq!(shop.read("out.json"), printed);
    // A slice is a specification too.
    assert_eq!(done(shop.run(&["slice", "--from", "out.json"])), printed);
}

#[test]
fn what_is_no_whole_specification_is_refused() {
    let shop = Shop::open();
    let whole = shop.read("upstream.yaml");
    shop.write("cut.yaml", &whole[..whole.len() / 2]);
    shop.write("cut.json", "{\"openapi\": \"3.0.1\", \"paths\": {\"/a\": ");
    shop.write(
        "newer.yaml",
        &whole.replace("openapi: 3.0.1", "openapi: 3.1.0"),
    );
    shop.write("prose.md", "# Not a specification\n");
    shop.write(
        "without.yaml",
        &whole.replace("    /shops/{shopId}/orders:\n", "    /elsewhere:\n"),
    );
    shop.write(
        "later.yaml",
        &whole.replace("2023-01-01+json", "2025-01-01+json"),
    );
    let table = [
        ("missing.yaml", "cannot read missing.yaml"),
        ("cut.yaml", "cut.yaml"),
        ("cut.json", "truncated"),
        ("newer.yaml", "OpenAPI 3.1.0"),
        ("prose.md", "prose.md"),
        (
            "without.yaml",
            "GET /shops/{shopId}/orders (listAllOrders) is not in the specification",
        ),
        ("later.yaml", "pinned to 2023-01-01"),
    ];
    for (file, expected) in table {
        refused(
            &shop,
            &["slice", "--from", file, "--out", "out.json"],
            expected,
        );
        refused(&shop, &["update", "--from", file], expected);
    }
    let slice = "openapi/atlas-billing.json";
    refused(&shop, &["update", "--from", slice], "this is the slice");
    refused(
        &shop,
        &["diff", "missing.yaml", "upstream.yaml"],
        "missing.yaml",
    );
    refused(&shop, &["ops", "--from", "cut.json"], "cut.json");
}

#[test]
fn a_command_that_makes_no_sense_is_refused() {
    let shop = Shop::open();
    let table: [(&[&str], &str); 9] = [
        (&["generate"], "unknown command \"generate\""),
        (&["codegen", "--chekc"], "--chekc"),
        (&["slice"], "--from FILE is needed"),
        (&["slice", "--from"], "--from"),
        (&["slice", "--from", "a", "--from", "b"], "given twice"),
        (&["diff", "upstream.yaml"], "two files are needed"),
        (
            &["diff", "upstream.yaml", "upstream.yaml", "--format", "xml"],
            "none of text, json",
        ),
        (
            &["diff", "upstream.yaml", "upstream.yaml", "--fail-on", "all"],
            "none of breaking",
        ),
        (&["ops", "--from", "upstream.yaml", "zebra"], "zebra"),
    ];
    for (arguments, expected) in table {
        refused(&shop, arguments, expected);
    }
    for arguments in [
        &["help"][..],
        &["--help"],
        &["update", "--help"],
        &["diff", "-h"],
    ] {
        assert!(done(shop.run(arguments)).contains("cargo xtask codegen [--check]"));
    }
}

#[test]
fn diff_says_by_its_exit_code_what_it_was_asked() {
    let shop = Shop::open();
    shop.write("old.yaml", &shop.read("upstream.yaml"));
    shop.change_upstream();
    let additive = ["diff", "old.yaml", "upstream.yaml"];
    let breaking = ["diff", "upstream.yaml", "old.yaml"];
    let code = |arguments: &[&str], fail_on: &str| {
        shop.run(&[arguments, &["--fail-on", fail_on]].concat())
            .code
    };
    assert_eq!(shop.run(&breaking).code, 0);
    assert_eq!(code(&breaking, "breaking"), 1);
    assert_eq!(code(&additive, "breaking"), 0);
    assert_eq!(code(&additive, "any"), 1);
    assert_eq!(code(&["diff", "old.yaml", "old.yaml"], "any"), 0);
    assert!(done(shop.run(&breaking)).contains("breaking response-optional-property-removed"));
    let json = done(shop.run(&[&additive[..], &["--format", "json"]].concat()));
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    for row in rows.as_array().unwrap() {
        for key in ["rule", "level", "operation", "where", "what"] {
            assert!(
                row[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key} of {row}"
            );
        }
    }
    let markdown = done(shop.run(&[&additive[..], &["--format", "markdown"]].concat()));
    assert!(markdown.contains("### additive"));
}

#[test]
fn an_operation_is_added_by_one_entry_and_one_update() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    let entry = done(shop.run(&["ops", "--from", "upstream.yaml", "STOCK"]));
    assert!(
        entry.contains("# Versions: 2024-05-01 (json), preview (json)"),
        "{entry}"
    );
    shop.write(
        "openapi/slice.toml",
        &format!("{}\n{entry}", shop.read("openapi/slice.toml")),
    );
    let report = done(shop.run(&["update", "--from", "upstream.yaml"]));
    assert!(
        report.contains("additive endpoint-added [getStock]"),
        "{report}"
    );
    let client = shop.read("crates/atlas-billing-raw/src/generated/client.rs");
    assert!(client.contains("pub fn get_stock(") && client.contains("pub fn get_stock_bytes("));
    assert_eq!(done(shop.run(&["codegen", "--check"])), "");
}
