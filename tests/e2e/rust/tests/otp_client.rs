//! One-time codes by the SDK, through the real server, read from the simulated phone; and what a lost response costs.
#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use loggin::{ErrorCode, Loggin, OtpRequest};
use loggin_e2e::{
    Environment,
    proxy::{Course, Ending, Fate, Proxy, Trouble},
};
use serde_json::{Value, json};

fn client(url: &str) -> Loggin {
    Loggin::builder().base_url(url).secret_key(Environment::SECRET_KEY).build().unwrap()
}

/// The one code that a phone was sent.
fn code_on(environment: &Environment, phone: &str) -> String {
    assert_eq!(environment.messages_on(phone).len(), 1);
    environment.code_on(phone)
}

/// A code that is not the right one.
fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '7' { '3' } else { '7' }).collect()
}

#[test]
fn a_person_types_the_code_that_came() {
    let environment = Environment::start();
    let client = client(&environment.url);
    let phone = environment.new_phone();
    let request = OtpRequest::new(format!("+{phone}")).otp_length(8).meta(json!({"cart": 7}));
    let session = client.otp().start(request).unwrap();
    assert!(session.sent_via_engine);
    assert_eq!((session.expires_in.as_secs(), session.quota_remaining), (300, None));
    let code = code_on(&environment, &phone);
    assert_eq!(code.len(), 8);
    let error = client.otp().verify(&session.session_id, &wrong(&code)).unwrap_err();
    assert_eq!((error.code(), error.attempts_left()), (ErrorCode::InvalidCode, Some(4)));
    let result = client.otp().verify_async(&session.session_id, &code).wait().unwrap();
    assert_eq!(result.phone.expose(), phone);
    assert!(SystemTime::now().duration_since(result.verified_at).unwrap().as_secs() < 60);
    assert_eq!(result.meta.unwrap().read::<Value>().unwrap(), json!({"cart": 7}));
    let error = client.otp().verify(&session.session_id, &code).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AlreadyUsed);
}

#[test]
fn a_second_code_has_to_wait_and_an_unknown_caller_gets_none() {
    let environment = Environment::start();
    let client = client(&environment.url);
    let phone = format!("+{}", environment.new_phone());
    client.otp().start(&phone).unwrap();
    let error = client.otp().start(&phone).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!((1..=30).contains(&error.retry_after().unwrap().as_secs()), "{error:?}");
    let key = Environment::SECRET_KEY.replace('0', "1");
    let unknown = Loggin::builder().base_url(&environment.url).secret_key(key).build().unwrap();
    let error = unknown.otp().start(&phone).unwrap_err();
    assert_eq!((error.code(), error.status()), (ErrorCode::Unauthorized, Some(401)));
}

#[test]
fn a_lost_response_costs_no_message_and_no_attempt() {
    let environment = Environment::start();
    let direct = client(&environment.url);
    let length = response_length(&environment);
    for (place, ending) in [
        (0, Ending::Reset),
        (1, Ending::Close),
        (length / 2, Ending::Close),
        (length / 2, Ending::Reset),
        (length * 9 / 10, Ending::Close),
    ] {
        let phone = environment.new_phone();
        let session =
            cut_once(&environment, place, ending, |client| client.otp().start(format!("+{phone}"))).unwrap();
        let code = code_on(&environment, &phone);
        let verify = |client: &Loggin, code: &str| client.otp().verify(&session.session_id, code);
        let error =
            cut_once(&environment, place, ending, |client| verify(client, &wrong(&code))).unwrap_err();
        assert_eq!((error.code(), error.attempts_left()), (ErrorCode::InvalidCode, Some(4)), "at {place}");
        let error = verify(&direct, &wrong(&code)).unwrap_err();
        assert_eq!(error.attempts_left(), Some(3), "another call is another attempt");
        let result = cut_once(&environment, place, ending, |client| verify(client, &code)).unwrap();
        assert_eq!(result.phone.expose(), phone, "the first response is given again, at {place}");
    }
}

/// Bytes of a response to `start`, its head included. Those to `verify` are not much shorter.
fn response_length(environment: &Environment) -> usize {
    let proxy = Proxy::start(environment.address());
    client(&proxy.url()).otp().start(format!("+{}", environment.new_phone())).unwrap();
    proxy.until_idle();
    proxy.connections()[0].bytes_down
}

/// Makes a call whose first connection is cut after so many bytes of the server; what comes after is carried.
fn cut_once<T>(
    environment: &Environment,
    place: usize,
    ending: Ending,
    call: impl FnOnce(&Loggin) -> T,
) -> T {
    let proxy = Proxy::start(environment.address());
    proxy.disturb(move |number| {
        let down = Trouble::CutAfter(place, ending);
        if number == 0 { Fate::Carry(Course { down, ..Course::default() }) } else { Fate::FAIR }
    });
    let result = call(&client(&proxy.url()));
    assert_eq!(proxy.connections().len(), 2, "the first response was lost, at {place}");
    result
}
