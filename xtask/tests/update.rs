//! What `update` says of a mistake or a change, and what it writes.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod shop;

use shop::{Shop, done};

/// One mistake or change: what is edited, the level, the message, what is written.
struct Case {
    what: &'static str,
    /// The file, and what is replaced in it by what.
    edits: &'static [(&'static str, &'static str, &'static str)],
    arguments: &'static [&'static str],
    /// `error` (refused), or the word before a row or a line of the report.
    level: &'static str,
    /// Each is in the output.
    messages: &'static [&'static str],
    /// Whether files are written.
    writes: bool,
}

const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";
const SPEC: &str = "upstream.yaml";
const TOML: &str = "openapi/slice.toml";
const OVERLAY: &str = "openapi/overlay.json";

const CASES: [Case; 22] = [
    Case {
        what: "three things at once",
        edits: &[
            (SPEC, "enum: [OPEN, DONE]", "enum: [OPEN, DONE, LOST, '*']"),
            (
                SPEC,
                "    /shops/{shopId}/orders/{orderId}:",
                "    /elsewhere:",
            ),
        ],
        arguments: &["--commit", "main"],
        level: "error",
        messages: &[
            "Order.properties.state: /components/schemas/Order/properties/state/enum holds \"LOST\" already",
            "(getOrder) is not in the specification",
            "40 hexadecimal digits",
        ],
        writes: false,
    },
    Case {
        what: "a field that the overlay describes is gone",
        edits: &[(
            SPEC,
            "                cents: {format: int64, type: integer}\n",
            "",
        )],
        arguments: &[],
        level: "breaking",
        messages: &[
            "`cents` of `Order` is gone.",
            "$.components.schemas.Order.properties.cents: selects nothing any more; remove the action",
        ],
        writes: true,
    },
    Case {
        what: "a schema is renamed",
        edits: &[
            (SPEC, "schemas/Order'", "schemas/Purchase'"),
            (SPEC, "        Order:\n", "        Purchase:\n"),
        ],
        arguments: &[],
        level: "error",
        messages: &[
            "--rename edits openapi/slice.toml: 1 times Order -> Purchase",
            "--rename edits openapi/overlay.json: 3 times",
            "name = \"Order\", upstream = \"Purchase\"",
        ],
        writes: false,
    },
    Case {
        what: "a schema is renamed, and the edits are asked for",
        edits: &[
            (SPEC, "schemas/Order'", "schemas/Purchase'"),
            (SPEC, "        Order:\n", "        Purchase:\n"),
        ],
        arguments: &["--rename"],
        level: "note",
        messages: &[
            "schema-renamed",
            "The schema `Order` is called `Purchase` now.",
            "openapi/overlay.json: 3 times Order -> Purchase",
        ],
        writes: true,
    },
    Case {
        what: "an enum's field is text",
        edits: &[(
            SPEC,
            "kind: {enum: [fast, slow], type: string}",
            "kind: {type: string}",
        )],
        arguments: &[],
        level: "breaking",
        messages: &[
            "`kind` of `NewOrder` lost its enum",
            "the enum Kind stands nowhere any more",
        ],
        writes: true,
    },
    Case {
        what: "a quirk is idle",
        edits: &[(
            SPEC,
            "                - $ref: '#/components/parameters/pretty'\n",
            "",
        )],
        arguments: &[],
        level: "breaking",
        messages: &[
            "The query parameter `pretty` is gone",
            "the quirk no_pretty finds nothing to do any more",
        ],
        writes: true,
    },
    Case {
        what: "one of several forms",
        edits: &[(
            SPEC,
            "note: {nullable: true, type: string}",
            "note: {oneOf: [{type: string}, {type: integer}]}",
        )],
        arguments: &[],
        level: "breaking",
        messages: &["response-property-type-changed", "`note` of `Line` is"],
        writes: true,
    },
    Case {
        what: "a type with null beside it",
        edits: &[(
            SPEC,
            "code: {enum: [A1, A2], type: string}",
            "code: {enum: [A1, A2, null], type: [string, 'null']}",
        )],
        arguments: &[],
        level: "additive",
        messages: &["`code` of `Line` may be null."],
        writes: true,
    },
    Case {
        what: "a second success body",
        edits: &[(
            SPEC,
            "                '202':\n",
            "                '204': {description: Nothing.}\n                '202':\n",
        )],
        arguments: &[],
        level: "additive",
        messages: &["The status 204 is new.", "204 has another body than 202"],
        writes: true,
    },
    Case {
        what: "values whose names collide",
        edits: &[(SPEC, "enum: [OPEN, DONE]", "enum: [OPEN, DONE, done]")],
        arguments: &[],
        level: "error",
        messages: &[
            "the enum OrderState: \"DONE\" and \"done\" would both be Done",
            "variants = { \"done\" = \"Done2\" }",
        ],
        writes: false,
    },
    Case {
        what: "values whose names collide, and are named",
        edits: &[
            (SPEC, "enum: [OPEN, DONE]", "enum: [OPEN, DONE, done, '*']"),
            (
                TOML,
                "about = \"Where an order stands.\"",
                "about = \"Where.\"\nvariants = { \"done\" = \"DoneToo\", \"*\" = \"Any\" }",
            ),
        ],
        arguments: &[],
        level: "additive",
        messages: &[
            "gained the value `*`",
            "{\"x-enum-descriptions\":{\"done\":\"\"}}",
        ],
        writes: true,
    },
    Case {
        what: "a value without letters",
        edits: &[(SPEC, "enum: [OPEN, DONE]", "enum: [OPEN, DONE, '*']")],
        arguments: &[],
        level: "error",
        messages: &["\"*\" has no letters; name it in openapi/slice.toml"],
        writes: false,
    },
    Case {
        what: "mistakes in slice.toml",
        edits: &[
            (TOML, "name = \"Kind\"", "name = \"kind\""),
            (
                TOML,
                "at = [\"$.components.schemas.NewOrder.properties.kind\"]",
                "at = []",
            ),
        ],
        arguments: &[],
        level: "error",
        messages: &[
            "openapi/slice.toml: enum \"kind\": not a Rust type name",
            "openapi/slice.toml: enum kind: `at` lists no place",
        ],
        writes: false,
    },
    Case {
        what: "a JSONPath that is none",
        edits: &[(TOML, "NewOrder.properties.kind\"", "NewOrder[kind\"")],
        arguments: &[],
        level: "error",
        messages: &[
            "openapi/slice.toml: enum Kind: \"$.components.schemas.NewOrder[kind\" is not a JSONPath",
        ],
        writes: false,
    },
    Case {
        what: "two enums on one place",
        edits: &[(
            TOML,
            "NewOrder.properties.kind\"",
            "Order.properties['state']\"",
        )],
        arguments: &[],
        level: "error",
        messages: &["openapi/slice.toml: the enums OrderState and Kind both name"],
        writes: false,
    },
    Case {
        what: "a new enum field",
        edits: &[(
            SPEC,
            "                title: {type: string}\n",
            "                title: {type: string}\n                size: {enum: [S, M], type: string}\n",
        )],
        arguments: &[],
        level: "additive",
        messages: &[
            "it stays text until openapi/slice.toml names it",
            "[[enum]]\n  name = \"OrderSize\"",
            "\"$.components.schemas.Order.properties.size\"",
        ],
        writes: true,
    },
    Case {
        what: "a sign-in method is gone",
        edits: &[(SPEC, "    - Tokens: [orders]\n", "")],
        arguments: &[],
        level: "breaking",
        messages: &["The sign-in method `Tokens` is no longer accepted."],
        writes: true,
    },
    Case {
        what: "a sentence of upstream's",
        edits: &[
            (
                SPEC,
                "description: Lists orders.",
                "description: Lists orders. What all of it costs, in cents.",
            ),
            (
                OVERLAY,
                "What it costs, in cents.",
                "Words. What all of it costs, in cents.",
            ),
        ],
        arguments: &[],
        level: "error",
        messages: &[
            "$.components.schemas.Order.properties.cents: \"What all of it costs, in cents.\" is a sentence of upstream's",
        ],
        writes: false,
    },
    Case {
        what: "a byte order mark",
        edits: &[(SPEC, "# A specification", "\u{feff}# A specification")],
        arguments: &[],
        level: "0 breaking, 0 additive",
        messages: &["0 noted"],
        writes: true,
    },
    Case {
        what: "a commit that is none",
        edits: &[],
        arguments: &["--commit", "main"],
        level: "error",
        messages: &["--commit main: a commit has 40 hexadecimal digits"],
        writes: false,
    },
    Case {
        what: "the wrong commit",
        edits: &[],
        arguments: &["--commit", "0123456789abcdef0123456789abcdef01234567"],
        level: "error",
        messages: &["this is the file's x-xgen-sha"],
        writes: false,
    },
    Case {
        what: "an upcoming version",
        edits: &[(
            SPEC,
            "                        application/vnd.atlas.2023-01-01+csv:\n",
            "                        application/vnd.atlas.2026-01-01.upcoming+json: {}\n                        application/vnd.atlas.2023-01-01+csv:\n",
        )],
        arguments: &[],
        level: "note",
        messages: &[
            "api-version-added",
            "The version 2026-01-01.upcoming is new",
        ],
        writes: true,
    },
];

#[test]
fn each_mistake_or_change_has_its_level_and_message() {
    for case in CASES {
        let shop = Shop::open();
        done(shop.run(&["codegen"]));
        for (file, from, to) in case.edits {
            let text = shop.read(file);
            assert!(text.contains(from), "{}: {from}", case.what);
            shop.write(file, &text.replace(from, to));
        }
        let before = shop.files();
        let ran = shop.run(&[&["update", "--from", SPEC], case.arguments].concat());
        let text = format!("{}{}", ran.stdout, ran.stderr);
        let refused = case.level == "error";
        assert_eq!(
            ran.code,
            if refused { 2 } else { 0 },
            "{}: {text}",
            case.what
        );
        let level = text.lines().any(|line| line.trim().starts_with(case.level));
        assert!(level, "{}: {text}", case.what);
        for message in case.messages {
            assert!(text.contains(message), "{}: {message}\n{text}", case.what);
        }
        assert_eq!(shop.files() != before, case.writes, "{}", case.what);
        if case.writes {
            // What was written is whole, and the next run has nothing to say.
            assert_eq!(shop.run(&["codegen", "--check"]).code, 0, "{}", case.what);
            let again = done(shop.run(&["update", "--from", SPEC]));
            assert!(
                again.starts_with("0 files changed."),
                "{}: {again}",
                case.what
            );
        }
    }
}

#[test]
fn a_renamed_schema_keeps_its_types_name() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    let types = shop.read("crates/atlas-billing-raw/src/generated/types.rs");
    let text = shop.read(SPEC);
    let text = text.replace("schemas/Order'", "schemas/Purchase'");
    shop.write(
        SPEC,
        &text.replace("        Order:\n", "        Purchase:\n"),
    );
    done(shop.run(&["update", "--from", SPEC, "--rename"]));
    let renamed = shop.read("crates/atlas-billing-raw/src/generated/types.rs");
    let neutral = types
        .replace("of `Order`", "of `Purchase`")
        .replace("schema `Order`", "schema `Purchase`");
    assert_eq!(
        renamed, neutral,
        "neutral sentences name the schema, nothing else does"
    );
}

#[test]
fn update_ends_with_what_breaks_and_what_comes_next() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    shop.write(
        "crates/shop/src/lib.rs",
        "// discount\nfn f(line: Line) { line.discount; }\n",
    );
    let text = shop.read(SPEC);
    shop.write(
        SPEC,
        &text.replace(
            "                discount: {format: float, type: number}\n",
            "",
        ),
    );
    let report = done(shop.run(&["update", "--from", SPEC]));
    let end = &report[report.find("Breaking, with what it touches here:").unwrap()..];
    let expected = "`discount` of `Line` is gone. (listAllOrders, placeOrder, getOrder)\n    crates/shop/src/lib.rs:2\n";
    assert!(end.contains(expected), "{end}");
    for next in [
        "cargo check --workspace --all-targets",
        "CHANGELOG.md",
        ".ci/run",
    ] {
        assert!(end.contains(next), "{end}");
    }
}

#[test]
fn update_prints_the_text_of_a_pull_request() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    shop.change_upstream();
    let commit = "89abcdef0123456789abcdef0123456789abcdef";
    let arguments = [
        "update", "--from", SPEC, "--format", "markdown", "--commit", commit,
    ];
    let text = done(shop.run(&arguments));
    assert!(
        text.contains(&format!("| commit | `main` | `{commit}` |")),
        "{text}"
    );
    assert!(text.contains("| x-xgen-sha | `` | `0123456789abcdef0123456789abcdef01234567` |"));
    let row = "| response-optional-property-added | listAllOrders, placeOrder, getOrder | \
               `weight` of `Order` is new. | Order.weight |";
    assert!(text.contains(row), "{text}");
    // A name, and a value of an enum.
    let undescribed = text
        .lines()
        .find(|line| line.starts_with("## Undescribed names: "));
    let count: usize = undescribed
        .unwrap()
        .split([' ', '.'])
        .find_map(|word| word.parse().ok())
        .unwrap();
    assert!(text.contains(
        "\n{\"target\":\"$.components.schemas.Order.properties.state\",\"update\":\
         {\"x-enum-descriptions\":{\"LATE\":\"\"}}},\n"
    ));
    assert_eq!(text.matches("\n{\"target\"").count(), count);
    assert!(text.contains("\nopenapi/atlas-billing.json\n"), "{text}");
    assert!(!text.contains("~1"), "no escaped pointers");
}

#[test]
fn update_brings_everything_up_and_says_what_to_look_at() {
    let shop = Shop::open();
    done(shop.run(&["codegen"]));
    shop.change_upstream();
    let report = done(shop.run(&["update", "--from", "upstream.yaml", "--commit", COMMIT]));

    assert!(
        report.contains("additive response-optional-property-added [listAllOrders, placeOrder")
    );
    assert!(report.contains("New versions") && report.contains("getOrder: The version 2024-05-01"));
    assert!(report.contains("x-enum-descriptions") && report.contains("gained the value `LATE`"));
    let action = "  {\"target\":\"$.components.schemas.Order.properties.weight\",\
                  \"update\":{\"description\":\"\"}},";
    assert!(report.contains(action), "{report}");
    assert!(
        !report.contains("properties.cents\""),
        "what is described is not listed"
    );

    assert_eq!(done(shop.run(&["codegen", "--check"])), "");
    assert_eq!(
        shop.read("openapi/atlas-billing.json"),
        done(shop.run(&["slice", "--from", "upstream.yaml"]))
    );
    let types = shop.read("crates/atlas-billing-raw/src/generated/types.rs");
    assert!(types.contains("/// The field `weight` of `Order`.\n"));
    assert!(
        shop.read("crates/atlas-billing-raw/src/generated/enums.rs")
            .contains("Late = \"LATE\"")
    );
    let toml = shop.read("openapi/slice.toml");
    assert!(toml.contains(&format!("commit = \"{COMMIT}\"")));
    assert!(toml.contains("source = \"0123456789abcdef0123456789abcdef01234567\""));
    let origin = done(shop.run(&["upstream"]));
    assert!(
        origin.starts_with("commit=$(git ls-remote ")
            && origin.contains("https://example.test/$commit/v2.yaml ")
    );
    assert!(origin.contains(&format!(
        "# on record: https://example.test/{COMMIT}/v2.yaml\n"
    )));

    let again = done(shop.run(&["update", "--from", "upstream.yaml", "--commit", COMMIT]));
    assert!(again.starts_with("0 files changed."), "{again}");

    // The action, filled in and pasted, describes the field.
    let overlay = shop.read("openapi/overlay.json");
    let filled = action.replace("\"\"", "\"How heavy it is, in grams.\"");
    shop.write(
        "openapi/overlay.json",
        &overlay.replace("\"actions\": [", &format!("\"actions\": [\n{filled}")),
    );
    done(shop.run(&["codegen"]));
    let types = shop.read("crates/atlas-billing-raw/src/generated/types.rs");
    assert!(types.contains("/// How heavy it is, in grams.\n"));
}
