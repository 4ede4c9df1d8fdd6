//! Logins that began at a page on the person's own phone, to which WhatsApp's message leads back.

use std::collections::BTreeMap;

use loggin::{Confirm, ErrorCode, Loggin, Pending, Update};

use crate::{
    client,
    fixture::{Request, Server, begin_stream, hold, respond_json, verify_all},
    login,
};

const PAGE: &str = "https://shop.example/login";

/// What a request says of where its logins began.
fn page(request: &Request) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    body.get("return_to").map(|page| page.as_str().unwrap().to_owned())
}

/// A server on which everybody has signed in.
fn verifying() -> Server {
    Server::start(|_, request, stream| {
        if request.head.starts_with("POST /api/v1/tokens/events ") {
            begin_stream(stream);
            verify_all(request, stream);
        } else {
            respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
        }
    })
}

/// A server on which nobody signs in.
fn waiting() -> Server {
    Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    })
}

/// How many logins are waited for, by page and app.
fn held(requests: &[&Request]) -> BTreeMap<(Option<String>, String), usize> {
    let mut counts = BTreeMap::new();
    for request in requests {
        for token in request.tokens() {
            *counts.entry((page(request), app_of(&token))).or_default() += 1;
        }
    }
    counts
}

fn is_of_one_app(request: &Request) -> bool {
    let tokens = request.tokens();
    tokens.iter().all(|token| app_of(token) == app_of(&tokens[0]))
}

fn app_of(token: &str) -> String {
    token[5..13].to_owned()
}

#[test]
fn every_kind_of_wait_says_where_its_login_began_and_what_waits_for_nothing_does_not() {
    let server = verifying();
    let client = client(&server).asking(Confirm::None).returning_to(PAGE);
    let token = || login(&client).token;
    client.wait_for_verify(token()).unwrap();
    client.wait_for_verify_async(token()).wait().unwrap();
    client.asking_for(None, Some(false), None).start_wait(token(), None).wait().unwrap();
    client.phone_optional().start_wait(token(), None).wait().unwrap();
    crate::client(&server).asking_for(None, None, Some(PAGE)).start_wait(token(), None).wait().unwrap();
    assert!(matches!(client.watch(token(), None).wait_next().unwrap(), Update::Verified(_)));
    let observer = Loggin::builder().base_url(server.url()).build_observer().unwrap().returning_to(PAGE);
    observer.start_wait(token(), None).wait().unwrap();
    assert!(matches!(observer.watch(token(), None).wait_next().unwrap(), Update::Verified(_)));
    assert!(server.requests().iter().all(|request| page(request).as_deref() == Some(PAGE)));

    let waits = server.requests().len();
    assert_eq!(client.verify_token(token()).unwrap(), None);
    client.confirm(token(), "123456").unwrap_err();
    let calls = server.requests().split_off(waits);
    assert_eq!((calls.len(), calls.iter().find_map(page)), (2, None));
}

#[test]
fn a_page_is_handed_on_as_it_is_and_one_that_is_too_long_for_any_server_is_not() {
    let server = verifying();
    let client = client(&server);
    let long = format!("https://shop.example/{}", "a".repeat(180));
    for (given, said) in [
        ("https://shop.example/\"},\n\u{202e}ü", true),
        ("shop://login", true),
        (&long[..200], true),
        (&long, false),
    ] {
        let before = server.requests().len();
        client.returning_to(given).wait_for_verify(login(&client).token).unwrap();
        let said = said.then(|| given.to_owned());
        assert_eq!(server.requests()[before..].iter().map(page).collect::<Vec<_>>(), [said]);
    }
}

#[test]
fn logins_of_one_page_share_their_streams_and_those_of_others_go_on_by_themselves() {
    let server = waiting();
    let client = client(&server);
    let begin = |app: &str, page: Option<&str>| {
        let client = page.map_or_else(|| client.clone(), |page| client.returning_to(page));
        client.start_wait(client.create_token(app).unwrap().token, None)
    };
    let mut waits: Vec<_> = (0..20).map(|_| begin("8XKPQ2WN", Some(PAGE))).collect();
    // The server lets a link lead to the page of one app alone.
    waits.push(begin("ABCDEFGH", Some(PAGE)));
    waits.push(begin("8XKPQ2WN", Some("https://shop.example/other")));
    waits.push(begin("8XKPQ2WN", None));
    let row = |page: Option<&str>, app: &str, count| ((page.map(str::to_owned), app.to_owned()), count);
    let expected = BTreeMap::from([
        row(None, "8XKPQ2WN", 1),
        row(Some(PAGE), "8XKPQ2WN", 20),
        row(Some(PAGE), "ABCDEFGH", 1),
        row(Some("https://shop.example/other"), "8XKPQ2WN", 1),
    ]);
    server.until_held(|requests| {
        requests.iter().all(|request| is_of_one_app(request)) && held(requests) == expected
    });
    let requests = server.requests();
    let key = requests[0].header("Idempotency-Key");
    assert!(requests.iter().all(|request| request.header("Idempotency-Key") == key), "they are one redeemer");
    client.close();
    assert!(waits.into_iter().map(Pending::wait).all(|end| end.unwrap_err().code() == ErrorCode::Closed));
    let late = client.returning_to("https://shop.example/new").wait_for_verify(login(&client).token);
    assert_eq!(late.unwrap_err().code(), ErrorCode::Closed);
}

#[test]
fn more_pages_than_an_app_has_cost_no_further_connections_and_no_login() {
    let server = waiting();
    let client = client(&server);
    let begin = |number: usize| {
        let client = client.returning_to(&format!("{PAGE}/{number}"));
        client.start_wait(client.create_token("8XKPQ2WN").unwrap().token, None)
    };
    let mut waits: Vec<_> = (0..64).map(begin).collect();
    server.until_held(|requests| requests.iter().filter_map(|request| page(request)).count() == 64);
    waits.extend((64..80).map(begin));
    server.until_held(|requests| {
        let without = requests.iter().filter(|request| page(request).is_none());
        without.map(|request| request.tokens().len()).sum::<usize>() == 16
    });
    assert!(waits.iter().all(|wait| wait.result().is_none()));
}

#[test]
fn a_wait_that_begins_while_the_app_is_frozen_connects_when_it_goes_on() {
    let server = verifying();
    let observer = Loggin::builder().base_url(server.url()).build_observer().unwrap();
    observer.suspend();
    let login = observer.create_token("8XKPQ2WN").unwrap();
    let wait = observer.returning_to(PAGE).start_wait(login.token, None);
    let code = observer.asking(Confirm::Code).start_wait(login.token, None);
    // Another client's whole login takes longer than opening a stream.
    client(&server).wait_for_verify(login.token).unwrap();
    assert_eq!(server.requests().len(), 1);
    observer.resume();
    assert!(wait.wait().is_ok());
    assert_eq!(code.wait().unwrap_err().code(), ErrorCode::InvalidResponse, "it was confirmed by less");
}
