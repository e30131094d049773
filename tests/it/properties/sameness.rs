//! Changes without effect: threads, repetition, outputs, unrelated services; and one with a
//! proportional effect: scaling all times.

use super::generate::{ALL, Case, Feature, Stranger};
use super::observe::{self, Request, Run, files, run_text};
use super::{claim, holds};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Checks that both runs have the same files with the same bytes, with exceptions.
pub fn same(
    what: &str,
    a: &BTreeMap<String, Vec<u8>>,
    b: &BTreeMap<String, Vec<u8>>,
    but: &[&str],
) -> Result<(), String> {
    let kept = |files: &BTreeMap<String, Vec<u8>>| {
        files.keys().filter(|name| !but.contains(&name.as_str())).cloned().collect::<Vec<_>>()
    };
    claim!(kept(a) == kept(b), "{what}: the files are {:?} and {:?}", kept(a), kept(b));
    for name in kept(a) {
        claim!(a[&name] == b[&name], "{what}: {name} has other bytes");
    }
    Ok(())
}

#[test]
fn the_same_input_gives_the_same_bytes_on_1_2_and_4_threads_and_twice_in_a_row() {
    // Law 5, for every file of 12 scenarios of five replications.
    holds(12, 7, |case| {
        let folder = observe::folder()?;
        let yaml = case.yaml(1, Stranger::None, ALL);
        let on = |threads: &str| files(folder.path(), &yaml, &["-r", "5", "-j", threads]);
        let first = on("1")?;
        claim!(first.len() >= 7, "the files are {:?}", first.keys());
        for threads in ["1", "2", "4"] {
            same(&format!("{threads} threads"), &first, &on(threads)?, &[])?;
        }
        Ok(())
    });
}

#[test]
fn an_output_switched_on_or_off_changes_no_other_byte() {
    // Law 6, for every file of 12 scenarios: requests on, off and sampled, other windows, the
    // chart. The manifest names the outputs, so it differs.
    holds(12, 8, |case| {
        let folder = observe::folder()?;
        let with = |output: &str, arguments: &[&str]| {
            files(
                folder.path(),
                &case.yaml(1, Stranger::None, output),
                &[&["-r", "2"], arguments].concat(),
            )
        };
        let window = if case.has(Feature::Drains) { "series: 70s" } else { "series: 70ms" };
        let all = with(ALL, &[])?;
        same("requests off", &all, &with("", &[])?, &["manifest.json", "requests.parquet"])?;
        same(
            "requests sampled",
            &all,
            &with("requests: 20%", &[])?,
            &["manifest.json", "requests.parquet"],
        )?;
        let windows = format!("requests: 100%, {window}");
        let printed =
            |output: &str, arguments: &[&str]| -> Result<Vec<serde_json::Value>, String> {
                let output = observe::command(
                    folder.path(),
                    &case.yaml(1, Stranger::None, output),
                    &[&["-r", "2", "--json"], arguments].concat(),
                )?;
                let mut json: serde_json::Value =
                    serde_json::from_slice(&output).map_err(|e| e.to_string())?;
                Ok(json["metrics"].take().as_array().cloned().unwrap_or_default())
            };
        // A recovery is measured by windows, so it depends on them; nothing else does.
        let but_recoveries = |mut metrics: Vec<serde_json::Value>| {
            metrics.retain(|metric| metric["metric"] != "recovery");
            metrics
        };
        let of_all = printed(ALL, &["--no-files"])?;
        let has_recoveries = of_all.iter().any(|metric| metric["metric"] == "recovery");
        let differing: &[&str] =
            if has_recoveries { &["replications.parquet", "summary.parquet"] } else { &[] };
        same(
            "other windows",
            &all,
            &with(&windows, &[])?,
            &[&["manifest.json", "series.parquet"], differing].concat(),
        )?;
        let of_windows = printed(&windows, &["--no-files"])?;
        claim!(
            but_recoveries(of_all.clone()) == but_recoveries(of_windows),
            "other windows give other numbers"
        );
        same("with a chart", &all, &with(ALL, &["--plots"])?, &["manifest.json", "plots.svg"])?;
        // The printed numbers are the same with and without files.
        let (with_files, without) = (printed(ALL, &["--out", "there"])?, of_all);
        claim!(with_files == without && !with_files.is_empty(), "--no-files prints other numbers");
        Ok(())
    });
}

/// Returns the requests by key: the order of simultaneous requests does not matter.
fn by_key(run: &Run) -> BTreeMap<&str, &Request> {
    run.requests.iter().map(|request| (request.key.as_str(), request)).collect()
}

#[test]
fn adding_an_unrelated_service_changes_no_draw_of_another() {
    // Addressed randomness, bit by bit, for every number and request of 20 scenarios; the
    // unrelated service is first or last in the file.
    holds(20, 9, |case| {
        let alone = run_text(&case.yaml(1, Stranger::None, ALL))?;
        for place in [Stranger::First, Stranger::Last] {
            let both = run_text(&case.yaml(1, place, ALL))?;
            // Phases are cut wherever something changes, including the stages of unrelated
            // workloads, and the system is all services together.
            let own = |name: &str| name != "phase" && name != "system";
            for (name, value) in alone.numbers.iter().filter(|(name, _)| own(&name.0)) {
                let other = both
                    .numbers
                    .get(name)
                    .ok_or_else(|| format!("{name:?} is not there any more"))?;
                claim!(
                    value.to_bits() == other.to_bits(),
                    "{place:?}: {name:?} was {value}, and is {other}"
                );
            }
            let others = by_key(&both);
            for request in &alone.requests {
                let other = others.get(request.key.as_str());
                claim!(other == Some(&request), "{place:?}: {request:?} has become {other:?}");
            }
            let strangers =
                both.requests.iter().filter(|request| request.endpoint == "apart.x").count();
            claim!(
                strangers > 0 && both.requests.len() == alone.requests.len() + strangers,
                "{place:?}: {strangers} strangers"
            );
        }
        Ok(())
    });
}

/// Returns, for each request, the number of requests that it may have met: those since the system
/// was last empty, including itself; where they `share` cores, until it finished, since who comes
/// later moves its end too.
fn met(requests: &[Request], share: bool) -> BTreeMap<&str, u64> {
    let mut ordered: Vec<&Request> = requests.iter().collect();
    ordered.sort_by_key(|request| request.arrived);
    let (mut until, mut first) = (0, 0);
    let mut met = BTreeMap::new();
    for (index, request) in ordered.iter().enumerate() {
        if request.arrived > until {
            first = index;
        }
        until = until.max(request.finished);
        let end = match share {
            true => ordered.partition_point(|other| other.arrived <= request.finished),
            false => index + 1,
        };
        met.insert(request.key.as_str(), (end - first) as u64);
    }
    met
}

/// Draws of durations of one request: at most eight steps and two links each way.
const DRAWS: f64 = 12.0;
/// The same with loops, which repeat some of them.
const DRAWS_IN_LOOPS: f64 = 60.0;

#[test]
fn doubling_all_times_doubles_all_latencies_to_within_the_rounding_of_each_draw() {
    // Dimensions; for every request of 30 scenarios. |round(2x) - 2·round(x)| ≤ 1.5 ns, times
    // the stretch of a slow instance, which is rounded once more. A start is the latest of several
    // ends, so errors add up along a chain of draws, all of requests since the system was last
    // empty: a request that met no other is exact to a few ns. Two events that a rounding puts in
    // another order are no longer so near when all times are 64 times as long; what has a unit of
    // its own is found there too.
    let (tried, again) = (Cell::new(0), Cell::new(0));
    holds(30, 10, |case: Case| {
        // Who leaves when an answer comes is decided by a rounding.
        let case = case.with(&[Feature::Drains]).without(&[Feature::Impatience]);
        tried.set(tried.get() + 1);
        doubles(&case, 1).or_else(|_| {
            again.set(again.get() + 1);
            doubles(&case, 64)
        })
    });
    // Near ties are rare.
    assert!(again.get() <= 1 + tried.get() / 100, "{} of {} again", again.get(), tried.get());
}

/// Asserts that all latencies double with all times, which are this many times as long as written.
fn doubles(case: &Case, times: u32) -> Result<(), String> {
    let run = |times| run_text(&case.yaml(times, Stranger::None, ALL));
    let (one, two) = (run(times)?, run(2 * times)?);
    claim!(
        one.requests.len() == two.requests.len(),
        "{} requests have become {}",
        one.requests.len(),
        two.requests.len()
    );
    let (twice, met) = (by_key(&two), met(&one.requests, case.has(Feature::Sharing)));
    let draws = if case.has(Feature::Blocks) { DRAWS_IN_LOOPS } else { DRAWS };
    let each = 1.5 * (1.0 + case.most_stretch()) * draws;
    for a in &one.requests {
        let b = twice.get(a.key.as_str()).ok_or_else(|| format!("{a:?} never arrived"))?;
        let named = |r: &Request| {
            (
                r.caller.clone(),
                r.workload.clone(),
                r.endpoint.clone(),
                r.instance.clone(),
                r.outcome.clone(),
            )
        };
        claim!(named(a) == named(b), "{a:?} has become {b:?}");
        let bound = each * met[a.key.as_str()] as f64;
        let off = |a: u64, b: u64| (b as f64 - 2.0 * a as f64).abs();
        let worst = off(a.arrived, b.arrived).max(off(a.finished, b.finished));
        claim!(worst <= bound, "off by {worst} ns, above {bound}: {a:?} has become {b:?}");
        for (a, b) in a.parts.iter().zip(b.parts) {
            claim!(off(*a, b) <= 2.0 * bound, "a part of {a} ns has become {b}");
        }
    }
    Ok(())
}
