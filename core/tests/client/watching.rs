//! Logins that are watched on their way, over real sockets.

use std::{sync::mpsc, time::Duration};

use loggin::{ErrorCode, Loggin, Progress, Session, Token, Update};

use crate::{
    client,
    fixture::{Server, TIMEOUT, begin_stream, hold, send, verified_event},
    login,
};

fn progress_event(token: &str, status: &str) -> String {
    let code = Token::parse(token).unwrap().code().expose();
    format!("event: progress\ndata: {{\"code\":\"{code}\",\"status\":\"{status}\"}}\n\n")
}

/// Tells each next event of every login once it is asked to.
fn step_by_step(events: Vec<&'static str>) -> (Server, mpsc::SyncSender<()>) {
    let (go, asked) = mpsc::sync_channel(0);
    let asked = std::sync::Mutex::new(asked);
    let server = Server::start(move |_, request, stream| {
        begin_stream(stream);
        for event in &events {
            if asked.lock().unwrap().recv().is_err() {
                return;
            }
            for token in request.tokens() {
                let told = match *event {
                    "verified" => verified_event(&token),
                    status => progress_event(&token, status),
                };
                send(stream, &told);
            }
        }
        hold(stream);
    });
    (server, go)
}

fn status(update: Update<Session>) -> String {
    match update {
        Update::Progress(progress) => progress.as_str().to_owned(),
        Update::Verified(session) => session.phone.expose().to_owned(),
    }
}

#[test]
fn each_step_is_told_those_of_a_newer_server_too_and_then_who_signed_in() {
    let steps = ["message_received", "awaiting_match", "awaiting_confirmation", "verified"];
    let (server, go) = step_by_step(steps.to_vec());
    let client = client(&server);
    let watch = client.watch(login(&client).token, None);
    assert_eq!(watch.wait_next_timeout(Duration::ZERO), None);
    for step in ["message_received", "awaiting_match", "awaiting_confirmation", "919876543210"] {
        go.send(()).unwrap();
        assert_eq!(status(watch.wait_next().unwrap()), step);
    }
    assert!(matches!(watch.wait_next(), Ok(Update::Verified(_))), "the result stays");
    assert!(server.requests()[0].body.contains(r#""claim":true"#), "a watch redeems, as a wait does");
}

#[test]
fn watches_and_waits_share_a_login_and_who_comes_late_is_told_how_far_it_has_come() {
    let (server, go) = step_by_step(vec!["awaiting_confirmation", "verified"]);
    let client = client(&server);
    let token = login(&client).token;
    let (wait, first) = (client.wait_for_verify_async(token), client.watch(token, None));
    go.send(()).unwrap();
    assert_eq!(first.wait_next(), Ok(Update::Progress(Progress::AwaitingConfirmation)));
    let late = client.watch(token, None);
    assert_eq!(late.wait_next(), Ok(Update::Progress(Progress::AwaitingConfirmation)));
    let (told, heard) = mpsc::channel();
    let called = client.watch(token, None);
    called.on_update(move |update| told.send(update.map(status)).unwrap());
    assert_eq!(heard.recv_timeout(TIMEOUT).unwrap().unwrap(), "awaiting_confirmation");
    go.send(()).unwrap();
    assert_eq!(heard.recv_timeout(TIMEOUT).unwrap().unwrap(), "919876543210");
    let session = wait.wait().unwrap();
    for watch in [first, late, called, client.watch(token, None)] {
        assert_eq!(watch.wait_next(), Ok(Update::Verified(session.clone())));
    }
}

#[test]
fn a_watch_ends_as_a_wait_does() {
    let (server, _go) = step_by_step(vec!["verified"]);
    let client = client(&server);
    let code = |watch: loggin::Watch<Session>| watch.wait_next().unwrap_err().code();
    assert_eq!(code(client.watch("lgn1_", None)), ErrorCode::InvalidToken);
    assert_eq!(code(client.watch(login(&client).token, Some(Duration::ZERO))), ErrorCode::Timeout);
    let cancelled = client.watch(login(&client).token, None);
    cancelled.cancel();
    assert_eq!(code(cancelled), ErrorCode::Closed);
    let ours = Loggin::builder().base_url(server.url()).app_key("8XKPQ2WN").build().unwrap();
    let theirs = ours.create_token("ABCDEFGH").unwrap().token;
    assert_eq!(code(ours.watch(theirs, None)), ErrorCode::UnknownApp);
    let closed = client.watch(login(&client).token, None);
    client.close();
    assert_eq!(code(closed), ErrorCode::Closed);
    assert_eq!(code(client.watch(login(&client).token, None)), ErrorCode::Closed);
}

#[test]
fn a_watch_that_is_let_go_of_leaves_the_server() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let watch = client.watch(login(&client).token, None);
    server.until_requests(1);
    drop(watch);
    server.until_hung_up(0);
}
