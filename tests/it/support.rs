//! The small language of the tests: a scenario in a few words, its answer, and what is claimed of it.

use asyncflow::experiment::{Results, Row};
use asyncflow::scenario;

/// Runs a scenario written in YAML; `version: 1` and the name are added.
pub fn run(yaml: &str) -> Answer {
    let scenario = scenario::from_yaml(&format!("version: 1\nname: test\n{yaml}")).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    Answer { results: asyncflow::run(&scenario).unwrap_or_else(|error| panic!("{error}")) }
}

/// What a run said.
pub struct Answer {
    pub results: Results,
}

impl Answer {
    /// A number of the vocabulary: `("workload users", "latency p99")`.
    pub fn row(&self, of: &str, number: &str) -> &Row {
        let (kind, entity) = of.split_once(' ').expect("kind and entity");
        let (metric, stat) = number.rsplit_once(' ').expect("metric and statistic");
        self.results.find(kind, entity, metric, stat).unwrap_or_else(|| panic!("there is no {metric} {stat} of {kind} {entity}"))
    }
    /// Its estimate.
    pub fn value(&self, of: &str, number: &str) -> f64 {
        self.row(of, number).estimate.estimate
    }
    /// Claims that an exact value is within 4 standard errors, and that the standard error is at most a share of it.
    /// A right simulator fails one such claim in 16,000 (normal; about 1 in 3,600 with the t of 40 replications).
    pub fn agrees(&self, of: &str, number: &str, exact: f64, precision: f64) {
        let e = &self.row(of, number).estimate;
        let z = (e.estimate - exact) / e.std_error;
        assert!(
            e.std_error <= precision * exact.abs(),
            "{of} {number}: the standard error {} is more than {precision} of {exact}",
            e.std_error
        );
        assert!(z.abs() < 4.0, "{of} {number}: {} ± {} against {exact}: z = {z:.2}", e.estimate, e.std_error);
    }
    /// Claims an equality up to a relative rounding.
    pub fn equals(&self, of: &str, number: &str, exact: f64) {
        let value = self.value(of, number);
        assert!((value - exact).abs() <= 1e-9 * exact.abs().max(1e-9), "{of} {number}: {value} is not {exact}");
    }
}
