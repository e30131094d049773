//! A test of whether a queue grows without bound.
//!
//! Law: while nothing changes, the queue of an overloaded resource grows by (arrivals −
//! completions), as much in the second half of the observed period as in the first. The queue of a
//! stable one settles: it does not grow in the second half. In between, near a load of 1 and until
//! it has settled, a queue grows like √t, so in the second half by √2 − 1 = 0.41 of its growth in
//! the first. Hence the trend
//!
//! - *grows* if the growth in the second half exceeds the material amount, exceeds 3 of its
//!   standard errors, and exceeds 0.7 of the growth in the first half by 2 standard errors;
//! - is *steady* if the growth is below the material amount by 2 standard errors, or fewer
//!   requests than that wait at all;
//! - is *unclear* otherwise. With fewer than 3 replications the standard error cannot be estimated,
//!   and the variance of the number of Poisson arrivals and as many completions is used instead.
//!
//! The material amount is 1 % of the arrivals, or less if there are many arrivals: a queue at a
//! load of 1 is about √(2 · arrivals) long, and a stable one is much shorter, so the amount is at
//! most a quarter of that.
//!
//! Where the flow balance (`scenario::FlowBalance`) is known, this test is not needed.
//! Checked: by hand below; false-positive and false-negative rates in `tests/it/verdict.rs` and
//! `docs/statistics.md`.

/// The growth of one replication's queue, in requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The growth in the first half of the observed period.
    pub first: f64,
    /// The growth in the second half.
    pub second: f64,
    /// The number of requests waiting at the end.
    pub end: f64,
    /// The number of arrivals in the second half.
    pub arrivals: f64,
    /// The number of these less the number of failures in the second half.
    pub kept: f64,
}

/// The trend of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// It grows without bound.
    Grows,
    /// It does not grow, or by less than the material amount.
    Steady,
    /// This run is inconclusive.
    Unclear,
}

/// The material amount: as a share of the arrivals, and as a share of the growth of a queue at a
/// load of 1.
const MATERIAL: f64 = 0.01;
const OF_CRITICAL: f64 = 0.25;
/// The share of the growth of the first half that separates growth like √t from growth like t.
const AS_BEFORE: f64 = 0.7;

/// Returns the trend over all replications; `Steady` without replications or arrivals.
pub fn trend(replications: &[Growth]) -> Trend {
    let n = replications.len() as f64;
    let arrivals = replications.iter().map(|growth| growth.arrivals).sum::<f64>() / n;
    if replications.is_empty() || arrivals == 0.0 {
        return Trend::Steady;
    }
    let poisson = 2.0 * arrivals;
    let grown = mean_and_error(replications.iter().map(|growth| growth.second), poisson);
    let more = mean_and_error(
        replications.iter().map(|growth| growth.second - AS_BEFORE * growth.first),
        (1.0 + AS_BEFORE * AS_BEFORE) * poisson,
    );
    let waiting = replications.iter().map(|growth| growth.end).sum::<f64>() / n;
    let material = (MATERIAL * arrivals).min(OF_CRITICAL * poisson.sqrt());
    if waiting < material || grown.0 + 2.0 * grown.1 < material {
        return Trend::Steady;
    }
    if grown.0 > material && grown.0 > 3.0 * grown.1 && more.0 > 2.0 * more.1 {
        Trend::Grows
    } else {
        Trend::Unclear
    }
}

/// Returns the mean and its standard error; with fewer than three values from the expected variance
/// instead of their own.
fn mean_and_error(values: impl Iterator<Item = f64> + Clone, expected_variance: f64) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = if n < 3.0 {
        expected_variance
    } else {
        values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)
    };
    (mean, (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trend for these growths in the first and second half, with a thousand arrivals in the
    /// second half.
    fn all(growths: &[(f64, f64)]) -> Trend {
        let growth = |&(first, second): &(f64, f64)| Growth {
            first,
            second,
            end: first + second,
            arrivals: 1000.0,
            kept: 1000.0,
        };
        trend(&growths.iter().map(growth).collect::<Vec<_>>())
    }

    #[test]
    fn steady_growth_is_without_bound_and_growth_that_slows_down_is_not() {
        // The law: linear growth is equal in both halves, growth like √t is 0.41 of the first half
        // in the second, and a settled queue does not grow.
        assert_eq!(all(&[(200.0, 200.0), (210.0, 190.0), (190.0, 210.0)]), Trend::Grows);
        assert_eq!(all(&[(200.0, 82.0), (210.0, 80.0), (190.0, 84.0)]), Trend::Unclear);
        assert_eq!(all(&[(200.0, 2.0), (210.0, -3.0), (190.0, 1.0)]), Trend::Steady);
        assert_eq!(
            all(&[(-200.0, -100.0), (-210.0, -90.0), (-190.0, -95.0)]),
            Trend::Steady,
            "a backlog that drains"
        );
    }

    #[test]
    fn less_than_one_per_cent_of_the_arrivals_is_no_growth() {
        // The bound: 10 of 1,000; the number waiting is checked first.
        assert_eq!(all(&[(4.0, 5.0), (4.0, 5.0), (4.0, 5.0)]), Trend::Steady);
        assert_eq!(all(&[(9.0, 9.0), (9.0, 9.0), (9.0, 9.0)]), Trend::Steady);
        assert_eq!(all(&[(11.0, 11.0), (11.0, 11.0), (11.0, 11.0)]), Trend::Grows);
    }

    #[test]
    fn noise_is_unclear() {
        // By hand: mean 100, standard deviation 100, three values: the standard error is 58, and
        // 100 is less than three of it.
        assert_eq!(all(&[(100.0, 0.0), (100.0, 100.0), (100.0, 200.0)]), Trend::Unclear);
        assert_eq!(trend(&[]), Trend::Steady);
        assert_eq!(
            trend(&[Growth { first: 0.0, second: 5.0, end: 5.0, arrivals: 0.0, kept: 0.0 }]),
            Trend::Steady
        );
    }

    #[test]
    fn one_replication_is_judged_by_the_variance_of_poisson_arrivals() {
        // By hand: √2,000 = 44.7 for the growth, √(1.49 · 2,000) = 54.6 for the growth in excess of
        // 0.7 of the first half: 3 · 44.7 = 134, and 0.3 g > 109 from 364 on.
        assert_eq!(all(&[(360.0, 360.0)]), Trend::Unclear);
        assert_eq!(all(&[(370.0, 370.0)]), Trend::Grows);
    }
}
