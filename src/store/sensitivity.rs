//! The table of a sensitivity analysis: `sensitivity.parquet`.

use super::answer::write_answer;
use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::SENSITIVITY;
use super::table::{Cell, Push, batch};
use crate::design::value::shown;
use crate::experiment::Sensitivity;
use crate::scenario::Scenario;
use arrow_array::RecordBatch;

/// Writes `sensitivity.parquet` and the manifest, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub fn write_sensitivity(
    folder: Folder,
    scenario: &Scenario,
    answers: &[Sensitivity],
) -> Result<usize, StoreError> {
    let manifest = Manifest::of_sensitivity(scenario, answers);
    write_answer(folder, &SENSITIVITY, manifest, |push| rows(answers, push))
}

/// Returns the rows of `sensitivity.parquet` as a batch, without writing a file.
///
/// ```
/// use asyncflow::design::{Range, Scale, Vary};
/// use asyncflow::experiment::Method;
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let rates = Range { from: "20/s".into(), to: "90/s".into(), scale: Scale::Linear, steps: None };
/// let varied = shop.vary_over("workload.users.open.rate", Vary::Range(rates)).vary("services.api.replicas", [1, 2]);
/// let batch = asyncflow::store::sensitivity_batch(&varied.sensitivity(&["users.latency.p99"], Method::Morris(2))?);
/// assert_eq!(batch.num_rows(), 2);
/// assert!(batch.column_by_name("mu_star").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sensitivity_batch(answers: &[Sensitivity]) -> RecordBatch {
    batch(SENSITIVITY.arrow(), |push| rows(answers, push))
}

fn rows(answers: &[Sensitivity], push: Push) {
    for answer in answers {
        for parameter in &answer.parameters {
            let (from, to) = (shown(&parameter.range.0), shown(&parameter.range.1));
            let (effect, indices) = (parameter.effect, parameter.indices);
            let by_morris =
                effect.map_or([f64::NAN; 4], |e| [e.mu, e.mu_star, e.mu_star_std_error, e.sigma]);
            let by_sobol = indices.map_or([f64::NAN; 6], |i| {
                [i.first, i.first_low, i.first_high, i.total, i.total_low, i.total_high]
            });
            let n = effect.map(|effect| effect.n).or(indices.map(|indices| indices.n)).unwrap_or(0);
            let names = [
                answer.kind,
                &answer.entity,
                &answer.metric,
                answer.stat,
                answer.unit,
                answer.method.name(),
            ]
            .map(Cell::Text);
            let of_parameter = [parameter.path.as_str(), &from, &to].map(Cell::Text);
            let (by_morris, by_sobol) = (by_morris.map(Cell::Number), by_sobol.map(Cell::Number));
            push(
                &[
                    &names[..],
                    &of_parameter,
                    &by_morris,
                    &by_sobol,
                    &[Cell::Whole(u64::from(n)), Cell::Text(answer.variation.name())],
                ]
                .concat(),
            );
        }
    }
}
