//! Does a system keep up with what is asked of it, is it overloaded, or can this run not tell?
//!
//! Law: first what is known without simulating: flow balance (`scenario::FlowBalance`) tells
//! exactly whether a queue grows without end, wherever requests are not lost on the way and do not
//! wait while they hold something. Where it is open, the rates that were measured take the place of
//! those that are not known; and only then the growth of the queues is asked (`stats::trend`). A
//! verdict is about what the system is at the end of the run. What is filling up, recovering, still
//! changing, or shorter than its queues need to settle is called that, with the run that would do.
//! Checked: rates of false alarm and false calm over a grid of systems, `tests/it/verdict.rs`,
//! `docs/statistics.md`.

use super::fold::Fold;
use super::point::CompiledPoint;
use crate::scenario::{Held, Resource, ServiceBalance, Standing, Unfinished};
use crate::stats::{self, Growth, Trend};
use crate::units::Span;

/// Relaxation times that a run has to have so that it says anything of the long run, and so that
/// its quantiles are held as often as they say.
const SETTLES_AT_LEAST: f64 = 3.0;
const SETTLED: f64 = 20.0;
/// More requests than this share, still in the system at the end, are too many to be left out of a
/// judgement.
const UNFINISHED: f64 = 0.1;

/// What is said of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadVerdict {
    /// Which one.
    pub workload: String,
    /// Whether the system keeps up with it.
    pub outlook: Outlook,
    /// The resource that takes longest to settle, if the run is shorter than twenty times that:
    /// what it says of latency is then too good.
    pub settling: Option<Settling>,
    /// A run that would tell, if a longer one would.
    pub run_at_least: Option<Span>,
}

/// Whether a system keeps up.
#[derive(Clone, Debug, PartialEq)]
pub enum Outlook {
    /// It does: no queue grows without end.
    KeepsUp,
    /// It does not.
    Overloaded(Overload),
    /// This run cannot tell.
    CannotTell(Reason),
}

/// A queue that grows as long as the run lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Where.
    pub service: String,
    /// What of it is asked for too much, if that is known.
    pub resource: Option<Resource>,
    /// Share of it that is asked for, above 1; NaN if only the growth is known.
    pub load: f64,
    /// Requests that wait there at the end, on average.
    pub waiting: f64,
}

/// How long a queue remembers how it began.
#[derive(Clone, Debug, PartialEq)]
pub struct Settling {
    /// Where.
    pub service: String,
    /// For what.
    pub resource: Resource,
    /// Share of it that is asked for.
    pub load: f64,
    /// Its relaxation time, s; infinite if the variance of the demand is.
    pub settles_s: f64,
}

/// Why a run cannot tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The run is shorter than its queues need to settle.
    TooShort(Settling),
    /// Requests take so long that most of them are still on their way; the least mean latency, s.
    Filling {
        /// What is known of it.
        least_s: f64,
        /// Share of the requests that had not been answered.
        unfinished: f64,
    },
    /// What piled up before is still being worked off.
    Recovering {
        /// Where.
        service: String,
        /// Requests that wait there at the end.
        waiting: f64,
    },
    /// Something changes at the end, or is broken for a time that is not over.
    Unfinished {
        /// What.
        what: Unfinished,
        /// Where most requests wait at the end.
        service: String,
        /// How many.
        waiting: f64,
    },
    /// A queue may grow or not.
    Growing {
        /// Where.
        service: String,
        /// Requests that wait there at the end.
        waiting: f64,
        /// Whether just all there is of it is asked for, so that no run tells.
        is_just_all: bool,
    },
}

/// A verdict on every workload.
pub(super) fn judge(built: &CompiledPoint, fold: &Fold) -> Vec<WorkloadVerdict> {
    let judge = Judge::new(built, fold);
    let names = built.scenario.workload.keys();
    names.enumerate().map(|(index, name)| judge.workload(index, name)).collect()
}

/// What was found of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ServiceFinding {
    Holds,
    Fails(Option<Held>),
    Unclear,
}

struct Judge<'r> {
    built: &'r CompiledPoint,
    fold: &'r Fold,
    /// By service.
    found: Vec<ServiceFinding>,
    waiting: Vec<f64>,
    horizon_s: f64,
    since_s: f64,
}

impl Judge<'_> {
    fn new<'r>(built: &'r CompiledPoint, fold: &'r Fold) -> Judge<'r> {
        let horizon_s = built.scenario.run.duration.seconds();
        let since_s = built.balance.regime.since.seconds();
        let half_s = (horizon_s - since_s) / 2.0;
        let services = built.balance.services.iter().zip(&fold.waiting);
        let found =
            services.clone().map(|(service, growth)| found(service, growth, half_s)).collect();
        let waiting = services.map(|(_, growth)| mean(growth, |growth| growth.end)).collect();
        Judge { built, fold, found, waiting, horizon_s, since_s }
    }

    fn workload(&self, index: usize, name: &str) -> WorkloadVerdict {
        let services = &self.built.balance.workloads[index].services;
        let settling = self.settling(services);
        let (outlook, run_at_least) = self.outlook(index, services, settling.as_ref());
        // Where something changes the numbers are those of what was asked about, and not of the
        // long run.
        let is_asked = self.built.balance.regime.is_stationary() && outlook == Outlook::KeepsUp;
        let settling =
            settling.filter(|found| is_asked && found.settles_s * SETTLED > self.horizon_s);
        WorkloadVerdict { workload: name.to_string(), outlook, settling, run_at_least }
    }

    fn outlook(
        &self,
        index: usize,
        services: &[usize],
        settling: Option<&Settling>,
    ) -> (Outlook, Option<Span>) {
        let regime = &self.built.balance.regime;
        let at = |service: &usize| self.found[*service];
        let cannot_tell =
            |reason: Reason, seconds: f64| (Outlook::CannotTell(reason), span(seconds));
        let most = services
            .iter()
            .copied()
            .filter(|s| at(s) != ServiceFinding::Holds)
            .max_by(|a, b| self.waiting[*a].total_cmp(&self.waiting[*b]));
        let changes = matches!(regime.unfinished, Some(Unfinished::Rate(_)));
        // The scarcest of all that are known to fail; what only grows comes after it.
        let known = services.iter().copied().filter_map(|s| {
            if let ServiceFinding::Fails(held) = at(&s) { Some((s, held)) } else { None }
        });
        let worst = known.max_by(|(_, a), (_, b)| load(a).total_cmp(&load(b)));
        if let Some((service, held)) =
            worst.filter(|(_, held)| !changes && (held.is_some() || regime.unfinished.is_none()))
        {
            let overload = Overload {
                service: self.service(service),
                resource: held.map(|held| held.resource),
                load: held.map_or(f64::NAN, |held| held.load),
                waiting: self.waiting[service],
            };
            return (Outlook::Overloaded(overload), None);
        }
        if let (Some(service), Some(what)) = (most, &regime.unfinished) {
            let reason = Reason::Unfinished {
                what: what.clone(),
                service: self.service(service),
                waiting: self.waiting[service],
            };
            let until_s = if let Unfinished::Fault { until, .. } = what {
                1.5 * until.seconds()
            } else {
                f64::NAN
            };
            return cannot_tell(reason, until_s);
        }
        if let Some((service, drains_s)) = self.recovering(services) {
            let reason = Reason::Recovering {
                service: self.service(service),
                waiting: self.waiting[service],
            };
            return cannot_tell(reason, self.horizon_s + 1.5 * drains_s);
        }
        if let Some(service) = most {
            // Of a queue that just all is asked of no run tells more than this one; of any other a
            // longer one does.
            let balance = &self.built.balance.services[service];
            let none_tells = balance.is_rate_exact
                && balance.held.first().is_some_and(|held| held.is_all && held.is_just_all());
            let reason = Reason::Growing {
                service: self.service(service),
                waiting: self.waiting[service],
                is_just_all: none_tells,
            };
            return cannot_tell(reason, if none_tells { f64::NAN } else { 4.0 * self.horizon_s });
        }
        if let Some(settling) = settling.filter(|found| {
            regime.is_stationary() && found.settles_s * SETTLES_AT_LEAST > self.horizon_s
        }) {
            return cannot_tell(Reason::TooShort(settling.clone()), SETTLED * settling.settles_s);
        }
        let unfinished = self.unfinished(index);
        if unfinished > UNFINISHED {
            let least_s = self.built.balance.workloads[index].least_s;
            return cannot_tell(
                Reason::Filling { least_s, unfinished },
                f64::max(4.0 * self.horizon_s, self.since_s + 20.0 * least_s),
            );
        }
        (Outlook::KeepsUp, None)
    }

    /// The service whose queue takes longest to settle.
    fn settling(&self, services: &[usize]) -> Option<Settling> {
        let held = services
            .iter()
            .flat_map(|&s| self.built.balance.services[s].held.iter().map(move |held| (s, held)));
        // Of what cannot hold nothing settles, and what nobody asks for is settled.
        let settles = held.filter(|(s, held)| {
            self.found[*s] == ServiceFinding::Holds && held.expected < 1.0 && held.settles_s > 0.0
        });
        let (service, held) = settles.max_by(|a, b| a.1.settles_s.total_cmp(&b.1.settles_s))?;
        Some(Settling {
            service: self.service(service),
            resource: held.resource,
            load: held.expected,
            settles_s: held.settles_s,
        })
    }

    /// A service that holds what is asked of it now, and is still working off what it could not
    /// hold before; with the time that takes.
    fn recovering(&self, services: &[usize]) -> Option<(usize, f64)> {
        if self.built.balance.regime.since == Span::ZERO {
            return None;
        }
        let drains = services.iter().copied().filter(|s| self.waiting[*s] > 1.0).filter_map(|s| {
            let service = &self.built.balance.services[s];
            let scarcest = service.held.first()?;
            let takes = service.rate / scarcest.load;
            let drains_s = if service.rate > 0.0 {
                self.waiting[s] / (takes - service.rate)
            } else {
                f64::INFINITY
            };
            // A queue that has settled drains in a quarter of a relaxation time, on average.
            (drains_s > 2.0 * scarcest.settles_s && self.waiting[s] > 10.0 || service.rate == 0.0)
                .then_some((s, drains_s))
        });
        drains.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The share of the requests that were still in the system at the end.
    fn unfinished(&self, workload: usize) -> f64 {
        let name = self.built.scenario.workload.get_index(workload).map(|(name, _)| name.as_str());
        let total = |metric: &str| {
            let found = self.fold.find("workload", name.unwrap_or_default(), metric);
            found.map_or(0.0, |index| {
                self.fold.values(index).iter().filter(|value| value.is_finite()).sum::<f64>()
            })
        };
        let arrivals = total("arrivals");
        if arrivals > 0.0 { total("unfinished") / arrivals } else { 0.0 }
    }

    fn service(&self, index: usize) -> String {
        self.built
            .scenario
            .services
            .get_index(index)
            .map_or(String::new(), |(name, _)| name.clone())
    }
}

fn load(held: &Option<Held>) -> f64 {
    held.map_or(0.0, |held| held.load)
}

fn mean(growth: &[Growth], of: impl Fn(&Growth) -> f64) -> f64 {
    growth.iter().map(of).sum::<f64>() / growth.len().max(1) as f64
}

/// A run that somebody could wait for; whoever shows it rounds it.
fn span(seconds: f64) -> Option<Span> {
    (seconds > 0.0 && seconds < 1e9).then(|| Span::from_seconds(seconds))
}

/// What flow balance and growth say of a service.
fn found(service: &ServiceBalance, growth: &[Growth], half_s: f64) -> ServiceFinding {
    match service.standing {
        Standing::Holds => return ServiceFinding::Holds,
        Standing::Fails(held) => return ServiceFinding::Fails(Some(held)),
        Standing::Open if service.sheds => return ServiceFinding::Holds,
        Standing::Open => {}
    }
    // A rate that is known needs no measuring: what is measured then is off by chance only.
    if !service.is_rate_exact && service.rate > 0.0 && service.is_even && growth.len() >= 3 {
        // The rate as measured, with three standard errors.
        let rates: Vec<f64> = growth.iter().map(|growth| growth.arrivals / half_s).collect();
        let rate = stats::mean(&rates, 0.95);
        let (low, high) = (
            (rate.estimate - 3.0 * rate.std_error) / service.rate,
            (rate.estimate + 3.0 * rate.std_error) / service.rate,
        );
        if let Some(held) = service.held.iter().find(|held| held.load * low > 1.0) {
            return ServiceFinding::Fails(Some(Held {
                load: held.load * rate.estimate / service.rate,
                ..*held
            }));
        }
        if service.held.iter().all(|held| held.is_all && held.expected * high < 1.0) {
            return ServiceFinding::Holds;
        }
    }
    match stats::trend(growth) {
        Trend::Steady => ServiceFinding::Holds,
        Trend::Grows => ServiceFinding::Fails(None),
        Trend::Unclear => ServiceFinding::Unclear,
    }
}
