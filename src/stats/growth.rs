//! Does a queue grow without end?
//!
//! Law: over a stretch in which nothing changes, the queue of an overloaded resource grows by
//! (arrivals − completions), as much in the second half of the stretch as in the first. That of a
//! stable one settles: it does not grow in the second half. In between, near a load of 1 and as
//! long as it has not settled, it grows like √t, so in the second half by √2 − 1 = 0.41 of what it
//! grew in the first. Hence
//!
//! - *grows*: in the second half by more than is material, by more than 3 standard errors, and by
//!   more than 0.7 of the growth of the first half, by 2 standard errors;
//! - *steady*: by less than is material, by 2 standard errors, or less than that waits at all;
//! - *unclear* otherwise. With fewer than 3 replications there is no error to speak of, and the
//!   variance of the number of Poisson arrivals and as many completions stands in for it.
//!
//! Material is 1 % of the arrivals, and of many arrivals less: a queue at a load of 1 is about √(2
//! · arrivals) long, and one that holds is much shorter, so a quarter of that.
//!
//! Whoever knows the flow balance (`scenario::FlowBalance`) needs none of this. Checked: by hand
//! below; rates of false alarm and false calm in `tests/it/verdict.rs` and `docs/statistics.md`.

/// How one replication's queue grew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// In the first half of the stretch.
    pub first: f64,
    /// In the second half.
    pub second: f64,
    /// Waiting at the end.
    pub end: f64,
    /// Arrivals in the second half.
    pub arrivals: f64,
}

/// What the growth of a queue says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Without end.
    Grows,
    /// Not, or by less than is material.
    Steady,
    /// That cannot be told from this run.
    Unclear,
}

/// Growth by less than this share of the arrivals is none, nor is less than this share of what a
/// queue at a load of 1 grows by.
const MATERIAL: f64 = 0.01;
const OF_CRITICAL: f64 = 0.25;
/// Share of the growth of the first half, between that of √t and that of t.
const AS_BEFORE: f64 = 0.7;

/// What the replications say together.
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

/// The mean, and its standard error; from a variance that is to be expected where there are too few
/// values for their own.
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

    /// A thousand arrivals in the second half.
    fn all(growths: &[(f64, f64)]) -> Trend {
        let of = |&(first, second): &(f64, f64)| Growth {
            first,
            second,
            end: first + second,
            arrivals: 1000.0,
        };
        trend(&growths.iter().map(of).collect::<Vec<_>>())
    }

    #[test]
    fn growth_that_goes_on_as_before_is_without_end_and_growth_that_slows_down_is_not() {
        // The law: linear growth is as large in both halves, that of √t 0.41 of it, a settled queue
        // does not grow.
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
        // The bound: 10 of 1,000; who waits in all is looked at first.
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
            trend(&[Growth { first: 0.0, second: 5.0, end: 5.0, arrivals: 0.0 }]),
            Trend::Steady
        );
    }

    #[test]
    fn one_replication_is_judged_by_the_variance_of_poisson_arrivals() {
        // By hand: √2,000 = 44.7 for the growth, √(1.49 · 2,000) = 54.6 for what goes on: 3 · 44.7
        // = 134, and 0.3 g > 109 from 364 on.
        assert_eq!(all(&[(360.0, 360.0)]), Trend::Unclear);
        assert_eq!(all(&[(370.0, 370.0)]), Trend::Grows);
    }
}
