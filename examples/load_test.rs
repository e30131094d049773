//! A load test in thirty lines: how does the p99 of a service grow with its traffic?
//!
//! ```sh
//! cargo run --release --example load_test
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use asyncflow::scenario::{Dist, Runtime, Scenario, Service, Step, Workload};
use asyncflow::units::{Rate, Span};
use asyncflow::{Experiment, ExperimentError};

fn main() -> Result<(), ExperimentError> {
    let ms = |ms: f64| Span::from_seconds(ms / 1e3);
    let api = Service::new()
        .with_cpu(2)
        .with_runtime(Runtime::event_loop(2))
        .with_endpoint("GET /item", [Step::cpu(Dist::exp(ms(5.0))), Step::wait(ms(12.0))]);
    let mut shop = Scenario::new("shop")
        .with_workload("users", Workload::open("api.GET /item", Rate::per_second(100.0)))
        .with_service("api", api);
    shop.run.duration = Span::from_seconds(120.0);

    println!("{:>8}  {:>18}  {:>6}", "rate", "p99", "busy");
    for point in Experiment::new(&shop)
        .replications(10)
        .vary("workload.users.open.rate", ["100/s", "200/s", "300/s", "380/s"])
        .sweep()?
    {
        let Some(results) = &point.results else { continue };
        let (Some(p99), Some(busy)) = (results.latency("users").p99(), results.utilisation("api"))
        else {
            continue;
        };
        let half_width = (p99.high - p99.low) / 2.0;
        let rate = &point.parameters["workload.users.open.rate"];
        println!(
            "{:>8}  {:>8.1} ± {:>4.1} ms  {:>4.0} %",
            rate.as_str().unwrap_or_default(),
            p99.estimate * 1e3,
            half_width * 1e3,
            busy.estimate * 100.0
        );
    }
    Ok(())
}
