//! Random numbers for the tests of this module: SplitMix64 (Steele, Lea, Flood 2014), identical for
//! a seed on every machine.

/// Returns a generator of uniforms in (0, 1), from 53 bits, offset by half a step from 0.
pub fn uniforms(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}

/// Returns a generator of standard normals (Box, Muller 1958).
pub fn normals(seed: u64) -> impl FnMut() -> f64 {
    let mut uniform = uniforms(seed);
    move || {
        let radius = (-2.0 * uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * uniform()).cos()
    }
}

/// Asserts that two numbers are equal up to rounding.
pub fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
}

#[test]
fn the_draws_are_the_published_ones() {
    // The first output of SplitMix64 from state 0 is 0xE220A8397B1DCDAF (Vigna's reference
    // implementation).
    assert_eq!(
        uniforms(0)(),
        ((0xE220_A839_7B1D_CDAFu64 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    );
}

#[test]
fn normals_have_mean_0_and_variance_1() {
    // Definition; 4 standard errors on each: 1e-4 chance of failing with another seed.
    let (n, mut draw) = (100_000.0f64, normals(1));
    let (sum, squares) =
        (0..n as u32).map(|_| draw()).fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    assert!(
        (sum / n).abs() < 4.0 / n.sqrt() && (squares / n - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
        "{} {}",
        sum / n,
        squares / n
    );
}
