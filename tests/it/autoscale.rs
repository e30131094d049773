//! Autoscaling: `autoscale: { hpa: … }`.

use crate::support::{Answer, Room, run, table};

/// Runs regular requests of 9 ms of a core, by this rate, for ten minutes.
fn scaled(rate: &str, autoscale: &str, more: &str) -> Answer {
    run(&format!(
        "run: {{ duration: 600s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}, arrivals: regular }} }} }}
services: {{ api: {{ instance: {{ price: $0.6/h }}, autoscale: {{ {autoscale} }}, endpoints: {{ x: [ cpu: 9ms ] }} }} }}
{more}"
    ))
}

const HALF: &str = "hpa: { max: 10, metrics: [ { cpu: 50% } ] }";

#[test]
fn instances_are_added_until_the_target_is_met() {
    // By hand: at 15 s one instance is busy for 90 %: 1.8 of the target, so 2; then 45 % each,
    // which is within a tenth of it. Utilisation and cost are those of the instances that are
    // there.
    let results = scaled("100/s", HALF, "");
    let serving = (15.0 + 585.0 * 2.0) / 600.0;
    results.equals("service api", "instances_serving mean", serving);
    results.equals("service api", "instances_serving max", 2.0);
    results.equals("service api", "utilisation mean", 0.9 / serving);
    results.equals("service api", "cost mean", 0.6 * serving);
    results.equals("workload users", "error_ratio mean", 0.0);
}

#[test]
fn a_new_instance_serves_when_it_has_booted() {
    // By hand: started at 15 s, it serves from 45 s on; one that boots is not started again.
    let results = scaled("100/s", &format!("{HALF}, boot: 30s"), "");
    results.equals("service api", "instances_serving mean", (45.0 + 555.0 * 2.0) / 600.0);
    results.equals("service api", "instances_booting mean", 30.0 / 600.0);
    results.equals("service api", "instances_booting max", 1.0);
}

#[test]
fn instances_are_removed_when_none_has_been_recommended_for_five_minutes() {
    // By hand: 2 are recommended last at 120 s, when the load falls to a tenth; 300 s later only 1
    // is left in the window.
    let rate = "{ from: 100/s, stages: [ { to: 100/s, over: 120s }, { to: 10/s, over: 0s } ] }";
    let results = scaled(rate, HALF, "");
    results.equals("service api", "instances_serving mean", (15.0 + 405.0 * 2.0 + 180.0) / 600.0);
}

#[test]
fn a_policy_limits_how_fast_instances_are_removed() {
    // By hand: six are too many for a load of 9 %; one goes at 15 s, and one each two minutes
    // after.
    let results = run("run: { duration: 600s, replications: 2 }
workload: { users: { to: api.x, open: { rate: 10/s, arrivals: regular } } }
services: { api: { replicas: 6, autoscale: { hpa: { max: 10, metrics: [ { cpu: 50% } ], down: { stabilize: 0s, policies: [ { pods: 1, per: 2m } ] } } }, endpoints: { x: [ cpu: 9ms ] } } }");
    let serving = 15.0 * 6.0 + 120.0 * (5.0 + 4.0 + 3.0 + 2.0) + 105.0;
    results.equals("service api", "instances_serving mean", serving / 600.0);
    results.equals("workload users", "error_ratio mean", 0.0);
}

#[test]
fn a_service_whose_number_cannot_change_gives_the_requests_of_one_without_an_autoscaler() {
    // By definition, byte for byte, with a crash, calls and random balancing.
    let scenario = |autoscale: &str| {
        format!(
            "version: 1
name: fixed
run: {{ duration: 60s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: 100/s }} }} }}
services:
  api: {{ replicas: 3, balance: random, {autoscale} endpoints: {{ x: [ cpu: {{ exp: 10ms }}, call: db.q ] }} }}
  db: {{ endpoints: {{ q: [ wait: {{ exp: 5ms }} ] }} }}
faults: [ crash: {{ target: api, at: 20s, for: 10s }} ]
output: {{ requests: 100% }}"
        )
    };
    let requests = |autoscale: &str| {
        let room = Room::new("fixed.yaml", &scenario(autoscale));
        room.ends("run fixed.yaml -q --out out", 0);
        let path = room.path("out").join("requests.parquet");
        (std::fs::read(&path).expect("the file is there"), table(&path).num_rows())
    };
    let (fixed, rows) = requests("");
    let (scaled, _) =
        requests("autoscale: { hpa: { min: 3, max: 3, metrics: [ { cpu: 50% } ] } },");
    assert!(fixed == scaled && rows > 10_000);
}

#[test]
fn an_instance_that_is_removed_has_its_grace_to_finish() {
    // By hand: requests of 40 s; with a grace of 10 s those that are left fail, with one of 60 s
    // none does. The load of both is the same, and falls at 60 s.
    let results = |grace: &str| {
        run(&format!(
            "run: {{ duration: 600s, replications: 2 }}
workload: {{ users: {{ to: api.x, open: {{ rate: {{ from: 100/s, stages: [ {{ to: 100/s, over: 60s }}, {{ to: 1/s, over: 0s }} ] }}, arrivals: regular }} }} }}
services: {{ api: {{ autoscale: {{ drain: {{ grace: {grace} }}, hpa: {{ max: 10, metrics: [ {{ cpu: 50% }} ], down: {{ stabilize: 0s, policies: [ {{ percent: 100%, per: 15s }} ] }} }} }}, endpoints: {{ x: [ cpu: 9ms, wait: 40s ] }} }} }}"
        ))
    };
    let cut = results("10s");
    assert!(cut.value("workload users", "outcomes.crashed mean") > 0.05);
    results("60s").equals("workload users", "error_ratio mean", 0.0);
}

#[test]
fn a_load_that_the_most_instances_cannot_take_is_an_overload() {
    // By definition: 5.4 cores of at most 4; 1.8 are no overload, but only the run can tell.
    use asyncflow::experiment::Outlook;
    let outlook = |rate: &str| {
        scaled(rate, "hpa: { max: 4, metrics: [ { cpu: 50% } ] }", "").results.verdicts[0]
            .outlook
            .clone()
    };
    assert!(matches!(outlook("600/s"), Outlook::Overloaded(_)));
    assert!(!matches!(outlook("200/s"), Outlook::Overloaded(_)));
}

#[test]
fn a_queue_that_grows_while_instances_are_still_added_is_no_overload() {
    // By hand: 16 instances are needed, and at 75 s there are at most 1 + 4 + 5 + 10: until then
    // the queue grows, in both halves of the run. With 20 instances the load is 72 %.
    use asyncflow::experiment::Outlook;
    let of = run("run: { duration: 75s, replications: 3 }
workload: { users: { to: api.x, open: { rate: 1600/s } } }
services: { api: { autoscale: { hpa: { max: 20, metrics: [ { cpu: 90% } ] }, boot: 40s }, endpoints: { x: [ cpu: 9ms ] } } }");
    let outlook = &of.results.verdicts[0].outlook;
    assert!(matches!(outlook, Outlook::CannotTell(_)), "{outlook:?}");
}
