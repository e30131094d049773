//! Golden results: the hash of every file that the shipped scenarios, the six payloads of AsyncFlow
//! 0.1 and 64 random scenarios write, most with every request, and of the tables of every other
//! command.
//!
//! Origin: the program itself, at the commit that pinned them. They do not show that results are
//! correct; they show that a change which should not affect results does not. A change that should
//! rewrites them (`ASYNCFLOW_ACCEPT=1 cargo test --test it golden`), in a commit that explains why.

use crate::original::payloads;
use crate::support::Room;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const PINNED: &str = "tests/it/golden.txt";

/// The commands, run in a folder with the scenarios. The runs are short: bytes are pinned, not
/// statistics.
const COMMANDS: [&str; 17] = [
    "run asyncflow01-single-server.yml -r 2",
    "run black-friday.yaml -r 2",
    "run hello.ron -r 2",
    "run hello.yaml -r 2",
    "run overloaded.yaml -r 2",
    "run single-server.yaml -r 2",
    "run sizing.yaml -r 2",
    "run spikes-and-outages.yaml -r 2",
    "run three-tier.yaml -r 2",
    "run two-servers.yaml -r 2",
    // Every request, and time series.
    "run black-friday.yaml -r 2 -d 40s --set output.requests=100% --set output.series=1s",
    "run three-tier.yaml -r 1 -d 40s --set output.requests=100%",
    "run hello.yaml -r 4 -d 2m --set run.antithetic=true --set run.control_variates=true",
    "sweep sizing.yaml -r 2 -d 40s --series",
    "compare sizing.yaml -r 3 -d 40s --set services.api.balance=round_robin",
    "capacity black-friday.yaml -d 30s --set run.warmup=5s --most 20",
    "sensitivity black-friday.yaml -r 2 -d 30s --set run.warmup=5s --size 4 --method morris",
];

// The standard library's `exp` is that of the system: it may differ between systems in the last
// bit.
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")),
    ignore = "pinned on Linux with glibc"
)]
#[test]
fn results_have_the_bytes_that_were_pinned() {
    let room = Room::new("none.yaml", "");
    for entry in fs::read_dir("scenarios").unwrap().map(|entry| entry.unwrap()) {
        fs::copy(entry.path(), room.path(&entry.file_name().to_string_lossy())).unwrap();
    }
    let mut commands = COMMANDS.map(str::to_string).to_vec();
    for payload in payloads::all() {
        let file = format!("{}.payload.yml", payload.name);
        fs::write(room.path(&file), &payload.text).unwrap();
        commands.push(format!("run {file} -r 1 -d 150s --set output.requests=100%"));
    }
    // Random scenarios of `properties/generate.rs`, as it was when they were pinned.
    let swarm = fs::read_to_string("tests/it/golden/swarm.yaml").unwrap();
    for (number, scenario) in swarm.split("---\n").enumerate() {
        let file = format!("swarm{number}.yaml");
        fs::write(room.path(&file), scenario).unwrap();
        commands.push(format!("run {file} -r 2"));
    }
    // The capabilities that the shipped scenarios do not use.
    let probes = fs::read_to_string("tests/it/golden/probes.yaml").unwrap();
    for (number, scenario) in probes.split("---\n").enumerate() {
        let file = format!("probe{number}.yaml");
        fs::write(room.path(&file), scenario).unwrap();
        commands.push(format!("run {file} -r 2"));
    }
    let mut actual = String::new();
    for (number, command) in commands.into_iter().enumerate() {
        let folder = format!("out{number}");
        let output = room.run(&format!("{command} -q --out {folder}"));
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let manifest = room.manifest(&folder);
        let files = manifest["files"].as_object().unwrap().iter();
        let files = files.map(|(file, entry)| {
            (file.trim_end_matches(".parquet"), &entry["sha256"].as_str().unwrap()[..32])
        });
        // One line for a random scenario, or the list would have 500.
        match command.starts_with("run swarm") {
            true => {
                let short: Vec<String> =
                    files.map(|(file, hash)| format!("{}:{}", &file[..2], &hash[..8])).collect();
                writeln!(actual, "{command} {}", short.join(" ")).unwrap();
            }
            false => {
                writeln!(actual, "{command}").unwrap();
                files.for_each(|(file, hash)| writeln!(actual, "    {file} {hash}").unwrap());
            }
        }
    }
    if std::env::var_os("ASYNCFLOW_ACCEPT").is_some() {
        fs::write(PINNED, &actual).unwrap();
    }
    let pinned = fs::read_to_string(Path::new(PINNED)).unwrap_or_default();
    let changed: Vec<(&str, &str)> =
        pinned.lines().zip(actual.lines()).filter(|(pinned, actual)| pinned != actual).collect();
    assert!(
        pinned == actual,
        "of {} lines, {} changed: {changed:#?}",
        pinned.lines().count(),
        changed.len()
    );
}
