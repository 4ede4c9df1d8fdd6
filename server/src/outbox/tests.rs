//! Messages to people, against a Graph API that answers as told, and a clock that is turned by hand.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use loggin_protocol::{Code, MatchDigits, PhoneNumber};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch};

use super::*;
use crate::{
    identity::Evidence,
    languages::Language,
    logins::{
        Asks, Choices, CodeReceived, Logins, LoginsParts, Message, PhoneShared, Publisher, Received, Takes,
        match_button,
    },
    phones::RecipientKeys,
    store::{App, Asker, Confirm, MessageId, MessageKind, Stage, State, tests::dump},
    tests::{
        CountingRandom, ManualClock, PHONE, PHONE_NUMBER_ID, demo_app, graph_client, is_on_postgresql, store,
        store_in, token,
    },
};

const SECOND: Duration = Duration::from_secs(1);

const USER_ID: &str = "IN.1234567890";

const PAGE: &str = "https://shop.example/login";

/// A Graph API that answers each call with the next of these, 200 where there is none, and notes what was asked of it.
#[derive(Clone, Default)]
struct Graph {
    responses: Arc<Mutex<VecDeque<(u16, u32, Value)>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Graph {
    async fn start(&self) -> String {
        let (responses, asked) = (Arc::clone(&self.responses), Arc::clone(&self.asked));
        let handler = move |Json(message): Json<Value>| {
            asked.lock().unwrap().push(message);
            let taken = (200, 0, json!({ "messages": [{ "id": "wamid.1" }] }));
            let (status, retry_after, body) = responses.lock().unwrap().pop_front().unwrap_or(taken);
            let headers = [("retry-after", retry_after.to_string())];
            async move { (StatusCode::from_u16(status).unwrap(), headers, Json(body)) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v26.0", listener.local_addr().unwrap());
        let router = Router::new().route(&format!("/v26.0/{PHONE_NUMBER_ID}/messages"), post(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn will_answer(&self, responses: impl IntoIterator<Item = (u16, u32, Value)>) {
        self.responses.lock().unwrap().extend(responses);
    }

    /// Who was written to, in order, since this was last asked.
    fn sent(&self) -> Vec<Value> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn refused(code: u32, retry_after: u32) -> (u16, u32, Value) {
    (400, retry_after, json!({ "error": { "code": code } }))
}

struct Environment {
    outbox: Arc<Outbox>,
    logins: Logins,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    graph: Graph,
    app: App,
    language: Option<Language>,
    folder: TempDir,
}

impl Environment {
    async fn new(confirm: Confirm) -> Self {
        let graph = Graph::default();
        let url = graph.start().await;
        Self::with_graph(confirm, graph, &url).await
    }

    async fn with_graph(confirm: Confirm, graph: Graph, url: &str) -> Self {
        let (store, publisher, folder) = store().await;
        let app = App { confirm, ..demo_app() };
        store.insert_app(&app).await.unwrap();
        let clock = ManualClock::new();
        let (outbox, logins) = parts(&store, &publisher, &clock, url);
        Self { outbox, logins, store, clock, graph, app, language: None, folder }
    }

    /// The same after the process has ended at this moment, whatever it was about.
    async fn restarted(self, url: &str) -> Self {
        self.store.close().await;
        let (store, publisher) = store_in(&self.folder, 2).await;
        let (outbox, logins) = parts(&store, &publisher, &self.clock, url);
        Self { outbox, logins, store, ..self }
    }

    async fn wait(&self, number: u8) {
        self.logins.wait(&[token(number).code()], &Asks::default()).await.unwrap();
    }

    /// A message of this sender with the code of this login.
    async fn tap(&self, number: u8, message: u8, phone: Option<&str>) {
        let received = CodeReceived {
            code: token(number).code(),
            app: Arc::new(self.app.clone()),
            id: self.message_id(message),
            message: Message {
                sender: Evidence {
                    phone: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
                    user_id: Some(USER_ID.to_owned()),
                    ..Evidence::default()
                },
                sent_at: self.clock.now(),
                language: self.language,
            },
        };
        self.logins.receive(vec![received]).await.unwrap();
    }

    /// The person of every message shares the number that they had hidden.
    async fn share(&self, message: u8) {
        let shared = PhoneShared {
            id: self.message_id(message),
            user_id: USER_ID.to_owned(),
            phone: PhoneNumber::parse(PHONE).unwrap(),
            sender: Evidence::default(),
            sent_at: self.clock.now(),
        };
        self.logins.share_phone(&shared).await.unwrap();
    }

    fn message_id(&self, message: u8) -> MessageId {
        MessageId { phone_number_id: "1".to_owned(), hash: [message; 32], received_at: self.clock.now() }
    }

    async fn state(&self, number: u8) -> State {
        self.store.logins(&[Self::code(number)]).await.unwrap().remove(0).state
    }

    /// Where the person stands in the database.
    fn found(&self) -> Vec<String> {
        dump::where_found(&self.folder.path().join("loggin.db"), &[PHONE, USER_ID])
    }

    async fn round(&self) -> Vec<Value> {
        self.outbox.round().await;
        self.graph.sent()
    }

    fn code(number: u8) -> Code {
        token(number).code()
    }
}

fn parts(
    store: &Arc<dyn Store>,
    publisher: &Publisher,
    clock: &Arc<ManualClock>,
    url: &str,
) -> (Arc<Outbox>, Logins) {
    let confirmation = Arc::new(ConfirmationCodes::new([b"secret".as_slice()]));
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let apps = Arc::new(Apps::new(Arc::clone(store), Arc::clone(&clock), true));
    let random: Arc<dyn Random> = Arc::new(CountingRandom::default());
    let outbox = Outbox {
        store: Arc::clone(store),
        apps: Arc::clone(&apps),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        confirmation: Arc::clone(&confirmation),
        client: graph_client(url),
        queued: Arc::clone(&publisher.outbox),
    };
    let logins = Logins::new(LoginsParts {
        store: Arc::clone(store),
        apps,
        waiters: Arc::clone(&publisher.waiters),
        clock,
        random,
        confirmation,
        recipients: RecipientKeys::derive([b"secret".as_slice()]),
    });
    (Arc::new(outbox), logins)
}

#[tokio::test]
async fn each_state_has_its_message() {
    let env = Environment::new(Confirm::Code).await;
    env.wait(1).await;
    env.tap(1, 1, None).await;
    let sent = env.round().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["recipient"], USER_ID);
    assert_eq!(sent[0]["interactive"]["type"], "request_contact_info");

    env.wait(2).await;
    env.tap(2, 2, Some(PHONE)).await;
    let login = env.store.logins(&[Environment::code(2)]).await.unwrap().remove(0);
    let digits = env.logins.digits(&login).unwrap();
    let sent = env.round().await;
    assert_eq!(sent[0]["to"], format!("+{PHONE}"));
    assert!(sent[0]["interactive"]["body"]["text"].as_str().unwrap().contains(digits.expose()));

    let env = Environment::new(Confirm::Reply).await;
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    let login = env.store.logins(&[Environment::code(1)]).await.unwrap().remove(0);
    let sent = env.round().await;
    let buttons = &sent[0]["interactive"]["action"]["buttons"];
    assert_eq!(buttons[0]["reply"]["id"], format!("not-me:{}", login.reply_reference.unwrap()));
    let text = sent[0]["interactive"]["body"]["text"].as_str().unwrap();
    assert!(text.contains("Demo") && text.contains("2026-09-26 10:00 UTC"), "{text}");
    assert_eq!(env.round().await, Vec::<Value>::new(), "once");

    let env = Environment::new(Confirm::None).await;
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    assert_eq!(env.round().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_chat_offers_rows_of_digits_and_says_what_page_asks() {
    let env = Environment::new(Confirm::Match).await;
    let asker = Asker {
        browser: Some("Firefox".to_owned()),
        system: Some("Windows".to_owned()),
        region: Some("IN".to_owned()),
        return_to: Some(PAGE.to_owned()),
        at: env.clock.now().0,
    };
    let asks = Asks { confirm: Confirm::None, asker: Some(asker) };
    env.logins.wait(&[Environment::code(1)], &asks).await.unwrap();
    env.tap(1, 1, Some(PHONE)).await;
    let login = env.store.logins(&[Environment::code(1)]).await.unwrap().remove(0);
    let choices = Choices::of(&login).unwrap();
    let sent = env.round().await;
    let buttons = sent[0]["interactive"]["action"]["buttons"].as_array().unwrap();
    let titles: Vec<_> = buttons.iter().map(|button| button["reply"]["title"].as_str().unwrap()).collect();
    assert_eq!(titles, choices.rows.each_ref().map(MatchDigits::as_str));
    for (button, row) in buttons.iter().zip(choices.rows) {
        let id = match_button(login.reply_reference.as_deref().unwrap(), row);
        assert_eq!(button["reply"]["id"], id);
    }
    let text = sent[0]["interactive"]["body"]["text"].as_str().unwrap();
    assert!(text.contains("Firefox, Windows, IN, 2026-09-26 10:00 UTC"), "{text}");
    assert!(!text.contains(PAGE), "a link back confirms what digits that are typed would: {text}");
    // Nothing of the page is kept once the login is over.
    env.logins.deny(login.code).await.unwrap();
    let ended = env.store.logins(&[Environment::code(1)]).await.unwrap().remove(0);
    assert_eq!(ended.asker, None);
}

#[tokio::test]
async fn beside_the_digits_stands_a_link_to_the_page_that_asks() {
    let env = Environment::new(Confirm::Code).await;
    for (number, page) in [(1, Some(PAGE)), (2, None)] {
        let asker = page.map(|page| Asker::at_address(page.to_owned(), env.clock.now()));
        let asks = Asks { confirm: Confirm::None, asker };
        env.logins.wait(&[Environment::code(number)], &asks).await.unwrap();
        env.clock.advance(SECOND * 10);
        env.tap(number, number, Some(PHONE)).await;
        let login = env.store.logins(&[Environment::code(number)]).await.unwrap().remove(0);
        let sent = env.round().await;
        let text = sent[0]["interactive"]["body"]["text"].as_str().unwrap();
        assert!(text.contains(env.logins.digits(&login).unwrap().expose()), "{text}");
        let links: Vec<&str> = text.lines().filter(|line| line.starts_with("https:")).collect();
        let link = env.logins.return_code(&login).unwrap().link(PAGE, login.code);
        let expected = if page.is_some() { vec![link.as_str()] } else { Vec::new() };
        assert_eq!(links, expected, "{text}");
        // Neither what redeems a login nor what names it.
        for secret in [token(number).expose(), login.code.expose()] {
            assert!(!text.contains(&*secret), "{text}");
        }
        assert!(!text.contains("UTC"), "that it asks, and no browser, is nothing to tell: {text}");
    }
}

#[tokio::test]
async fn people_are_written_to_in_the_language_of_their_message() {
    let language = Language::Hindi;
    let in_hindi = |env| Environment { language: Some(language), ..env };

    let env = in_hindi(Environment::new(Confirm::Code).await);
    env.tap(1, 1, None).await;
    env.wait(1).await;
    let sent = env.round().await;
    assert_eq!(sent[0]["interactive"]["body"]["text"], language.share_phone("Demo"));
    env.share(2).await;
    let login = env.store.logins(&[Environment::code(1)]).await.unwrap().remove(0);
    let digits = env.logins.digits(&login).unwrap();
    env.clock.advance(SECOND * 60);
    let sent = env.round().await;
    assert_eq!(sent[0]["interactive"]["body"]["text"], language.confirmation(digits.expose(), "Demo"));

    let env = in_hindi(Environment::new(Confirm::Reply).await);
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    let sent = &env.round().await[0]["interactive"];
    assert_eq!(sent["body"]["text"], language.signed_in("Demo", "2026-09-26 10:00 UTC"));
    assert_eq!(sent["action"]["buttons"][0]["reply"]["title"], language.not_me());
}

#[tokio::test]
async fn what_was_certainly_not_sent_is_tried_until_the_login_ends_and_nothing_else() {
    let env = Environment::new(Confirm::Code).await;
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    env.graph.will_answer(std::iter::repeat_n(refused(131_016, 0), 1_000));
    let mut tries = 0;
    let mut longest = Duration::ZERO;
    let start = env.clock.now();
    while env.clock.now().since(start) < life::PENDING {
        if !env.round().await.is_empty() {
            tries += 1;
        }
        let next = env.store.next_message().await.unwrap();
        let Some(next) = next else { break };
        longest = longest.max(next.since(env.clock.now()));
        env.clock.advance(next.since(env.clock.now()).max(Duration::from_millis(1)));
    }
    assert!((20..100).contains(&tries), "{tries}");
    assert!(longest <= limits::MESSAGE_PAUSE_MAX_OWN * 3 / 2, "{longest:?}");
    assert_eq!(env.store.next_message().await.unwrap(), None);

    for (status, body) in [(400, json!({ "error": { "code": 131_026 } })), (200, json!({}))] {
        let env = Environment::new(Confirm::Code).await;
        env.wait(1).await;
        env.tap(1, 1, Some(PHONE)).await;
        env.graph.will_answer([(status, 0, body)]);
        assert_eq!(env.round().await.len(), 1);
        env.clock.advance(SECOND * 60);
        assert_eq!(env.round().await, Vec::<Value>::new(), "{status}");
    }
}

#[tokio::test]
async fn a_minute_without_whatsapp_only_delays() {
    // Nothing listens there.
    let env = Environment::with_graph(Confirm::Code, Graph::default(), "http://127.0.0.1:9/v26.0").await;
    for number in 0..20 {
        env.wait(number).await;
        env.tap(number, number, Some(&format!("155500022{number:02}"))).await;
    }
    let start = env.clock.now();
    while env.clock.now().since(start) < SECOND * 60 {
        env.outbox.round().await;
        env.clock.advance(SECOND);
    }
    let url = env.graph.start().await;
    let env = env.restarted(&url).await;
    let mut sent = Vec::new();
    for _ in 0..60 {
        sent.extend(env.round().await);
        env.clock.advance(SECOND);
    }
    let mut to: Vec<&str> = sent.iter().map(|sent| sent["to"].as_str().unwrap()).collect();
    to.sort_unstable();
    to.dedup();
    assert_eq!((to.len(), sent.len()), (20, 20), "each once");
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_ended_is_not_sent_again_until_the_person_asks() {
    let env = Environment::new(Confirm::Code).await;
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    let due = env.store.due_messages(env.clock.now(), 1).await.unwrap().remove(0);
    assert!(env.outbox.take(due).await.unwrap().is_some());
    let url = env.graph.start().await;
    let env = env.restarted(&url).await;
    assert_eq!(env.round().await, Vec::<Value>::new());
    env.clock.advance(limits::MESSAGE_SENDING);
    assert_eq!(env.round().await, Vec::<Value>::new());
    env.tap(1, 2, Some(PHONE)).await;
    env.clock.advance(limits::RECIPIENT_PAUSE);
    assert_eq!(env.round().await.len(), 1);
}

#[tokio::test]
async fn one_phone_that_whatsapp_keeps_back_keeps_nobody_else_back() {
    let env = Environment::new(Confirm::Code).await;
    for number in 0..15 {
        env.wait(number).await;
        env.tap(number, number, Some(PHONE)).await;
    }
    env.graph.will_answer(std::iter::repeat_n(refused(131_056, 60), 8));
    env.round().await;
    env.wait(100).await;
    env.tap(100, 100, Some("15550002222")).await;
    env.graph.responses.lock().unwrap().clear();
    // However often it is looked, the one phone takes no place; the other's message goes out at the first look.
    let sent = env.round().await;
    let to: Vec<&str> = sent.iter().map(|sent| sent["to"].as_str().unwrap()).collect();
    assert_eq!(to.iter().filter(|to| **to == "+15550002222").count(), 1, "{to:?}");
}

#[tokio::test]
async fn a_response_whose_login_moved_on_is_not_sent() {
    let env = Environment::new(Confirm::Code).await;
    env.wait(1).await;
    env.tap(1, 1, Some(PHONE)).await;
    assert_eq!(env.logins.deny(Environment::code(1)).await.unwrap(), Received::Changed(State::Denied));
    assert_eq!(env.round().await, Vec::<Value>::new());
    assert_eq!(env.store.next_message().await.unwrap(), None);

    env.wait(2).await;
    env.tap(2, 2, Some(PHONE)).await;
    env.clock.advance(life::PENDING);
    assert_eq!(env.round().await, Vec::<Value>::new());
    assert_eq!(env.store.next_message().await.unwrap(), None);
}

#[tokio::test]
async fn a_message_goes_out_as_soon_as_it_is_owed_and_the_end_waits_for_it() {
    let env = Environment::new(Confirm::Code).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&env.outbox).run(stopping));
    for number in 0..30 {
        env.wait(number).await;
        env.tap(number, number, Some(&format!("155500022{number:02}"))).await;
    }
    while env.store.next_message().await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
    assert_eq!(env.graph.sent().len(), 30);
    let kinds = env.store.due_messages(env.clock.now() + SECOND * 60, 100).await.unwrap();
    assert_eq!(kinds.iter().map(|due| due.message.kind).collect::<Vec<MessageKind>>(), []);
}

#[tokio::test]
async fn once_every_login_is_over_the_database_holds_nobody_but_whom_the_app_knows() {
    if is_on_postgresql() {
        return;
    }
    for confirm in [Confirm::None, Confirm::Reply, Confirm::Code] {
        let env = Environment::new(confirm).await;
        // In turn: taken to its end, denied, left as it is, without a message that could be sent, without a wait.
        for number in 1..=4 {
            env.wait(number).await;
        }
        env.tap(1, 1, None).await;
        env.round().await;
        env.share(2).await;
        env.round().await;
        let login = env.store.logins(&[Environment::code(1)]).await.unwrap().remove(0);
        if let Some(digits) = env.logins.digits(&login) {
            env.logins.confirm(login.code, digits.expose()).await.unwrap();
        }
        assert_eq!(env.state(1).await, State::Verified, "{confirm:?}");
        let login = env.store.logins(&[Environment::code(1)]).await.unwrap();
        env.logins.claim(login, [7; 32], Takes::default()).await.unwrap();
        assert_eq!(env.state(1).await, State::Claimed);
        for (number, phone) in [(2, None), (3, Some(PHONE)), (4, Some(PHONE)), (5, Some(PHONE))] {
            env.tap(number, 10 + number, phone).await;
        }
        env.logins.deny(Environment::code(2)).await.unwrap();
        env.graph.will_answer(std::iter::repeat_n(refused(131_016, 0), 100));
        env.round().await;
        assert!(env.found().contains(&"logins".to_owned()), "what is looked for is found while it is there");

        for _ in 0..2 {
            env.clock.advance(life::longest_of(Stage::Living));
            env.logins.expire().await.unwrap();
            env.round().await;
            env.logins.purge().await.unwrap();
        }
        // Late messages for logins that are over, and a number that nobody is asked for any more.
        env.tap(1, 21, Some(PHONE)).await;
        env.tap(3, 22, None).await;
        env.share(23).await;
        env.round().await;
        // The write-ahead log is written over in its own time, and gone once the store is closed.
        let found: Vec<String> = env.found().into_iter().filter(|name| name != "loggin.db-wal").collect();
        assert_eq!(found, ["people"], "{confirm:?}");
        env.clock.advance(life::TOMBSTONE);
        env.logins.purge().await.unwrap();
        assert_eq!(env.store.logins(&[Environment::code(1), Environment::code(3)]).await.unwrap(), []);
        env.store.close().await;
        assert_eq!(env.found(), ["people", "loggin.db"], "{confirm:?}");
    }
}
