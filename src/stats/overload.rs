//! Overload: does the backlog grow without end?
//!
//! Law: in a stable system the number of requests in it does not drift: its expected growth over the second half of the measured part is 0.
//! In an overloaded one it grows by (arrivals − completions), a fixed share of the arrivals. Called overloaded if the growth is more than 1 % of
//! the arrivals of the second half, and (from 3 replications) more than 3 standard errors above 0 (false alarm about 0.2 % at 30
//! replications of a stable system, less because of the 1 %). A fault or ramp that ends the run with a full queue is overload too.
//! The idea of judging by rate deficit and trend: BLIS (`models.md` §9.1).

/// One replication's growth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// In the system at the end, minus in the middle of the measured part.
    pub requests: f64,
    /// Arrivals in between.
    pub arrivals: f64,
}

/// Whether the backlog grows without end.
pub fn grows(replications: &[Growth]) -> bool {
    let n = replications.len() as f64;
    let arrivals: f64 = replications.iter().map(|g| g.arrivals).sum();
    let mean = replications.iter().map(|g| g.requests).sum::<f64>() / n;
    if n == 0.0 || arrivals == 0.0 || mean * n < 0.01 * arrivals {
        return false;
    }
    if n < 3.0 {
        return mean * n > 0.05 * arrivals;
    }
    let squares: f64 = replications.iter().map(|g| (g.requests - mean) * (g.requests - mean)).sum();
    mean > 3.0 * (squares / (n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_growth_is_overload_and_noise_is_not() {
        let growth = |requests: f64| Growth { requests, arrivals: 1000.0 };
        assert!(grows(&[growth(200.0), growth(210.0), growth(190.0)]));
        assert!(!grows(&[growth(30.0), growth(-20.0), growth(25.0)]));
        assert!(!grows(&[growth(4.0), growth(4.1), growth(4.2)]), "0.4 % of the arrivals is no overload");
        assert!(!grows(&[]));
    }

    fn all(requests: &[f64], arrivals: f64) -> bool {
        grows(&requests.iter().map(|&requests| Growth { requests, arrivals }).collect::<Vec<_>>())
    }

    #[test]
    fn a_growth_of_three_standard_errors_is_noise_and_one_of_more_is_overload() {
        // By hand: 4, 4 and 1 have mean 3 and standard error √(6/2/3) = 1. 100 ± d in three: the error is d/√3, so 57 is less than a third, 58 more.
        assert!(!all(&[4.0, 4.0, 1.0], 100.0) && all(&[4.001, 4.001, 1.001], 100.0));
        assert!(all(&[43.0, 100.0, 157.0], 1000.0) && !all(&[42.0, 100.0, 158.0], 1000.0));
        // In five: the error of 100 ± d, 100 ± d, 100 is d/√5, so the bound is at 74.5.
        assert!(all(&[26.0, 100.0, 174.0, 26.0, 174.0], 1000.0) && !all(&[25.0, 100.0, 175.0, 25.0, 175.0], 1000.0));
    }

    #[test]
    fn one_per_cent_of_the_arrivals_is_the_least_that_counts() {
        // The law at its bound: 30 of 3,000, and just below; without arrivals nothing grows.
        assert!(all(&[10.0; 3], 1000.0) && !all(&[9.999; 3], 1000.0));
        assert!(!all(&[0.0; 3], 0.0) && !all(&[10.0; 3], 0.0) && !all(&[-10.0; 3], 1000.0));
    }

    #[test]
    fn fewer_than_three_replications_need_five_per_cent() {
        // The law at its bound: 100 of 2,000 in two, 50 of 1,000 in one.
        assert!(!all(&[50.0; 2], 1000.0) && all(&[50.1; 2], 1000.0) && all(&[120.0, -19.0], 1000.0));
        assert!(!all(&[50.0], 1000.0) && all(&[51.0], 1000.0));
    }
}
