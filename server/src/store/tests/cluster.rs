//! A real PostgreSQL server in a folder of its own, for as long as a test runs.
//!
//! A shell starts it and waits for the end of its input, which this process holds: so it ends with this process, however
//! that ends. As root it runs as the user `postgres`, since it refuses to run as root.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tempfile::TempDir;

/// The programs that it takes.
const PROGRAMS: [&str; 2] = ["initdb", "pg_ctl"];

/// Where Debian has them, and others.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql"];

/// Makes the server's files, starts it, and stops it at the end of the input. Nothing is written to the disk in earnest:
/// the tests kill the server at most, never the machine.
const SCRIPT: &str = r#"
set -e
[ -f "$1/data/PG_VERSION" ] || initdb -D "$1/data" -U loggin -A trust --no-sync --no-locale -E UTF8 >/dev/null
pg_ctl -D "$1/data" -w -l "$1/log" -o "-c fsync=off -c full_page_writes=off -c max_connections=500 $2" start >/dev/null
echo ready
# Whoever reads what the tests print waits for nothing that comes after them.
exec 2>/dev/null
cat >/dev/null
pg_ctl -D "$1/data" -m immediate stop >/dev/null || [ ! -f "$1/data/postmaster.pid" ]
[ "$3" != once ] || rm -rf "$1"
"#;

/// Starts pgbouncer in a folder, and stops it at the end of the input.
const POOLER: &str = r#"
set -e
pgbouncer -q "$1/pgbouncer.ini" &
pid=$!
until [ -S "$1/.s.PGSQL.6432" ]; do kill -0 $pid; sleep 0.05; done
echo ready
cat >/dev/null
kill $pid
"#;

/// A server.
pub(crate) struct Cluster {
    running: Option<(Child, ChildStdin)>,
    /// Options of its command line.
    options: String,
    /// Whether it takes its folder with it when it stops: nobody drops what the tests of a process share.
    is_once: bool,
    databases: AtomicU64,
    /// Those that are there for as long as a folder is.
    lent: Mutex<Vec<(String, PathBuf)>>,
    /// What its programs are started by: nothing, unless its files are where not everybody sees them.
    within: Vec<String>,
    /// Where its socket and its files are.
    folder: TempDir,
}

impl Cluster {
    /// A server that listens on a socket in its folder; `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_as("-c listen_addresses=''", false)
    }

    /// The same with options of its command line.
    pub(crate) fn start_with(options: &str) -> Option<Self> {
        Self::start_as(options, false)
    }

    fn start_as(options: &str, is_once: bool) -> Option<Self> {
        programs()?;
        Some(Self::start_in(tempfile::tempdir().unwrap(), Vec::new(), options, is_once))
    }

    /// A server in this folder, whose programs are started by a program: that one sees what is mounted at `data` there.
    pub(crate) fn start_within(folder: TempDir, within: Vec<String>, options: &str) -> Self {
        Self::start_in(folder, within, options, false)
    }

    fn start_in(folder: TempDir, within: Vec<String>, options: &str, is_once: bool) -> Self {
        give(folder.path());
        let options = format!("-k {} {options}", folder.path().display());
        let (databases, lent) = (AtomicU64::new(0), Mutex::default());
        let mut cluster = Self { running: None, options, is_once, databases, lent, within, folder };
        cluster.resume();
        cluster
    }

    /// Starts it again, with what it holds.
    pub(crate) fn resume(&mut self) {
        let mut command = as_other_user(&self.within);
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(self.folder.path()).arg(&self.options);
        command.arg(if self.is_once { "once" } else { "" });
        if let Some(programs) = programs() {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", programs.display()));
        }
        self.running = Some(started(command));
    }

    /// Stops it as if it were killed, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        if let Some((mut child, input)) = self.running.take() {
            drop(input);
            child.wait().unwrap();
        }
    }

    /// Has it hang, with all that works for it: connections are taken, and nobody responds.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Ends a pause.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let server = file.lines().next().unwrap();
        let children = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap();
        let all = [server].into_iter().chain(children.split_whitespace());
        // One that has ended meanwhile needs no signal.
        let _ =
            as_other_user(&[]).args(["kill", "-s", name]).args(all).stderr(Stdio::null()).status().unwrap();
    }

    /// A pooler in front of a database of this server, which changes connections between transactions: its URL, and
    /// what it ends with. `None` where it is not installed.
    pub(crate) fn pooled(&self, url: &str) -> Option<(String, (Child, ChildStdin))> {
        if !["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].iter().any(|path| Path::new(path).is_file()) {
            say_skipped("pgbouncer");
            return None;
        }
        let server = self.folder.path().display();
        // Each in a folder of its own, as it is its socket that others find it by.
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let folder = self.folder.path().join(format!("pooler_{number}"));
        std::fs::create_dir(&folder).unwrap();
        give(&folder);
        let own = folder.display();
        let settings = format!(
            "[databases]\n* = host={server} user=loggin\n[pgbouncer]\nunix_socket_dir = {own}\n\
             listen_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n"
        );
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        give(&file);
        let mut command = as_other_user(&[]);
        command.env("PATH", "/usr/sbin:/usr/bin:/bin").args(["sh", "-c", POOLER, "sh"]).arg(&folder);
        let url = url.replace(&format!("host={server}"), &format!("host={own}"));
        Some((format!("{url}&port=6432"), started(command)))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new database, with nothing in it: its URL.
    pub(crate) fn database(&self) -> String {
        let name = self.new_name();
        let made = Command::new("createdb")
            .env("PATH", path())
            .args(["-U", "loggin", "-h"])
            .arg(self.folder.path())
            .arg(&name)
            .status()
            .unwrap();
        assert!(made.success());
        self.url(&name)
    }

    fn new_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::SeqCst))
    }

    /// A copy of the database of this URL, to which nobody is connected: its URL.
    ///
    /// When the folder has gone and another copy is made, it goes: hundreds of them would be written to the disk.
    pub(crate) fn copy(&self, template: &str, folder: &Path) -> String {
        let (name, template) = (self.new_name(), name_in(template));
        let mut lent = self.lent.lock().unwrap();
        let (kept, gone) = lent.drain(..).partition(|(_, folder)| folder.exists());
        *lent = kept;
        lent.push((name.clone(), folder.to_owned()));
        drop(lent);
        let drops = gone.iter().map(|(name, _)| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        let statements: Vec<String> =
            drops.chain([format!("CREATE DATABASE {name} TEMPLATE {template}")]).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        assert!(self.run("postgres", &statements));
        self.url(&name)
    }

    /// Runs statements in a database; whether they could be.
    pub(crate) fn run(&self, database: &str, statements: &[&str]) -> bool {
        let mut psql = Command::new("psql");
        psql.env("PATH", path()).args(["-qX", "-v", "ON_ERROR_STOP=1", "-U", "loggin", "-h"]);
        psql.arg(self.folder.path()).arg(database);
        psql.args(statements.iter().flat_map(|statement| ["-c", *statement]));
        psql.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Whether it takes connections, or will when it is done with starting.
    pub(crate) fn is_there(&self) -> bool {
        UnixStream::connect(self.folder.path().join(".s.PGSQL.5432")).is_ok()
    }

    /// The URL of a database of this name.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=loggin", self.folder.path().display())
    }
}

/// The database in a URL that [`Cluster::url`] made.
fn name_in(url: &str) -> &str {
    url.trim_start_matches("postgres:///").split('?').next().unwrap_or_default()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a program that says when it is ready.
fn started(mut command: Command) -> (Child, ChildStdin) {
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "it does not start");
    let input = child.stdin.take().unwrap();
    (child, input)
}

/// The server that the tests of this process share, each with a database of its own; `None`, which is said once, where
/// PostgreSQL is not installed.
pub(crate) fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = SHARED.get_or_init(|| {
        let cluster = Cluster::start_as("-c listen_addresses=''", true);
        if cluster.is_none() {
            say_skipped("postgresql");
        }
        cluster
    });
    cluster.as_ref()
}

/// Gives a file or folder to whom the server runs as.
pub(crate) fn give(path: &Path) {
    if let Some((user, group)) = other_user() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
}

/// Says that tests of a program are not run.
pub(crate) fn say_skipped(program: &str) {
    say(&format!("skipped: {program}: it is not installed"));
}

/// Says something past whatever catches what tests print.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether PostgreSQL is.
pub(crate) fn is_installed() -> bool {
    programs().is_some()
}

/// Where programs are looked for, those of PostgreSQL among them.
pub(crate) fn path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(programs().into_iter().chain(std::env::split_paths(&path))).unwrap()
}

/// The folder of the programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for folder in FOLDERS {
        let versions = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
        folders.push(Path::new(folder).join("bin"));
    }
    folders.into_iter().find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
}

/// Whom the server runs as where this runs as root.
fn other_user() -> Option<(u32, u32)> {
    if !nix::unistd::Uid::effective().is_root() {
        return None;
    }
    let user = nix::unistd::User::from_name("postgres").unwrap().expect("the user of Debian's package");
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

fn as_other_user(within: &[String]) -> Command {
    let other = if other_user().is_some() { &["runuser", "-u", "postgres", "--"][..] } else { &[] };
    let mut words = within.iter().map(String::as_str).chain(other.iter().copied()).chain(["env"]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words);
    command
}
