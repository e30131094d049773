//! Flow balance against exact results and hand calculation.

use super::*;
use crate::scenario::from_yaml;

fn balance(rate: &str, services: &str) -> FlowBalance {
    let yaml = format!(
        "version: 1
run: {{ duration: 100s }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services:
{services}"
    );
    FlowBalance::of(&from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}")))
}

fn near(value: f64, exact: f64) {
    assert!((value - exact).abs() <= 1e-9 * exact.abs(), "{value} is not {exact}");
}

#[test]
fn a_queue_with_exponential_times_settles_in_morses_time() {
    // M/M/1, 80 of 100 a second: load 0.8, 1/(√100 − √80)². Constant times vary half as much,
    // regular arrivals and constant times not at all.
    let core = |arrivals: &str, law: &str| {
        let service = format!("  api: {{ endpoints: {{ x: [ cpu: {law} ] }} }}");
        balance(&format!("80/s, arrivals: {arrivals}"), &service).services[0].held[0]
    };
    let held = core("poisson", "{ exp: 10ms }");
    near(held.load, 0.8);
    near(held.settles_s, 1.0 / (10.0 - 80f64.sqrt()).powi(2));
    near(core("poisson", "10ms").settles_s, held.settles_s / 2.0);
    near(core("regular", "10ms").settles_s, 0.0);
}

#[test]
fn admission_slots_and_memory_are_resources() {
    // 100/s: 20 ms of waiting in 3 slots are a load of 2/3; 100 MiB fit 2 requests of 40 MiB, a
    // load of 1.
    let slots = balance("100/s", "  api: { max_in_flight: 3, endpoints: { x: [ wait: 20ms ] } }");
    let held = slots.services[0].held[0];
    assert!(held.resource == Resource::Places && held.is_all, "{held:?}");
    near(held.load, 2.0 / 3.0);
    assert_eq!(slots.services[0].standing, Standing::Holds);
    let memory = balance(
        "100/s",
        "  api: { instance: { memory: 100MiB }, endpoints: { x: [ memory: 40MiB, wait: 20ms ] } }",
    );
    let held = memory.services[0].held[0];
    assert!(held.resource == Resource::Memory, "{held:?}");
    near(held.load, 1.0);
    assert_eq!(memory.services[0].standing, Standing::Open);
}

#[test]
fn overload_is_certain_only_where_all_requests_arrive() {
    // 110 % of a core, and of a second core behind it: the load of the second is less than that,
    // because the first passes only 100 %.
    let chain = "  api: { endpoints: { x: [ cpu: 10ms, call: db.q ] } }
  db: { endpoints: { q: [ cpu: 10ms ] } }";
    let standing = |rate: &str, services: &str| {
        balance(rate, services).services.iter().map(|s| s.standing).collect::<Vec<_>>()
    };
    let standings = standing("110/s", chain);
    assert!(
        matches!(standings[0], Standing::Fails(held) if (held.load - 1.1).abs() < 1e-12)
            && standings[1] == Standing::Open,
        "{standings:?}"
    );
    assert_eq!(standing("90/s", chain), [Standing::Holds, Standing::Holds]);
    // Half of the requests fail before they call.
    let half = chain.replace("cpu: 10ms, call", "fail: { p: 50% }, cpu: 10ms, call");
    assert_eq!(balance("110/s", &half).services[1].rate, 55.0);
    // A full queue rejects requests, so it does not grow.
    let sheds = "  api: { max_in_flight: 1, queue: { max: 5 }, endpoints: { x: [ cpu: 10ms ] } }";
    assert_eq!(standing("110/s", sheds), [Standing::Open]);
    // The second of two calls is made only if the first has not timed out.
    let two = "  api: { endpoints: { x: [ call: { to: a.q, timeout: 1s }, call: b.q ] } }
  a: { endpoints: { q: [ wait: 1ms ] } }
  b: { endpoints: { q: [ cpu: 20ms ] } }";
    assert_eq!(standing("110/s", two)[2], Standing::Open);
}

#[test]
fn permanent_faults_change_the_capacity() {
    // Two instances at 40 % each: one of them crashes permanently, or all become three times
    // slower.
    let services = "  api: { replicas: 2, endpoints: { x: [ cpu: 10ms ] } }";
    let load = |fault: &str| {
        balance("80/s", &format!("{services}\nfaults: [ {fault} ]")).services[0].held[0].load
    };
    near(load("slow: { target: api, factor: 3x, at: 50s, for: 10s }"), 0.4);
    near(load("slow: { target: api, factor: 3x, at: 50s }"), 1.2);
    near(load("crash: { target: api, count: 1, at: 50s }"), 0.8);
}

#[test]
fn an_instance_behind_a_central_queue_is_held_until_the_answer() {
    // 130/s for 5 ms of a core and 10 ms of waiting, by hand: two instances of four cores serve one
    // request each, so 1.95 of 2 are busy; relaxation time by Morse's formula with the service rate
    // c/h. At 140/s, 2.1 of 2 are needed.
    let services = |more: &str| {
        format!(
            "  api: {{ replicas: 2, balance: central_queue, instance: {{ cpu: 4 }}, runtime: {{ tasks: {{}} }}{more}, endpoints: {{ x: [ cpu: 5ms, wait: 10ms ] }} }}"
        )
    };
    let holds = balance("130/s", &services(""));
    let held = &holds.services[0].held;
    assert!(
        held.len() == 1 && held[0].resource == Resource::Instances && held[0].is_all,
        "{held:?}"
    );
    near(held[0].load, 0.975);
    near(held[0].settles_s, 1.0 / ((2.0 / 0.015f64).sqrt() - 130f64.sqrt()).powi(2));
    assert_eq!(holds.services[0].standing, Standing::Holds);
    // Admission slots and queues of the instances have no effect: no request is rejected there.
    for more in ["", ", max_in_flight: 1, queue: { max: 5 }"] {
        let fails = balance("140/s", &services(more)).services[0].standing;
        assert!(
            matches!(fails, Standing::Fails(held) if (held.load - 1.05).abs() < 1e-12),
            "{fails:?}"
        );
    }
    // A callee may have a queue: then only an overload is certain.
    let calls = "  api: { balance: central_queue, endpoints: { x: [ call: db.q ] } }
  db: { endpoints: { q: [ cpu: 5ms ] } }";
    assert_eq!(balance("130/s", calls).services[0].standing, Standing::Open);
    assert!(matches!(balance("210/s", calls).services[0].standing, Standing::Fails(_)));
}

#[test]
fn unequal_instances_behind_a_central_queue_serve_together() {
    // By hand: `a` answers 100 per second, `b`, with 40 ms of transit, 20: 120 in total, whichever
    // instance takes a request.
    let found = |rate: &str| {
        let yaml = format!(
            "version: 1
run: {{ duration: 100s }}
workload: {{ users: {{ to: api, open: {{ rate: {rate} }} }} }}
services:
  api: {{ balance: central_queue, instances: {{ a: {{ endpoints: {{ x: [ cpu: 10ms ] }} }}, b: {{ endpoints: {{ z: [ wait: 10ms ] }} }} }} }}
links: {{ api -> b: {{ latency: 40ms }} }}"
        );
        FlowBalance::of(&from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}"))).services
            [0]
        .clone()
    };
    near(found("90/s").held[0].load, 0.75);
    assert_eq!(found("90/s").standing, Standing::Holds);
    assert!(
        matches!(found("150/s").standing, Standing::Fails(held) if (held.load - 1.25).abs() < 1e-12)
    );
}

#[test]
fn requests_are_held_through_their_calls() {
    // By hand, 50/s, 2 slots: 100 ms of waiting behind a link of 10 ms each way are 120 ms, 6
    // slots or 300 %; with a timeout of 80 ms, 4 or 200 %. Of an exponential wait, only the links'
    // 20 ms are certain, 50 %; the expectation is again 80 ms.
    let slots = |call: &str, law: &str, link: &str| {
        let services = format!(
            "  api: {{ max_in_flight: 2, endpoints: {{ x: [ call: {call} ] }} }}
  db: {{ endpoints: {{ q: [ wait: {law} ] }} }}
{link}"
        );
        let balance = balance("50/s", &services);
        let held = *balance.services[0]
            .held
            .iter()
            .find(|held| held.resource == Resource::Places)
            .unwrap();
        (held.load, held.expected, balance.services[0].standing == Standing::Holds)
    };
    let (link, timed) = ("links: { api -> db: { latency: 10ms } }", "{ to: db.q, timeout: 80ms }");
    let close = |found: (f64, f64, bool), load: f64, expected: f64| {
        near(found.0, load);
        near(found.1, expected);
        assert!(!found.2, "{found:?}");
    };
    close(slots("db.q", "100ms", link), 3.0, 3.0);
    close(slots(timed, "100ms", link), 2.0, 2.0);
    close(slots(timed, "{ exp: 100ms }", link), 0.5, 2.0);
    // A call that the callee rejects or a link loses returns at once, unless it has a timeout to
    // wait for: then nothing is certain.
    close(slots("db.q", "100ms", "links: { api -> db: { latency: 10ms, loss: 50% } }"), 0.0, 3.0);
    close(slots(timed, "100ms", "links: { api -> db: { latency: 10ms, loss: 50% } }"), 2.0, 2.0);
    // The second step of a callee whose first may fail is not certain.
    let failing =
        "  api: { max_in_flight: 2, endpoints: { x: [ call: { to: db.q, timeout: 80ms } ] } }
  db: { endpoints: { q: [ wait: 10ms, fail: { p: 50% }, wait: 100ms ] } }";
    let held = balance("50/s", failing).services[0].held.clone();
    near(held.iter().find(|held| held.resource == Resource::Places).unwrap().load, 0.25);
}

#[test]
fn the_memory_estimate_includes_calls_with_a_timeout() {
    // By hand, Little's law: 50/s of 10 MiB for min(100 ms, 80 ms) are 40 MiB of 100.
    let yaml = "version: 1
run: { duration: 100s }
workload: { users: { to: api.x, open: { rate: 50/s } } }
services:
  api: { instance: { memory: 100MiB }, endpoints: { x: [ memory: 10MiB, call: { to: db.q, timeout: 80ms } ] } }
  db: { endpoints: { q: [ wait: { exp: 100ms } ] } }";
    let scenario = from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
    near(crate::scenario::estimate(&scenario).services[0].memory.unwrap(), 0.4);
}

#[test]
fn a_faster_callee_holds_its_callers_for_less_time() {
    // By hand: 50/s, 2 slots, 100 ms of computing at four times the speed are 25 ms: 62.5 %, where
    // 250 % would be overloaded.
    let services = "  api: { max_in_flight: 2, endpoints: { x: [ call: db.q ] } }
  db: { replicas: 8, instance: { speed: 4x }, endpoints: { q: [ cpu: 100ms ] } }";
    let balance = balance("50/s", services);
    let held =
        *balance.services[0].held.iter().find(|held| held.resource == Resource::Places).unwrap();
    near(held.load, 0.625);
    near(held.expected, 0.625);
}

#[test]
fn steps_after_a_call_that_may_time_out_prove_no_overload() {
    // By hand: every call takes 100 ms and times out after 50 ms, so the 30 ms of computing behind
    // it never run; before it, they are a load of 150 %.
    let standing = |steps: &str| {
        let services = format!(
            "  api: {{ endpoints: {{ x: [ {steps} ] }} }}
  db: {{ endpoints: {{ q: [ wait: 100ms ] }} }}"
        );
        balance("50/s", &services).services[0].standing
    };
    assert_eq!(standing("call: { to: db.q, timeout: 50ms }, cpu: 30ms"), Standing::Open);
    assert!(matches!(standing("cpu: 30ms, call: { to: db.q, timeout: 50ms }"), Standing::Fails(_)));
}

#[test]
fn load_behind_losses_rejections_and_timeouts_is_not_certain() {
    // By hand, 50/s: requests lost on a link, rejected by a callee with one slot, timed out by a
    // callee, failed by a fault, or answered faster because of one: each load is far below 1, but
    // would be above 1 if every request completed.
    let standing = |services: &str| balance("50/s", services).services[0].standing;
    let lossy = "  api: { endpoints: { x: [ call: db.q, cpu: 30ms ] } }
  db: { endpoints: { q: [ wait: 10ms ] } }
links: { api -> db: { latency: 1ms, loss: 50% } }";
    let rejected = "  api: { max_in_flight: 4, endpoints: { x: [ call: db.q ] } }
  db: { max_in_flight: 1, queue: { max: 0 }, endpoints: { q: [ wait: 100ms ] } }";
    let nested = "  api: { max_in_flight: 8, endpoints: { x: [ call: db.q ] } }
  db: { endpoints: { q: [ call: { to: far.z, timeout: 10ms }, wait: 200ms ] } }
  far: { endpoints: { z: [ wait: 50ms ] } }";
    let failing = "  api: { endpoints: { x: [ cpu: 30ms ] } }
faults: [ errors: { target: api.x, rate: 60%, at: 1s } ]";
    let faster = "  api: { max_in_flight: 4, endpoints: { x: [ call: db.q ] } }
  db: { replicas: 8, endpoints: { q: [ cpu: 100ms ] } }
faults: [ slow: { target: db, factor: 0.1x, at: 1s } ]";
    for services in [lossy, rejected, nested, failing, faster] {
        assert!(
            !matches!(standing(services), Standing::Fails(_)),
            "{services}: {:?}",
            standing(services)
        );
    }
}

#[test]
fn few_slots_in_front_of_busy_services_may_not_suffice() {
    // A closed network of 29 requests and three cores of 9.5 ms lets 29/31 of 105.26/s through
    // (balanced, exponential: Reiser, Lavenberg 1980), 98.5/s: at 99.9/s the queue grows, though
    // three times 9.5 ms are a tenth of the slots.
    let services =
        "  api: { max_in_flight: 29, endpoints: { x: [ call: a.q, call: b.q, call: c.q ] } }
  a: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  b: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }
  c: { endpoints: { q: [ cpu: { exp: 9.5ms } ] } }";
    assert_eq!(balance("99.9/s", services).services[0].standing, Standing::Open);
    assert_eq!(balance("20/s", services).services[0].standing, Standing::Holds);
}
