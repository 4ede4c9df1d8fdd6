//! `loggin-server webhook deliveries | replay | test`: what became of events, and having them delivered again.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    administration::ReplayChoice,
    commands::{
        administrator::Administrator,
        app_key::Time,
        output::{moment, print_line},
        run::RunError,
    },
    limits,
    store::{DeliveryState, WebhookDelivery},
};

/// Which deliveries are listed.
#[derive(Debug, Args)]
pub(crate) struct DeliveriesArgs {
    /// The endpoint, by its id.
    endpoint_id: String,
    /// Only these.
    #[arg(long)]
    state: Option<StateArg>,
    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = limits::WEBHOOKS_SHOWN,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::WEBHOOKS_LISTED)))]
    limit: u32,
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
pub(super) async fn list(user: &Administrator, arguments: &DeliveriesArgs) -> Result<(), RunError> {
    let state = arguments.state.map(DeliveryState::from);
    let id = &arguments.endpoint_id;
    let (mut deliveries, mut after, mut left) = (Vec::new(), None, arguments.limit);
    while left > 0 {
        let page = user.administration.deliveries(&user.actor, id, state, after, left).await?;
        left = left.saturating_sub(u32::try_from(page.rows.len()).unwrap_or(u32::MAX));
        deliveries.extend(page.rows);
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    if arguments.json {
        let deliveries: Vec<Value> = deliveries.iter().map(as_json).collect();
        return print_line(&Value::from(deliveries).to_string());
    }
    deliveries.iter().try_for_each(|delivery| print_line(&line(delivery)))
}

/// Has deliveries be made again.
pub(super) async fn replay(user: &Administrator, arguments: ReplayArgs) -> Result<(), RunError> {
    let since = ReplayChoice::GivenUpWithin(arguments.since.map_or(Duration::ZERO, |time| time.0));
    let what = arguments.event_id.map_or(since, ReplayChoice::Event);
    Ok(user.administration.replay_webhook(&user.actor, &arguments.endpoint_id, what).await?)
}

/// Has an event be delivered that means nothing, and waits for what becomes of it.
pub(super) async fn test(user: &Administrator, id: &str, json: bool) -> Result<(), RunError> {
    tell_test(&user.administration.test_webhook(&user.actor, id).await?, json)
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
