//! Words beside right numbers: which requests a verdict leaves out, which values were tried, what
//! cannot be told apart, and where an error comes from.

use crate::support::Room;

/// A quarter of the requests fail at once; the others take 2 ms and a wait of 12 ms on average. One
/// loop uses one of four cores.
const FAILING: &str = "
version: 1
name: failing
run: { duration: 20s, warmup: 2s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 150/s } } }
services:
  api:
    instance: { cpu: 4 }
    endpoints: { x: [ fail: { p: 25% }, cpu: 2ms, wait: { exp: 12ms } ] }
slos: { fast: { of: users, p95: 60ms } }
";

fn stdout_of(room: &Room, arguments: &str) -> String {
    String::from_utf8(room.run(arguments).stdout).unwrap()
}

/// Returns how often a text occurs in another.
fn times(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn a_latency_objective_that_only_the_answered_requests_meet_says_so() {
    // By hand: p95 = 2 ms + 12 ms · ln 20 = 38 ms of those answered, so 60 ms is met.
    let room = Room::new("failing.yaml", FAILING);
    let met = |arguments: &str| {
        let text = stdout_of(&room, format!("run failing.yaml --no-files {arguments}").trim());
        text.lines().find(|line| line.contains("fast: users p95")).unwrap().to_string()
    };
    let line = met("");
    let share = line.split("✔ met by the ").nth(1).unwrap_or_else(|| panic!("{line}"));
    let share: f64 = share.split(" % that were answered").next().unwrap().parse().unwrap();
    assert!((share - 75.0).abs() < 3.0, "{line}");
    let none = met("--set services.api.endpoints.x[0].fail.p=0%");
    assert!(none.contains("✔ met  fast"), "{none}");
    let missed = met("--set slos.fast.p95=10ms");
    assert!(missed.contains("✘ missed") && !missed.contains("answered"), "{missed}");
}

#[test]
fn other_commands_say_that_latencies_cover_only_the_answered_requests() {
    // 3 % fail everywhere: less than makes a point of a sweep doubtful.
    let room = Room::new("failing.yaml", &FAILING.replace("25%", "3%"));
    let cover = "the latencies cover only the rest";
    let set = "compare failing.yaml --set services.api.replicas=2";
    assert!(stdout_of(&room, set).contains(cover));
    // By either name of the metric.
    for metric in ["users.latency.p99", "users.p99"] {
        let text = stdout_of(&room, &format!("{set} --select {metric} --most 10"));
        assert!(text.contains(cover), "{text}");
    }
    let search = "capacity failing.yaml --vary workload.users.open.rate --from 100/s --to 200/s";
    let text = stdout_of(&room, search);
    assert!(text.contains("failed where the objectives are met, and latencies cover"), "{text}");
    let sweep = "sweep failing.yaml -r 4 --vary services.api.replicas=1,2 --out";
    let text = stdout_of(&room, &format!("{sweep} a"));
    assert!(text.contains("are met by the answered requests only"), "{text}");
    let text = stdout_of(&room, &format!("{sweep} b --set services.api.endpoints.x[0].fail.p=0%"));
    assert!(!text.contains("answered requests only"), "{text}");
    // A missed objective does not hide that many fail.
    let many = "--set services.api.endpoints.x[0].fail.p=25% --set slos.fast.p95=10ms";
    let text = stdout_of(&room, &format!("{sweep} c {many}"));
    assert!(text.contains("! an objective is missed, and some requests fail"), "{text}");
}

#[test]
fn a_parameter_that_changes_nothing_is_reported_as_such() {
    // A loop uses one core, whatever their number, so all values have the same latencies.
    let room = Room::new("failing.yaml", FAILING);
    let search = "capacity failing.yaml --vary services.api.instance.cpu --from 1 --to 16";
    let met = stdout_of(&room, search);
    assert!(met.contains("✔ every value tried from 1 to 16 (3 values)\n"), "{met}");
    let missed = stdout_of(&room, &format!("{search} --while users.p95<20ms"));
    assert!(
        missed.contains("✘ none of the values tried: each misses the objectives (8 values"),
        "{missed}"
    );
    for text in [met, missed] {
        assert!(
            text.contains("services.api.instance.cpu makes no difference: users p95 is ")
                && text.contains("at both ends; ")
                && text.contains("so vary services.api.replicas")
                && !text.contains("--from"),
            "{text}"
        );
    }
    // The rate matters: M/D/1 at 2 ms of work has its limit at 500/s.
    let search = "capacity failing.yaml --vary workload.users.open.rate --from 10/s --to 900/s";
    assert!(!stdout_of(&room, search).contains("difference"));
}

#[test]
fn the_first_number_of_a_search_is_a_value_that_was_tried_and_meets_the_objectives() {
    // The table of the values tried is the oracle; the interpolated limit is not in it.
    let room = Room::new("failing.yaml", FAILING);
    let search = "capacity failing.yaml --vary workload.users.open.rate --from 10/s --to 900/s";
    let text = stdout_of(&room, search);
    let answer = text.lines().find(|line| line.contains("both were tried")).unwrap();
    let (meets, rest) = answer.trim().strip_prefix("✔ ").unwrap().split_once("  (").unwrap();
    let (misses, rest) = rest.split_once(" does not; both were tried; ").unwrap();
    let limit = rest.split("the limit is about ").nth(1).unwrap().trim_end_matches(')');
    let has_row = |mark: &str, value: &str| {
        text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(mark) && words.next() == Some(value)
        })
    };
    assert!(has_row("✔", meets) && has_row("✘", misses), "{text}");
    assert!(!has_row("✔", limit) && !has_row("✘", limit), "{text}");
    let number = |text: &str| text.trim_end_matches("/s").parse::<f64>().unwrap();
    assert!(number(meets) < number(limit) && number(limit) < number(misses), "{answer}");
}

#[test]
fn variants_that_cannot_be_told_apart_are_not_ranked() {
    // Memory that is never short changes nothing: equal in every replication. One request more per
    // second is far below the noise of ten replications of 20 s. Half the speed is clearly worse.
    let room = Room::new("failing.yaml", &FAILING.replace("fail: { p: 25% }, ", ""));
    let select = |sets: &str| {
        stdout_of(&room, &format!("compare failing.yaml --select users.p99 --most 10 {sets}"))
    };
    let equal = select("--set services.api.instance.memory=1GiB");
    assert!(
        equal.contains("failing cannot be told apart from services.api.instance.memory=1GiB: their values are equal in every replication")
            && times(&equal, "≈") == 2
            && !equal.contains("✔")
            && !equal.contains("is the best"),
        "{equal}"
    );
    let close = select(
        "--indifference 50% --set services.api.instance.speed=0.5x --set workload.users.open.rate=151/s",
    );
    assert!(
        close.contains("failing cannot be told apart from workload.users.open.rate=151/s: the intervals of their differences contain 0")
            && times(&close, "≈") == 2,
        "{close}"
    );
    let clear = select("--indifference 50% --set services.api.instance.speed=0.5x");
    assert!(clear.contains("failing is the best") && times(&clear, "✔") == 1, "{clear}");
    // Ten replications are too few for an indifference of 0.1 %.
    let open = select("--indifference 0.1% --set workload.users.open.rate=151/s");
    assert!(open.contains("failing leads, but") || open.contains("151/s leads, but"), "{open}");
    assert!(!open.contains("✔"), "{open}");
}

#[test]
fn a_comparison_says_what_its_variants_are() {
    let room = Room::new("failing.yaml", FAILING);
    let one = stdout_of(&room, "compare failing.yaml -r 2 --set services.api.replicas=2");
    assert!(one.contains("compared with failing  1 variant · 2 paired replications"), "{one}");
    assert!(one.contains("the baseline is the unchanged scenario; each variant"), "{one}");
    std::fs::write(room.path("b.yaml"), FAILING.replace("cpu: 2ms", "cpu: 3ms")).unwrap();
    let two = stdout_of(&room, "compare failing.yaml b.yaml -r 2 --set services.api.replicas=2");
    assert!(
        two.contains("all of them, the baseline included, with services.api.replicas=2"),
        "{two}"
    );
    let said = room.ends("compare failing.yaml -r 2 --set run.confidence=99%", 0);
    assert!(said.contains("`run.confidence` of a variant has no effect"), "{said}");
}

#[test]
fn without_an_interval_an_objective_says_why_it_has_none() {
    let room = Room::new("failing.yaml", FAILING);
    let text = stdout_of(&room, "run failing.yaml --no-files -r 1");
    assert!(text.contains(", inconclusive: one replication has no interval  fast"), "{text}");
    let text = stdout_of(&room, "run failing.yaml --no-files -r 2 -d 3s");
    assert!(!text.contains("no interval"), "{text}");
}

#[test]
fn an_offered_load_that_differs_from_the_measured_one_is_reported_beside_it() {
    // 80/s of 11.8 ms are 94 % of a core; a tenth of the messages is lost in each direction, and
    // those lost on the way in take no CPU, so 85 % are measured.
    let lossy = "
version: 1
run: { duration: 20s, replications: 10 }
workload: { users: { to: api.x, open: { rate: 80/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 11.8ms } ] } } }
links: { users -> api: { loss: 10%, latency: 2ms } }
";
    let text = stdout_of(&Room::new("lossy.yaml", lossy), "run lossy.yaml --no-files");
    let line = text.lines().find(|line| line.contains("to settle")).unwrap();
    assert!(
        line.contains("at an offered load of 94 % of api's CPU (8")
            && line.contains(
                " % busy was measured, because the offered load counts requests that fail on the way)"
            ),
        "{line}"
    );
    let kept = lossy.replace("loss: 10%, ", "");
    let text = stdout_of(&Room::new("kept.yaml", &kept), "run kept.yaml --no-files");
    assert!(text.contains("at an offered load of 94 % of api's CPU"), "{text}");
    assert!(!text.contains("because the offered load"), "{text}");
    // A rate that rises at the end: the estimate is a mean over the run, the warning is not.
    let rising = lossy.replace("loss: 10%, ", "").replace(
        "rate: 80/s",
        "rate: { from: 20/s, stages: [ { to: 20/s, over: 10s }, { to: 100/s, over: 1s } ] }",
    );
    let room = Room::new("rising.yaml", &rising);
    let warned = room.ends("check rising.yaml", 0);
    assert!(
        warned.contains("overload: the offered load at the end of the run is 118 %"),
        "{warned}"
    );
    let text = stdout_of(&room, "run rising.yaml --no-files");
    assert!(
        text.contains("the offered load at the end of the run is 118 % of api's CPU"),
        "{text}"
    );
    assert!(
        stdout_of(&room, "check rising.yaml").contains("mean demands and mean rates"),
        "the estimate says what it is"
    );
}

#[test]
fn a_service_without_replicas_is_the_only_error() {
    // Its faults would otherwise be said to name no service.
    let faults =
        "faults: [ crash: { target: api, at: 5s }, slow: { target: api#1, factor: 2x, at: 5s } ]";
    let room = Room::new("down.yaml", &format!("{FAILING}{faults}"));
    let error = room.ends("run down.yaml --set services.api.replicas=0", 2);
    assert!(error.contains("a service has 1 to 10k replicas, not 0"), "{error}");
    assert_eq!(times(&error, "error:"), 1, "{error}");
}

#[test]
fn an_error_of_an_option_is_placed_at_the_option() {
    let room = Room::new("failing.yaml", FAILING);
    let search = "capacity failing.yaml --vary services.api.replicas";
    let unknown = room.ends(&format!("{search} --from 1 --to 4 --while user.p95<60ms"), 2);
    assert!(
        unknown.starts_with("error: --while: `user` is not a workload, an endpoint or a service")
            && unknown.contains("did you mean `users`?")
            && !unknown.contains("failing.yaml:"),
        "{unknown}"
    );
    let turned = room.ends(&format!("{search} --from 4 --to 1"), 2);
    assert!(turned.starts_with("error: --to: ") && !turned.contains("--> "), "{turned}");
    let wide = room.ends(&format!("{search} --from 1 --to 4 --tolerance 0%"), 2);
    assert!(wide.starts_with("error: --tolerance: "), "{wide}");
    let turned = room.ends("sweep failing.yaml --vary services.api.replicas=4..1@integer", 2);
    assert!(
        turned.starts_with("error: --vary services.api.replicas: `from` of a range")
            && !turned.contains("--> "),
        "{turned}"
    );
}

#[test]
fn nothing_to_vary_is_reported_once() {
    // Also beside another error, and not if what was typed could not be read.
    let room = Room::new("failing.yaml", FAILING);
    let bad = FAILING.replace("to: api.x", "to: api.y");
    std::fs::write(room.path("bad.yaml"), bad).unwrap();
    for command in ["sensitivity", "sweep"] {
        for (file, errors) in [("failing.yaml", 1), ("bad.yaml", 2)] {
            let error = room.ends(&format!("{command} {file}"), 2);
            assert_eq!(times(&error, "nothing is varied"), 1, "{error}");
            assert_eq!(times(&error, "error: "), errors, "{error}");
        }
        let error = room.ends(&format!("{command} failing.yaml --vary services.api.replicas"), 2);
        assert!(error.contains("has no `=`") && times(&error, "error: ") == 1, "{error}");
    }
}

#[test]
fn parts_of_a_latency_below_a_ten_thousandth_are_left_out() {
    // The load is 1 request in 7 places, so about 1 of 100,000 waits for admission: a mean of 0.1
    // µs, or a hundred-thousandth of the latency.
    let rare = "
version: 1
run: { duration: 60s, replications: 4 }
workload: { users: { to: api.x, open: { rate: 100/s } } }
services: { api: { max_in_flight: 7, runtime: { tasks: {} }, endpoints: { x: [ wait: 10ms ] } } }
";
    let room = Room::new("rare.yaml", rare);
    let metrics = room.says("run rare.yaml --no-files")["metrics"].clone();
    let waited = metrics
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == "workload" && row["metric"] == "time_in.admission");
    let waited = waited.unwrap()["estimate"].as_f64().unwrap();
    assert!(waited > 0.0 && waited < 1e-6, "{waited}");
    let text = stdout_of(&room, "run rare.yaml --no-files");
    assert!(text.contains("  io 10.0 ms (99.99") && !text.contains("admission "), "{text}");
}

#[test]
fn the_moments_of_phases_share_a_unit() {
    // Phases end at 10, 15 and 60 s.
    let slow = "faults: [ slow: { target: api, factor: 2x, at: 10s, for: 5s } ]";
    let long = FAILING.replace("20s", "60s");
    let room = Room::new("slow.yaml", &format!("{long}{slow}"));
    let text = stdout_of(&room, "run slow.yaml --no-files -r 2");
    let after = text.lines().find(|line| line.contains("after slow api")).unwrap();
    let cells: Vec<&str> = after.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
    assert_eq!(cells[1..3], ["15s", "60s"], "{after}");
}

#[test]
fn effects_have_the_digits_that_their_error_justifies() {
    // The errors of ten trajectories have one or two digits.
    let room = Room::new("failing.yaml", FAILING);
    let text = stdout_of(
        &room,
        "sensitivity failing.yaml -r 2 -d 5s --size 4 --vary workload.users.open.rate=50/s..300/s --vary services.api.instance.speed=0.8x..2x",
    );
    assert!(text.contains("± is the standard error"), "{text}");
    let errors: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(" ± ").nth(1)?.split(' ').next())
        .filter(|number| number.parse::<f64>().is_ok())
        .collect();
    assert_eq!(errors.len(), 2, "{text}");
    for error in errors {
        let digits = error.trim_start_matches(['0', '.']).replace('.', "");
        let is_whole = !error.contains('.');
        assert!(digits.len() <= 2 || is_whole, "{error}: {text}");
    }
}
