//! What `dev` leaves is for one machine: no other server takes it by mistake.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PROGRAM, Running, SETTINGS, create_app, program};

/// The secret key that stands in the source.
const PUBLISHED: &str = "lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0";

/// Runs `dev` on this folder. It has no simulator beside it, so it ends once its database is ready.
fn dev(folder: &Path) -> Output {
    let alone: PathBuf = folder.join("loggin-server");
    // By another program: while this one has a file open to write, a test beside it may start a program, which has the file
    // open too for a moment, and then it cannot be run.
    assert!(Command::new("cp").arg(PROGRAM).arg(&alone).status().unwrap().success());
    let listen = ["--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0", "--data"];
    Command::new(&alone).arg("dev").args(listen).arg(folder).output().unwrap()
}

/// The setting that names the database of `dev` in this folder.
fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("loggin.db").display())
}

/// What the published key is answered by a server on that database, and whether its log warned of it.
async fn published_key(folder: TempDir, arguments: &[&str]) -> (u16, bool) {
    let log = File::create(folder.path().join("log")).unwrap();
    let database = database(folder.path());
    let settings = [("LOGGIN_LOG_FORMAT", "json"), ("LOGGIN_DATABASE_URL", &*database)];
    let server = Running::start_in(folder, &settings, arguments, log.into());
    let body = json!({ "phone": "+15550001111" });
    let response = server.post("/api/v1/auth/start", Some(PUBLISHED), &body).await;
    let (status, log) = server.stop();
    assert!(status.success());
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let warned = lines.any(|line| line["level"] == "WARN" && line["fields"]["app_key"] == "8XKPQ2WN");
    (response.status().as_u16(), warned)
}

#[tokio::test]
async fn a_database_of_dev_is_served_only_where_that_is_meant_and_its_key_never() {
    let folder = tempfile::tempdir().unwrap();
    dev(folder.path());
    let mut command = program(folder.path());
    command.arg("serve").envs(SETTINGS).env("LOGGIN_DATABASE_URL", database(folder.path()));
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("LOGGIN_DATABASE_URL") && said.contains("--development-data"), "{said}");

    assert_eq!(published_key(folder, &["--development-data"]).await, (401, true));
}

#[tokio::test]
async fn the_published_key_is_refused_in_a_database_without_the_mark_too() {
    let folder = tempfile::tempdir().unwrap();
    dev(folder.path());
    let database = Connection::open(folder.path().join("loggin.db")).unwrap();
    database.execute_batch("DROP TRIGGER audit_rows_stay; DELETE FROM audit").unwrap();
    drop(database);
    assert_eq!(published_key(folder, &[]).await, (401, true));
}

#[test]
fn dev_leaves_a_database_of_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    create_app(folder.path(), &[]);
    std::fs::rename(folder.path().join("a.db"), folder.path().join("loggin.db")).unwrap();
    let output = dev(folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--data"));
    let database = Connection::open(folder.path().join("loggin.db")).unwrap();
    let apps: i64 = database.query_row("SELECT count(*) FROM apps", [], |row| row.get(0)).unwrap();
    assert_eq!(apps, 1);
}
