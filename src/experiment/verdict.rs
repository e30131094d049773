//! Verdicts on workloads: does the system keep up, is it overloaded, or is this run inconclusive?
//!
//! Law: first, flow balance (`scenario::FlowBalance`) determines without simulation whether a queue
//! grows without bound, exactly wherever no requests are lost on the way and none wait while they
//! hold a resource. Where it leaves the question open, measured rates replace the unknown ones;
//! only then is the growth of the queues tested (`stats::trend`). A verdict describes the system at
//! the end of the run. A system that is filling up, recovering, still changing, or whose run is
//! shorter than its queues need to settle, is reported as such, with the run length that would be
//! sufficient.
//! Checked: false-positive and false-negative rates over a grid of systems, `tests/it/verdict.rs`,
//! `docs/statistics.md`.

use super::classes;
use super::fold::Fold;
use super::point::CompiledPoint;
use crate::scenario::{Held, Resource, ServiceBalance, Standing, Unfinished};
use crate::stats::{self, Growth, Trend};
use crate::units::Span;

/// The number of relaxation times a run needs to be informative about the long run at all, and for
/// its quantiles to have their nominal coverage.
const SETTLES_AT_LEAST: f64 = 3.0;
const SETTLED: f64 = 20.0;
/// The share of requests still in the system at the end above which a verdict must account for
/// them.
const UNFINISHED: f64 = 0.1;

/// The verdict on a workload.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkloadVerdict {
    /// The name of the workload.
    pub workload: String,
    /// Whether the system keeps up with it.
    pub outlook: Outlook,
    /// The resource that takes longest to settle, if the run is shorter than twenty times its
    /// relaxation time: latencies are then underestimated.
    pub settling: Option<Settling>,
    /// The run length that would be conclusive, if a longer run helps.
    pub run_at_least: Option<Span>,
}

/// Whether a system keeps up with its load.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outlook {
    /// It does: no queue grows without bound.
    KeepsUp,
    /// It does not: a queue grows for as long as the run lasts.
    Overloaded(Overload),
    /// This run is inconclusive.
    CannotTell(Reason),
}

/// A queue that grows without bound.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Overload {
    /// The service.
    pub service: String,
    /// The overloaded resource of the service, if it is known.
    pub resource: Option<Resource>,
    /// The offered load as a share of the capacity of the resource, above 1; NaN if only the growth
    /// of the queue is known.
    pub load: f64,
    /// The mean number of requests waiting there at the end.
    pub waiting: f64,
}

/// The relaxation time of a queue: how long its initial state affects it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settling {
    /// The service.
    pub service: String,
    /// The resource that is waited for.
    pub resource: Resource,
    /// The offered load as a share of its capacity.
    pub load: f64,
    /// The relaxation time in seconds; infinite if the variance of the demand is.
    pub settles_s: f64,
}

/// Why a run is inconclusive.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The run is shorter than its queues need to settle.
    TooShort(Settling),
    /// Requests take so long that many of them have not finished at the end of the run.
    Filling {
        /// A lower bound of the mean latency, in seconds.
        least_s: f64,
        /// The share of the requests that were still unfinished at the end, in 0 to 1.
        unfinished: f64,
    },
    /// A backlog from an earlier overload is still being worked off.
    Recovering {
        /// The service.
        service: String,
        /// The mean number of requests waiting there at the end.
        waiting: f64,
    },
    /// A change is in progress at the end of the run, or a fault is not over.
    Unfinished {
        /// The change or the fault.
        what: Unfinished,
        /// The service where most requests wait at the end.
        service: String,
        /// The mean number of requests waiting there.
        waiting: f64,
    },
    /// A queue may or may not be growing.
    Growing {
        /// The service.
        service: String,
        /// The mean number of requests waiting there at the end.
        waiting: f64,
        /// Whether the offered load equals the capacity, so that no run is conclusive.
        is_just_all: bool,
    },
}

/// Returns the verdict on every workload, in the order of the scenario.
pub(super) fn judge(built: &CompiledPoint, fold: &Fold) -> Vec<WorkloadVerdict> {
    let judge = Judge::new(built, fold);
    let names = built.scenario.workload.keys();
    names.enumerate().map(|(index, name)| judge.workload(index, name)).collect()
}

/// The finding on a service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ServiceFinding {
    Stable,
    Overloaded(Option<Held>),
    Unclear,
}

struct Judge<'r> {
    built: &'r CompiledPoint,
    fold: &'r Fold,
    /// By service.
    findings: Vec<ServiceFinding>,
    /// By class, of which some are served before others, then by service; all that is known of it,
    /// where classes matter.
    by_class: Vec<Vec<Option<ServiceFinding>>>,
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
        let written = built.scenario.services.values();
        let findings = services.clone().zip(written).map(|((service, growth), written)| {
            match finding_of(service, growth, half_s) {
                // More instances may come than there were, until the queue no longer grows.
                ServiceFinding::Overloaded(None) if written.autoscale.is_some() => {
                    ServiceFinding::Unclear
                }
                finding => finding,
            }
        });
        let findings = findings.collect();
        let waiting = services.map(|(_, growth)| mean(growth, |growth| growth.end)).collect();
        let of_class = |balance: Option<ServiceBalance>| {
            balance.map(|balance| finding_of(&balance, &[], half_s))
        };
        let by_class = classes::balances(built).into_iter();
        let by_class =
            by_class.map(|services| services.into_iter().map(of_class).collect()).collect();
        Judge { built, fold, findings, by_class, waiting, horizon_s, since_s }
    }

    fn workload(&self, index: usize, name: &str) -> WorkloadVerdict {
        let services = &self.built.balance.workloads[index].services;
        let settling = self.settling(services);
        let (outlook, run_at_least) = self.outlook(index, services, settling.as_ref());
        // If the scenario changes over time, the numbers describe the period in question and not
        // the long run.
        let is_steady = self.built.balance.regime.is_stationary() && outlook == Outlook::KeepsUp;
        let settling =
            settling.filter(|settling| is_steady && settling.settles_s * SETTLED > self.horizon_s);
        WorkloadVerdict { workload: name.to_string(), outlook, settling, run_at_least }
    }

    fn outlook(
        &self,
        index: usize,
        services: &[usize],
        settling: Option<&Settling>,
    ) -> (Outlook, Option<Span>) {
        let regime = &self.built.balance.regime;
        let finding = |service: &usize| self.finding(index, *service);
        let inconclusive =
            |reason: Reason, seconds: f64| (Outlook::CannotTell(reason), span(seconds));
        let longest = services
            .iter()
            .copied()
            .filter(|s| finding(s) != ServiceFinding::Stable)
            .max_by(|a, b| self.waiting[*a].total_cmp(&self.waiting[*b]));
        let changes = matches!(regime.unfinished, Some(Unfinished::Rate(_)));
        // The service with the highest known load; one whose queue is only seen to grow ranks
        // below.
        let known = services.iter().copied().filter_map(|s| {
            if let ServiceFinding::Overloaded(held) = finding(&s) { Some((s, held)) } else { None }
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
        if let (Some(service), Some(what)) = (longest, &regime.unfinished) {
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
            return inconclusive(reason, until_s);
        }
        if let Some((service, drains_s)) = self.recovering(services) {
            let reason = Reason::Recovering {
                service: self.service(service),
                waiting: self.waiting[service],
            };
            return inconclusive(reason, self.horizon_s + 1.5 * drains_s);
        }
        if let Some(service) = longest {
            // At a load of exactly 1 no run is more conclusive than this one; otherwise a longer
            // run is.
            let balance = &self.built.balance.services[service];
            let is_critical = balance.is_rate_exact
                && balance.held.first().is_some_and(|held| held.is_all && held.is_just_all());
            let reason = Reason::Growing {
                service: self.service(service),
                waiting: self.waiting[service],
                is_just_all: is_critical,
            };
            return inconclusive(reason, if is_critical { f64::NAN } else { 4.0 * self.horizon_s });
        }
        if let Some(settling) = settling.filter(|settling| {
            regime.is_stationary() && settling.settles_s * SETTLES_AT_LEAST > self.horizon_s
        }) {
            return inconclusive(Reason::TooShort(settling.clone()), SETTLED * settling.settles_s);
        }
        let unfinished = self.unfinished(index);
        if unfinished > UNFINISHED {
            let least_s = self.built.balance.workloads[index].least_s;
            return inconclusive(
                Reason::Filling { least_s, unfinished },
                f64::max(4.0 * self.horizon_s, self.since_s + 20.0 * least_s),
            );
        }
        (Outlook::KeepsUp, None)
    }

    /// Returns the finding on a service, as far as it concerns a workload.
    fn finding(&self, workload: usize, service: usize) -> ServiceFinding {
        let class = self.built.scenario.class_of(&self.built.scenario.workload[workload]);
        let of_class = self.by_class.get(class).and_then(|services| services[service]);
        of_class.unwrap_or(self.findings[service])
    }

    /// Returns the resource whose queue takes longest to settle.
    fn settling(&self, services: &[usize]) -> Option<Settling> {
        let held = services
            .iter()
            .flat_map(|&s| self.built.balance.services[s].held.iter().map(move |held| (s, held)));
        // An overloaded queue never settles, and an unused one has nothing to settle.
        let settles = held.filter(|(s, held)| {
            self.findings[*s] == ServiceFinding::Stable
                && held.expected < 1.0
                && held.settles_s > 0.0
        });
        let (service, held) = settles.max_by(|a, b| a.1.settles_s.total_cmp(&b.1.settles_s))?;
        Some(Settling {
            service: self.service(service),
            resource: held.resource,
            load: held.expected,
            settles_s: held.settles_s,
        })
    }

    /// Returns a service that can carry its present load but is still working off an earlier
    /// backlog, with the time that takes in seconds.
    fn recovering(&self, services: &[usize]) -> Option<(usize, f64)> {
        // Nothing drains while users try again: how often they do depends on how long they wait.
        let reloads = self.built.scenario.workload.values().any(|of| of.reload.is_some());
        if self.built.balance.regime.since == Span::ZERO || reloads {
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
            // A queue in steady state drains in a quarter of a relaxation time, on average.
            (drains_s > 2.0 * scarcest.settles_s && self.waiting[s] > 10.0 || service.rate == 0.0)
                .then_some((s, drains_s))
        });
        drains.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Returns the share of the requests that were still in the system at the end.
    fn unfinished(&self, workload: usize) -> f64 {
        let name = self.built.scenario.workload.get_index(workload).map(|(name, _)| name.as_str());
        let total = |metric: &str| {
            let metric_index = self.fold.find("workload", name.unwrap_or_default(), metric);
            metric_index.map_or(0.0, |index| {
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

/// Returns a run length of practical size (under 1e9 s); rounding is left to the report.
fn span(seconds: f64) -> Option<Span> {
    (seconds > 0.0 && seconds < 1e9).then(|| Span::from_seconds(seconds))
}

/// Returns the finding on a service from flow balance and growth.
fn finding_of(service: &ServiceBalance, growth: &[Growth], half_s: f64) -> ServiceFinding {
    match service.standing {
        Standing::Holds => return ServiceFinding::Stable,
        Standing::Fails(held) => return ServiceFinding::Overloaded(Some(held)),
        Standing::Open if service.sheds => return ServiceFinding::Stable,
        Standing::Open => {}
    }
    // A known rate needs no measurement: the measured one differs only by chance.
    if !service.is_rate_exact && service.rate > 0.0 && service.is_even && growth.len() >= 3 {
        // The measured rates, ± three standard errors: of those that have not failed, which have
        // taken all that they ask for, or wait for it, and of all.
        let rate = |of: fn(&Growth) -> f64| {
            let rates: Vec<f64> = growth.iter().map(|growth| of(growth) / half_s).collect();
            stats::mean(&rates, 0.95)
        };
        let (least, most) = (rate(|growth| growth.kept), rate(|growth| growth.arrivals));
        let low = (least.estimate - 3.0 * least.std_error) / service.rate;
        let high = (most.estimate + 3.0 * most.std_error) / service.rate;
        let above = || service.held.iter().find(|held| held.load * low > 1.0);
        if let Some(held) = above().filter(|_| !service.is_cut) {
            return ServiceFinding::Overloaded(Some(Held {
                load: held.load * least.estimate / service.rate,
                ..*held
            }));
        }
        let is_known = |held: &Held| held.is_all && !service.may_take_longer;
        if service.held.iter().all(|held| is_known(held) && held.expected * high < 1.0) {
            return ServiceFinding::Stable;
        }
    }
    match stats::trend(growth) {
        Trend::Steady => ServiceFinding::Stable,
        // What is cancelled for taking too long bounds the queue, at a length not reached yet.
        Trend::Grows if service.is_cut => ServiceFinding::Unclear,
        Trend::Grows => ServiceFinding::Overloaded(None),
        Trend::Unclear => ServiceFinding::Unclear,
    }
}
