//! Files with exactly one mistake: each has exactly one error.

use asyncflow::scenario;

/// A scenario without an error, in which each mistake below is made.
const SOUND: &str = "version: 1
name: shop
run: { duration: 20s, warmup: 2s, replications: 4 }
workload:
  users:
    mix: { api.GET /: 3, api.POST /: 1 }
    open: { rate: 80/s }
services:
  api:
    replicas: 2
    instance: { cpu: 2, memory: 1GiB, price: $0.1/h }
    runtime: { tasks: {} }
    endpoints:
      GET /: [ cpu: { exp: 8ms }, call: db.read ]
      POST /:
        - cpu: { exp: 4ms }
        - memory: 10MB
        - call: { to: db.write, timeout: 100ms }
  db:
    endpoints:
      read: [ wait: { lognormal: { mean: 2ms, cv: 1 } } ]
      write: [ wait: 3ms, fail: 1% ]
links: { api -> db: { latency: 1ms } }
faults:
  - crash: { target: db, at: 5s, for: 2s }
slos: { fast: { of: users, p95: 60ms }, reads: { of: api.GET /, errors: 1% } }
capacity: { vary: workload.users.open.rate, from: 10/s, to: 200/s, while: [fast] }
";

#[test]
fn a_file_with_one_mistake_has_one_error() {
    // A second error that only follows from the first would send the reader to the wrong line.
    let errors = |text: &str| scenario::from_yaml(text).map_or_else(|found| found.list, |_| vec![]);
    assert_eq!(errors(SOUND), []);
    for (right, wrong) in [
        ("run: {", "runn: {"),
        ("duration: 20s", "duraton: 20s"),
        ("duration: 20s", "duration: 20"),
        ("warmup: 2s", "warmup: 30s"),
        ("warmup: 2s", "warmup: 1e400s"),
        ("replications: 4", "replications: 0"),
        ("replications: 4", "replications: 1e30"),
        ("api.GET /: 3", "api.GET /x: 3"),
        ("api.GET /: 3", "ap.GET /: 3"),
        ("api.GET /: 3", "api.GET /: 1e400"),
        ("rate: 80/s", "rate: 80"),
        ("open:", "opn:"),
        ("services:", "service:"),
        ("replicas: 2", "replicas: two"),
        ("replicas: 2", "replicas: 99999999999999999999"),
        ("cpu: 2,", "cpu: 2.5,"),
        ("memory: 1GiB", "memory: 1G"),
        ("tasks: {}", "task: {}"),
        ("GET /: [", "GET /: "),
        ("call: db.read", "call: db.reed"),
        ("call: db.read", "cal: db.read"),
        ("exp: 8ms", "expo: 8ms"),
        ("endpoints:\n      GET", "endpoint:\n      GET"),
        ("cv: 1", "cv: -1"),
        ("mean: 2ms", "mena: 2ms"),
        ("to: db.write, ", ""),
        ("api -> db", "api > db"),
        ("for: 2s", "four: 2s"),
        ("of: users", "of: user"),
        ("p95: 60ms", "p950: 60ms"),
        ("while: [fast]", "while: [slow]"),
        ("from: 10/s", "from: 1e400/s"),
        ("from: 10/s", "from: 300/s"),
        ("version: 1\n", ""),
    ] {
        let text = SOUND.replacen(right, wrong, 1);
        let found = errors(&text);
        assert_ne!(text, SOUND, "{right}");
        assert_eq!(found.len(), 1, "{right} → {wrong}: {found:#?}");
    }
}
