//! Disks that are full, and folders that vanish or are not writable.

use super::{BINARY, ENDLESS, Place, names, parts, seed_in, skip, stderr};
use crate::support::{signal, wait_until};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

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
