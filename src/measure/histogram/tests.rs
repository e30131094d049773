//! Tests of the histogram: the buckets of the crate `hdrhistogram`, exact quantiles, merging.

use super::*;

#[test]
fn quantiles_are_within_a_tenth_of_a_percent() {
    // Exact quantiles of 1 ..= 100,000 us are the ranks themselves.
    let mut histogram = Histogram::default();
    for us in 1..=100_000u64 {
        histogram.record(Span(us * 1000));
    }
    let shares = [0.5, 0.9, 0.95, 0.99, 0.999];
    for (q, together) in shares.into_iter().zip(histogram.quantiles_s(shares)) {
        let exact = (q * 100_000.0_f64).ceil() * 1e-6;
        assert!(
            (histogram.quantile_s(q) / exact - 1.0).abs() < 1e-3,
            "p{q}: {}",
            histogram.quantile_s(q)
        );
        assert_eq!(together, histogram.quantile_s(q), "one by one and together are the same");
    }
    assert!(Histogram::default().quantiles_s([0.5, 0.9]).iter().all(|quantile| quantile.is_nan()));
    assert_eq!(histogram.buckets().map(|b| b.count).sum::<u64>(), 100_000);
}

#[test]
fn buckets_are_those_of_hdrhistogram() {
    // Oracle: the crate of that name with 3 digits, over values of every magnitude that is.
    let mut ours = Histogram::default();
    let mut theirs = hdrhistogram::Histogram::<u64>::new_with_max(u64::MAX / 2, 3).unwrap();
    for i in 0..200_000u64 {
        let value = crate::random::keys::mix(i) >> (2 + i % 60);
        ours.record(Span(value));
        theirs.record(value).unwrap();
    }
    let expected = theirs.iter_recorded().map(|step| {
        let value = step.value_iterated_to();
        (
            theirs.lowest_equivalent(value),
            theirs.highest_equivalent(value),
            step.count_since_last_iteration(),
        )
    });
    assert!(ours.buckets().map(|b| (b.low_ns, b.high_ns, b.count)).eq(expected));
    for q in [0.0, 0.001, 0.5, 0.9, 0.999, 1.0] {
        let (low, high) =
            (theirs.lowest_equivalent(theirs.value_at_quantile(q)), theirs.value_at_quantile(q));
        assert!((low as f64 * 1e-9..=high as f64 * 1e-9).contains(&ours.quantile_s(q)), "{q}");
    }
}

fn part(seed: u64) -> Histogram {
    let mut h = Histogram::default();
    (0..1000)
        .for_each(|i| h.record(Span(crate::random::keys::mix(seed * 1000 + i) >> (30 + i % 34))));
    h
}

#[test]
fn few_values_and_many_are_the_same_buckets() {
    // The oracle is a map: 1 to 600 values of few magnitudes, so that many buckets are met
    // again, on both sides of where counts begin.
    let (mut ours, mut map) = (Histogram::default(), std::collections::BTreeMap::new());
    for i in 0..600u64 {
        let value = Span(crate::random::keys::mix(i) % [3, 40, 5000, 1 << 40][i as usize % 4]);
        ours.record(value);
        *map.entry(bucket_of(value.0)).or_insert(0) += 1;
        let filled = ours.filled().into_iter().map(|filled| (filled.bucket as usize, filled.count));
        assert!(
            filled.eq(map.iter().map(|(bucket, count)| (*bucket, *count))),
            "after {} values",
            i + 1
        );
        assert_eq!(
            (ours.count(), ours.slots.is_empty()),
            (i + 1, ours.zeros + (ours.few.len() as u64) == i + 1)
        );
    }
    assert!(!ours.slots.is_empty() && ours.few.is_empty());
}

#[test]
fn few_values_that_are_handed_on_are_as_many_where_they_are_merged() {
    // Three values of twenty, nineteen and one; once as they are, and twice into the same
    // histogram.
    let mut own = Histogram::default();
    for (span, count) in [(5_000, 20), (7, 19), (0, 1)] {
        (0..count).for_each(|_| own.record(Span(span)));
    }
    let mut merged = Histogram::default();
    for times in 1..=2 {
        merged.merge(&own.distribution());
        assert!(merged.slots.is_empty());
        let counts: Vec<u64> = merged.buckets().map(|bucket| bucket.count).collect();
        assert_eq!((counts, merged.count()), (vec![times, 19 * times, 20 * times], 40 * times));
    }
    assert_eq!(merged.distribution(), own.distribution().merged(&own.distribution()));
}

#[test]
fn merging_does_not_depend_on_the_order_or_on_the_way() {
    // Into a histogram in both orders, and as distributions; zeros among the values, which are
    // kept apart.
    let (a, b) = (part(1).distribution(), part(2).distribution());
    let (mut ab, mut ba) = (part(1), part(2));
    ab.merge(&b);
    ba.merge(&a);
    assert!(ab.buckets().eq(ba.buckets()) && ab.distribution() == a.merged(&b));
    assert!(
        ab.buckets().next().is_some_and(|first| first.low_ns == 0)
            && ab.count() == 2000
            && a.merged(&b).count() == 2000
    );
    let shares = [0.0, 0.25, 0.5, 0.999, 1.0];
    assert_eq!(ab.quantiles_s(shares), a.merged(&b).quantiles_s(shares));
}

#[test]
fn an_atom_is_itself_among_others() {
    // By hand: of 1,000 waits 800 are 1 ms, 150 are 100 ms and 50 differ within one bucket
    // between 2 s and 2.0001 s; that is so however many there are, and whether or not they are
    // kept one by one.
    for times in [1, 20] {
        let mut histogram = Histogram::default();
        for i in 0..50 * times {
            (0..16).for_each(|_| histogram.record(Span(1_000_000)));
            (0..3).for_each(|_| histogram.record(Span(100_000_000)));
            histogram.record(Span(2_000_000_000 + 100_000 / (50 * times - 1) * i));
        }
        let quantiles = histogram.quantiles_s([0.0, 0.5, 0.8, 0.81, 0.95]);
        assert_eq!(quantiles, [0.001, 0.001, 0.001, 0.1, 0.1]);
        let [in_between, longest] = histogram.quantiles_s([0.975, 1.0]);
        assert!(
            (1.9996..2.0001).contains(&in_between)
                && longest == Span(histogram.ends().longest_ns).seconds(),
            "{in_between} {longest}"
        );
    }
}

#[test]
fn constants_are_their_own_quantiles_and_nothing_is_outside_what_was_seen() {
    // Definition. 1 ms to 5 s as people write them, with and without counts; and two durations
    // of one bucket an hour long.
    for ms in [1u64, 60, 75, 100, 150, 250, 300, 500, 1000, 2000, 5000] {
        for times in [1, 300, 1000] {
            let mut constant = Histogram::default();
            (0..times).for_each(|_| constant.record(Span(ms * 1_000_000)));
            let exact = Span(ms * 1_000_000).seconds();
            assert_eq!(constant.quantiles_s([0.0, 0.5, 0.99, 1.0]), [exact; 4]);
            let mut pooled = Histogram::default();
            (0..3).for_each(|_| pooled.merge(&constant.distribution()));
            assert_eq!(pooled.quantiles_s([0.001, 0.999]), [exact; 2]);
        }
    }
    let (mut narrow, hour) = (Histogram::default(), 3_600_000_000_000);
    (0..=1000).for_each(|i| narrow.record(Span(hour + i)));
    assert_eq!(narrow.quantiles_s([0.0, 1.0]), [hour, hour + 1000].map(|ns| ns as f64 / 1e9));
    assert!((narrow.quantile_s(0.5) - 3600.0000005).abs() < 1e-9);
}
