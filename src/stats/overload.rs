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
}
