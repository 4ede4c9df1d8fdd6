//! The log as an administrator gets it, and what they do not get.

use std::time::Duration;

use axum::http::StatusCode;
use loggin_protocol::{AppKey, PhoneNumber};
use reqwest::Response;
use serde_json::{Value, json};

use super::*;
use crate::{
    http::console::{
        fixture::{Console, Who},
        zone::Zone,
    },
    store::{
        App, Change, Confirm, Ending, HistoryEntry, HistoryKind, PeopleChange, Person, State,
        tests::{insert, login, person},
    },
    tests::{APP, PHONE, START, TestServer, demo_app, token},
};

const OTHER: &str = "00000000";

fn other_app() -> App {
    App { app_key: AppKey::parse(OTHER).unwrap(), name: "=Other & <b>".to_owned(), ..demo_app() }
}

fn entry(app: &str, number: u8) -> HistoryEntry {
    let started_at = START + Duration::from_secs(number.into());
    HistoryEntry {
        app_key: AppKey::parse(app).unwrap(),
        kind: HistoryKind::Login,
        ending: Ending::Redeemed,
        name: format!("login-{app}-{number:03}"),
        is_first: true,
        confirm: Confirm::None,
        started_at,
        message_at: Some(started_at + Duration::from_millis(900)),
        verified_at: Some(started_at + Duration::from_millis(1_200)),
        ended_at: started_at + Duration::from_secs(2),
        country: Some("IN".to_owned()),
        phone_end: Some("3210".to_owned()),
        recipient: None,
    }
}

async fn add(server: &TestServer, entries: Vec<HistoryEntry>) {
    static NEXT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    for entry in entries {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let login = login(number, State::Claimed);
        let put = Change { end: Some(Box::new(entry)), ..insert(login.clone()) };
        let gone = Change { expected: Some(1), write: crate::store::Write::Delete, ..insert(login) };
        // Of what was numbered alike before, nothing is left.
        server.server.store.apply(vec![put]).await.unwrap();
        server.server.store.apply(vec![gone]).await.unwrap();
    }
}

/// A server with rows of two apps.
async fn start() -> Console {
    let console = Console::start().await;
    console.server.add_app(&other_app()).await;
    console
}

async fn text(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

/// The links of a page's rows, in their order.
fn links(page: &str) -> Vec<String> {
    let body = page.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn link_named(page: &str, rel: &str) -> Option<String> {
    let before =
        page.split(&format!("\" rel=\"{rel}\"")).next().filter(|before| before.len() < page.len())?;
    Some(before.rsplit("href=\"").next()?.replace("&#38;", "&"))
}

#[tokio::test]
async fn rows_are_listed_the_latest_first_and_masked() {
    let console = start().await;
    let denied = HistoryEntry { ending: Ending::NotMe, verified_at: None, ..entry(OTHER, 2) };
    add(&console.server, vec![entry(APP, 1), denied]).await;
    let page = text(console.get(Who::Owner, "/console/logs").await).await;
    assert_eq!(links(&page).len(), 2);
    let (first, second) = (page.find("Denied</span>").unwrap(), page.find("Redeemed</span>").unwrap());
    assert!(first < second, "the latest first");
    assert!(page.contains("=Other &#38; &#60;b&#62;") && page.contains("“Not me” was tapped"));
    assert!(page.contains("<code>…3210</code>") && page.contains("1.2 s"));
}

#[tokio::test]
async fn a_list_is_paged_there_and_back() {
    let console = start().await;
    add(&console.server, (0..120).map(|number| entry(APP, number)).collect()).await;
    let first = text(console.get(Who::Owner, "/console/logs").await).await;
    let second = text(console.get(Who::Owner, &link_named(&first, "next").unwrap()).await).await;
    let third = text(console.get(Who::Owner, &link_named(&second, "next").unwrap()).await).await;
    let pages = [&first, &second, &third].map(|page| links(page));
    assert_eq!(pages.each_ref().map(Vec::len), [50, 50, 20]);
    let mut all: Vec<_> = pages.concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 120, "each row once");
    assert_eq!((link_named(&first, "prev"), link_named(&third, "next")), (None, None));
    let back = text(console.get(Who::Owner, &link_named(&third, "prev").unwrap()).await).await;
    assert_eq!(links(&back), pages[1]);
    let back = text(console.get(Who::Owner, &link_named(&back, "prev").unwrap()).await).await;
    assert_eq!(links(&back), pages[0]);
}

#[tokio::test]
async fn a_field_that_makes_no_sense_is_marked_and_nothing_listed() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1)]).await;
    let response = console.get(Who::Owner, "/console/logs?country=India&zone=Mars").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let page = response.text().await.unwrap();
    assert!(page.contains("id=\"country-error\"") && page.contains("id=\"zone-error\""));
    assert!(page.contains("value=\"India\"") && page.contains("value=\"Mars\""), "what was typed stays");
    assert_eq!(links(&page), Vec::<String>::new());
    for (path, rows) in [
        ("/console/logs?country=in&outcome=redeemed&kind=login", 1),
        ("/console/logs?country=US", 0),
        ("/console/logs?reason=not_me", 0),
        ("/console/logs?app=00000000", 0),
        ("/console/logs?phone=3210", 1),
    ] {
        assert_eq!(links(&text(console.get(Who::Owner, path).await).await).len(), rows, "{path}");
    }
}

#[tokio::test]
async fn who_reaches_one_app_sees_nothing_of_another() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1), entry(OTHER, 2)]).await;
    let all = links(&text(console.get(Who::Owner, "/console/logs").await).await);
    let [of_other, of_demo] = &all[..] else { panic!("{all:?}") };
    let page = text(console.get(Who::OfDemoApp, "/console/logs").await).await;
    assert_eq!(links(&page), std::slice::from_ref(of_demo));
    assert!(!page.contains(OTHER) && !page.contains("=Other"), "not its name either");
    let file = text(console.get(Who::OfDemoApp, "/console/logs.csv").await).await;
    assert!(file.contains(APP) && !file.contains(OTHER));
    for path in [
        "/console/logs?app=00000000",
        "/console/logs.csv?app=00000000",
        "/console/logs/tail?app=00000000",
        of_other,
    ] {
        assert_eq!(console.get(Who::OfDemoApp, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let reveal = format!("{of_other}/number");
    assert_eq!(console.post(Who::OfDemoApp, &reveal, &[]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(console.get(Who::OfDemoApp, of_demo).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_file_has_every_row_and_no_formula() {
    let console = start().await;
    add(&console.server, (0..60).map(|number| entry(OTHER, number)).collect()).await;
    let response = console.get(Who::Owner, "/console/logs.csv").await;
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"loggin-logs.csv\"");
    let file = text(response).await;
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 60);
    let head = reader.headers().unwrap().clone();
    let cell = |name: &str| rows[0].get(head.iter().position(|column| column == name).unwrap());
    assert_eq!((cell("app"), cell("phone")), (Some("'=Other & <b>"), Some("…3210")));
    assert_eq!((cell("outcome"), cell("reason")), (Some("redeemed"), Some("")));
    let none = text(console.get(Who::Owner, "/console/logs.csv?country=US").await).await;
    assert_eq!(none.lines().count(), 1, "the head alone");
}

/// The next row that a tail tells.
async fn told(tail: &mut crate::tests::EventReader) -> (String, Value) {
    loop {
        let mut block = tail.block().await.unwrap();
        if block.get("event").map(String::as_str) == Some("row") {
            let data = serde_json::from_str(&block.remove("data").unwrap()).unwrap();
            return (block.remove("id").unwrap(), data);
        }
    }
}

#[tokio::test]
async fn a_tail_tells_what_comes_and_goes_on_where_it_ended() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1)]).await;
    let mut tail = console.events(Who::OfDemoApp, "/console/logs/tail", None).await;
    let ready = tail.block().await.unwrap();
    assert_eq!(ready["event"], "ready");
    add(&console.server, vec![entry(OTHER, 2), entry(APP, 3)]).await;
    let (id, row) = told(&mut tail).await;
    assert_eq!(
        (&row["app"], &row["phone"], &row["outcome"]),
        (&json!("Demo"), &json!("…3210"), &json!("Redeemed"))
    );
    assert!(row["href"].as_str().unwrap().starts_with("/console/logs/"));
    drop(tail);
    add(&console.server, vec![entry(APP, 4)]).await;
    let mut again = console.events(Who::OfDemoApp, "/console/logs/tail", Some(&id)).await;
    let (_, row) = told(&mut again).await;
    assert_eq!(row["ended"], json!(Zone::default().moment(entry(APP, 4).ended_at)), "none twice, none lost");
}

#[tokio::test]
async fn a_tail_follows_a_filter_and_an_administrator_has_only_some() {
    let console = start().await;
    let mut tail = console.events(Who::Owner, "/console/logs/tail?outcome=denied", None).await;
    assert_eq!(tail.block().await.unwrap()["event"], "ready");
    let denied = HistoryEntry { ending: Ending::NotMe, ..entry(APP, 2) };
    add(&console.server, vec![entry(APP, 1), denied]).await;
    assert_eq!(told(&mut tail).await.1["outcome"], "Denied");
    let mut held = Vec::new();
    for _ in 1..limits::TAILS_PER_ADMIN {
        held.push(console.events(Who::Owner, "/console/logs/tail", None).await);
    }
    let more = console.get(Who::Owner, "/console/logs/tail").await;
    assert_eq!(more.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        console.get(Who::Owner, "/console/logs/tail?country=India").await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn whoever_was_away_for_long_is_told_so() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1)]).await;
    let far = Cursor(-limits::TAIL_BEHIND).to_string();
    let mut tail = console.events(Who::Owner, "/console/logs/tail", Some(&far)).await;
    assert_eq!(tail.block().await.unwrap()["event"], "behind");
}

#[tokio::test]
async fn one_login_is_shown_step_by_step() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1), HistoryEntry { ending: Ending::NoMessage, ..entry(APP, 2) }])
        .await;
    let page = text(console.get(Who::Owner, "/console/logs").await).await;
    let shown = text(console.get(Who::Owner, &links(&page)[1]).await).await;
    for part in
        ["Somebody began to wait", "The message came", "+0.9 s", "+0.3 s", "login-8XKPQ2WN-001", "…3210"]
    {
        assert!(shown.contains(part), "{part}");
    }
    assert!(!shown.contains("What to do"));
    let ended = text(console.get(Who::Owner, &links(&page)[0]).await).await;
    assert!(ended.contains("What to do") && ended.contains("Nobody sent the message in time."));
    for path in [
        "/console/logs/nope",
        &format!("/console/logs/{}", Cursor(99)),
        &format!("/console/logs/{}", Cursor(i64::MIN)),
    ] {
        assert_eq!(console.get(Who::Owner, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// Somebody signs in, as the app and the history have them from then on.
async fn sign_in(server: &TestServer) {
    assert_eq!(server.verify(&token(1), "one").await.status(), 200);
    server.tap(&token(1)).await;
    let verified: Value = server.verify(&token(1), "one").await.json().await.unwrap();
    assert_eq!(verified["status"], "verified");
}

#[tokio::test]
async fn a_number_that_is_typed_finds_its_rows_and_stands_in_no_address() {
    let console = start().await;
    sign_in(&console.server).await;
    add(&console.server, vec![entry(APP, 1)]).await;
    let typed = format!("+{PHONE}");
    let found = console.post(Who::OfDemoApp, "/console/logs/person", &[("number", &typed)]).await;
    assert_eq!(found.status(), StatusCode::SEE_OTHER);
    let address = found.headers()["location"].to_str().unwrap().to_owned();
    assert!(address.starts_with("/console/logs?person=") && !address.contains(PHONE));
    let page = text(console.get(Who::OfDemoApp, &address).await).await;
    assert_eq!(links(&page).len(), 1);
    assert!(!page.contains(PHONE));
    let wrong = console.post(Who::OfDemoApp, "/console/logs/person", &[("number", "12")]).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert!(wrong.text().await.unwrap().contains("id=\"number-error\""));
}

#[tokio::test]
async fn a_whole_number_is_shown_to_who_may_see_it_and_that_is_noted() {
    let console = start().await;
    sign_in(&console.server).await;
    // Another person of the app, whose number ends alike.
    let somebody = Person { phone: Some(PhoneNumber::parse("919999993210").unwrap()), ..person(9) };
    let put = vec![Person { app_key: AppKey::parse(APP).unwrap(), user_id: None, ..somebody }];
    console
        .server
        .server
        .store
        .change_people(PeopleChange { put, ..PeopleChange::default() }, None)
        .await
        .unwrap();
    let row = links(&text(console.get(Who::Owner, "/console/logs").await).await).remove(0);
    let masked = text(console.get(Who::Owner, &row).await).await;
    assert!(!masked.contains(PHONE) && masked.contains("Show the whole number"));
    let reveal = format!("{row}/number");
    let noted = async || {
        let acts = console.server.server.store.audit(99).await.unwrap();
        acts.into_iter()
            .filter(|act| act.act == "number_reveal")
            .map(|act| (act.actor, act.subject))
            .collect::<Vec<_>>()
    };
    assert!(!text(console.get(Who::Viewer, &row).await).await.contains("Show the whole number"));
    assert_eq!(console.post(Who::Viewer, &reveal, &[]).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(noted().await, []);
    let shown = text(console.post(Who::Owner, &reveal, &[]).await).await;
    assert!(shown.contains(&format!("+{PHONE}")) && !shown.contains("919999993210"));
    let once = [(Who::Owner.name().to_owned(), token(1).code().login_id())];
    assert_eq!(noted().await, once);
    console.server.clock.advance(limits::CONSOLE_RECENT);
    let later = console.post(Who::Owner, &reveal, &[]).await;
    assert_eq!(later.status(), StatusCode::SEE_OTHER);
    assert!(later.headers()["location"].to_str().unwrap().starts_with("/console/sign-in"));
    assert_eq!(noted().await, once, "who signed in long ago does so again first");
}

#[tokio::test]
async fn where_nothing_has_the_number_the_page_says_so() {
    let console = start().await;
    add(&console.server, vec![entry(APP, 1)]).await;
    let row = links(&text(console.get(Who::Owner, "/console/logs").await).await).remove(0);
    let shown = text(console.post(Who::Owner, &format!("{row}/number"), &[]).await).await;
    assert!(shown.contains("Nothing on this server has the number any more"));
}

#[tokio::test]
async fn an_empty_log_says_what_to_do() {
    let console = start().await;
    let page = text(console.get(Who::Owner, "/console/logs").await).await;
    assert!(page.contains("Nobody has signed in yet"));
    let page = text(console.get(Who::Owner, "/console/logs?country=US").await).await;
    assert!(page.contains("Nothing matches"));
}
