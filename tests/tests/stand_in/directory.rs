//! Organizations, projects, clusters and SKUs: that they are those of the invoices.

use std::collections::BTreeSet;

use atlas_billing_mock::{
    CLUSTER_IDS, CREDITS_ORG_ID, CREDITS_ORG_NAME, Core, INVOICE_ID, LINKED_ORG_ID, ORG_ID,
    PROJECT_IDS, PageLinks, Request, SignIn,
};
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{JSON, get, march, of, root, texts, value};

const LATER: &str = "application/vnd.atlas.2025-03-12+json";

#[test]
fn the_credentials_see_one_organization_or_several() {
    let ids = |core: &Core, query: &str| texts(&root(core, &format!("/orgs{query}")), "id");
    let one = Core::new(march().with_linked_invoices().build());
    assert_eq!(ids(&one, ""), [ORG_ID]);
    let path = of(LINKED_ORG_ID, "/groups");
    assert_eq!(
        one.respond(&Request::get(path).header(ACCEPT, JSON)).status,
        404
    );

    let three = Core::new(march().organizations(9).build());
    assert_eq!(ids(&three, ""), [ORG_ID, LINKED_ORG_ID, CREDITS_ORG_ID]);
    assert_eq!(ids(&three, "?name=meridian%20l"), [LINKED_ORG_ID]);
    assert_eq!(ids(&three, "?name=gr%C3%B6%C3%9Fe"), [CREDITS_ORG_ID]);
    assert_eq!(ids(&three, "?name=freight"), [""; 0]);
    let names = texts(&root(&three, "/orgs?pageNum=3&itemsPerPage=1"), "name");
    assert_eq!(names, [CREDITS_ORG_NAME]);
}

#[test]
fn projects_and_clusters_are_those_of_the_invoices() {
    let core = Core::new(march().organizations(3).build());
    let ask = |path: String| value(core.respond(&Request::get(path).header(ACCEPT, JSON)));
    let clusters = root(&core, "/clusters");
    assert_eq!(clusters["totalCount"], 8);
    let mut seen = BTreeSet::new();
    for org in [ORG_ID, LINKED_ORG_ID, CREDITS_ORG_ID] {
        let projects = texts(&ask(of(org, "/groups")), "id");
        let invoice = &ask(of(org, "/invoices/pending"))["results"][0];
        assert_eq!(invoice["orgId"], org);
        let items = invoice["lineItems"].as_array().unwrap();
        let billed: BTreeSet<_> = items
            .iter()
            .filter_map(|it| it["groupId"].as_str())
            .collect();
        assert_eq!(billed, projects.iter().map(String::as_str).collect());
        let billed: BTreeSet<_> = items
            .iter()
            .filter_map(|it| it["clusterName"].as_str())
            .collect();
        let listed = clusters["results"].as_array().unwrap().iter();
        let listed = listed.filter(|project| project["orgId"] == org);
        let listed: Vec<_> = listed
            .flat_map(|it| it["clusters"].as_array().unwrap())
            .collect();
        assert_eq!(
            billed,
            listed
                .iter()
                .map(|it| it["name"].as_str().unwrap())
                .collect()
        );
        for id in projects {
            assert!(seen.insert(id), "a project of two organizations");
        }
        let body = json!({
            "startDate": "2025-03-01", "endDate": "2025-04-01", "groupBy": "clusters",
        });
        let usage = of(org, "/billing/costExplorer/usage");
        let request = Request::post(usage.clone(), body.to_string());
        let created = core.respond(&request.header(ACCEPT, JSON).header(CONTENT_TYPE, JSON));
        let token = value(created)["token"].as_str().unwrap().to_owned();
        let rows = ask(format!("{usage}/{token}"))["usageDetails"].clone();
        let rows: BTreeSet<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["clusterId"].clone().to_string())
            .collect();
        assert_eq!(
            rows,
            listed
                .iter()
                .map(|it| it["clusterId"].to_string())
                .collect()
        );
        // A query is its organization's.
        let other = if org == ORG_ID { LINKED_ORG_ID } else { ORG_ID };
        let path = of(other, &format!("/billing/costExplorer/usage/{token}"));
        assert_eq!(ask(path)["error"], 404);
    }
    let first = &root(&core, "/clusters?itemsPerPage=1")["results"][0];
    assert_eq!(first["groupId"], PROJECT_IDS[0]);
    assert_eq!(first["clusters"][0]["clusterId"], CLUSTER_IDS[0]);
}

#[test]
fn one_organization_pays_in_credits() {
    let core = Core::new(march().organizations(3).build());
    let path = of(CREDITS_ORG_ID, "/invoices?statusNames=PAID");
    let list = value(core.respond(&Request::get(path).header(ACCEPT, JSON)));
    let id = list["results"][0]["id"].as_str().unwrap();
    let path = of(CREDITS_ORG_ID, &format!("/invoices/{id}"));
    let invoice = value(core.respond(&Request::get(path).header(ACCEPT, JSON)));
    let payment = &invoice["payments"][0];
    assert_eq!(
        (&payment["unitPrice"], &payment["currency"]),
        (&json!("0.85"), &json!("EUR"))
    );
    let cents = |object: &Value, key: &str| object[key].as_i64().unwrap();
    let owed = cents(payment, "amountBilledCents") as f64 * 0.85;
    let paid = cents(payment, "amountPaidCents") - cents(payment, "salesTaxCents");
    assert!((owed - paid as f64).abs() <= 0.5001, "{payment}");
    assert_eq!(
        core.scenario().facts(id).unwrap().amount_paid_cents,
        cents(&invoice, "amountPaidCents")
    );
    assert_eq!(core.scenario().invoices_of(CREDITS_ORG_ID).len(), 14);
}

#[test]
fn associated_invoices_are_those_of_a_month() {
    let core = Core::new(march().with_linked_invoices().organizations(2).build());
    let ask = |query: &str| {
        let path = of(ORG_ID, &format!("/associatedInvoices{query}"));
        value(core.respond(&Request::get(path).header(ACCEPT, LATER)))
    };
    let month = ask("?month=2&year=2025&includeLinkedOrgs=true");
    assert_eq!(
        (&month["month"], &month["year"]),
        (&json!("02"), &json!("2025"))
    );
    let pairs = month["associatedInvoices"].as_array().unwrap();
    assert_eq!(pairs[0], json!({"invoiceId": INVOICE_ID, "orgId": ORG_ID}));
    assert_eq!(
        (pairs.len(), &pairs[1]["orgId"]),
        (2, &json!(LINKED_ORG_ID))
    );
    // The other one is found where it belongs, and in the other's list.
    let rest = format!("/invoices/{}", pairs[1]["invoiceId"].as_str().unwrap());
    let own = value(core.respond(&Request::get(of(LINKED_ORG_ID, &rest)).header(ACCEPT, JSON)));
    assert_eq!(own["orgId"], LINKED_ORG_ID);
    let payer = value(core.respond(&get(&rest)));
    assert_eq!(payer, own);
    let listed = value(core.respond(&get("/invoices")))["results"][1]["linkedInvoices"][0].clone();
    assert_eq!(listed["id"], own["id"]);

    let alone = ask("?month=2&year=2025");
    assert_eq!(alone["associatedInvoices"].as_array().unwrap().len(), 1);
    assert_eq!(ask("?month=1&year=2020")["associatedInvoices"], json!([]));
    assert_eq!(ask("?month=13")["error"], 400);
}

#[test]
fn skus_have_pages_and_are_found_one_by_one() {
    let core = Core::new(march().build());
    let ask = |path: &str| {
        let request = Request::get(format!("/api/atlas/v2{path}")).header(ACCEPT, LATER);
        value(core.respond(&request))
    };
    let (mut ids, mut number) = (BTreeSet::new(), 1);
    loop {
        let page = ask(&format!("/skus?itemsPerPage=7&pageNum={number}"));
        for sku in page["results"].as_array().unwrap() {
            assert!(ids.insert(sku["id"].as_str().unwrap().to_owned()), "{sku}");
        }
        if page["links"].as_array().unwrap().len() == 1 {
            assert_eq!(page["totalCount"], ids.len());
            break;
        }
        number += 1;
    }
    assert!(number > 1 && ids.contains("ATLAS_SUPPORT"), "{ids:?}");
    assert_eq!(ask("/skus?pageNum=0")["error"], 400);
    assert_eq!(ask("/skus/ATLAS_SUPPORT")["description"], "Support");
    assert_eq!(ask("/skus/NOTHING")["error"], 404);
}

#[test]
fn pending_invoices_come_whole() {
    let core = Core::new(
        march()
            .with_previous_month_pending()
            .with_linked_invoices()
            .build(),
    );
    let list = value(core.respond(&get("/invoices/pending?envelope=true")));
    assert_eq!(
        (&list["status"], &list["totalCount"]),
        (&json!(200), &json!(2))
    );
    for invoice in list["results"].as_array().unwrap() {
        let path = format!("/invoices/{}", invoice["id"].as_str().unwrap());
        assert_eq!(*invoice, value(core.respond(&get(&path))));
    }
    let none = Core::new(march().without_invoices().build());
    assert_eq!(
        value(none.respond(&get("/invoices/pending")))["results"],
        json!([])
    );
}

#[test]
fn versions_and_credentials_are_each_operations_own() {
    let paths = [
        ("/orgs".to_owned(), "2022-12-31"),
        ("/clusters".to_owned(), "2022-12-31"),
        ("/skus/ATLAS_SUPPORT".to_owned(), "2025-03-11"),
        (format!("/orgs/{ORG_ID}/groups"), "2022-12-31"),
        (format!("/orgs/{ORG_ID}/associatedInvoices"), "2025-03-11"),
        (
            format!("/orgs/{ORG_ID}/invoices/{INVOICE_ID}/lineItems:search"),
            "2024-08-04",
        ),
        (
            format!("/orgs/{ORG_ID}/invoices/{INVOICE_ID}/reports"),
            "2025-03-11",
        ),
    ];
    let open = Core::new(march().build());
    let closed = Core::new(march().sign_in(SignIn::bearer("t")).build());
    for (path, before) in paths {
        let request = || Request::get(format!("/api/atlas/v2{path}"));
        let version = |date: &str| format!("application/vnd.atlas.{date}+json");
        let early = open.respond(&request().header(ACCEPT, &version(before)));
        assert_eq!(early.status, 406, "{path}");
        let late = open.respond(&request().header(ACCEPT, &version("2026-01-01")));
        assert_ne!(late.status, 406, "{path}");
        let unsigned = closed.respond(&request().header(ACCEPT, LATER));
        assert_eq!(unsigned.status, 401, "{path}");
    }
}

#[test]
fn links_can_be_missing_or_never_end() {
    let page = |links, number: u32| {
        let core = Core::new(march().links(links).build());
        value(core.respond(&get(&format!("/invoices?itemsPerPage=5&pageNum={number}"))))
    };
    assert_eq!(page(PageLinks::Omitted, 1)["links"], json!([]));
    let (first, later) = (page(PageLinks::Endless, 1), page(PageLinks::Endless, 40));
    assert_eq!(first["results"], later["results"]);
    let next = later["links"][1]["href"].as_str().unwrap();
    assert!(next.contains("pageNum=41"), "{next}");
}

#[test]
fn the_csv_form_has_a_path_of_its_own() {
    let core = Core::new(march().build());
    let csv = "application/vnd.atlas.2023-01-01+csv";
    let ask = |rest: &str, accept| {
        let path = of(ORG_ID, &format!("/invoices/{INVOICE_ID}{rest}"));
        core.respond(&Request::get(path).header(ACCEPT, accept))
    };
    let own = ask("/csv", csv);
    assert_eq!(own.headers[CONTENT_TYPE], format!("{csv};charset=utf-8"));
    assert_eq!(own.body.into_bytes(), ask("", csv).body.into_bytes());
    assert_eq!(ask("/csv", JSON).status, 406);
}
