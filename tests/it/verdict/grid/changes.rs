//! Systems that change during a run, and systems without a load.

use super::{Grid, ONE, Truth, scenario_of, steady};

/// Adds all of them.
pub(super) fn add_to(grid: &mut Grid) {
    waits(grid);
    rates(grid);
    outages(grid);
    others(grid);
}

/// Waits, without any queue.
fn waits(grid: &mut Grid) {
    for (wait, seconds, truth) in [
        (60.0, 50.0, Truth::Neither),
        (60.0, 100.0, Truth::Neither),
        (1.0, 60.0, Truth::Holds),
        (0.2, 5.0, Truth::Holds),
    ] {
        let services = format!("  api: {{ endpoints: {{ x: [ wait: {wait}s ] }} }}");
        grid.add(
            "waits only",
            format!("{wait} s in {seconds} s"),
            scenario_of(seconds, &steady(20.0), &services, ""),
            truth,
            false,
        );
    }
}

/// Rates that change: ramps and bursts.
fn rates(grid: &mut Grid) {
    let ramp = |to: f64, over: f64| {
        format!("{{ rate: {{ from: 0/s, stages: [ {{ to: {to}/s, over: {over}s }} ] }} }}")
    };
    grid.add(
        "ramps",
        "to 50 %".into(),
        scenario_of(120.0, &ramp(50.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    grid.add(
        "ramps",
        "to 90 %".into(),
        scenario_of(120.0, &ramp(90.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    grid.add(
        "ramps",
        "to 130 %".into(),
        scenario_of(120.0, &ramp(130.0, 60.0), ONE, ""),
        Truth::Fails,
        false,
    );
    grid.add(
        "ramps",
        "to 90 % at the end".into(),
        scenario_of(60.0, &ramp(90.0, 60.0), ONE, ""),
        Truth::Holds,
        false,
    );
    grid.add(
        "ramps",
        "of waits".into(),
        scenario_of(60.0, &ramp(1000.0, 60.0), "  api: { endpoints: { x: [ wait: 1s ] } }", ""),
        Truth::Holds,
        false,
    );
    let burst = |rate: f64, at: f64, lasts: f64| {
        let stages = format!(
            "{{ to: 40/s, over: {at}s }}, {{ to: {rate}/s, over: 0s }}, {{ to: {rate}/s, over: {lasts}s }}, {{ to: 40/s, over: 0s }}"
        );
        format!("{{ rate: {{ from: 40/s, stages: [ {stages} ] }} }}")
    };
    grid.add(
        "bursts",
        "over long ago".into(),
        scenario_of(200.0, &burst(300.0, 30.0, 10.0), ONE, ""),
        Truth::Holds,
        false,
    );
    grid.add(
        "bursts",
        "not worked off".into(),
        scenario_of(60.0, &burst(300.0, 30.0, 20.0), ONE, ""),
        Truth::Neither,
        false,
    );
    grid.add(
        "bursts",
        "just before the end".into(),
        scenario_of(60.0, &burst(300.0, 30.0, 28.0), ONE, ""),
        Truth::Neither,
        false,
    );
}

/// Services that are slow, down or failing for some time, or for good.
fn outages(grid: &mut Grid) {
    let slow = |at: f64, lasts: f64| {
        format!("faults: [ slow: {{ target: api, factor: 10x, at: {at}s, for: {lasts}s }} ]")
    };
    grid.add(
        "outages",
        "worked off".into(),
        scenario_of(200.0, &steady(50.0), ONE, &slow(50.0, 10.0)),
        Truth::Holds,
        false,
    );
    grid.add(
        "outages",
        "not worked off".into(),
        scenario_of(100.0, &steady(90.0), ONE, &slow(50.0, 20.0)),
        Truth::Neither,
        false,
    );
    grid.add(
        "outages",
        "not over".into(),
        scenario_of(100.0, &steady(90.0), ONE, &slow(90.0, 20.0)),
        Truth::Neither,
        false,
    );
    grid.add(
        "outages",
        "for good".into(),
        scenario_of(
            100.0,
            &steady(90.0),
            ONE,
            "faults: [ slow: { target: api, factor: 2x, at: 50s } ]",
        ),
        Truth::Fails,
        false,
    );
    let crash = "faults: [ crash: { target: api, at: 50s, for: 10s } ]";
    grid.add(
        "outages",
        "a crash".into(),
        scenario_of(100.0, &steady(50.0), ONE, crash),
        Truth::Holds,
        false,
    );
    let errors = "faults: [ errors: { target: api.x, rate: 100%, at: 0s, for: 50s } ]";
    grid.add(
        "outages",
        "errors that end".into(),
        scenario_of(100.0, &steady(50.0), ONE, errors),
        Truth::Holds,
        false,
    );
}

/// Systems that answer nothing, whose queues are full, or whose users change in number.
fn others(grid: &mut Grid) {
    let ends =
        "{ rate: { from: 100/s, stages: [ { to: 100/s, over: 20s }, { to: 0/s, over: 0s } ] } }";
    grid.add(
        "nothing answered",
        "all wait".into(),
        scenario_of(60.0, ends, "  api: { endpoints: { x: [ cpu: 5m ] } }", ""),
        Truth::Neither,
        false,
    );
    let full =
        "  api: { max_in_flight: 1, queue: { max: 20 }, endpoints: { x: [ cpu: { exp: 10ms } ] } }";
    grid.add(
        "full queues",
        "150 %".into(),
        scenario_of(60.0, &steady(150.0), full, ""),
        Truth::Neither,
        false,
    );
    grid.add(
        "full queues",
        "50 %".into(),
        scenario_of(60.0, &steady(50.0), full, ""),
        Truth::Holds,
        false,
    );
    let users =
        "{ users: { active: { poisson: { mean: 50, step: 1 } }, each: 90/min, resample: 5s } }";
    let windows = format!(
        "version: 1
name: grid
run: {{ duration: 200s }}
workload: {{ users: {} }}
services:
{ONE}",
        users.replacen("{ users:", "{ to: api.x, users:", 1)
    );
    grid.add("users in windows", "75 %".into(), windows, Truth::Holds, false);
}
