//! The page about usage as administrators get it.

use std::sync::Arc;

use axum::http::StatusCode;
use loggin_protocol::AppKey;
use reqwest::Response;

use crate::{
    http::console::fixture::{Console, Who},
    store::{
        App, Change, Ending, HistoryEntry, HistoryKind, State, Store,
        tests::{history_entry, insert, login},
    },
    tests::{APP, START, demo_app},
};

const OTHER: &str = "00000000";

async fn add(store: &Arc<dyn Store>, app: &str, number: u8, ending: Ending, country: &str) {
    let entry = HistoryEntry {
        app_key: AppKey::parse(app).unwrap(),
        kind: HistoryKind::Login,
        ending,
        started_at: START,
        message_at: (ending != Ending::NoMessage).then_some(START),
        verified_at: (ending == Ending::Redeemed).then_some(START),
        ended_at: START,
        country: Some(country.to_owned()),
        ..history_entry(number)
    };
    let change = Change { end: Some(Box::new(entry)), ..insert(login(number, State::Claimed)) };
    store.apply(vec![change]).await.unwrap();
}

/// A server with two apps: one has a login that was redeemed and one that was not, the other one alone.
async fn start() -> Console {
    let console = Console::start().await;
    let other = App {
        app_key: AppKey::parse(OTHER).unwrap(),
        name: "Secret project".to_owned(),
        monthly_quota: Some(7),
        ..demo_app()
    };
    console.server.add_app(&other).await;
    let store = &console.server.server.store;
    add(store, APP, 1, Ending::Redeemed, "IN").await;
    add(store, APP, 2, Ending::NoMessage, "BR").await;
    add(store, OTHER, 3, Ending::Redeemed, "ZW").await;
    console
}

async fn text(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

#[tokio::test]
async fn counts_are_shown_as_charts_and_as_tables() {
    let console = start().await;
    let page = text(console.get(Who::Owner, "/console/usage?range=week&zone=Asia/Kolkata").await).await;
    for part in [
        "<dd>66.7 %</dd>",
        "<th scope=\"row\">Message received</th><td class=\"number\">2</td><td class=\"number\">66.7 %</td>",
        "<th scope=\"row\">Expired: no message</th><td class=\"number\">1</td>",
        "<th scope=\"row\">ZW</th>",
        "Secret project",
        "in Asia/Kolkata a day begins up to half an hour off",
        "<td class=\"number\">7</td><td class=\"number\">0</td>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg ").count(), 10, "five charts in two sizes");
    assert!(!page.contains(" style=") && !page.contains("<style"));
}

#[tokio::test]
async fn who_reaches_one_app_is_told_nothing_of_another() {
    let console = start().await;
    let page = text(console.get(Who::OfDemoApp, "/console/usage").await).await;
    assert!(page.contains("<dd>50.0 %</dd>") && page.contains("<th scope=\"row\">BR</th>"));
    for part in ["ZW", "Secret project", OTHER] {
        assert!(!page.contains(part), "{part}");
    }
    let other = console.get(Who::OfDemoApp, "/console/usage?app=00000000").await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_field_that_makes_no_sense_is_marked() {
    let console = start().await;
    let response = console.get(Who::Viewer, "/console/usage?zone=Mars&price=free").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let page = response.text().await.unwrap();
    assert!(page.contains("id=\"zone-error\"") && page.contains("id=\"price-error\""));
}

#[tokio::test]
async fn where_nothing_was_counted_the_page_says_what_to_do() {
    let console = Console::start().await;
    let page = text(console.get(Who::Viewer, "/console/usage").await).await;
    assert!(page.contains("Nothing in this time") && page.contains("href=\"/console/apps\""));
}
