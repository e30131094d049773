//! A scenario built in code: an API in front of a database, an outage of one of the API's replicas,
//! a service level objective, and the results.
//!
//! ```sh
//! cargo run --release --example two_services
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use asyncflow::ExperimentError;
use asyncflow::scenario::{
    Balance, Crash, Dist, Link, Runtime, Scenario, Schedule, Service, Slo, Stages, Step, Workload,
    to_yaml,
};
use asyncflow::units::{Percentile, Rate, Span};
use std::time::Duration;

fn main() -> Result<(), ExperimentError> {
    let ms = |ms| Span::from(Duration::from_millis(ms));
    let api = Service::new()
        .with_runtime(Runtime::event_loop(1))
        .with_replicas(2)
        .with_balance(Balance::LeastConnections)
        .with_endpoint(
            "GET /item",
            [Step::cpu(ms(2)), Step::call_within("db.read", ms(500)), Step::cpu(ms(1))],
        );
    let database = Service::new()
        .with_cpu(2)
        .with_runtime(Runtime::tasks(Schedule::Fifo))
        .with_max_in_flight(24, 200)
        .with_endpoint(
            "read",
            [Step::cpu(Dist::lognormal(ms(3), ms(12))), Step::wait(Dist::exp(ms(4)))],
        );
    let outage = Crash::new("api", ms(60_000)).lasting(ms(30_000));
    let rate = Stages::new(Rate::per_second(200.0)).ramp(Rate::per_second(250.0), ms(30_000));
    let mut shop = Scenario::new("shop")
        .with_workload("users", Workload::open("api.GET /item", rate))
        .with_service("api", api)
        .with_service("db", database)
        .with_link("users -> api", Link::new(Dist::normal(ms(3), ms(1))).with_loss(0.0001))
        .with_fault(outage)
        .with_slo("fast", Slo::of("users").with_latency(Percentile::P99, ms(100)));
    shop.run.duration = ms(180_000);

    let results = asyncflow::run(&shop)?;
    for phase in &results.phases {
        let entity = phase.entity("users");
        let p99 = results
            .find("phase", &entity, "latency", "p99")
            .map_or(f64::NAN, |row| row.estimate.estimate);
        let failed = results
            .find("phase", &entity, "error_ratio", "mean")
            .map_or(f64::NAN, |row| row.estimate.estimate);
        println!("{:<20} p99 {:>7.1} ms, {:>5.2} % failed", phase.name, p99 * 1e3, failed * 100.0);
    }
    for slo in &results.slos {
        println!("{}: {} ({})", slo.name, if slo.pass { "met" } else { "missed" }, slo.goal);
    }
    // The same scenario as a file, for the command line.
    println!("\n{}", to_yaml(&shop));
    Ok(())
}
