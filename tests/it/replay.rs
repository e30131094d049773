//! Replays of traces and access logs, and rates from files.

use crate::support::{Room, table};
use arrow_array::RecordBatch;
use std::fs;

/// A room with a scenario and a file beside it.
fn room(workload: &str, run: &str, file: &str, text: &str) -> Room {
    let scenario = format!(
        "version: 1
name: trace
run: {{ {run} }}
workload: {{ users: {{ {workload} }} }}
services: {{ web: {{ endpoints: {{ GET /: [ wait: 1ms ], POST /buy: [ wait: 5ms ] }} }} }}
output: {{ requests: 100% }}"
    );
    let room = Room::new("trace.yaml", &scenario);
    fs::write(room.path(file), text).unwrap();
    room
}

/// The requests of a run.
fn requests(room: &Room, arguments: &str, out: &str) -> RecordBatch {
    room.ends(&format!("{arguments} -q --out {out}"), 0);
    table(&room.path(out).join("requests.parquet"))
}

/// The arrival times of all requests, ns.
fn arrivals_ns(room: &Room, arguments: &str) -> Vec<u64> {
    let batch = requests(room, arguments, "out");
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    let column = batch.column_by_name("arrived_s").expect("the column of arrivals");
    let column = column.as_primitive::<Float64Type>();
    column.values().iter().map(|at_s| (at_s * 1e9).round() as u64).collect()
}

#[test]
fn requests_arrive_at_the_times_of_the_file_to_the_nanosecond() {
    // By hand: the differences from the first row, whatever the notation; out of order in the file.
    let log = "took,TIMESTAMP
1,2023-11-16 18:00:00.2991670
2,2023-11-16 18:00:02.0899470
3,2023-11-16 18:00:01.299167001
4,2023-11-16 18:00:03.3962320
";
    let expected = [0, 1_000_000_001, 1_790_780_000, 3_097_065_000];
    let room = room(
        "to: web.GET /, replay: { file: log.csv, columns: { at: TIMESTAMP } }",
        "duration: 10s, replications: 1",
        "log.csv",
        log,
    );
    assert_eq!(arrivals_ns(&room, "run trace.yaml"), expected);
    // The same as numbers of microseconds, and of seconds with nine decimals.
    for (unit, times) in [
        ("1us", ["7000000", "8790780", "8000000.001", "10097065"]),
        (
            "1s",
            ["1700157600.299167", "1700157602.089947", "1700157601.299167001", "1700157603.396232"],
        ),
    ] {
        let log = format!("at\n{}\n", times.join("\n"));
        let text = format!("to: web.GET /, replay: {{ file: log.csv, unit: {unit} }}");
        let room = self::room(&text, "duration: 10s, replications: 1", "log.csv", &log);
        assert_eq!(arrivals_ns(&room, "run trace.yaml"), expected, "{unit}");
    }
}

#[test]
fn a_replay_can_be_faster_limited_and_repeated() {
    // By hand: three of the four rows, 0, 2 and 4 s, twice as fast are 0, 1 and 2 s; the mean gap
    // is 1 s, so it begins again at 3 s.
    let log = "at\n10s\n12s\n14s\n30s\n";
    let text = "to: web.GET /, replay: { file: log.csv, speed: 2x, limit: 3, loop: true }";
    let room = room(text, "duration: 7500ms, replications: 1", "log.csv", log);
    let seconds: Vec<u64> = (0..8).map(|second| second * 1_000_000_000).collect();
    assert_eq!(arrivals_ns(&room, "run trace.yaml"), seconds);
}

#[test]
fn a_file_may_say_where_its_requests_go() {
    // By hand: two of three requests read, in this order, twice over.
    use crate::support::text_column;
    let log = "at,path\n0s,GET /\n1s,POST /buy\n2s,GET /\n";
    let text =
        "to: web, replay: { file: log.csv, columns: { at: at, endpoint: path }, loop: true }";
    let room = room(text, "duration: 5500ms, replications: 1", "log.csv", log);
    let batch = requests(&room, "run trace.yaml", "out");
    let places = text_column(&batch, "endpoint");
    assert_eq!(
        places,
        ["web.GET /", "web.POST /buy", "web.GET /", "web.GET /", "web.POST /buy", "web.GET /"]
    );
    // All are named in full without `to`, and the estimate knows the shares.
    let log = "at,path\n0s,web.GET /\n1s,web.POST /buy\n2s,web.GET /\n";
    let text = "replay: { file: log.csv, columns: { endpoint: path } }";
    let room = self::room(text, "duration: 3s, replications: 1", "log.csv", log);
    let said = room.says("check trace.yaml");
    assert_eq!(said["estimate"]["services"][0]["rate"], 1.0, "{said}");
}

#[test]
fn a_parquet_file_is_replayed_as_a_csv_file_is() {
    // Round trip: the requests of a run, replayed; the first is the moment 0.
    let room = Room::new(
        "poisson.yaml",
        "version: 1
run: { duration: 5s, replications: 1 }
workload: { users: { to: web.GET /, open: { rate: 50/s } } }
services: { web: { endpoints: { GET /: [ wait: 1ms ] } } }
output: { requests: 100% }",
    );
    let before = arrivals_ns(&room, "run poisson.yaml");
    fs::copy(room.path("out/requests.parquet"), room.path("first.parquet")).unwrap();
    fs::remove_dir_all(room.path("out")).unwrap();
    let again = "version: 1
run: { duration: 6s, replications: 1 }
workload: { users: { replay: { file: first.parquet, columns: { at: arrived_s, endpoint: endpoint }, unit: 1s } } }
services: { web: { endpoints: { GET /: [ wait: 1ms ] } } }
output: { requests: 100% }";
    fs::write(room.path("again.yaml"), again).unwrap();
    let after = arrivals_ns(&room, "run again.yaml");
    let relative: Vec<u64> = before.iter().map(|at| at - before[0]).collect();
    assert_eq!(after, relative);
}

#[test]
fn what_cannot_be_replayed_is_named_with_file_line_and_column() {
    // The texts of the errors.
    let ends = |workload: &str, log: &str| {
        let room = room(workload, "duration: 10s", "log.csv", log);
        room.ends("check trace.yaml", 2)
    };
    let to = "to: web.GET /, replay: { file: log.csv, columns: { at: time } }";
    for (workload, log, what) in [
        (to, "time\n1\n", "`log.csv` line 2, column `time`: `1` has no unit"),
        (to, "time\n1s\nlater\n", "`log.csv` line 3, column `time`: `later` is not a time"),
        (to, "tine\n1s\n", "did you mean `tine`?"),
        (to, "time\n", "`log.csv` has no rows"),
        ("to: web.GET /, replay: { file: nowhere.csv }", "", "cannot read `nowhere.csv`"),
        (
            "replay: { file: log.csv, columns: { endpoint: path } }",
            "at,path\n0s,web.GET /items\n",
            "`web.GET /items`",
        ),
        (
            "replay: { file: log.csv, columns: { endpoint: path } }",
            "at,path\n0s,\n",
            "line 2, column `path`: there is no endpoint",
        ),
        ("replay: { file: log.csv }", "at\n0s\n", "does not say where its requests go"),
        (
            "to: web.GET /, replay: { file: log.csv, limit: 0 }",
            "at\n0s\n",
            "with a limit of 0 rows",
        ),
    ] {
        let said = ends(workload, log);
        assert!(said.contains(what), "{workload}: {said}");
    }
}

#[test]
fn a_run_that_is_longer_than_its_trace_is_a_warning() {
    // By definition: 3 s of requests in a run of a minute.
    let log = "at\n0s\n1s\n2s\n";
    let text = "to: web.GET /, replay: { file: log.csv }";
    let said = room(text, "duration: 60s", "log.csv", log).ends("check trace.yaml", 0);
    assert!(said.contains("the file contains 3.00 s of requests"), "{said}");
    let said = room(text, "duration: 3s", "log.csv", log).ends("check trace.yaml", 0);
    assert!(!said.contains("warning: the file"), "{said}");
}

#[test]
fn a_rate_from_a_file_is_followed_exactly_and_multiplied() {
    // By hand: 3,600 requests a minute for two minutes, then 10,800 in the third: 18,000; a spike
    // doubles the last minute. Rates are joined by lines: from 60/s to 180/s in two minutes and
    // then constant are 14,400 and 10,800.
    let table = "minute,requests\n0,3600\n2,10800\n";
    let rate = "table: { file: rates.csv, at: minute, unit: 1min, rate: requests, per: 1min }";
    for (more, expected) in
        [("", 18_000.0), (", spikes: [ { at: 2m, peak: 2x, hold: 1m } ]", 28_800.0)]
    {
        let text =
            format!("to: web.GET /, open: {{ rate: {{ {rate}{more} }}, arrivals: regular }}");
        let room = room(&text, "duration: 3m, replications: 1", "rates.csv", table);
        let said = room.says("run trace.yaml --no-files -q");
        let rows = said["metrics"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["kind"] == "workload" && row["metric"] == "arrivals")
            .unwrap();
        assert_eq!(row["estimate"], expected, "{rate}{more}");
    }
    let text = "to: web.GET /, open: { rate: { table: { file: rates.csv } }, arrivals: regular }";
    let table = "at,rate\n0s,60/s\n2m,180/s\n";
    let said = room(text, "duration: 3m, replications: 1", "rates.csv", table)
        .says("run trace.yaml --no-files -q");
    assert!(said["metrics"].as_array().unwrap().iter().any(|row| row["metric"] == "arrivals"
        && row["kind"] == "workload"
        && row["estimate"] == 25_200.0));
    // Rates with units and timestamps, and what is wrong with them.
    let ends = |table: &str, code: i32| {
        let text = "to: web.GET /, open: { rate: { table: { file: rates.csv } } }";
        room(text, "duration: 3m, replications: 1", "rates.csv", table)
            .ends("check trace.yaml", code)
    };
    ends("at,rate\n2026-11-30 12:00,90/s\n", 2);
    ends("at,rate\n2026-11-30 12:00:00,90/s\n2026-11-30 12:01:00,120/min\n", 0);
    assert!(ends("at,rate\n0s,90\n", 2).contains("`90` has no unit"));
    assert!(
        ends("at,rate\n5s,90/s\n2s,90/s\n", 2).contains("line 3, column `at`: this time is before")
    );
}

#[test]
fn times_in_whole_seconds_are_spread_on_demand() {
    // By hand: four requests in a second, and one in the next; spread over a second, every 250 ms.
    let log = "at\n5s\n5s\n5s\n5s\n6s\n";
    let text = "to: web.GET /, replay: { file: log.csv, spread: 1s }";
    let room = room(text, "duration: 3s, replications: 1", "log.csv", log);
    let ms: Vec<u64> = [0, 250, 500, 750, 1000].map(|ms| ms * 1_000_000).to_vec();
    assert_eq!(arrivals_ns(&room, "run trace.yaml"), ms);
    let text = "to: web.GET /, replay: { file: log.csv }";
    let said = self::room(text, "duration: 2s", "log.csv", log).ends("check trace.yaml", 0);
    assert!(said.contains("3 of the 5 requests arrive at the same moment"), "{said}");
    // One row is one request, and cannot be repeated.
    let one = |more: &str, code: i32| {
        let text = format!("to: web.GET /, replay: {{ file: log.csv{more} }}");
        self::room(&text, "duration: 2s", "log.csv", "at\n5s\n").ends("check trace.yaml", code)
    };
    one("", 0);
    assert!(one(", loop: true", 2).contains("all its requests arrive at once"));
}

#[test]
fn reloaded_requests_go_where_the_first_one_went() {
    // By hand: what fails is sent again, once, to the same endpoint; the file names the first.
    use crate::support::text_column;
    let log = "at,path\n0s,GET /\n1s,POST /buy\n2s,GET /\n";
    let text = "to: web, replay: { file: log.csv, columns: { endpoint: path } }, reload: { p: 100%, after: 100ms, max: 1 }";
    let room = room(text, "duration: 4s, replications: 1", "log.csv", log);
    let failing = fs::read_to_string(room.path("trace.yaml"))
        .unwrap()
        .replace("wait: 1ms", "fail: 100%")
        .replace("wait: 5ms", "fail: 100%");
    fs::write(room.path("trace.yaml"), failing).unwrap();
    let batch = requests(&room, "run trace.yaml", "out");
    let [read, buy] = ["web.GET /", "web.POST /buy"];
    assert_eq!(text_column(&batch, "endpoint"), [read, read, buy, buy, read, read]);
}

#[test]
fn a_timestamp_of_a_parquet_file_has_its_own_unit() {
    // By hand: milliseconds since 1970, 0 and 1,500 of them apart, whatever `unit` says.
    use arrow_array::{ArrayRef, TimestampMillisecondArray};
    use std::sync::Arc;
    let times: ArrayRef =
        Arc::new(TimestampMillisecondArray::from(vec![1_700_000_000_000, 1_700_000_001_500]));
    let batch = RecordBatch::try_from_iter([("at", times)]).unwrap();
    for unit in ["", ", unit: 1us"] {
        let text = format!("to: web.GET /, replay: {{ file: log.parquet{unit} }}");
        let room = room(&text, "duration: 4s, replications: 1", "unused.csv", "");
        let file = fs::File::create(room.path("log.parquet")).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert_eq!(arrivals_ns(&room, "run trace.yaml"), [0, 1_500_000_000], "{unit}");
    }
}
