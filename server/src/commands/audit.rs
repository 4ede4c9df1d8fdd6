//! Acts of administrators: carried out with a row that tells who did what, and listed by `loggin-server audit`.

use serde_json::{Value, json};

use super::{
    administrator::Administrator,
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration,
    clock::{Clock, SystemClock},
    limits,
    store::{Act, AuditRow, Location, Store},
    telemetry::process,
};

/// Carries out an act of the user who runs this program; `false` where it is not done. What is done is noted in the
/// database with it, and told in the log.
pub(crate) async fn administer(store: &dyn Store, act: Act) -> Result<bool, RunError> {
    Ok(administration::carry_out(store, &process::user(), act, SystemClock.now()).await?)
}

/// Lists the latest acts of this database, oldest first.
pub(crate) async fn list(database: &Location, json: bool) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let page = user.administration.audit(&user.actor, None, limits::AUDIT_SHOWN).await;
    user.close().await;
    let mut rows = page?.rows;
    rows.reverse();
    if json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect();
        return print_line(&Value::from(rows).to_string());
    }
    for row in &rows {
        let AuditRow { actor, act, subject, fields, .. } = row;
        print_line(format!("{}  {actor}  {act}  {subject}  {fields}", moment(row.at)).trim_end())?;
    }
    Ok(())
}

fn as_json(row: &AuditRow) -> Value {
    let fields: Vec<&str> = row.fields.split_whitespace().collect();
    json!({ "at": moment(row.at), "actor": row.actor, "act": row.act, "subject": row.subject, "fields": fields })
}
