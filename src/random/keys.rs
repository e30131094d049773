//! Keys and draws: SplitMix64-mixed addresses of random numbers.
//!
//! Law: `draw = mix(key ^ salt)`, `child = mix(key ^ salt)` further mixed, where `mix` is the
//! finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
//! generators", §5; constants of Stafford's variant 13). It is a bijection of 64 bits that passes
//! avalanche tests, so addresses that differ in one bit give unrelated numbers.
//! Checked: uniformity (Kolmogorov-Smirnov) and correlation of neighbours, below; the tests of the
//! distributions rely on it.

use std::convert::Infallible;

/// Applies the finaliser of SplitMix64: every output bit depends on every input bit.
#[inline(always)]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The address of something that draws: a replication, a source, a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key(pub u64);

/// The purpose of a draw: the hash of a path in the scenario, such as `services.api.GET /a.cpu#0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salt(pub u64);

impl Salt {
    /// Returns the salt of a path: FNV-1a, then mixed; stable between versions and machines.
    pub fn of(path: &str) -> Salt {
        let hash = path.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
            (h ^ b as u64).wrapping_mul(0x0000_0100_0000_01B3)
        });
        Salt(mix(hash))
    }
}

impl Key {
    /// Returns the key of one replication of a run.
    pub fn replication(seed: u64, replication: u64) -> Key {
        Key(mix(mix(seed.wrapping_add(GOLDEN)) ^ replication.wrapping_mul(GOLDEN).wrapping_add(1)))
    }
    /// Derives a key below this one, such as that of the request a call makes on its `visit`-th
    /// execution.
    #[inline(always)]
    pub fn child(self, salt: Salt, visit: u64) -> Key {
        Key(mix(self.0 ^ salt.0)).ordinal(visit + 1)
    }
    /// Derives the key of the `ordinal`-th request of the source with this key.
    #[inline(always)]
    pub fn ordinal(self, ordinal: u64) -> Key {
        Key(mix(self.0.wrapping_add(ordinal.wrapping_mul(GOLDEN))))
    }
    /// Returns the draw for one purpose.
    #[inline(always)]
    pub fn draw(self, salt: Salt) -> Draw {
        Draw(mix(self.0 ^ salt.0))
    }
}

/// One draw: 64 random bits, from which a sampler without a quantile function can generate more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(pub u64);

impl Draw {
    /// Returns a uniform in the open interval (0, 1), on a grid symmetric about 1/2: never 0 or 1,
    /// and `1 - u` is exact.
    #[inline(always)]
    pub fn uniform(self) -> f64 {
        ((self.0 >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }
    /// Returns `1 - u` of the same draw, exactly and without the subtraction.
    #[inline(always)]
    pub fn complement(self) -> f64 {
        self.mirrored().uniform()
    }
    /// Returns the antithetic draw, whose uniform is `1 - u`.
    #[inline(always)]
    pub fn mirrored(self) -> Draw {
        Draw(!self.0)
    }
    /// Returns a number below `n`, each with equal probability.
    #[inline(always)]
    pub fn one_of(self, n: u32) -> u32 {
        ((self.uniform() * n as f64) as u32).min(n - 1)
    }
    /// Returns another draw, for distributions that need two.
    pub fn next(self) -> Draw {
        Draw(mix(self.0.wrapping_add(GOLDEN)))
    }
    /// Returns a SplitMix64 generator seeded with this draw, for `rand_distr`.
    pub fn generator(self) -> Generator {
        Generator { state: self.0 }
    }
}

/// SplitMix64 as a `rand` generator, seeded by a draw.
#[derive(Clone, Debug)]
pub struct Generator {
    state: u64,
}

impl rand::TryRng for Generator {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(GOLDEN);
        Ok(mix(self.state))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn one_of_n_is_the_nth_part_of_the_draw() {
        // By hand: the first, the middle and the last of 2^64 draws; and each of 7 equally often in
        // 70,000 (within 4.5 standard deviations of 93).
        for n in [1u32, 2, 7, 1000] {
            assert_eq!(Draw(0).one_of(n), 0);
            assert_eq!(Draw(u64::MAX).one_of(n), n - 1);
            assert_eq!(Draw(1 << 63).one_of(n), n / 2);
        }
        let mut seen = [0u32; 7];
        (0..70_000).for_each(|i| seen[Draw(mix(i)).one_of(7) as usize] += 1);
        assert!(
            seen.iter().all(|&count| (f64::from(count) - 10_000.0).abs() < 4.5 * 93.0),
            "{seen:?}"
        );
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // The published first outputs for the seed 1234567 (Vigna's `splitmix64.c`; they pin `mix`
        // as well).
        let published = [
            6_457_827_717_110_365_317_u64,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        let mut generator = Draw(1_234_567).generator();
        assert_eq!(published.map(|_| generator.next_u64()), published);
        // A draw's `next` is the generator's first output; `next_u32` is the upper half; bytes are
        // little-endian, and the last word is truncated.
        let mut generator = Draw(1_234_567).generator();
        assert_eq!(Draw(1_234_567).next(), Draw(published[0]));
        assert_eq!(generator.next_u32(), (published[0] >> 32) as u32);
        let mut bytes = [0; 12];
        generator.fill_bytes(&mut bytes);
        assert_eq!(
            (&bytes[..8], &bytes[8..]),
            (&published[1].to_le_bytes()[..], &published[2].to_le_bytes()[..4])
        );
    }

    #[test]
    fn addresses_are_stable_between_versions_and_machines() {
        // FNV-1a of "a" is published as af63dc4c8601ec8c; the others were computed from the
        // formulas in the head by another program. Any change here changes the results of every
        // seed.
        let (salt, source) = (Salt::of("a"), Key::replication(42, 3));
        assert_eq!(salt, Salt(mix(0xAF63_DC4C_8601_EC8C)));
        assert_eq!((salt.0, source.0), (198_367_012_849_983_736, 4_716_554_063_644_406_860));
        let request = source.ordinal(7);
        assert_eq!(request.0, 14_491_732_619_066_577_291);
        assert_eq!(
            (request.child(salt, 0).0, request.child(salt, 1).0),
            (3_249_946_735_239_889_143, 9_002_938_856_593_943_884)
        );
        assert_eq!(request.draw(salt).0, 6_283_464_417_868_233_322);
    }

    #[test]
    fn a_uniform_is_never_0_nor_1() {
        // By hand: the ends of the grid lie half a step of 2^-52 inside the interval.
        assert_eq!(
            (Draw(0).uniform(), 1.0 - Draw(u64::MAX).uniform()),
            (0.5f64.powi(53), 0.5f64.powi(53))
        );
    }

    #[test]
    fn the_complement_of_a_draw_is_one_minus_it() {
        // The grid of draws is symmetric about 1/2: equal bit for bit.
        for i in 0..1000 {
            let draw = Draw(mix(i));
            assert_eq!(draw.complement(), 1.0 - draw.uniform());
        }
    }

    #[test]
    fn draws_of_consecutive_requests_are_uniform() {
        // Kolmogorov: D > 2.23/sqrt(n) has probability 1e-4 under uniformity. Fixed seed.
        let source = Key::replication(42, 3);
        let n = 100_000;
        let mut u: Vec<f64> =
            (0..n).map(|i| source.ordinal(i).draw(Salt::of("api.cpu#0")).uniform()).collect();
        u.sort_by(f64::total_cmp);
        let distance = u
            .iter()
            .enumerate()
            .map(|(i, u)| (u - (i as f64 + 0.5) / n as f64).abs())
            .fold(0.0, f64::max)
            + 0.5 / n as f64;
        assert!(distance < 2.23 / (n as f64).sqrt(), "D = {distance}");
    }

    #[test]
    fn neighbouring_addresses_are_uncorrelated() {
        // The correlation of n independent pairs has standard error 1/sqrt(n); 4.5 of them by
        // chance: 7e-6 each.
        let n = 100_000;
        let source = Key::replication(7, 0);
        let (a, b) = (Salt::of("api.cpu#0"), Salt::of("api.cpu#1"));
        let pairs = |f: &dyn Fn(u64) -> (f64, f64)| {
            (0..n).map(f).map(|(x, y)| (x - 0.5) * (y - 0.5) * 12.0).sum::<f64>() / n as f64
        };
        let request = |i| source.ordinal(i);
        for correlation in [
            pairs(&|i| (request(i).draw(a).uniform(), request(i).draw(b).uniform())),
            pairs(&|i| (request(i).draw(a).uniform(), request(i + 1).draw(a).uniform())),
            pairs(&|i| {
                (
                    Key::replication(7, i).draw(a).uniform(),
                    Key::replication(7, i + 1).draw(a).uniform(),
                )
            }),
        ] {
            assert!(correlation.abs() < 4.5 / (n as f64).sqrt(), "{correlation}");
        }
    }
}
