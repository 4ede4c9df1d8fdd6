//! What the operating system says about this process: its files, and the user that runs it.

use nix::{
    sys::resource::{Resource, getrlimit},
    unistd::{Uid, User, gethostname, getuid},
};

/// Where Linux lists the files that this process has open.
const OPEN_FILES: &str = "/proc/self/fd";

/// Who ran `sudo`, as that program tells.
const SUDO_USER: &str = "SUDO_USER";

/// Open files; connections are the most of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files {
    pub(crate) open: u64,
    pub(crate) most: u64,
}

/// How many files are open, and how many may be; 0 where that is unknown.
///
/// It looks at each of them, so it is not for a thread that serves.
pub(crate) fn files() -> Files {
    let open = std::fs::read_dir(OPEN_FILES).map_or(0, Iterator::count);
    Files { open: open as u64, most: most_files() }
}

/// How many files may be open; 0 where that is unknown.
pub(crate) fn most_files() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft)
}

/// The name of the machine.
pub(crate) fn host() -> String {
    let known = gethostname().ok().and_then(|name| name.into_string().ok());
    known.filter(|name| is_plain(name)).unwrap_or_else(|| "unknown".to_owned())
}

/// The name of the user who runs this, and of the one who became that user by `sudo`.
pub(crate) fn user() -> String {
    let own = name(getuid());
    let before = std::env::var(SUDO_USER).ok().filter(|name| is_plain(name) && *name != own);
    match before {
        Some(before) => format!("{own} for {before}"),
        None => own,
    }
}

fn name(uid: Uid) -> String {
    let known = User::from_uid(uid).ok().flatten().map(|user| user.name);
    known.filter(|name| is_plain(name)).unwrap_or_else(|| format!("uid {uid}"))
}

/// Whether a name can stand in a line of a log.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@$\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_file_counts() {
        let held: Vec<_> = (0..40).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        let files = files();
        assert!(files.open >= held.len() as u64 && files.open <= files.most, "{files:?}");
    }

    #[test]
    fn whoever_runs_this_has_a_name() {
        assert!(!user().is_empty() && is_plain(&host()));
        assert!(is_plain("www-data") && !is_plain("") && !is_plain("two\nlines"));
    }
}
