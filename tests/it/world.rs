//! Faults of the environment: full disks, folders that vanish or are not writable, signals at any
//! moment, closed outputs, any number of threads, clocks that jump. No complete result is lost, and
//! no incomplete one looks complete. What `command.rs` tests is not repeated.
//!
//! Moments are drawn from fixed seeds. What they hit depends on the machine; the assertions hold in
//! any case.
#![cfg(unix)]

mod disk;
mod signals;

use crate::support::{signal, wait_until};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_asyncflow");

const SCENARIO: &str = "
version: 1
run: { duration: 30s, warmup: 5s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 4ms }, wait: { exp: 10ms } ] } } }
links: { users -> api: { latency: { exp: 2ms }, loss: 1% } }
faults: [ { slow: { target: api, factor: 2x, at: 20s, for: 5s } } ]
output: { series: 1s, requests: 10% }
";

/// A number of replications that takes longer than any test waits.
const ENDLESS: [&str; 2] = ["-r", "500000"];

/// A temporary folder with the scenario; results go to `out/it`.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("it.yaml"), SCENARIO).unwrap();
        Place { folder }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn out(&self) -> PathBuf {
        self.path("out/it")
    }
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
    /// Returns the command of a run with this seed.
    fn run(&self, seed: u64, args: &[&str]) -> Command {
        let mut command = self.command(&["run", "it.yaml", "--seed", &seed.to_string()]);
        command.args(args);
        command
    }
    /// Writes a complete result.
    fn complete(&self, seed: u64) {
        let output = self.run(seed, &["--plots"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(seed_in(&self.out()), Some(seed));
    }
    /// Runs a shell command, in which `$RUN` is a run with this seed.
    fn shell(&self, seed: u64, line: &str) -> Output {
        let run = format!("{BINARY} run it.yaml --seed {seed}");
        let output = Command::new("bash")
            .args(["-c", line])
            .env("RUN", run)
            .env("ASYNCFLOW", BINARY)
            .current_dir(self.folder.path())
            .output();
        output.unwrap()
    }
    /// Starts a run that does not end, and waits until it has created its files.
    fn endless(&self, seed: u64, args: &[&str]) -> Child {
        let child = self.run(seed, &[&ENDLESS, args].concat()).spawn().unwrap();
        wait_until("the files are created", || parts(&self.out()) >= 6);
        child
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Returns the number of temporary files in a folder.
fn parts(folder: &Path) -> usize {
    names(folder).iter().filter(|name| name.ends_with(".part")).count()
}

/// Returns the seed of the complete result in a folder; `None` if there is no manifest. Asserts the
/// law that holds at every moment: an existing manifest is complete, and the folder contains
/// exactly the files in it, with their hashes.
fn seed_in(folder: &Path) -> Option<u64> {
    let manifest = fs::read(folder.join("manifest.json")).ok()?;
    let manifest: serde_json::Value =
        serde_json::from_slice(&manifest).expect("an existing manifest is complete");
    let files = manifest["files"].as_object().expect("a list of files");
    for (name, entry) in files {
        let bytes = fs::read(folder.join(name))
            .unwrap_or_else(|e| panic!("{name} is in the manifest: {e}"));
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(entry["sha256"], hash, "{name}");
    }
    for name in
        names(folder).iter().filter(|name| !name.starts_with('.') && *name != "manifest.json")
    {
        assert!(files.contains_key(name), "{name} is not in the manifest");
    }
    manifest["seed"].as_u64()
}

/// Reports why a test checks less on this machine. It does not use `eprintln!`, which the test
/// harness captures.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

#[test]
fn a_closed_or_full_stdout_does_not_prevent_the_files() {
    let place = Place::new();
    for (seed, line, code) in [
        (1, "$RUN >&-", 0),
        (2, "$RUN 2>&-", 0),
        (3, "$RUN >&- 2>&- <&-", 0),
        (4, "$RUN >/dev/full", 2),
        (5, "$RUN --json >/dev/full", 2),
        (6, "$RUN 2>/dev/full", 0),
    ] {
        let output = place.shell(seed, line);
        assert_eq!(
            (output.status.code(), seed_in(&place.out())),
            (Some(code), Some(seed)),
            "{line}: {}",
            stderr(&output)
        );
        assert_eq!(
            stderr(&output).contains("cannot write to standard output"),
            code == 2,
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn results_are_the_same_on_1_thread_1000_threads_and_one_per_core() {
    // One per core is the default; there are at most as many threads as replications.
    let place = Place::new();
    let fingerprint = |threads: &[&str]| {
        let short = ["--no-files", "--json", "-r", "200", "-d", "1s", "--set", "run.warmup=0s"];
        let output = place.run(1, &[&short, threads].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (json["metrics"].clone(), json["fingerprint"].clone(), json["threads"].as_u64().unwrap())
    };
    let one = fingerprint(&["-j", "1"]);
    for threads in [&[][..], &["-j", "1000"]] {
        let many = fingerprint(threads);
        assert!(one.0 == many.0 && one.1 == many.1, "{threads:?}");
        assert!(threads.is_empty() || many.2 == 200);
    }
}

#[test]
fn the_clock_and_the_calendar_of_the_machine_change_no_byte() {
    // The clocks of a process that is stopped and continued jump; in a time namespace they start at
    // another time; time zone and locale come from the environment.
    let place = Place::new();
    let bytes = || {
        assert_eq!(seed_in(&place.out()), Some(1));
        let mut names = names(&place.out());
        names.sort();
        names
            .into_iter()
            .map(|name| (fs::read(place.out().join(&name)).unwrap(), name))
            .collect::<Vec<_>>()
    };
    place.complete(1);
    let expected = bytes();
    let stopped = place.run(1, &["--plots"]).spawn().unwrap();
    wait_until("the files are created", || parts(&place.out()) >= 6);
    signal(&stopped, "-STOP");
    std::thread::sleep(Duration::from_millis(300));
    signal(&stopped, "-CONT");
    assert_eq!(stopped.wait_with_output().unwrap().status.code(), Some(0));
    assert!(bytes() == expected, "stopped and continued");
    let dated = place.shell(1, "TZ=Pacific/Kiritimati LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 SOURCE_DATE_EPOCH=1 exec $RUN --plots");
    assert_eq!(dated.status.code(), Some(0), "{}", stderr(&dated));
    assert!(bytes() == expected, "another date");
    if place.shell(1, "unshare --time --monotonic 400000 --boottime 400000 true").status.success() {
        let shifted =
            place.shell(1, "exec unshare --time --monotonic 400000 --boottime 400000 $RUN --plots");
        assert_eq!(shifted.status.code(), Some(0), "{}", stderr(&shifted));
        assert!(bytes() == expected, "another clock");
    } else {
        skip("another clock: time namespaces are not allowed here");
    }
}

#[test]
fn only_the_command_uses_a_clock_or_the_environment() {
    // Code outside `cli/` cannot read the time, so no result can depend on it.
    let mut rooms = vec![PathBuf::from("src")];
    let mut looked_at = 0;
    while let Some(path) = rooms.pop() {
        if path.is_dir() && !path.ends_with("cli") {
            rooms.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            looked_at += 1;
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for word in
                    ["Instant", "SystemTime", "UNIX_EPOCH", "env::var", "env::args", "current_dir"]
                {
                    assert!(!line.contains(word), "{} contains `{word}`", path.display());
                }
            }
        }
    }
    assert!(looked_at > 50, "{looked_at} files");
}
