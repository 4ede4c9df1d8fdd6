//! Waits of the Rust SDK, with nothing around them or with a task each.

use std::{sync::Arc, time::Duration};

use loggin::{Loggin, Pending, Session};
use tokio::runtime::Runtime;

use crate::{
    child::{Plan, expect, respond, say},
    clock::Stamps,
};

/// Longer than any measurement.
const TEST_TIMEOUT: Duration = Duration::from_secs(900);

/// What a wait is to its program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// A value with a callback: what the SDK itself costs.
    Callbacks,
    /// A task of a tokio runtime that awaits it: what a program writes.
    Tasks,
}

pub(crate) fn run(style: Style) {
    let plan = Plan::read();
    let client =
        Loggin::builder().base_url(plan.urls[0]).secret_key(plan.secret_key).build().expect("valid options");
    say("warming");
    client.start_wait(plan.warm, Some(TEST_TIMEOUT)).wait().expect("the first wait ends well");
    let stamps = plan.stamps();
    match style {
        Style::Callbacks => callbacks(&client, &plan, &stamps),
        Style::Tasks => tasks(&client, &plan, &stamps),
    }
}

fn callbacks(client: &Loggin, plan: &Plan, stamps: &Arc<Stamps>) {
    let mut waits: Vec<Pending<Session>> = Vec::with_capacity(plan.tokens.len());
    say("warm");
    expect("go");
    for (number, token) in plan.tokens.iter().enumerate() {
        let wait = client.start_wait(*token, Some(TEST_TIMEOUT));
        let stamps = Arc::clone(stamps);
        wait.on_settle(move |result| {
            result.expect("every wait ends well");
            stamps.mark(number);
        });
        waits.push(wait);
    }
    say("started");
    respond(stamps);
}

fn tasks(client: &Loggin, plan: &Plan, stamps: &Arc<Stamps>) {
    let runtime = Runtime::new().expect("a runtime");
    say("warm");
    expect("go");
    for (number, token) in plan.tokens.iter().enumerate() {
        let wait = client.start_wait(*token, Some(TEST_TIMEOUT));
        let stamps = Arc::clone(stamps);
        runtime.spawn(async move {
            wait.await.expect("every wait ends well");
            stamps.mark(number);
        });
    }
    say("started");
    respond(stamps);
    runtime.shutdown_background();
}
