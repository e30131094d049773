//! A sweep as an Arrow record batch, which Polars, DataFusion and DuckDB read directly: one row per
//! point and metric, with the point's parameters.
//!
//! ```sh
//! cargo run --release --example sweep_to_arrow
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use asyncflow::Experiment;
use asyncflow::store::summary_batch_of_points;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sizing =
        Experiment::from_file("scenarios/sizing.yaml")?.set("run.duration=1m").replications(5);
    let points = sizing
        .vary("services.api.replicas", [2, 3, 4])
        .vary("services.api.balance", ["random", "least_connections"])
        .sweep()?;
    let batch = summary_batch_of_points(&points);
    println!("{} rows of {} columns:", batch.num_rows(), batch.num_columns());
    for field in batch.schema().fields() {
        println!("  {:<28} {}", field.name(), field.data_type());
    }
    Ok(())
}
