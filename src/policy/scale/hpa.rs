//! The Kubernetes horizontal pod autoscaler: a number of instances from their CPU utilisation.
//!
//! Law: every `sync`, utilisation = Σ use / Σ request in whole per cent; its ratio to the target,
//! within `tolerance` of 1, changes nothing; otherwise ratio × ready instances are recommended,
//! rounded up. *Stabilisation*: of the recommendations in the window of a direction the most
//! cautious counts (for up the smallest, for down the largest). *Policies*: within each period at
//! most a number of instances, or a share of them, is added or removed; `select` says which policy
//! counts. The result is from `min` to `max` (kubernetes 1.33,
//! `pkg/controller/podautoscaler/{horizontal,replica_calculator}.go`).
//! Instances that boot or have crashed are not ready: they are set aside, and count as idle if more
//! would be recommended without them. CPU is relative to the cores that the runtime can use.
//! Checked: the controller's own unit tests, below; `tests/it/autoscale.rs`.

use crate::problem::Problems;
use crate::units::{Share, Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::VecDeque;

/// `hpa: { min: 2, max: 10, metrics: [ { cpu: 60% } ] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hpa {
    /// The fewest instances.
    #[serde(default = "one")]
    pub min: u32,
    /// The most instances.
    pub max: u32,
    /// What it looks at; of several, the one that needs the most instances counts.
    pub metrics: Vec<Metric>,
    /// How often it looks.
    #[serde(default = "sync")]
    pub sync: Span,
    /// How far the ratio to the target may be from 1 without a change.
    #[serde(default = "tolerance")]
    pub tolerance: Share,
    /// How it adds instances.
    #[serde(default = "up", deserialize_with = "read_up")]
    pub up: Behaviour,
    /// How it removes instances.
    #[serde(default = "down", deserialize_with = "read_down")]
    pub down: Behaviour,
}

/// A metric and its target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// Busy cores, as a share of the cores of an instance.
    Cpu(Share),
}

/// How instances are added, or removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// How long a recommendation counts; 0s for `up` and 5m for `down`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stabilize: Option<Span>,
    /// How fast the number may change; the default of the direction, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Policy>>,
    /// Which of the policies counts.
    #[serde(default)]
    pub select: Select,
}

/// How much may change in a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A number of instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// A share of those at the beginning of the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Share>,
    /// The length of the period.
    pub per: Span,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The one that allows the largest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: no change in this direction.
    Disabled,
}

/// Windows of stabilisation are gone through at each look.
const SYNC_MIN: Span = Span(100_000_000);
const QUARTER_MINUTE: Span = Span(15_000_000_000);

fn one() -> u32 {
    1
}
fn sync() -> Span {
    QUARTER_MINUTE
}
fn tolerance() -> Share {
    Share { fraction: 0.1 }
}
fn up() -> Behaviour {
    Behaviour::default().or(&UP)
}
fn down() -> Behaviour {
    Behaviour::default().or(&DOWN)
}
fn read_up<'de, D: Deserializer<'de>>(text: D) -> Result<Behaviour, D::Error> {
    Ok(Behaviour::deserialize(text)?.or(&UP))
}
fn read_down<'de, D: Deserializer<'de>>(text: D) -> Result<Behaviour, D::Error> {
    Ok(Behaviour::deserialize(text)?.or(&DOWN))
}

/// What a direction has that is not given.
struct Defaults {
    stabilize: Span,
    policies: &'static [Policy],
}

const UP: Defaults = Defaults { stabilize: Span::ZERO, policies: &[ALL, FOUR] };
const DOWN: Defaults = Defaults { stabilize: FIVE_MINUTES, policies: &[ALL] };

/// All of them in 15 s; for `up`, that is twice as many.
const ALL: Policy =
    Policy { pods: None, percent: Some(Share { fraction: 1.0 }), per: QUARTER_MINUTE };
const FOUR: Policy = Policy { pods: Some(4), percent: None, per: QUARTER_MINUTE };
const FIVE_MINUTES: Span = Span(300_000_000_000);

impl Behaviour {
    /// Returns the same, with what is not given filled in.
    fn or(mut self, defaults: &Defaults) -> Behaviour {
        self.stabilize.get_or_insert(defaults.stabilize);
        self.policies.get_or_insert_with(|| defaults.policies.to_vec());
        self
    }
    fn check(&self, path: &str, problems: &mut Problems) {
        let policies = self.policies.as_deref();
        for (index, policy) in policies.unwrap_or_default().iter().enumerate() {
            let path = format!("{path}.policies[{index}]");
            if policy.pods.is_some() == policy.percent.is_some() {
                problems
                    .error(&path, "a policy has either `pods` or `percent`")
                    .advise("write for example `{ pods: 4, per: 15s }`");
            }
            if policy.per == Span::ZERO {
                problems.error(format!("{path}.per"), "a period of 0s allows no change");
            }
        }
        if policies.is_some_and(<[Policy]>::is_empty) && self.select != Select::Disabled {
            problems
                .error(format!("{path}.policies"), "without a policy nothing may change")
                .advise("write `select: disabled` if that is meant");
        }
    }
}

impl Hpa {
    fn up_policies(&self) -> &[Policy] {
        self.up.policies.as_deref().unwrap_or(UP.policies)
    }
    fn down_policies(&self) -> &[Policy] {
        self.down.policies.as_deref().unwrap_or(DOWN.policies)
    }
    fn up_window(&self) -> Span {
        self.up.stabilize.unwrap_or(UP.stabilize)
    }
    fn down_window(&self) -> Span {
        self.down.stabilize.unwrap_or(DOWN.stabilize)
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if self.min == 0 || self.min > self.max {
            problems.error(
                format!("{path}.min"),
                format!("`min` is from 1 to `max`, which is {}, not {}", self.max, self.min),
            );
        }
        if self.metrics.is_empty() {
            problems
                .error(format!("{path}.metrics"), "an autoscaler needs a metric")
                .advise("write for example `metrics: [ { cpu: 60% } ]`");
        }
        for (index, Metric::Cpu(target)) in self.metrics.iter().enumerate() {
            if target.fraction < 0.01 {
                problems.error(
                    format!("{path}.metrics[{index}].cpu"),
                    format!("a target is at least 1%, not {target}: it is in whole per cent"),
                );
            }
        }
        if self.sync < SYNC_MIN {
            problems
                .error(
                    format!("{path}.sync"),
                    format!(
                        "an autoscaler looks at most every {SYNC_MIN}, not every {}",
                        self.sync
                    ),
                )
                .advise("write `sync: 15s`, or leave it out");
        }
        self.up.check(&format!("{path}.up"), problems);
        self.down.check(&format!("{path}.down"), problems);
    }
}

/// What a metric recommends: the number of instances, and the utilisation in per cent. `levels` is
/// the use of each ready instance, and `requests` what each has, in thousandths of a core;
/// `unready` is what those have that are not ready: they boot, or have crashed. More are
/// recommended only if these could not take the load, were they idle.
pub(crate) fn recommend(
    current: u32,
    levels: &[u64],
    requests: &[u64],
    unready: &[u64],
    target: Share,
    tolerance: Share,
) -> (u32, u64) {
    let (used, whole): (u64, u64) = (levels.iter().sum(), requests.iter().sum());
    let percent = |whole: u64| used * 100 / whole.max(1);
    let ratio_of = |percent: u64| percent as f64 / (target.fraction * 100.0).round();
    let is_near = |ratio: f64| (1.0 - ratio).abs() <= tolerance.fraction;
    let ratio = ratio_of(percent(whole));
    if ratio <= 1.0 || unready.is_empty() {
        let wanted = (ratio * levels.len() as f64).ceil() as u32;
        return (if is_near(ratio) { current } else { wanted }, percent(whole));
    }
    let all = percent(whole + unready.iter().sum::<u64>());
    let ratio = ratio_of(all);
    let wanted = (ratio * (levels.len() + unready.len()) as f64).ceil() as u32;
    let keeps = ratio < 1.0 || is_near(ratio) || wanted < current;
    (if keeps { current } else { wanted }, all)
}

/// What an autoscaler remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Recommendations, the oldest first.
    recommended: VecDeque<(Time, u32)>,
    /// Changes, the oldest first: how many were added, or removed.
    changed: VecDeque<(Time, i64)>,
}

impl Memory {
    /// That of a service that begins with this number of instances, which is a recommendation too.
    pub(crate) fn new(initial: u32) -> Memory {
        Memory { recommended: VecDeque::from([(Time::ZERO, initial)]), ..Memory::default() }
    }
    /// The number of instances that there should be, of those that have been recommended.
    pub(crate) fn decide(&mut self, of: &Hpa, now: Time, current: u32, recommended: u32) -> u32 {
        let stabilised = self.stabilise(of, now, current, recommended);
        let policies = of.up_policies().iter().chain(of.down_policies());
        let longest = policies.map(|policy| policy.per).max().unwrap_or(Span::ZERO);
        self.changed.retain(|(at, _)| now.0 - at.0 <= longest.0);
        let next = match stabilised {
            up if up > current => up.min(self.most(of, now, current)),
            down if down < current => down.max(self.least(of, now, current)),
            same => same,
        };
        next.clamp(of.min, of.max)
    }
    /// The number has changed.
    pub(crate) fn note(&mut self, now: Time, from: u32, to: u32) {
        if from != to {
            self.changed.push_back((now, i64::from(to) - i64::from(from)));
        }
    }
    fn stabilise(&mut self, of: &Hpa, now: Time, current: u32, recommended: u32) -> u32 {
        self.recommended.push_back((now, recommended));
        let longest = of.up_window().max(of.down_window());
        self.recommended.retain(|(at, _)| now.0 - at.0 < longest.0.max(1));
        let (mut up, mut down) = (recommended, recommended);
        for (at, other) in &self.recommended {
            if now.0 - at.0 < of.up_window().0 {
                up = up.min(*other);
            }
            if now.0 - at.0 < of.down_window().0 {
                down = down.max(*other);
            }
        }
        current.max(up).min(down)
    }
    /// How many there were at the beginning of a policy's period.
    fn at_the_beginning(&self, policy: &Policy, now: Time, current: u32) -> i64 {
        let within = self.changed.iter().filter(|(at, _)| now.0 - at.0 < policy.per.0);
        let (mut added, mut removed) = (0, 0);
        for (_, change) in within {
            added += change.max(&0);
            removed -= change.min(&0);
        }
        i64::from(current) - added + removed
    }
    fn most(&self, of: &Hpa, now: Time, current: u32) -> u32 {
        let limits = of.up_policies().iter().map(|policy| {
            let start = self.at_the_beginning(policy, now, current);
            let limit = match (policy.pods, policy.percent) {
                (Some(pods), _) => start + i64::from(pods),
                (_, Some(percent)) => (start as f64 * (1.0 + percent.fraction)).ceil() as i64,
                _ => i64::from(current),
            };
            limit.clamp(i64::from(current), i64::from(u32::MAX)) as u32
        });
        match of.up.select {
            Select::Max => limits.max(),
            Select::Min => limits.min(),
            Select::Disabled => None,
        }
        .unwrap_or(current)
    }
    fn least(&self, of: &Hpa, now: Time, current: u32) -> u32 {
        let limits = of.down_policies().iter().map(|policy| {
            let start = self.at_the_beginning(policy, now, current);
            let limit = match (policy.pods, policy.percent) {
                (Some(pods), _) => start - i64::from(pods),
                (_, Some(percent)) => (start as f64 * (1.0 - percent.fraction)) as i64,
                _ => i64::from(current),
            };
            limit.clamp(0, i64::from(current)) as u32
        });
        match of.down.select {
            Select::Max => limits.min(),
            Select::Min => limits.max(),
            Select::Disabled => None,
        }
        .unwrap_or(current)
    }
}

#[cfg(test)]
mod tests;
