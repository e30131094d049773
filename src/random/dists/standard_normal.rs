//! The standard normal distribution: density, both tails, quantile.
//!
//! Law: cdf(z) = erfc(-z/√2)/2 with `statrs`' erfc; quantile by Wichura 1988, "Algorithm AS 241:
//! The Percentage Points of the Normal Distribution", Applied Statistics 37(3), 477-484, routine
//! PPND16 (relative error about 1e-16): rational approximations of degree 7 in three ranges.
//! Limits: 0 < u < 1; the quantile is ∓∞ outside. Tested against published percentage points and
//! against the cdf.

use std::f64::consts::{PI, SQRT_2};

/// Coefficients of a numerator and a denominator, lowest power first.
type Ratio = [[f64; 8]; 2];

const CENTRE: Ratio = [
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065514,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ],
];
const NEAR: Ratio = [
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        7.745450142783414e-4,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        5.475938084995345e-4,
        1.0507500716444169e-9,
    ],
];
const FAR: Ratio = [
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.2965605718285049,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-5,
        2.0103343992922881e-7,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        7.868691311456133e-4,
        1.8463183175100548e-5,
        1.421511758316446e-7,
        2.0442631033899397e-15,
    ],
];

#[inline(always)]
fn ratio([above, below]: &Ratio, x: f64) -> f64 {
    // Starts from the highest coefficient instead of 0: one multiplication and one addition fewer
    // in a chain of dependent operations.
    let horner =
        |[rest @ .., highest]: &[f64; 8]| rest.iter().rev().fold(*highest, |sum, c| sum * x + c);
    horner(above) / horner(below)
}

/// Returns the value reached with probability `u`.
pub(crate) fn quantile(u: f64) -> f64 {
    let centred = u - 0.5;
    if centred.abs() <= 0.425 {
        return centred * ratio(&CENTRE, 0.180625 - centred * centred);
    }
    let tail = if centred < 0.0 { u } else { 1.0 - u };
    let z = match (-tail.max(0.0).ln()).sqrt() {
        root if root.is_infinite() => f64::INFINITY,
        root if root <= 5.0 => ratio(&NEAR, root - 1.6),
        root => ratio(&FAR, root - 5.0),
    };
    z.copysign(centred)
}

/// Returns the probability of at most `z`.
pub(super) fn cdf(z: f64) -> f64 {
    statrs::function::erf::erfc(-z / SQRT_2) / 2.0
}

/// Returns the probability of more than `z`, accurate in the far tail.
pub(crate) fn above(z: f64) -> f64 {
    cdf(-z)
}

/// Returns the density at `z`.
pub(super) fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentage_points_are_the_published_ones() {
        // NIST/SEMATECH e-Handbook §1.3.6.7.1 and R's qnorm at 16 digits; the first three are
        // Wichura's own check values.
        for (u, z) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_840_8),
        ] {
            assert!((quantile(u) / z - 1.0).abs() < 4e-15, "{u}: {}", quantile(u));
        }
        assert_eq!(
            (quantile(0.5), quantile(0.0), quantile(1.0)),
            (0.0, f64::NEG_INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn quantile_and_cdf_undo_each_other() {
        // The identity itself, in both tails.
        for i in -80..=80 {
            let z = i as f64 / 10.0;
            let back = if z < 0.0 { quantile(cdf(z)) } else { -quantile(above(z)) };
            assert!((back - z).abs() < 1e-10, "{z} came back as {back}");
        }
    }
}
