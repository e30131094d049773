//! Faults of the environment: full disks, folders that vanish or are not writable, signals at any
//! moment, closed outputs, any number of threads, clocks that jump. No complete result is lost, and
//! no incomplete one looks complete. What `command.rs` tests is not repeated.
//!
//! Moments are drawn from fixed seeds. What they hit depends on the machine; the assertions hold in
//! any case.
#![cfg(unix)]

use crate::support::{signal, wait_until};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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

/// Random moments from a fixed seed (SplitMix64).
struct Moments(u64);

impl Moments {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn with_a_limit_on_file_sizes_the_earlier_result_stays_and_the_summary_is_printed() {
    // The limit rises from 0 until the run fits, so that each file fails at some point.
    let place = Place::new();
    place.complete(1);
    let (mut refused, mut summaries) = (0, 0);
    for kib in (0..14).map(|power| 1_u64 << power >> 1) {
        let output = place.shell(2, &format!("ulimit -f {kib}; exec $RUN"));
        match output.status.code() {
            Some(2) => {
                assert!(
                    stderr(&output).contains("error: cannot write")
                        && stderr(&output).contains("help: "),
                    "{}",
                    stderr(&output)
                );
                assert_eq!(
                    (seed_in(&place.out()), parts(&place.out())),
                    (Some(1), 0),
                    "at {kib} KiB"
                );
                refused += 1;
                summaries +=
                    usize::from(String::from_utf8_lossy(&output.stdout).contains("fingerprint"));
            }
            Some(0) => {
                assert_eq!(seed_in(&place.out()), Some(2));
                assert!(
                    refused >= 3 && summaries >= 1,
                    "{refused} refused, {summaries} with a summary"
                );
                return;
            }
            code => panic!("{code:?}: {}", stderr(&output)),
        }
    }
    panic!("the files of the run should fit in 8 MiB");
}

/// A small file system in memory, unmounted at the end of the test.
struct Disk<'p>(&'p Path);

impl Disk<'_> {
    fn mount(path: &Path) -> Option<Disk<'_>> {
        fs::create_dir_all(path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(path)
            .output();
        mount.is_ok_and(|output| output.status.success()).then_some(Disk(path))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn on_a_full_disk_the_earlier_result_stays_and_with_enough_space_the_run_completes() {
    let place = Place::new();
    let out = place.out();
    let Some(_disk) = Disk::mount(&out) else {
        return skip("a full disk: mounting is not allowed here");
    };
    place.complete(1);
    let filler = out.join(".filler");
    let mut refused = 0;
    for kib in [0, 4, 8, 16, 32, 64, 128, 1024] {
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 1024]).is_ok() {}
        file.set_len(file.metadata().unwrap().len() - kib * 1024).unwrap();
        let output = place.run(2, &["-q"]).output().unwrap();
        match output.status.code() {
            Some(2) => {
                assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
                assert_eq!(
                    (seed_in_besides(&out, &filler), parts(&out)),
                    (Some(1), 0),
                    "with {kib} KiB left"
                );
                refused += 1;
            }
            code => assert_eq!(
                (code, seed_in_besides(&out, &filler)),
                (Some(0), Some(2)),
                "{}",
                stderr(&output)
            ),
        }
    }
    fs::remove_file(&filler).unwrap();
    assert!(refused >= 3, "{refused}");
    assert_eq!(seed_in(&out), Some(2), "1 MiB is enough");
}

/// Like [`seed_in`], with a hidden file of the test in the folder.
fn seed_in_besides(folder: &Path, hidden: &Path) -> Option<u64> {
    assert!(hidden.exists());
    seed_in(folder)
}

#[test]
fn a_conversion_on_a_full_disk_leaves_the_old_file_or_none() {
    let place = Place::new();
    fs::write(place.path("there.ron"), "what was there").unwrap();
    for (arguments, name, left) in
        [("--force", "there.ron", Some("what was there")), ("", "new.ron", None)]
    {
        let output = place
            .shell(1, &format!("ulimit -f 0; exec $ASYNCFLOW convert it.yaml {name} {arguments}"));
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(&format!("cannot write `{name}`")), "{}", stderr(&output));
        assert_eq!(fs::read_to_string(place.path(name)).ok().as_deref(), left);
        assert_eq!(parts(place.folder.path()), 0);
    }
}

#[test]
fn manual_pages_are_written_all_or_none() {
    // The first page fits into 3 KiB, that of `sweep` does not.
    let place = Place::new();
    let output = place.shell(1, "ulimit -f 3; exec $ASYNCFLOW man pages");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot write `pages/asyncflow"), "{}", stderr(&output));
    assert_eq!(names(&place.path("pages")), Vec::<String>::new());
}

#[test]
fn a_folder_that_vanishes_during_a_run_is_an_error_and_is_not_recreated() {
    let place = Place::new();
    let child = place.endless(2, &[]);
    fs::remove_dir_all(place.path("out")).unwrap();
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!place.path("out").exists());
}

#[test]
fn a_folder_that_becomes_unwritable_keeps_its_earlier_result() {
    // Root may write anywhere, so if the test runs as root, the command runs as `nobody`.
    const NOBODY: u32 = 65534;
    let place = Place::new();
    let root = fs::metadata(place.folder.path()).unwrap().uid() == 0;
    let binary = place.path("asyncflow");
    fs::hard_link(BINARY, &binary).or_else(|_| fs::copy(BINARY, &binary).map(|_| ())).unwrap();
    let command = |seed: &str, more: &[&str]| {
        let mut command = Command::new(&binary);
        command
            .args(["run", "it.yaml", "--seed", seed])
            .args(more)
            .current_dir(place.folder.path());
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    if root && chown(place.folder.path(), Some(NOBODY), Some(NOBODY)).is_err() {
        return skip("an unwritable folder: root may not change owners here");
    }
    let writable =
        |mode| fs::set_permissions(place.out(), fs::Permissions::from_mode(mode)).unwrap();
    let output = command("1", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let child = command("2", &ENDLESS).spawn().unwrap();
    wait_until("the files are created", || parts(&place.out()) >= 6);
    writable(0o555);
    signal(&child, "-TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), seed_in(&place.out())),
        (Some(2), Some(1)),
        "{}",
        stderr(&output)
    );
    // Unwritable from the start: refused before the first event.
    let output = command("2", &ENDLESS).output().unwrap();
    assert_eq!((output.status.code(), seed_in(&place.out())), (Some(2), Some(1)));
    assert!(stderr(&output).contains("error: cannot write"), "{}", stderr(&output));
    // The next run removes the files that could not be removed then.
    writable(0o755);
    assert_eq!(command("3", &[]).output().unwrap().status.code(), Some(0));
    assert_eq!((seed_in(&place.out()), parts(&place.out())), (Some(3), 0));
}

#[test]
fn a_run_killed_at_any_moment_leaves_a_complete_result_or_none() {
    // Half of the moments are anywhere in the run, half at its end, while a given number of files
    // still have temporary names.
    let (place, mut moments) = (Place::new(), Moments(6));
    #[allow(
        clippy::disallowed_methods,
        reason = "the duration of a run only determines the moments; nothing is asserted about it"
    )]
    let begun = Instant::now();
    place.complete(0);
    let run = begun.elapsed();
    let mut before = Some(0);
    for trial in 1..=24 {
        let mut child = place.run(trial, &["-q", "--plots", "-j", "2"]).spawn().unwrap();
        if trial % 2 == 0 {
            std::thread::sleep(run * moments.below(1000) as u32 / 1000);
        } else {
            let unnamed = moments.below(9) as usize;
            let mut all = false;
            while child.try_wait().unwrap().is_none() {
                let count = parts(&place.out());
                all |= count >= 8;
                if all && count <= unnamed {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let seed = seed_in(&place.out());
        assert!(
            seed.is_none() || seed == before || seed == Some(trial),
            "trial {trial}: {seed:?} after {before:?}"
        );
        before = seed;
    }
    // Whatever is left, the next run writes a complete result and removes the temporary files.
    place.complete(99);
    assert_eq!(parts(&place.out()), 0);
}

#[test]
fn a_run_interrupted_at_any_moment_leaves_the_earlier_complete_result() {
    // Exit code 2 for an incomplete run; 130 after a second signal; none if the signal came before
    // its handler was installed. The complete result stays.
    let (place, mut moments) = (Place::new(), Moments(7));
    place.complete(0);
    for trial in 1..=12 {
        let mut child = place.run(trial, &ENDLESS).spawn().unwrap();
        let wait = |moments: &mut Moments, ms: u64| {
            std::thread::sleep(Duration::from_micros(moments.below(ms * 1000)))
        };
        wait(&mut moments, 250);
        let name = ["-INT", "-TERM", "-HUP"][moments.below(3) as usize];
        signal(&child, name);
        if trial % 3 == 0 {
            wait(&mut moments, 10);
            signal(&child, name);
        }
        let code = child.wait().unwrap().code();
        let seed = seed_in(&place.out());
        match code {
            Some(2) | Some(130) | None => assert_eq!(seed, Some(0), "trial {trial}, {code:?}"),
            code => panic!("trial {trial}: {code:?}"),
        }
    }
    place.complete(99);
    assert_eq!(parts(&place.out()), 0);
}

#[test]
fn a_scenario_that_was_not_run_because_of_an_interrupt_is_named() {
    let place = Place::new();
    fs::copy(place.path("it.yaml"), place.path("second.yaml")).unwrap();
    let child = place.command(&["run", "it.yaml", "second.yaml", "-r", "500000"]).spawn().unwrap();
    wait_until("the files are created", || parts(&place.out()) >= 6);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("interrupted: second.yaml was not run"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("out/second").exists());
}

#[test]
fn two_simultaneous_runs_do_not_mix_their_files() {
    let place = Place::new();
    let first = place.endless(1, &[]);
    let second = place.run(2, &["--force"]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(
        stderr(&second).contains("another run is writing into `out/it`"),
        "{}",
        stderr(&second)
    );
    std::thread::sleep(Duration::from_millis(200));
    signal(&first, "-INT");
    let first = first.wait_with_output().unwrap();
    assert_eq!(
        (first.status.code(), seed_in(&place.out())),
        (Some(2), Some(1)),
        "{}",
        stderr(&first)
    );
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
