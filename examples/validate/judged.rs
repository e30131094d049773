//! Cases and payloads with their simulated results.

use crate::SEEDS;
use crate::cases::{Case, Run};
use crate::judge::{self, normal_score};
use crate::payloads::{self, Ours, Payload};
use asyncflow::stats::Estimate;
use std::time::Instant;

/// A case and its simulated results.
pub(super) struct JudgedCase {
    pub(super) case: Case,
    pub(super) runs: Vec<JudgedRun>,
}

pub(super) struct JudgedRun {
    pub(super) run: Run,
    /// One for each claim, over all seeds.
    pub(super) estimates: Vec<Estimate>,
    /// One for each seed, of the claims in turn.
    pub(super) scores: Vec<f64>,
    pub(super) replications: u32,
    /// Measured time of a replication, s.
    pub(super) measured_s: f64,
    /// Requests that arrived in the measured parts of all replications of all seeds.
    pub(super) requests: f64,
}

pub(super) fn judge_case(mut case: Case) -> JudgedCase {
    let started = Instant::now();
    let runs =
        std::mem::take(&mut case.runs).into_iter().map(|run| judge_run(case.id, run)).collect();
    eprintln!("{:24} {:5.1} s", case.id, started.elapsed().as_secs_f64());
    JudgedCase { case, runs }
}

fn judge_run(id: &str, run: Run) -> JudgedRun {
    let by_chance: Vec<usize> =
        (0..run.claims.len()).filter(|&claim| run.claims[claim].share > 0.0).collect();
    let mut seeds: Vec<Vec<Estimate>> = Vec::new();
    let mut scores = Vec::new();
    let (mut replications, mut measured_s, mut requests) = (0, 0.0, 0.0);
    for nth in 0..if by_chance.is_empty() { 1 } else { SEEDS } {
        let results = asyncflow::run(&judge::scenario(id, &run, nth))
            .unwrap_or_else(|error| panic!("{error}"));
        let estimates: Vec<Estimate> =
            run.claims.iter().map(|claim| judge::read(&results, claim)).collect();
        if !by_chance.is_empty() {
            let claim = by_chance[nth as usize % by_chance.len()];
            scores.push(normal_score(
                judge::z(&estimates[claim], run.claims[claim].exact),
                estimates[claim].n,
            ));
        }
        let arrivals =
            results.rows.iter().filter(|row| row.kind == "workload" && row.metric == "arrivals");
        requests += arrivals.flat_map(|row| &row.values).sum::<f64>();
        (replications, measured_s) = (results.replications, results.duration_s - results.warmup_s);
        seeds.push(estimates);
    }
    let estimates_of =
        |claim: usize| seeds.iter().map(|estimates| estimates[claim]).collect::<Vec<_>>();
    let estimates = (0..run.claims.len()).map(|claim| pooled(&estimates_of(claim))).collect();
    JudgedRun { run, estimates, scores, replications, measured_s, requests }
}

/// Returns the mean of independent estimates of equal weight; its error comes from the spread of
/// the replications within each.
fn pooled(seeds: &[Estimate]) -> Estimate {
    let n = seeds.len() as f64;
    let estimate = seeds.iter().map(|e| e.estimate).sum::<f64>() / n;
    let std_error = seeds.iter().map(|e| e.std_error * e.std_error).sum::<f64>().sqrt() / n;
    Estimate { estimate, std_error, ..seeds[0] }
}

/// A payload of AsyncFlow 0.1, and our figures.
pub(super) struct JudgedPayload {
    pub(super) payload: Payload,
    pub(super) ours: Vec<Ours>,
    pub(super) lost: f64,
}

pub(super) fn judge_payload(payload: Payload) -> JudgedPayload {
    let results = asyncflow::run(&payload.scenario()).unwrap_or_else(|error| panic!("{error}"));
    let ours = payload.figures.iter().map(|figure| payloads::ours(&results, figure)).collect();
    let lost = results
        .find("workload", "rqs-1", "outcomes.lost", "mean")
        .map_or(f64::NAN, |row| row.estimate.estimate);
    eprintln!("{}", payload.name);
    JudgedPayload { payload, ours, lost }
}
