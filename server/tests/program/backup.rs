//! The database copied while a server runs, and brought back as docs/operations.md says: its commands are run here.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PROGRAM, Running, create_app, program, token};

fn backup(folder: &Path, file: &Path) -> Output {
    program(folder).arg("backup").arg(file).output().unwrap()
}

#[tokio::test]
async fn a_copy_is_made_of_a_running_server_and_overwrites_nothing() {
    let server = Running::start(&[]);
    let folder = server.folder.path();
    create_app(folder, &[]);
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy.db");
    let done = backup(folder, &copy);
    assert!(done.status.success(), "{done:?}");
    assert!(String::from_utf8(done.stdout).unwrap().contains(copy.to_str().unwrap()));
    let before = fs::read(&copy).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(backup(folder, &copy).status.code(), Some(1));
    assert_eq!(backup(copies.path(), &copies.path().join("another.db")).status.code(), Some(1));
    assert!(fs::read(&copy).unwrap() == before);
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 1);
    assert!(server.stop().0.success());
}

/// The commands of the page below this heading.
fn commands(heading: &str) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("\n### {heading}\n")).expect("the section");
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// The folders of the page, as they are in this test.
struct Machine {
    database: PathBuf,
    backups: TempDir,
    programs: TempDir,
}

impl Machine {
    fn of(database: &Path) -> Self {
        let programs = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(PROGRAM, programs.path().join("loggin-server")).unwrap();
        Self { database: database.to_owned(), backups: tempfile::tempdir().unwrap(), programs }
    }

    /// Runs a command of the page as an operator's shell does.
    fn run(&self, command: &str) {
        let folders = [("/var/lib/loggin", &*self.database), ("/var/backups/loggin", self.backups.path())];
        let command = folders
            .iter()
            .fold(command.to_owned(), |command, (page, here)| command.replace(page, here.to_str().unwrap()));
        let path = format!("{}:/usr/bin:/bin", self.programs.path().display());
        let url = format!("sqlite:{}", self.database.join("loggin.db").display());
        let environment = [("PATH", &path), ("LOGGIN_DATABASE_URL", &url)];
        let done = Command::new("/bin/sh").args(["-euc", &command]).env_clear().envs(environment).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{command}: {done:?}");
    }
}

#[tokio::test]
async fn the_database_is_brought_back_as_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let machine = Machine::of(&path);
    // The page's file is another than that of the other tests.
    let url = format!("sqlite:{}", path.join("loggin.db").display());
    let settings: [(&str, &str); 1] = [("LOGGIN_DATABASE_URL", &url)];
    let start = |folder: TempDir| Running::start_in(folder, &settings, &[], Stdio::null());
    let mut server = Some(start(folder));
    let create = || {
        let mut command = program(&path);
        let made = command.env("LOGGIN_DATABASE_URL", &url).args(["app", "create", "--name", "A", "--json"]);
        serde_json::from_slice::<Value>(&made.output().unwrap().stdout).unwrap()
    };
    let kept = create();
    for command in commands("Backup") {
        machine.run(&command);
    }
    let lost = create();
    let mut folder = None;
    for command in commands("Restore") {
        match command.split_whitespace().collect::<Vec<_>>()[..] {
            ["systemctl", "stop", "loggin"] => folder = Some(server.take().unwrap().kill()),
            ["systemctl", "start", "loggin"] => server = Some(start(folder.take().unwrap())),
            ["curl", "--fail", address] => {
                let server = server.as_ref().unwrap();
                let address = address.replace("http://127.0.0.1:8787", &server.url);
                assert_eq!(server.client.get(address).send().await.unwrap().status(), 200);
            }
            _ => machine.run(&command),
        }
    }
    let server = server.unwrap();
    for (app, status) in [(&kept, 200), (&lost, 401)] {
        let body = json!({ "token": token(app).expose() });
        let response = server.post("/api/v1/tokens/verify", app["secret_key"].as_str(), &body).await;
        assert_eq!(response.status(), status);
    }
    let mode = fs::metadata(path.join("loggin.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server.kill());
}
