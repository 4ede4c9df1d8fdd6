//! Logins of an app that asks for a confirmation code, against the real server.
#![allow(clippy::unwrap_used)]

use std::{thread, time::Instant};

use loggin::{Confirm, ErrorCode, Loggin, LoginStatus, Progress, Update};
use loggin_e2e::{
    DEMO_APP, PHONE, TEST_TIMEOUT,
    hang_ups::{answer_to, digits_of, environment_in},
};

#[test]
fn the_code_is_asked_for_typed_and_ends_the_wait() {
    let data = tempfile::tempdir().unwrap();
    let environment = environment_in(data.path());
    let client = environment.client();
    let login = client.create_token(DEMO_APP).unwrap();
    assert_eq!(client.status(login.token), Ok(LoginStatus::Pending));
    let not_yet = client.confirm(login.token, "123456").unwrap_err();
    assert_eq!(not_yet.code(), ErrorCode::InvalidRequest);
    let watch = client.watch(login.token, Some(TEST_TIMEOUT));
    let digits = digits_of(&environment, login.token);
    assert_eq!(watch.wait_next(), Ok(Update::Progress(Progress::AwaitingConfirmation)));
    assert_eq!(client.status(login.token), Ok(LoginStatus::Progress(Progress::AwaitingConfirmation)));
    let wrong = client.confirm(login.token, "wrong").unwrap_err();
    assert_eq!((wrong.code(), wrong.attempts_left()), (ErrorCode::InvalidCode, Some(5)));
    client.confirm(login.token, &digits).unwrap();
    let Ok(Update::Verified(session)) = watch.wait_next() else { panic!("it was confirmed") };
    assert_ne!(session.phone.expose(), PHONE);
    assert_eq!(client.status(login.token), Ok(LoginStatus::Verified));
    assert_eq!(client.verify_token(login.token), Ok(Some(session)));
}

#[test]
fn a_device_confirms_without_the_key_and_five_wrong_codes_end_the_login() {
    let data = tempfile::tempdir().unwrap();
    let environment = environment_in(data.path());
    let device = Loggin::builder().base_url(&environment.url).timeout(TEST_TIMEOUT).build_observer().unwrap();
    let login = device.create_token(DEMO_APP).unwrap();
    let watch = device.watch(login.token, None);
    let digits = digits_of(&environment, login.token);
    assert_eq!(watch.wait_next(), Ok(Update::Progress(Progress::AwaitingConfirmation)));
    device.start_confirm(login.token, &digits, None).wait().unwrap();
    assert!(matches!(watch.wait_next(), Ok(Update::Verified(_))));
    assert_eq!(device.start_status(login.token, None).wait(), Ok(LoginStatus::Verified));

    let login = device.create_token(DEMO_APP).unwrap();
    let watch = device.watch(login.token, None);
    let digits = digits_of(&environment, login.token);
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    for left in [Some(4), Some(3), Some(2), Some(1), None] {
        let error = device.start_confirm(login.token, wrong, None).wait().unwrap_err();
        let code = if left.is_some() { ErrorCode::InvalidCode } else { ErrorCode::Blocked };
        assert_eq!((error.code(), error.attempts_left()), (code, left));
    }
    assert_eq!(device.start_status(login.token, None).wait().unwrap_err().code(), ErrorCode::Denied);
    assert_eq!(watch.wait_next(), Ok(Update::Progress(Progress::AwaitingConfirmation)));
    assert_eq!(watch.wait_next().unwrap_err().code(), ErrorCode::Denied);
}

#[test]
fn the_link_back_takes_the_place_of_the_digits_and_stands_beside_no_others() {
    let data = tempfile::tempdir().unwrap();
    let environment = environment_in(data.path());
    let page = "https://shop.example/login";
    environment.update_app(data.path(), &["--allowed-origin", "https://shop.example"]);
    let (client, returning) = (environment.client(), environment.client().returning_to(page));
    let [login, other] = [(); 2].map(|()| client.create_token(DEMO_APP).unwrap());
    let (wait, elsewhere) = (returning.start_wait(login.token, None), client.start_wait(other.token, None));
    // The server has to know where a login began before its message comes.
    let deadline = Instant::now() + TEST_TIMEOUT;
    while !returning.state().is_connected {
        assert!(Instant::now() < deadline, "the wait does not connect");
        thread::yield_now();
    }
    let answer = answer_to(&environment, login.token);
    let link = answer.lines().find(|line| line.starts_with("https://")).unwrap();
    let brought = link.strip_prefix(page).and_then(|rest| rest.strip_prefix("#loggin=")).unwrap();
    let refused = client.confirm(other.token, brought).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidRequest);
    client.confirm(login.token, brought).unwrap();
    assert_eq!(wait.wait().unwrap().confirmation, Confirm::Code);
    assert!(!answer_to(&environment, other.token).contains("https://"));
    assert_eq!(elsewhere.result(), None);
}
