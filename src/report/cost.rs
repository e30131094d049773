//! The hourly cost of the services of a run that have a price.

use super::format::value;
use crate::experiment::Results;

/// Returns the services with a price and their cost in USD/h.
pub(super) fn by_service(results: &Results) -> impl Iterator<Item = (&str, f64)> {
    let costs = results
        .rows
        .iter()
        .filter(|row| row.kind == "service" && row.metric == "cost" && row.stat == "mean");
    costs.map(|row| (row.entity.as_str(), row.estimate.estimate))
}

/// Returns the total cost in USD/h; `None` if no service has a price.
pub(super) fn total(results: &Results) -> Option<f64> {
    by_service(results).map(|(_, cost)| cost).reduce(|sum, cost| sum + cost)
}

/// Formats a total for a cell of a table.
pub(super) fn cell(total: Option<f64>) -> String {
    total.map_or(String::new(), |cost| value(cost, "USD/h"))
}
