//! `loggin-server webhook deliveries | replay | test`: what became of events, and having them delivered again.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::find;
use crate::{
    clock::{Clock, SystemClock, SystemRandom, random_bytes},
    commands::{
        app_key::Time,
        audit,
        output::{moment, print_line},
        run::RunError,
    },
    events, limits,
    store::{Act, DeliveryState, Replay, Store, WebhookDelivery, WebhookEndpoint},
};

/// How long a test waits for what the endpoint answers: a delivery, and the second in which a server looks for it.
const TEST_WAIT: Duration = limits::WEBHOOK_TIMEOUT.saturating_add(Duration::from_secs(5));

/// From one look at the store to the next.
const TEST_LOOK: Duration = Duration::from_millis(200);

/// Which deliveries are listed.
#[derive(Debug, Args)]
pub(crate) struct DeliveriesArgs {
    /// The endpoint, by its id.
    endpoint_id: String,
    /// Only these.
    #[arg(long)]
    state: Option<StateArg>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// See [`DeliveryState`].
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum StateArg {
    /// They are still to be made.
    Waiting,
    /// The endpoint took them.
    Delivered,
    /// They were tried for three days.
    GivenUp,
}

impl From<StateArg> for DeliveryState {
    fn from(argument: StateArg) -> Self {
        match argument {
            StateArg::Waiting => Self::Waiting,
            StateArg::Delivered => Self::Delivered,
            StateArg::GivenUp => Self::GivenUp,
        }
    }
}

/// What is delivered again.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["event_id", "since"])))]
pub(crate) struct ReplayArgs {
    /// The endpoint, by its id.
    endpoint_id: String,
    /// The event, whatever became of it.
    event_id: Option<String>,
    /// Every event of so long that was given up, such as `2d`.
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
}

/// Lists deliveries.
pub(super) async fn list(store: &dyn Store, arguments: &DeliveriesArgs) -> Result<(), RunError> {
    let endpoint = find(store, &arguments.endpoint_id).await?;
    let state = arguments.state.map(DeliveryState::from);
    let deliveries = store.webhook_deliveries(&endpoint.id, state, limits::WEBHOOKS_SHOWN).await?;
    if arguments.json {
        let deliveries: Vec<Value> = deliveries.iter().map(as_json).collect();
        return print_line(&Value::from(deliveries).to_string());
    }
    deliveries.iter().try_for_each(|delivery| print_line(&line(delivery)))
}

/// Has deliveries be made again.
pub(super) async fn replay(store: &dyn Store, arguments: &ReplayArgs) -> Result<(), RunError> {
    let endpoint = find(store, &arguments.endpoint_id).await?;
    if endpoint.disabled.is_some() {
        return Err(RunError::Refused("the endpoint is disabled: enable it first".into()));
    }
    let now = SystemClock.now();
    let since = arguments.since.map_or(now, |time| now - time.0);
    let event = arguments.event_id.clone().ok_or(since);
    let until = now + limits::WEBHOOK_GIVEN_UP;
    let act = Act::ReplayWebhook(Replay { endpoint_id: endpoint.id, event, now, until });
    if audit::administer(store, act).await? {
        return Ok(());
    }
    Err(RunError::Refused("nothing is delivered again: no such event is kept (`webhook deliveries`)".into()))
}

/// Has an event be delivered that means nothing, and waits for what becomes of it.
pub(super) async fn test(store: &dyn Store, endpoint: &WebhookEndpoint, json: bool) -> Result<(), RunError> {
    let name = HEXLOWER.encode(&random_bytes::<16>(&SystemRandom));
    let event = events::test(endpoint.app_key, &name, SystemClock.now());
    let event_id = event.id.clone();
    if !audit::administer(store, Act::TestWebhook(endpoint.id.clone(), Box::new(event))).await? {
        return Err(RunError::Refused("the endpoint is disabled: enable it first".into()));
    }
    let given_up = Instant::now() + TEST_WAIT;
    loop {
        let delivery = store.webhook_delivery(&event_id, &endpoint.id).await?;
        let delivery = delivery.ok_or_else(|| RunError::Refused("the endpoint was deleted".into()))?;
        if delivery.tries > 0 || Instant::now() >= given_up {
            return tell_test(&delivery, json);
        }
        sleep(TEST_LOOK).await;
    }
}

fn tell_test(delivery: &WebhookDelivery, json: bool) -> Result<(), RunError> {
    print_line(&if json { as_json(delivery).to_string() } else { line(delivery) })?;
    match (delivery.state, delivery.tries) {
        (DeliveryState::Delivered, _) => Ok(()),
        (_, 0) => Err(RunError::Refused(
            "no server has sent it yet: none runs on this database, or none has LOGGIN_WEBHOOK_SECRET".into(),
        )),
        _ => Err(RunError::Refused("the endpoint did not take it, and it is sent again".into())),
    }
}

fn line(delivery: &WebhookDelivery) -> String {
    let WebhookDelivery { event_id, kind, state, tries, .. } = delivery;
    let status = delivery.status.map(|status| format!("  HTTP {status}")).unwrap_or_default();
    let failure = delivery.failure.as_ref().map(|failure| format!("  {failure}")).unwrap_or_default();
    let due = match state {
        DeliveryState::Waiting => format!("  due {}", moment(delivery.due_at)),
        DeliveryState::Delivered | DeliveryState::GivenUp => String::new(),
    };
    let (at, state) = (moment(delivery.queued_at), state.as_str());
    format!("{at}  {event_id}  {kind}  {state}  {tries} tries{status}{failure}{due}")
}

/// A delivery as JSON. Its payload, in which people are, is not shown.
fn as_json(delivery: &WebhookDelivery) -> Value {
    json!({
        "event_id": delivery.event_id,
        "endpoint_id": delivery.endpoint_id,
        "type": delivery.kind,
        "state": delivery.state.as_str(),
        "tries": delivery.tries,
        "status": delivery.status,
        "failure": delivery.failure,
        "queued_at": moment(delivery.queued_at),
        "due_at": (delivery.state == DeliveryState::Waiting).then(|| moment(delivery.due_at)),
        "ended_at": delivery.ended_at.map(moment),
    })
}
