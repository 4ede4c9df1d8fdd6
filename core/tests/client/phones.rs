//! People who hide their phone number: who asks for them, and who is never surprised by them.

use loggin::{Assurance, Confirm, ErrorCode, Loggin, Observed, PhoneNumber, Session, Update};

use crate::{
    client,
    fixture::{
        Request, SESSION, Server, WITHOUT_PHONE, begin_stream, hold, respond_json, send, verified_event_of,
    },
    login,
};

const USER_ID: &str = "IN.13491208655302741918";

/// A server that says who signed in, by whatever it is asked.
fn server_of(session: &'static str) -> Server {
    Server::start(move |_, request, stream| {
        if request.head.starts_with("POST /api/v1/tokens/events ") {
            begin_stream(stream);
            for token in request.tokens() {
                send(stream, &verified_event_of(&token, session));
            }
        } else {
            respond_json(stream, "200 OK", &session.replacen('{', r#"{"status":"verified","#, 1));
        }
    })
}

/// What a request says of the phone.
fn asked(request: &Request) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    body.get("phone").map(|phone| phone.as_str().unwrap().to_owned())
}

fn assert_nameless(session: &Session<Option<PhoneNumber>>) {
    assert_eq!((&session.phone, session.user_id.as_deref()), (&None, Some(USER_ID)));
    assert_eq!(session.subject.expose(), "lgsu_000G40R40M30E209185GR38E1W8124GK");
    assert_eq!(session.assurance, Assurance::Changed);
}

#[test]
fn who_takes_sessions_without_a_phone_says_so_and_gets_them_in_every_way() {
    let server = server_of(WITHOUT_PHONE);
    let client = client(&server).phone_optional();
    let token = || client.create_token("8XKPQ2WN").unwrap().token;
    assert_nameless(&client.wait_for_verify(token()).unwrap());
    assert_nameless(&client.wait_for_verify_async(token()).wait().unwrap());
    assert_nameless(&client.verify_token(token()).unwrap().unwrap());
    assert_nameless(&client.verify_token_async(token()).wait().unwrap().unwrap());
    let Update::Verified(session) = client.watch(token(), None).wait_next().unwrap() else {
        panic!("no result")
    };
    assert_nameless(&session);
    assert!(server.requests().iter().all(|request| asked(request).as_deref() == Some("optional")));
}

#[test]
fn who_does_not_say_so_is_never_told_of_nobody() {
    let server = server_of(WITHOUT_PHONE);
    let client = client(&server);
    for error in [
        client.wait_for_verify(login(&client).token).unwrap_err(),
        client.verify_token(login(&client).token).unwrap_err(),
        client.watch(login(&client).token, None).wait_next().unwrap_err(),
        client.asking_for(None, None, None).wait_for_verify(login(&client).token).unwrap_err(),
        client
            .asking_for(None, Some(false), None)
            .asking_for(None, Some(true), None)
            .verify_token(login(&client).token)
            .unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::InvalidResponse);
    }
    assert!(server.requests().iter().all(|request| asked(request).is_none()));
    // Whoever only observes may be told of no phone in any case.
    let device = Loggin::builder().base_url(server.url()).build_observer().unwrap();
    let observed: Observed = device.start_wait(login(&client).token, None).wait().unwrap();
    assert_eq!((observed.phone, observed.user_id.as_deref()), (None, Some(USER_ID)));
}

#[test]
fn a_phone_that_is_there_is_told_either_way() {
    let server = server_of(SESSION);
    let client = client(&server);
    let session = client.wait_for_verify(login(&client).token).unwrap();
    assert_eq!((session.phone.expose(), session.assurance), ("919876543210", Assurance::Normal));
    let any = client.phone_optional().wait_for_verify(login(&client).token).unwrap();
    assert_eq!((any.phone, any.subject), (Some(session.phone), session.subject));
}

#[test]
fn both_kinds_of_wait_redeem_as_one_and_end_together_and_a_refusal_is_no_end_for_the_other() {
    let server = Server::start(|_, request, stream| {
        if request.head.starts_with("POST /api/v1/tokens/verify ") {
            let body = WITHOUT_PHONE.replacen('{', r#"{"status":"verified","#, 1);
            return if asked(request).is_some() {
                respond_json(stream, "200 OK", &body);
            } else {
                respond_json(stream, "422 Unprocessable", r#"{"error":"phone_hidden"}"#);
            };
        }
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let optional = client.phone_optional();
    let token = login(&client).token;
    assert_eq!(client.verify_token(token).unwrap_err().code(), ErrorCode::PhoneHidden);
    assert_nameless(&optional.verify_token(token).unwrap().unwrap());

    let strict = client.start_wait(login(&client).token, None);
    let waits = [&optional, &optional.asking(Confirm::None), &optional.asking(Confirm::Code)]
        .map(|client| client.start_wait(client.create_token("8XKPQ2WN").unwrap().token, None));
    let waits_of = |request: &&&Request| request.head.starts_with("POST /api/v1/tokens/events ");
    server.until_held(|requests| {
        requests.iter().filter(waits_of).map(|request| request.tokens().len()).sum::<usize>() >= 4
    });
    let requests = server.requests();
    let key = requests[0].header("Idempotency-Key");
    assert!(requests.iter().all(|request| request.header("Idempotency-Key") == key));
    optional.close();
    assert_eq!(strict.wait().unwrap_err().code(), ErrorCode::Closed);
    for wait in waits {
        assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
    }
}
