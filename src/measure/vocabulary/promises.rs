//! The metrics of what is promised of requests.

use super::super::{Kept, Promise};
use super::{How, Walk, plain, ratio};

impl Walk<'_> {
    /// The bad requests of an objective, and the rate at which they use up its error budget.
    pub(super) fn promise(&mut self, of: &Promise, index: usize) {
        let (kind, name, allowed) = ("slo", of.name.as_str(), of.allowed);
        let none = Kept::default();
        let kept = self.record.map_or(&none, |record| &record.kept[index]);
        let Kept { good, bad, undecided, worst, .. } = *kept;
        let ended = (good + bad) as f64;
        self.put(kind, name, ("good", ""), "total", "1", How::Mean, |_| plain(good as f64));
        self.put(kind, name, ("bad", ""), "total", "1", How::Mean, |_| plain(bad as f64));
        self.put(kind, name, ("undecided", ""), "total", "1", How::Mean, |_| {
            plain(undecided as f64)
        });
        self.put(kind, name, ("bad_ratio", ""), "mean", "1", How::Ratio, |_| {
            ratio(bad as f64, ended)
        });
        self.put(kind, name, ("burn_rate", ""), "mean", "1", How::Mean, |_| {
            plain(bad as f64 / ended / allowed)
        });
        self.put(kind, name, ("worst_burn_rate", ""), "mean", "1", How::Mean, |_| {
            plain(worst / allowed)
        });
    }
}
