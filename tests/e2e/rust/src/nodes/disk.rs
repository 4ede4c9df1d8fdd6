//! A disk of a known size for a database, which is filled and emptied. Only a process that holds it and whoever enters see
//! it, so that it ends with this process, however that ends.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::Once,
};

use super::cluster;

/// Room for a new database, which takes some 45 MB, and for what a hundred rounds write, its log above all.
const SIZE: &str = "size=400m";

/// Mounts the disk, and holds it until the end of the input.
const HOLD: &str = r#"mount -t tmpfs -o "$1" loggin "$2" && echo ready && exec cat >/dev/null"#;

/// Bytes that it is filled with at a time: fewer than a page of a table.
const CHUNK: [u8; 4096] = [0; 4096];

/// A disk.
pub(super) struct Disk {
    holder: Child,
    _input: ChildStdin,
    /// Where it is, as everybody sees it.
    place: PathBuf,
}

impl Disk {
    /// One at this folder; `None`, which is said once, where this machine lets nobody mount any.
    pub(super) fn at(folder: &Path) -> Option<Self> {
        static SAID: Once = Once::new();
        let disk = Self::mounted_at(folder);
        if disk.is_none() {
            SAID.call_once(|| cluster::say("skipped: disk: nobody may mount one here that could be full"));
        }
        disk
    }

    fn mounted_at(folder: &Path) -> Option<Self> {
        let mut hold = Command::new("unshare");
        hold.args(["--mount", "sh", "-c", HOLD, "sh", SIZE]).arg(folder);
        hold.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = hold.spawn().ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut line).ok()?;
        let input = holder.stdin.take()?;
        if line != "ready\n" {
            // It has ended, or does now.
            drop(input);
            let _ = holder.wait();
            return None;
        }
        let root = format!("/proc/{}/root", holder.id());
        let place = Path::new(&root).join(folder.strip_prefix("/").ok()?);
        Some(Self { holder, _input: input, place })
    }

    /// What a program is started by that shall see it.
    pub(super) fn entered_by(&self) -> Vec<String> {
        ["nsenter", "--mount", "--target"]
            .map(str::to_owned)
            .into_iter()
            .chain([self.holder.id().to_string()])
            .collect()
    }

    /// Where it is, as everybody sees it.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Leaves no byte of it.
    pub(super) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        loop {
            match ballast.write(&CHUNK) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives back what [`Self::fill`] took.
    pub(super) fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
