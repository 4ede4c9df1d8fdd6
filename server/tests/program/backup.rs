//! The database copied while a server runs, and brought back as docs/operations.md says: its commands are run here, on
//! SQLite and on PostgreSQL.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PROGRAM, Running, cluster, create_app, program, token};

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

/// The page's machine, as it is in this test.
struct Machine {
    /// What the page says, and what is here in its place.
    places: Vec<(&'static str, String)>,
    url: String,
    _backups: TempDir,
    programs: TempDir,
}

impl Machine {
    fn new(url: &str, mut places: Vec<(&'static str, String)>) -> Self {
        let (programs, backups) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(PROGRAM, programs.path().join("loggin-server")).unwrap();
        places.push(("/var/backups/loggin", backups.path().to_str().unwrap().to_owned()));
        Self { places, url: url.to_owned(), _backups: backups, programs }
    }

    /// Runs a command of the page as an operator's shell does.
    fn run(&self, command: &str) {
        let places = self.places.iter();
        let command = places.fold(command.to_owned(), |command, (page, here)| command.replace(page, here));
        let path = [self.programs.path().as_os_str(), cluster::path().as_os_str()].join(OsStr::new(":"));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-euc", &command]).env_clear().env("PATH", path).env("LOGGIN_DATABASE_URL", &self.url);
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{command}: {done:?}");
    }

    /// Backs up a running server and brings it back, as the page says below these headings: what was made before the
    /// copy is there, and what was made after it is not.
    async fn drill(&self, folder: TempDir, headings: [&str; 2]) -> Running {
        let settings: [(&str, &str); 1] = [("LOGGIN_DATABASE_URL", &self.url)];
        let path = folder.path().to_owned();
        let start = |folder: TempDir| Running::start_in(folder, &settings, &[], Stdio::null());
        let mut server = Some(start(folder));
        let create = || {
            let mut command = program(&path);
            let made = command.envs(settings).args(["app", "create", "--name", "A", "--json"]);
            serde_json::from_slice::<Value>(&made.output().unwrap().stdout).unwrap()
        };
        let kept = create();
        for command in commands(headings[0]) {
            self.run(&command);
        }
        let lost = create();
        let mut folder = None;
        for command in commands(headings[1]) {
            match command.split_whitespace().collect::<Vec<_>>()[..] {
                ["systemctl", "stop", "loggin"] => folder = Some(server.take().unwrap().kill()),
                ["systemctl", "start", "loggin"] => server = Some(start(folder.take().unwrap())),
                ["curl", "--fail", .., address] => {
                    let server = server.as_ref().unwrap();
                    let address = address.replace("http://127.0.0.1:8787", &server.url);
                    assert_eq!(server.client.get(address).send().await.unwrap().status(), 200);
                }
                _ => self.run(&command),
            }
        }
        let server = server.unwrap();
        for (app, status) in [(&kept, 200), (&lost, 401)] {
            let body = json!({ "token": token(app).expose() });
            let response = server.post("/api/v1/tokens/verify", app["secret_key"].as_str(), &body).await;
            assert_eq!(response.status(), status);
        }
        server
    }
}

#[tokio::test]
async fn the_database_is_brought_back_as_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    // The page's file is another than that of the other tests.
    let url = format!("sqlite:{}", path.join("loggin.db").display());
    let machine = Machine::new(&url, vec![("/var/lib/loggin", path.to_str().unwrap().to_owned())]);
    let server = machine.drill(folder, ["Backup", "Restore"]).await;
    let mode = fs::metadata(path.join("loggin.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server.kill());
}

#[tokio::test]
async fn a_database_in_postgresql_is_brought_back_as_the_page_says() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.database();
    let name = url.strip_prefix("postgres:///").and_then(|url| url.split_once('?')).unwrap().0;
    let places = vec![
        ("postgres://loggin@db.example/loggin?sslmode=verify-full", url.clone()),
        ("postgres://loggin@db.example/postgres?sslmode=verify-full", cluster.url("postgres")),
        ("DATABASE loggin", format!("DATABASE {name}")),
        ("TO loggin_before", format!("TO {name}_before")),
    ];
    let machine = Machine::new(&url, places);
    let server =
        machine.drill(tempfile::tempdir().unwrap(), ["Backup of PostgreSQL", "Restore of PostgreSQL"]);
    drop(server.await.kill());
}

#[test]
fn a_database_in_postgresql_has_a_program_of_its_own_for_copies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let mut command = program(folder.path());
    let refused = command.env("LOGGIN_DATABASE_URL", "postgres://db.example/loggin").arg("backup").arg(&file);
    let refused = refused.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("pg_dump"));
    assert!(!file.exists());
}
