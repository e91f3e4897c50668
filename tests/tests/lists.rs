//! Lists: every item once, whatever the pages say of each other, and an error in the place of a
//! loop; filters; the search for line items.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::{
    Cents, Client, ClientBuilder, Credentials, ErrorKind, LineItemFilters, LineItemSearch,
    LineItemSortBy, LineItemSortOrder, Org, Result,
};
use atlas_billing_mock::{
    CREDITS_ORG_ID, Fault, INVOICE_ID, LINKED_ORG_ID, ORG_ID, ORG_NAME, On, Operation,
    PENDING_INVOICE_ID, PROJECT_IDS, PageLinks, Scenario, ScenarioBuilder, StandIn,
};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::protocol::Protocol;
use serde_json::{Value, json};

const JSON: &str = "application/vnd.atlas.2023-01-01+json";

fn scenario() -> ScenarioBuilder {
    Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .organizations(3)
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start(scenario.build()).await.unwrap()
}

fn builder(base_url: &str) -> ClientBuilder {
    let clock = WaitClock::without_silence([60].map(Duration::from_secs))
        .starting("2025-03-09T12:00:00Z".parse().unwrap());
    Client::builder(Credentials::none())
        .base_url(base_url)
        .clock(Arc::new(clock))
}

fn org(protocol: Protocol, base_url: &str) -> Org {
    let client = protocol.on(builder(base_url)).build().unwrap();
    client.org(ORG_ID.parse().unwrap())
}

/// The lists, each as the texts of its items.
const LISTS: [&str; 7] = [
    "orgs", "projects", "clusters", "SKUs", "invoices", "reports", "search",
];

async fn list(name: &str, org: &Org, per_page: u16) -> Result<Vec<String>> {
    fn texts<T: std::fmt::Debug>(items: Vec<T>) -> Vec<String> {
        items.iter().map(|item| format!("{item:?}")).collect()
    }
    let call = async {
        let client = org.client();
        let id = INVOICE_ID.parse()?;
        Ok(match name {
            "orgs" => texts(client.orgs().per_page(per_page).await?),
            "projects" => texts(org.projects().per_page(per_page).await?),
            "clusters" => texts(org.clusters().per_page(per_page).await?),
            "SKUs" => texts(client.skus().per_page(per_page).await?),
            "invoices" => texts(org.invoices().per_page(per_page).await?),
            "reports" => texts(org.reports(id).per_page(per_page).await?),
            _ => {
                let search = org
                    .invoice(id)
                    .search_line_items(LineItemFilters::default());
                texts(search.per_page(per_page).await?)
            }
        })
    };
    // A loop would otherwise go on for ever.
    let ended = tokio::time::timeout(Duration::from_secs(120), call).await;
    ended.unwrap_or_else(|_| panic!("{name} has no end"))
}

/// A page of these items, with what else it says.
fn page(items: &[Value], more: Value) -> Value {
    let mut page = json!({ "results": items });
    page.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    page
}

/// What comes of the list of projects, or of a search, from these pages, and after how many
/// requests; each page has two items at most.
async fn scripted(search: bool, pages: &[Value]) -> (Result<usize>, usize) {
    let responses = pages
        .iter()
        .map(|page| message("200 OK", JSON, &page.to_string()));
    let server = Capture::responding(responses).await;
    let org = org(Protocol::Http1, &server.origin());
    let listed = list(if search { "search" } else { "projects" }, &org, 2).await;
    (listed.map(|items| items.len()), server.requests().len())
}

fn ids(ids: &[u8]) -> Vec<Value> {
    ids.iter()
        .map(|id| json!({"id": format!("{id:024x}")}))
        .collect()
}

/// Items of a search, which have no ids.
fn items(cents: &[i64]) -> Vec<Value> {
    cents
        .iter()
        .map(|cents| json!({"totalPriceCents": cents}))
        .collect()
}

fn link(rel: &str, page: usize) -> Value {
    json!({"rel": rel, "href": format!("https://elsewhere.example/?pageNum={page}")})
}

#[tokio::test]
async fn all_pages_are_read_with_links_and_without() {
    for links in [PageLinks::Documented, PageLinks::Omitted] {
        let atlas = start(scenario().links(links)).await;
        for protocol in Protocol::BOTH {
            let org = org(protocol, &atlas.base_url());
            for _ in 0..3 {
                let report = org.focus_report(INVOICE_ID.parse().unwrap());
                let _ = report.fresh(true).start().await.unwrap();
            }
            for name in LISTS {
                let all = list(name, &org, 500).await.unwrap();
                assert!(all.len() >= 3, "{name}: {}", all.len());
                for per_page in [1, 2, 3, 7] {
                    if per_page < 3 && all.len() > 100 {
                        continue;
                    }
                    atlas.forget_requests();
                    let pages = list(name, &org, per_page).await.unwrap();
                    assert_eq!(pages, all, "{protocol} {links:?} {name} by {per_page}");
                    let requests = atlas.requests();
                    for (number, request) in (1..).zip(&requests) {
                        let pairs = request.request.query_pairs();
                        for (key, value) in [("pageNum", number), ("itemsPerPage", per_page)] {
                            let pair = (key.to_owned(), value.to_string());
                            assert!(pairs.contains(&pair), "{name}: {pairs:?}");
                        }
                    }
                    // Those of other organizations are on pages, too.
                    if name != "clusters" {
                        let pages = all.len().div_ceil(per_page.into());
                        assert_eq!(requests.len(), pages, "{name} by {per_page}");
                    }
                }
            }
        }
    }
}

/// Neither a link nor a count: a short page is the last one, an empty one in the worst case.
#[tokio::test]
async fn without_a_word_of_the_next_page_a_short_one_is_the_last() {
    let none = || json!({});
    for (what, pages, count) in [
        ("short", vec![ids(&[1, 2]), ids(&[3, 4]), ids(&[5])], 5),
        ("empty", vec![ids(&[1, 2]), ids(&[3, 4]), vec![]], 4),
        ("alone", vec![ids(&[1])], 1),
        ("none", vec![vec![]], 0),
    ] {
        let pages: Vec<_> = pages.iter().map(|items| page(items, none())).collect();
        let (listed, requests) = scripted(false, &pages).await;
        assert_eq!((listed.unwrap(), requests), (count, pages.len()), "{what}");
    }
    // A link says that there is more behind a short page, and a count that there is none.
    let next = json!({"links": [link("next", 2)]});
    let pages = [page(&ids(&[1]), next), page(&ids(&[2]), none())];
    assert_eq!(scripted(false, &pages).await.0.unwrap(), 2);
    let (listed, requests) =
        scripted(false, &[page(&ids(&[1, 2]), json!({"totalCount": 2}))]).await;
    assert_eq!((listed.unwrap(), requests), (2, 1));
}

#[tokio::test]
async fn a_list_that_shifts_gives_nothing_twice() {
    // A new project comes in before the first one while the list is read.
    let pages = [
        page(&ids(&[1, 2]), json!({"totalCount": 3})),
        page(&ids(&[2, 3]), json!({"totalCount": 4})),
    ];
    let (listed, requests) = scripted(false, &pages).await;
    assert_eq!((listed.unwrap(), requests), (3, 2));
}

#[tokio::test]
async fn a_page_that_repeats_is_an_error_and_no_loop() {
    let endless = start(scenario().links(PageLinks::Endless)).await;
    for protocol in Protocol::BOTH {
        let org = org(protocol, &endless.base_url());
        let report = org.focus_report(INVOICE_ID.parse().unwrap());
        let _ = report.fresh(true).start().await.unwrap();
        for name in LISTS {
            endless.forget_requests();
            let error = list(name, &org, 5).await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Decode,
                "{protocol} {name}: {error}"
            );
            assert_eq!(endless.requests().len(), 2, "{protocol} {name}");
            assert!(error.message().contains("page 2"), "{name}: {error}");
        }
    }
    // The same bytes, and the same items with another link to itself or another count.
    let others = [
        json!({}),
        json!({"links": [link("self", 2)]}),
        json!({"totalCount": 99}),
    ];
    for (search, items) in [(false, ids(&[1, 2])), (true, items(&[7, 8]))] {
        for other in &others {
            let pages = [page(&items, json!({})), page(&items, other.clone())];
            let (listed, requests) = scripted(search, &pages).await;
            let error = listed.unwrap_err();
            assert_eq!(
                (error.kind(), requests),
                (ErrorKind::Decode, 2),
                "{other}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn line_items_may_be_equal() {
    // Two and two of the same, on pages that differ, and then one more.
    let own = |number| json!({"links": [link("self", number)]});
    let pages = [
        page(&items(&[7, 7]), own(1)),
        page(&items(&[7, 7]), own(2)),
        page(&items(&[7]), own(3)),
    ];
    let (listed, requests) = scripted(true, &pages).await;
    assert_eq!((listed.unwrap(), requests), (5, 3));
    // That has an end, too.
    let pages: Vec<_> = (0..1_000)
        .map(|number| page(&items(&[7, 7]), own(number)))
        .collect();
    let (listed, requests) = scripted(true, &pages).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Decode);
    assert!(requests < 200, "{requests}");
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    for body in [
        json!({}),
        json!({"results": null}),
        json!({"results": {}}),
        json!({"results": "none"}),
        json!([]),
        json!({"id": "0123456789abcdef01234567"}),
    ] {
        let server = Capture::responding(vec![message("200 OK", JSON, &body.to_string()); 9]).await;
        let org = org(Protocol::Http1, &server.origin());
        for name in LISTS {
            let error = list(name, &org, 5).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{name} {body}: {error}");
        }
        let pending = org.invoices().pending().await.unwrap_err();
        assert_eq!(pending.kind(), ErrorKind::Decode, "{body}: {pending}");
        let month = "2025-02".parse().unwrap();
        let associated = org.associated_invoices(month).await.unwrap_err();
        assert_eq!(associated.kind(), ErrorKind::Decode, "{body}: {associated}");
    }
}

#[tokio::test]
async fn an_impossible_page_is_rejected_before_anything_is_sent() {
    let atlas = start(scenario()).await;
    let org = org(Protocol::Http1, &atlas.base_url());
    for name in LISTS {
        for per_page in [0, 501, u16::MAX] {
            let error = list(name, &org, per_page).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{name} {per_page}: {error}");
            assert!(error.message().contains(&per_page.to_string()), "{error}");
        }
        assert!(list(name, &org, 500).await.is_ok(), "{name}");
    }
    for request in atlas.requests() {
        let query = request.query().unwrap_or_default();
        assert!(query.contains("itemsPerPage=500"), "{query}");
    }
}

#[tokio::test]
async fn an_error_ends_a_stream_after_what_came_before() {
    let on = On::operation(Operation::Skus).nth(2);
    let atlas = start(scenario().fault(on, Fault::Status(403))).await;
    let org = org(Protocol::Http1, &atlas.base_url());
    let mut skus = org.client().skus().per_page(3).stream();
    assert!(skus.meta().is_none());
    for _ in 0..3 {
        assert!(skus.next().await.unwrap().unwrap().id.is_some());
        assert_eq!(skus.meta().unwrap().status(), 200);
    }
    let error = skus.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert_eq!(error.operation(), Some("listSkus"));
    assert!(skus.next().await.is_none());
    assert_eq!(atlas.requests().len(), 2);
}

#[tokio::test]
async fn names_filter_organizations_and_projects() {
    let atlas = start(scenario()).await;
    for protocol in Protocol::BOTH {
        let org = org(protocol, &atlas.base_url());
        let client = org.client();
        let meridian = client.orgs().name("meridian ").await.unwrap();
        let found: Vec<_> = meridian
            .iter()
            .filter_map(|org| org.id.as_deref())
            .collect();
        assert_eq!(found, [ORG_ID, LINKED_ORG_ID], "{protocol}");
        assert_eq!(meridian[0].name.as_deref(), Some(ORG_NAME));
        assert!(client.orgs().name("nobody").await.unwrap().is_empty());

        let projects = org.projects().await.unwrap();
        let found: Vec<_> = projects.iter().filter_map(|it| it.id.as_deref()).collect();
        assert_eq!(found, PROJECT_IDS, "{protocol}");
        let name = projects[1].name.as_deref().unwrap();
        let one = org.projects().name(name).await.unwrap();
        assert_eq!(one, projects[1..2], "{protocol}");
        let sent = atlas.requests();
        let query = sent.last().unwrap().request.query_pairs();
        assert!(
            query.contains(&("name".to_owned(), name.to_owned())),
            "{query:?}"
        );
    }
}

#[tokio::test]
async fn clusters_are_those_of_one_organization() {
    let atlas = start(scenario()).await;
    let base_url = atlas.base_url();
    let mut counts = Vec::new();
    for id in [ORG_ID, LINKED_ORG_ID, CREDITS_ORG_ID] {
        let client = Protocol::Http1.on(builder(&base_url)).build().unwrap();
        let org = client.org(id.parse().unwrap());
        // So that whole pages are of others.
        let projects = org.clusters().per_page(1).await.unwrap();
        assert!(!projects.is_empty(), "{id}");
        assert!(
            projects.iter().all(|it| it.org_id.as_deref() == Some(id)),
            "{id}"
        );
        let clusters = projects.iter().flat_map(|it| &it.clusters);
        assert!(clusters.clone().all(|it| it.cluster_id.is_some()), "{id}");
        counts.push(clusters.count());
    }
    assert_eq!(counts[0], 6, "{counts:?}");
}

#[tokio::test]
async fn a_sku_has_a_description_or_is_not_found() {
    let atlas = start(scenario()).await;
    for protocol in Protocol::BOTH {
        let client = protocol.on(builder(&atlas.base_url())).build().unwrap();
        let sku = client.sku("ATLAS_AWS_INSTANCE_M30").await.unwrap();
        assert_eq!(sku.id.as_deref(), Some("ATLAS_AWS_INSTANCE_M30"));
        assert!(sku.description.is_some());
        let listed = client.skus().await.unwrap();
        assert!(listed.contains(&sku), "{protocol}");
        for unknown in ["ATLAS_MADE_UP", "a/b?c#d é", "../orgs"] {
            let error = client.sku(unknown).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{unknown}: {error}");
        }
        atlas.forget_requests();
        // A dot would make another path of it.
        for none in ["", " ", ".", "..", "/"] {
            let error = client.sku(none).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{none:?}: {error}");
        }
        assert!(atlas.requests().is_empty());
    }
}

#[tokio::test]
async fn pending_invoices_come_whole_in_one_request() {
    for protocol in Protocol::BOTH {
        for (scenario, count) in [
            (scenario(), 1),
            (scenario().with_previous_month_pending(), 2),
            (scenario().without_invoices(), 0),
        ] {
            let atlas = start(scenario).await;
            let org = org(protocol, &atlas.base_url());
            let pending = org.invoices().pending().await.unwrap();
            assert_eq!(pending.len(), count, "{protocol}");
            assert_eq!(atlas.requests().len(), 1, "{protocol}");
            if let Some(first) = pending.first() {
                assert_eq!(first.id.as_deref(), Some(PENDING_INVOICE_ID));
                let same = org.invoice(PENDING_INVOICE_ID.parse().unwrap());
                assert_eq!(*first, same.await.unwrap(), "{protocol}");
            }
        }
    }
}

#[tokio::test]
async fn associated_invoices_are_those_of_a_month() {
    let month = "2025-02".parse().unwrap();
    for protocol in Protocol::BOTH {
        let atlas = start(scenario().with_linked_invoices()).await;
        let org = org(protocol, &atlas.base_url());
        let pairs = |list: Vec<atlas_billing::AssociatedInvoice>| -> Vec<(String, String)> {
            let pair = |it: atlas_billing::AssociatedInvoice| Some((it.org_id?, it.invoice_id?));
            list.into_iter().filter_map(pair).collect()
        };
        let own = (ORG_ID.to_owned(), INVOICE_ID.to_owned());
        let all = pairs(org.associated_invoices(month).await.unwrap());
        assert_eq!(all.len(), 2, "{protocol}: {all:?}");
        assert!(all.contains(&own) && all.iter().any(|(org, _)| org == LINKED_ORG_ID));
        let alone = org.associated_invoices(month).linked(false);
        assert_eq!(pairs(alone.await.unwrap()), [own], "{protocol}");
        let queries: Vec<_> = atlas
            .requests()
            .iter()
            .map(|it| it.request.query_pairs())
            .collect();
        for (query, linked) in queries.iter().zip(["true", "false"]) {
            for (key, value) in [
                ("month", "2"),
                ("year", "2025"),
                ("includeLinkedOrgs", linked),
            ] {
                let pair = (key.to_owned(), value.to_owned());
                assert!(query.contains(&pair), "{query:?}");
            }
        }
        // A month without invoices.
        let none = org.associated_invoices("2019-01".parse().unwrap()).await;
        assert!(none.unwrap().is_empty(), "{protocol}");
    }
}

/// One project's items of two days, by their price.
fn search() -> LineItemSearch {
    let mut filters = LineItemFilters::default();
    filters.group_ids = Some(vec![PROJECT_IDS[0].to_owned()]);
    filters.usage_start_date = "2025-02-03".parse().ok();
    filters.usage_end_date = "2025-02-04".parse().ok();
    let mut search = LineItemSearch::from(filters);
    search.sort_field = Some(LineItemSortBy::TotalPriceCents);
    search.sort_order = Some(LineItemSortOrder::Descending);
    search
}

#[tokio::test]
async fn a_search_is_filtered_by_the_service() {
    for protocol in Protocol::BOTH {
        let atlas = start(scenario().strict()).await;
        let org = org(protocol, &atlas.base_url());
        let request = org.invoice(INVOICE_ID.parse().unwrap());
        let found = request.clone().search_line_items(search()).await.unwrap();
        // The whole invoice says the same.
        let invoice = request.await.unwrap();
        let days = ["2025-02-03", "2025-02-04"];
        let is_meant = |item: &&atlas_billing::LineItem| {
            item.group_id.as_deref() == Some(PROJECT_IDS[0])
                && item.total_price_cents != Some(Cents::ZERO)
                && item
                    .start_date
                    .is_some_and(|start| days.contains(&start.date_naive().to_string().as_str()))
        };
        let meant: Vec<_> = invoice.line_items.iter().filter(is_meant).collect();
        assert!(!meant.is_empty(), "{protocol}");
        assert_eq!(found.len(), meant.len(), "{protocol}");
        let sum = |cents: &mut dyn Iterator<Item = Option<Cents>>| cents.flatten().sum::<Cents>();
        assert_eq!(
            sum(&mut found.iter().map(|item| item.total_price_cents)),
            sum(&mut meant.iter().map(|item| item.total_price_cents)),
            "{protocol}"
        );
        assert!(found.is_sorted_by(|one, next| one.total_price_cents >= next.total_price_cents));

        let sent = &atlas.requests()[0];
        assert_eq!((sent.operation, sent.method()), (Operation::Search, "GET"));
        let expected = json!({
            "filters": {
                "groupIds": [PROJECT_IDS[0]],
                "usageStartDate": "2025-02-03",
                "usageEndDate": "2025-02-04",
            },
            "sortField": "TOTAL_PRICE_CENTS",
            "sortOrder": "DESCENDING",
        });
        assert_eq!(sent.json().unwrap(), expected, "{protocol}");
        let media = "application/vnd.atlas.2024-08-05+json";
        for header in ["accept", "content-type"] {
            assert_eq!(sent.header(header), Some(media), "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_search_is_a_post_where_get_is_refused_and_stays_one() {
    for protocol in Protocol::BOTH {
        let by_get = start(scenario()).await;
        let atlas = start(scenario().search_needs_post()).await;
        let request = |atlas: &StandIn| {
            let org = org(protocol, &atlas.base_url());
            let search = org
                .invoice(INVOICE_ID.parse().unwrap())
                .search_line_items(search());
            search.per_page(2)
        };
        let found = request(&atlas).await.unwrap();
        assert!(found.len() > 4, "{}", found.len());
        let methods: Vec<_> = atlas
            .requests()
            .iter()
            .map(|it| it.method().to_owned())
            .collect();
        let pages = found.len().div_ceil(2);
        assert_eq!(methods[0], "GET", "{protocol}");
        assert_eq!(methods[1..], vec!["POST".to_owned(); pages], "{protocol}");
        assert_eq!(found, request(&by_get).await.unwrap(), "{protocol}");
        assert_eq!(by_get.requests().len(), pages, "{protocol}");
    }
    // Refused both ways is an error after both.
    let on = On::operation(Operation::Search);
    let atlas = start(scenario().fault(on, Fault::Status(405))).await;
    let org = org(Protocol::Http1, &atlas.base_url());
    let search = org
        .invoice(INVOICE_ID.parse().unwrap())
        .search_line_items(search());
    let error = search.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(atlas.requests().len(), 2);
}

#[tokio::test]
async fn a_search_that_can_find_nothing_sends_nothing() {
    let atlas = start(scenario()).await;
    let org = org(Protocol::Http1, &atlas.base_url());
    let mut project = LineItemFilters::default();
    project.group_ids = Some(vec!["production".to_owned()]);
    let mut cluster = LineItemFilters::default();
    cluster.cluster_ids = Some(vec!["ABCDEF0123456789ABCDEF01".to_owned()]);
    let mut usage = LineItemFilters::default();
    usage.usage_start_date = "2025-02-04".parse().ok();
    usage.usage_end_date = "2025-02-03".parse().ok();
    let mut bill = LineItemFilters::default();
    bill.bill_start_date = "2025-03-01".parse().ok();
    bill.bill_end_date = "2025-02-28".parse().ok();
    for (filters, part) in [
        (project, "production"),
        (cluster, "a cluster id"),
        (usage, "2025-02-03"),
        (bill, "2025-02-28"),
    ] {
        // Neither is the invoice looked for.
        let error = org
            .last_invoice()
            .search_line_items(filters)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.message().contains(part), "{error}");
        assert_eq!(error.operation(), Some("searchOrgInvoiceLineItems"));
    }
    assert!(atlas.requests().is_empty());

    let unknown = org.invoice("0f".repeat(12).parse().unwrap());
    let error = unknown.search_line_items(LineItemFilters::default()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    // Of an invoice that has to be looked up first.
    let found = org
        .last_invoice()
        .search_line_items(search())
        .await
        .unwrap();
    assert!(!found.is_empty());
    let mut elsewhere = LineItemFilters::default();
    elsewhere.group_ids = Some(vec!["0f".repeat(12)]);
    let none = org
        .last_invoice()
        .search_line_items(elsewhere)
        .await
        .unwrap();
    assert!(none.is_empty());
}
