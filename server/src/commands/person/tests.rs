//! How a person is found by one number, told of and forgotten, in what a server wrote.

use std::path::PathBuf;

use super::*;
use crate::{
    store::tests::dump,
    tests::{APP_SECRET, OTP_SECRET, PHONE, TestServer, demo_key, text_message, token, webhook},
};

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

fn keys() -> Keys {
    let secrets = [SecretString::from(OTP_SECRET)];
    Keys {
        recipients: RecipientKeys::derive([APP_SECRET.as_bytes()]),
        codes: Some(PersonKeys::derive(bytes(&secrets))),
        app_secrets: vec![SecretString::from(APP_SECRET)],
    }
}

async fn wish(server: &TestServer, digits: &str, wish: Wish) -> Result<Value, RunError> {
    carry_out(&*server.server.store, &keys(), &phone(digits), wish).await
}

/// Signs in, and has a code sent and typed, by calls that name themselves.
async fn act(server: &TestServer, number: u8, digits: &str, user_id: &str) {
    let text = format!("Code: {}", token(number).code().expose());
    let message = text_message(&text, &json!({ "from": digits, "from_user_id": user_id }));
    assert_eq!(server.webhook(&webhook(&[message])).await.status(), 200);
    let call = async |route: &str, body: &Value| {
        let name = format!("{digits} {route}");
        let response = server.auth_as(&demo_key(), Some(&name), route, body).await;
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()
    };
    let started = call("start", &json!({ "phone": format!("+{digits}"), "meta": "theirs" })).await;
    let typed = json!({ "session_id": started["session_id"], "otp_code": server.codes.last() });
    assert_eq!(call("verify", &typed).await["status"], "verified");
}

#[tokio::test]
async fn all_that_a_server_wrote_of_a_person_is_told_and_forgotten() {
    let server = TestServer::start().await;
    act(&server, 1, PHONE, "IN.1000").await;
    act(&server, 2, "525512345678", "MX.2000").await;
    let told = wish(&server, PHONE, Wish::Export).await.unwrap();
    let tables: Vec<&str> = told["tables"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        tables,
        ["history", "logins", "otp_answers", "otp_phones", "otp_recipients", "otp_sessions", "people"]
    );
    assert_eq!(told["tables"]["logins"][0]["user_id"], "IN.1000");
    assert!(!told.to_string().contains("525512345678") && !told.to_string().contains("MX.2000"));

    let path = PathBuf::from(server.database().path().unwrap());
    let forgotten = wish(&server, PHONE, Wish::Forget).await.unwrap();
    assert_eq!(forgotten["deleted_rows"]["otp_answers"], 2, "the code's call, and that of the number");
    // A write after it, so that the log is cleared before it is looked at.
    server.server.store.purge_outbox_counts(crate::clock::UnixMillis(0), 1).await.unwrap();
    assert_eq!(dump::where_found(&path, &[PHONE, "IN.1000"]), Vec::<String>::new());
    let nothing = wish(&server, PHONE, Wish::Export).await.unwrap();
    assert_eq!(nothing["tables"], json!({}));
    // The other one, by a form of the number that is no longer dialled.
    let told = wish(&server, "5215512345678", Wish::Export).await.unwrap();
    assert_eq!(told["tables"]["logins"][0]["user_id"], "MX.2000");
    wish(&server, "5215512345678", Wish::Forget).await.unwrap();
    let left: usize = dump::tables(&path)
        .iter()
        .filter(|(name, _)| crate::store::WITH_PEOPLE.contains(&name.as_str()))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert_eq!(left, 0, "nobody else was there");
    let people: Vec<String> =
        server.server.store.audit(9).await.unwrap().into_iter().map(|row| row.subject).collect();
    assert_eq!(people.len(), 5);
    assert!(people[0] == people[1] && people[1] == people[2] && people[3] == people[4]);
}

#[tokio::test]
async fn a_person_is_not_half_forgotten_for_want_of_a_secret() {
    let server = TestServer::start().await;
    act(&server, 1, PHONE, "IN.1000").await;
    let without = Keys { codes: None, ..keys() };
    let refused = carry_out(&*server.server.store, &without, &phone(PHONE), Wish::Forget).await;
    assert!(matches!(refused, Err(RunError::Config(_))));
    assert!(server.server.store.audit(9).await.unwrap().is_empty());
}

#[test]
fn who_stands_beside_a_number_is_the_same_person() {
    let row = |phones: &[&str], user_id: Option<&str>| ClearName {
        phones: phones.iter().map(|digits| phone(digits)).collect(),
        user_id: user_id.map(str::to_owned),
    };
    let rows = [
        // Found by the second, which is found by the third.
        row(&[], Some("IN.2")),
        row(&["919876543211"], Some("IN.2")),
        row(&[PHONE, "919876543211"], Some("IN.1")),
        row(&["919876543219"], Some("IN.9")),
    ];
    let (phones, user_ids) = known_as(&phone(PHONE), &rows);
    assert_eq!(phones, [phone(PHONE), phone("919876543211")]);
    assert_eq!(user_ids, ["IN.1", "IN.2"]);
}
