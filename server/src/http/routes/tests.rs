//! What whoever waits or redeems may ask for, over HTTP: in every order of message, wait and redeem, with each way to
//! confirm asked by each, nobody is handed out less.

mod people;

use loggin_protocol::{Confirm, Token};
use serde_json::{Value, json};

use crate::{
    logins::{Choices, match_button},
    store::{App, Login},
    tests::{TestServer, demo_app, error_of, text_message, token, token_of, webhook},
};

/// What is done with a login, in some order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Message,
    Wait,
    Redeem,
}

const ORDERS: [[Step; 3]; 6] = [
    [Step::Message, Step::Wait, Step::Redeem],
    [Step::Message, Step::Redeem, Step::Wait],
    [Step::Wait, Step::Message, Step::Redeem],
    [Step::Wait, Step::Redeem, Step::Message],
    [Step::Redeem, Step::Message, Step::Wait],
    [Step::Redeem, Step::Wait, Step::Message],
];

async fn redeem(server: &TestServer, token: &Token, confirm: Confirm) -> Option<Confirm> {
    let body = json!({ "token": token.expose(), "confirm": confirm });
    let call = server.post("/api/v1/tokens/verify").header("Idempotency-Key", "app").json(&body);
    told(&call.send().await.unwrap().json().await.unwrap())
}

/// What an observer is told at once.
async fn observe(server: &TestServer, token: &Token, confirm: Confirm) -> Vec<Value> {
    let body = json!({ "tokens": [token.expose()], "confirm": confirm });
    let call = server.post("/api/v1/tokens/events").header("Accept", "application/json").json(&body);
    let response: Value = call.send().await.unwrap().json().await.unwrap();
    response["events"].as_array().unwrap().clone()
}

/// What confirmed the session of a body.
fn told(body: &Value) -> Option<Confirm> {
    body.get("confirmation").map(|confirmation| Confirm::parse(confirmation.as_str().unwrap()).unwrap())
}

async fn login(server: &TestServer, token: &Token) -> Login {
    server.server.store.logins(&[token.code()]).await.unwrap().remove(0)
}

/// The person of a login: each has their own, as one may send so many codes and no more.
fn sender(token: &Token) -> String {
    let name = token.login_id();
    let digits = name.bytes().map(|byte| char::from(b'0' + byte % 10));
    format!("91987{}", digits.take(7).collect::<String>())
}

async fn send(server: &TestServer, token: &Token) {
    let text = format!("Code: {}", token.code().expose());
    let message = text_message(&text, &json!({ "from": sender(token), "from_user_id": null }));
    assert_eq!(server.webhook(&webhook(&[message])).await.status(), 200);
}

async fn choose(server: &TestServer, token: &Token, right: bool) {
    let login = login(server, token).await;
    let choices = Choices::of(&login).unwrap();
    let row = choices.rows.into_iter().find(|row| (*row == choices.right) == right).unwrap();
    let id = match_button(login.reply_reference.as_deref().unwrap(), row);
    let reply = json!({ "type": "button_reply", "button_reply": { "id": id, "title": row } });
    let from = login.phone.as_ref().map(|phone| phone.expose().to_owned());
    let change = json!({ "type": "interactive", "text": null, "interactive": reply, "from": from });
    assert_eq!(server.webhook(&webhook(&[text_message("", &change)])).await.status(), 200);
}

async fn type_code(server: &TestServer, token: &Token) {
    let body = json!({ "token": token.expose(), "confirmation_code": server.digits(token).await });
    let call = server.post("/api/v1/tokens/confirm").json(&body);
    assert_eq!(call.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_order_hands_out_less_than_each_asked_for() {
    let server = TestServer::start_with(|settings| settings.long_poll = std::time::Duration::ZERO).await;
    for (app, key) in Confirm::ALL.into_iter().zip(["11111111", "22222222", "33333333", "44444444"]) {
        server.add_app(&App { app_key: token_of(key, 0).app_key(), confirm: app, ..demo_app() }).await;
        let mut number = 0;
        for (waits, redeems) in Confirm::ALL.into_iter().flat_map(|one| Confirm::ALL.map(|two| (one, two))) {
            for order in ORDERS {
                number += 1;
                let token = token_of(key, number);
                let case = format!("app {app}, waits {waits}, redeems {redeems}, {order:?}");
                let mut handed_out = None;
                for step in order {
                    match step {
                        Step::Message => send(&server, &token).await,
                        Step::Redeem => handed_out = redeem(&server, &token, redeems).await,
                        Step::Wait => {
                            for event in observe(&server, &token, waits).await {
                                let seen = told(&event["data"]["session"]);
                                assert!(seen.is_none_or(|seen| seen >= waits.max(app)), "{case}: {seen:?}");
                            }
                        }
                    }
                }
                // Whoever was not handed it out yet is, once the person has done what was asked for.
                let needed = waits.max(redeems).max(app);
                if handed_out.is_none() {
                    match needed {
                        Confirm::None | Confirm::Reply => {}
                        Confirm::Match => choose(&server, &token, true).await,
                        Confirm::Code => type_code(&server, &token).await,
                    }
                    handed_out = redeem(&server, &token, redeems).await;
                    assert_eq!(handed_out, Some(needed), "{case}");
                }
                assert!(handed_out >= Some(redeems.max(app)), "{case}: {handed_out:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_shows_the_digits_and_is_told_when_the_wrong_ones_were_chosen() {
    let server = TestServer::start().await;
    let app = App { confirm: Confirm::Match, ..demo_app() };
    assert!(server.server.store.update_app(&app).await.unwrap());
    for (number, right) in [(1, true), (2, false)] {
        let token = token(number);
        let mut page = server.stream(&[token], None).await;
        assert_eq!(page.event().await.unwrap().0, "ready");
        server.tap(&token).await;
        let shown = Choices::of(&login(&server, &token).await).unwrap().right;
        let expected = json!({ "code": token.code().expose(), "status": "awaiting_match", "match": shown });
        assert_eq!(page.event().await.unwrap(), ("progress".to_owned(), expected));
        choose(&server, &token, right).await;
        let (name, data) = page.event().await.unwrap();
        if right {
            assert_eq!((name.as_str(), told(&data["session"])), ("verified", Some(Confirm::Match)));
        } else {
            assert_eq!((name.as_str(), &data["error"]), ("rejected", &json!("denied")));
        }
    }
}

#[tokio::test]
async fn what_is_no_way_to_confirm_is_refused() {
    let server = TestServer::start().await;
    for confirm in [json!("passkey"), json!(""), json!(1), json!(null)] {
        for (path, body) in [
            ("verify", json!({ "token": token(1).expose(), "confirm": confirm })),
            ("events", json!({ "tokens": [token(1).expose()], "confirm": confirm })),
        ] {
            let response = server.post(&format!("/api/v1/tokens/{path}")).json(&body).send().await.unwrap();
            assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{path} {confirm}");
        }
    }
}
