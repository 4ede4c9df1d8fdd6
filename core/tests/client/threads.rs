//! A process that the operating system gives no thread for a while, as a container's limit of processes does.

#![allow(unsafe_code, reason = "limits of a process are set by C functions")]

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use loggin::{ErrorCode, Loggin};

use crate::{
    fixture::{Server, TIMEOUT, begin_stream, respond_json, verify_all},
    login,
};

const SERVER: &str = "TEST_SERVER";

/// A user who owns no process: the limit counts all of a user's, and does not hold for root.
const NOBODY: libc::uid_t = 61_234;

/// How many threads and processes the user of this process may have.
fn allow_threads(most: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are to a structure of this function.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit), 0);
        limit.rlim_cur = most.min(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit), 0);
    }
}

#[test]
fn what_has_no_thread_passes() {
    let server = Server::start(|_, request, stream| {
        if request.head.contains("/verify ") {
            return respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
        }
        begin_stream(stream);
        verify_all(request, stream);
    });
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "threads::child_without_threads", "--ignored", "--nocapture"]);
    let output = child.env(SERVER, server.url()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "the program of the test above"]
fn child_without_threads() {
    let url = env::var(SERVER).expect("it is run by the test above");
    // SAFETY: the functions take no pointers.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!(libc::setuid(NOBODY), 0);
        }
    }
    let client = Loggin::builder().base_url(url).max_retries(0).build().unwrap();
    let began = Instant::now();
    allow_threads(0);
    let error = client.wait_for_verify(login(&client).token).unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (ErrorCode::Unavailable, true));
    let error = client.verify_token_async(login(&client).token).wait().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (ErrorCode::Unavailable, true));
    if let Err(error) = client.verify_token(login(&client).token) {
        assert!(error.is_retryable(), "{error}");
    }
    assert!(began.elapsed() < TIMEOUT / 2, "none of them hangs");
    allow_threads(libc::RLIM_INFINITY);
    client.wait_for_verify(login(&client).token).unwrap();
    // The thread that keeps the time is there now, and none for a stream: more often than streams are opened at a time.
    for _ in 0..4 {
        allow_threads(0);
        let wait = client.wait_for_verify_async(login(&client).token);
        assert!(wait.wait_timeout(Duration::from_millis(300)).is_none());
        allow_threads(libc::RLIM_INFINITY);
        wait.wait_timeout(TIMEOUT).expect("the wait is carried on").unwrap();
    }
}
