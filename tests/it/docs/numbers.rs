//! The numbers in the tutorial are those of its runs.

use asyncflow::scenario;
use std::fs;

/// Returns the number between two pieces of text on a page.
fn stated(page: &str, before: &str, after: &str) -> f64 {
    let text = fs::read_to_string(page).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let rest =
        text.split(before).nth(1).unwrap_or_else(|| panic!("{page} does not contain `{before}`"));
    let number = rest.split(after).next().unwrap().trim();
    number.parse().unwrap_or_else(|_| {
        panic!("{page}: `{before}` is followed by `{number}` instead of a number and `{after}`")
    })
}

#[test]
fn the_numbers_in_the_tutorial_are_those_of_the_runs() {
    // Only three of the replications of the page's runs, within a random deviation stated with each
    // number.
    let page = "docs/tutorial.md";
    let tutorial = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        tutorial.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let run = |yaml: &str| {
        let mut scenario = scenario::from_yaml(yaml).unwrap();
        scenario.run.replications = asyncflow::scenario::Replications::Fixed(3);
        asyncflow::run(&scenario).unwrap()
    };
    let says = |results: &asyncflow::experiment::Results,
                number: [&str; 4],
                scale: f64,
                before: &str,
                after: &str,
                within: f64| {
        let value =
            results.find(number[0], number[1], number[2], number[3]).unwrap().estimate.estimate
                * scale;
        let stated = stated(page, before, after);
        assert!((stated - value).abs() <= within, "`{before} {stated}{after}`, but it is {value}");
    };
    let hello = fs::read_to_string("scenarios/hello.yaml").unwrap();
    let once = run(&hello);
    says(&once, ["workload", "users", "latency", "mean"], 1e3, "of their latency. `", " ±", 0.2);
    says(&once, ["workload", "users", "latency", "p95"], 1e3, "the p95 rises from ", " ms", 1.0);
    says(
        &once,
        ["service", "api", "utilisation", "mean"],
        1e2,
        "One loop was busy ",
        " % of the time",
        1.0,
    );
    let twice = run(&hello.replace("rate: 150/s", "rate: 300/s"));
    says(
        &twice,
        ["service", "api", "utilisation", "mean"],
        1e2,
        "The loop is now busy ",
        " %",
        1.0,
    );
    // Near saturation the p95 of one replication has a standard deviation of 28 ms, the mean of
    // three 16 ms.
    says(
        &twice,
        ["workload", "users", "latency", "p95"],
        1e3,
        "rises from 48 ms to about ",
        " ms",
        64.0,
    );
    let shop = run(blocks[0]);
    says(&shop, ["service", "web", "utilisation", "mean"], 1e2, "they are ", " % busy", 0.5);
    says(
        &shop,
        ["service", "web", "in_flight", "mean"],
        1.0,
        "though ",
        " requests at a time",
        0.1,
    );
    says(&shop, ["workload", "users", "latency", "p99"], 1e3, "its p99 is ", " ms", 4.0);
    let slow = run(&[blocks[0], blocks[1]].concat());
    says(
        &slow,
        ["workload", "users", "error_ratio", "mean"],
        1e2,
        "failed with `timeout`, ",
        " % of all",
        1.0,
    );
    assert_eq!(
        slow.find("workload", "users", "outcomes.timeout", "mean").unwrap().estimate,
        slow.find("workload", "users", "error_ratio", "mean").unwrap().estimate
    );
    says(
        &slow,
        ["service", "db", "ready_queue", "max"],
        1e-3,
        "30 s later about ",
        " thousand requests",
        0.3,
    );
}
