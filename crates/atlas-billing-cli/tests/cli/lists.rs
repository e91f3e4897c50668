//! `orgs`, `projects`, `clusters` and `skus list`; the organization, projects and clusters that are
//! looked up.

use atlas_billing_mock::{
    CLUSTER_IDS, CREDITS_ORG_ID, CREDITS_ORG_NAME, Fault, LINKED_ORG_ID, LINKED_ORG_NAME, ORG_ID,
    ORG_NAME, On, Operation, PROJECT_IDS,
};
use serde_json::json;

use super::atlas::{Atlas, Ran, atlas, scenario};

/// The command without an organization in its environment.
fn unnamed(atlas: &Atlas, args: &[&str]) -> Ran {
    let mut command = atlas.command(args);
    command.env_remove("MONGODB_ATLAS_ORG_ID");
    Ran::of(command)
}

/// A stand-in whose list of an operation is this.
fn listing(operation: Operation, results: serde_json::Value) -> Atlas {
    let body = json!({ "results": results, "links": [] }).to_string();
    Atlas::start(scenario().fault(On::operation(operation), Fault::Body(body.into())))
}

#[test]
fn lists_have_ids_and_names() {
    let atlas = Atlas::start(scenario().organizations(3).strict());
    let orgs = unnamed(&atlas, &["orgs", "list", "-o", "jsonl"]).jsonl();
    let named: Vec<_> = orgs
        .iter()
        .map(|org| (&org["org_id"], &org["org_name"], &org["is_deleted"]))
        .collect();
    let of = |id, name| (json!(id), json!(name));
    for (found, (id, name)) in named.iter().zip([
        of(ORG_ID, ORG_NAME),
        of(LINKED_ORG_ID, LINKED_ORG_NAME),
        of(CREDITS_ORG_ID, CREDITS_ORG_NAME),
    ]) {
        assert_eq!(*found, (&id, &name, &json!(false)));
    }

    let projects = atlas.ok(&["projects", "list", "-o", "jsonl"]).jsonl();
    let ids: Vec<_> = projects.iter().map(|row| &row["project_id"]).collect();
    assert_eq!(ids, PROJECT_IDS);
    assert_eq!(projects[2]["project_name"], "analytics");
    assert_eq!(projects[2]["tags"], json!({"team": ["insight"]}));

    // Those of other organizations are not there.
    let clusters = atlas.ok(&["clusters", "list", "-o", "jsonl"]).jsonl();
    let ids: Vec<_> = clusters.iter().map(|row| &row["cluster_id"]).collect();
    assert_eq!(ids, CLUSTER_IDS);
    assert_eq!(clusters[4]["cluster_name"], "warehouse");
    assert_eq!(clusters[4]["project_name"], "analytics");

    let asked = atlas.stand_in.requests().len();
    assert_eq!(asked, 3, "one request a list: {:?}", atlas.asked());
}

#[test]
fn skus_are_found_by_code_or_description_in_any_case() {
    let atlas = atlas();
    for (word, code) in [("_m40", "_INSTANCE_M40"), ("INTERNET", "TRANSFER")] {
        let rows = unnamed(&atlas, &["skus", "list", word, "-o", "jsonl"]).jsonl();
        assert!(!rows.is_empty());
        for row in rows {
            assert!(row["sku"].as_str().unwrap().contains(code), "{row}");
        }
    }
    let by_description = unnamed(&atlas, &["skus", "list", "backup stor", "-o", "jsonl"]).jsonl();
    assert_eq!(by_description.len(), 3);
    let none = unnamed(&atlas, &["skus", "list", "no such thing"]);
    assert!(none.stdout.ends_with("0 SKUs.\n"), "{}", none.stdout);
}

#[test]
fn what_needs_no_organization_asks_for_none() {
    let atlas = atlas();
    for args in [["orgs", "list"], ["skus", "list"]] {
        let mut command = atlas.command(&args);
        command.env("MONGODB_ATLAS_ORG_ID", "nonsense");
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
    }
    let mut command = atlas.command(&["projects", "list"]);
    command.env("MONGODB_ATLAS_ORG_ID", "nonsense");
    assert_eq!(Ran::of(command).code, Some(2));
    let asked = atlas.asked();
    assert_eq!(asked, ["GET /api/atlas/v2/orgs", "GET /api/atlas/v2/skus"]);
}

#[test]
fn the_only_organization_is_used_and_named() {
    let atlas = atlas();
    let ran = unnamed(&atlas, &["projects", "list", "-o", "csv"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stderr, format!("Organization: {ORG_ID}  {ORG_NAME}\n"));
    assert_eq!(
        atlas.asked(),
        [
            "GET /api/atlas/v2/orgs".to_owned(),
            format!("GET /api/atlas/v2/orgs/{ORG_ID}/groups")
        ]
    );
    let quiet = unnamed(&atlas, &["-q", "projects", "list", "-o", "csv"]);
    assert_eq!((quiet.stdout, quiet.stderr), (ran.stdout, String::new()));

    // What a query is resumed with names the organization.
    let ran = unnamed(&atlas, &["costs", "2025-02"]);
    assert!(
        ran.stderr.contains(&format!(" --org {ORG_ID}")),
        "{}",
        ran.stderr
    );

    // Deleted ones do not count.
    let gone = json!({"id": LINKED_ORG_ID, "name": "gone", "isDeleted": true});
    let here = json!({"id": ORG_ID, "name": "here", "isDeleted": false});
    let ran = unnamed(
        &listing(Operation::Organizations, json!([gone, here])),
        &["projects", "list"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("here"), "{}", ran.stderr);
}

#[test]
fn an_organization_that_is_named_is_not_looked_up() {
    let atlas = atlas();
    atlas.ok(&["projects", "list"]);
    unnamed(&atlas, &["projects", "list", "--org", ORG_ID]);
    let asked = atlas.asked();
    assert!(
        asked.iter().all(|line| line.ends_with("/groups")),
        "{asked:?}"
    );
}

#[test]
fn of_several_organizations_one_has_to_be_named() {
    let atlas = Atlas::start(scenario().organizations(3));
    let ran = unnamed(&atlas, &["invoices", "list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "error: these credentials see 3 organizations: set MONGODB_ATLAS_ORG_ID or use --org ID"
                .to_owned(),
            format!("  {ORG_ID}  {ORG_NAME}"),
            format!("  {LINKED_ORG_ID}  {LINKED_ORG_NAME}"),
            format!("  {CREDITS_ORG_ID}  {CREDITS_ORG_NAME}"),
        ]
    );
    assert_eq!(atlas.asked(), ["GET /api/atlas/v2/orgs"]);
}

#[test]
fn without_a_list_of_organizations_the_way_out_is_told() {
    let on = || On::operation(Operation::Organizations);
    let forbidden = Atlas::start(scenario().fault(on(), Fault::Status(403)));
    let ran = unnamed(&forbidden, &["costs"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for part in ["MONGODB_ATLAS_ORG_ID", "--org ID", "may not list", "/org/"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    let ran = unnamed(&forbidden, &["orgs", "list"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    // What may pass is no missing organization.
    let html = Atlas::start(scenario().fault(on(), Fault::Html));
    assert_eq!(unnamed(&html, &["costs"]).code, Some(7));
    let none = unnamed(&listing(Operation::Organizations, json!([])), &["costs"]);
    assert_eq!(none.code, Some(2));
    assert!(
        none.stderr.contains("see no organization"),
        "{}",
        none.stderr
    );
}

#[test]
fn costs_by_projects_and_clusters_need_no_ids() {
    for (by, ids, list) in [
        ("projects", &PROJECT_IDS[..], "groups"),
        ("clusters", &CLUSTER_IDS[..], "clusters"),
    ] {
        let atlas = Atlas::start(scenario().strict());
        let ran = atlas.ok(&["costs", "2025-02", "--by", by]);
        let asked = atlas.asked();
        assert!(
            asked[0].starts_with("GET ") && asked[0].ends_with(list),
            "{asked:?}"
        );
        let lists = asked.iter().filter(|line| line.ends_with(list)).count();
        assert_eq!(lists, 1, "{asked:?}");
        let requests = atlas.stand_in.requests();
        let mut bodies = requests
            .iter()
            .filter(|request| request.method() == "POST")
            .map(|request| {
                serde_json::from_slice::<serde_json::Value>(&request.request.body).unwrap()
            });
        assert_eq!(bodies.next().unwrap()[by], json!(ids));
        // What no listed one has is there as well.
        let whole = bodies.next().unwrap();
        assert_eq!(
            (&whole["groupBy"], &whole[by]),
            (&json!(null), &json!(null))
        );
        assert!(ran.stdout.contains("\n(not listed) "), "{}", ran.stdout);
        assert!(
            ran.stdout.contains("(not listed): of no "),
            "{}",
            ran.stdout
        );
        let services = atlas.ok(&["costs", "2025-02"]);
        let total = |text: &str| {
            let line = text
                .lines()
                .find(|line| line.starts_with("total "))
                .unwrap();
            line.split_whitespace().nth(1).unwrap().to_owned()
        };
        assert_eq!(total(&ran.stdout), total(&services.stdout));
    }
}

#[test]
fn projects_and_clusters_go_by_id_or_name() {
    let atlas = Atlas::start(scenario().strict());
    atlas.ok(&[
        "costs",
        "2025-02",
        "--by",
        "clusters",
        "--cluster",
        "warehouse",
        "--cluster",
        CLUSTER_IDS[0],
        "--project",
        PROJECT_IDS[1],
        "--no-wait",
    ]);
    let body = atlas.last_created();
    assert_eq!(body["clusters"], json!([CLUSTER_IDS[4], CLUSTER_IDS[0]]));
    assert_eq!(body["projects"], json!([PROJECT_IDS[1]]));
    // Ids alone need no list.
    assert_eq!(atlas.asked().len(), 2, "{:?}", atlas.asked());
}

/// The stand-in's rows have names: those of a service that sends none are looked up.
#[test]
fn names_are_shown_where_they_are_known() {
    let rows = json!({"usageDetails": [
        {"projectId": PROJECT_IDS[0], "usageAmount": 1.5, "usageDate": "2025-02-01"},
        {"projectId": PROJECT_IDS[2], "usageAmount": 2.25, "usageDate": "2025-02-01"},
    ]});
    let fault = Fault::Body(rows.to_string().into());
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Poll), fault));
    let found = atlas.ok(&["costs", "2025-02", "--by", "projects", "-o", "jsonl"]);
    let names: Vec<_> = found
        .jsonl()
        .iter()
        .map(|row| (row["project_id"].clone(), row["project_name"].clone()))
        .collect();
    assert_eq!(
        names,
        [
            (json!(PROJECT_IDS[0]), json!("freight-booking")),
            (json!(PROJECT_IDS[2]), json!("analytics"))
        ]
    );
}

#[test]
fn a_name_that_is_unknown_or_ambiguous_is_refused_before_a_query() {
    let atlas = atlas();
    for (flag, given, near) in [
        ("--project", "analitics", "did you mean \"analytics\"?"),
        ("--cluster", "Warehouse-1", "did you mean \"warehouse\"?"),
        ("--project", "qqq", "atlas-billing projects list"),
    ] {
        let message = atlas.fails(4, &["costs", "2025-02", flag, given]);
        assert!(
            message.contains(&format!("is named \"{given}\"")) && message.contains(near),
            "{message}"
        );
    }
    let twice = json!([
        {"groupId": PROJECT_IDS[0], "groupName": "web", "orgId": ORG_ID,
            "clusters": [{"clusterId": CLUSTER_IDS[0], "name": "prod"}]},
        {"groupId": PROJECT_IDS[1], "groupName": "api", "orgId": ORG_ID,
            "clusters": [{"clusterId": CLUSTER_IDS[1], "name": "prod"}]},
        {"groupId": PROJECT_IDS[2], "groupName": "other", "orgId": LINKED_ORG_ID,
            "clusters": [{"clusterId": CLUSTER_IDS[2], "name": "prod"}]},
    ]);
    let atlas = listing(Operation::Clusters, twice);
    let message = atlas.fails(2, &["costs", "2025-02", "--cluster", "prod"]);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(
        lines[lines.len() - 2..],
        [
            format!("  {}  in web", CLUSTER_IDS[0]),
            format!("  {}  in api", CLUSTER_IDS[1])
        ]
    );
    assert!(
        message.contains("2 clusters are named \"prod\""),
        "{message}"
    );
    assert!(atlas.asked().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn a_list_that_may_not_be_read_is_named_with_another_way() {
    let on = On::operation(Operation::Projects);
    let atlas = Atlas::start(scenario().fault(on, Fault::Status(403)));
    let message = atlas.fails(3, &["costs", "2025-02", "--by", "projects"]);
    for part in ["cannot look the projects up", "--project with an id"] {
        assert!(message.contains(part), "{message}");
    }
    atlas.ok(&[
        "costs",
        "2025-02",
        "--by",
        "projects",
        "--project",
        PROJECT_IDS[0],
    ]);
    let message =
        listing(Operation::Projects, json!([])).fails(4, &["costs", "2025-02", "--by", "projects"]);
    assert!(message.contains("has no projects"), "{message}");
}
