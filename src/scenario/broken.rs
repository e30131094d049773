//! The effect of permanent faults on a system by the end of a run: slower or fewer instances, and
//! failures.
//!
//! A temporary fault does not affect the long run.
//! Checked: `flow_balance_tests.rs`, `tests/it/verdict.rs`.

use super::Fault;
use super::directory::NameTable;
use crate::fault::Names;

/// The permanent effects of the faults that have begun by the end of the run.
#[derive(Debug)]
pub(super) struct Broken {
    /// By instance: the slow-down factor.
    pub slower: Vec<f64>,
    /// By instance: whether its waits are longer, too.
    pub waits_longer: Vec<bool>,
    /// By service: the number of instances that are down.
    pub down: Vec<f64>,
    /// By endpoint: whether requests may fail before they use any resource.
    pub fails: Vec<bool>,
    /// Whether a fault makes a link lose messages.
    pub links_lose: bool,
}

impl Broken {
    /// Returns the state without faults.
    pub(crate) fn none(directory: &NameTable) -> Broken {
        let (instances, services, endpoints) =
            (directory.instances.len(), directory.services.len(), directory.endpoints.len());
        Broken {
            slower: vec![1.0; instances],
            waits_longer: vec![false; instances],
            down: vec![0.0; services],
            fails: vec![false; endpoints],
            links_lose: false,
        }
    }

    /// Returns the state at the end of the run.
    pub(crate) fn of(directory: &NameTable) -> Broken {
        let horizon = directory.scenario.run.duration;
        let mut broken = Broken::none(directory);
        let is_permanent = |fault: &&Fault| fault.when().0 < horizon && fault.when().1.is_none();
        for fault in directory.scenario.faults.iter().filter(is_permanent) {
            match fault {
                Fault::Slow(slow) => {
                    for instance in directory.instances(&slow.target).unwrap_or_default() {
                        broken.slower[instance as usize] *= slow.factor.times;
                    }
                    for instance in directory.slowed_waits(slow) {
                        broken.waits_longer[instance as usize] = true;
                    }
                }
                Fault::Crash(crash) => {
                    let targets = directory.instances(&crash.target).unwrap_or_default();
                    if let Some(first) = targets.first() {
                        broken.down[directory.instances[*first as usize].service as usize] +=
                            f64::from(crash.count);
                    }
                }
                Fault::Errors(errors) => match directory.target(&errors.target) {
                    Ok((_, Some(endpoint))) => broken.fails[endpoint as usize] = true,
                    Ok((service, None)) => {
                        broken.fails[directory.endpoints_of(service as usize)].fill(true)
                    }
                    // The target is unknown: any endpoint may fail.
                    Err(_) => broken.fails.fill(true),
                },
                Fault::Degrade(degrade) => broken.links_lose |= degrade.loss.fraction > 0.0,
            }
        }
        broken
    }

    /// Whether no instance of a service is up.
    pub(crate) fn is_down(&self, directory: &NameTable, service: usize) -> bool {
        self.down[service] >= directory.members[service].0.len() as f64
    }

    /// Whether requests may be lost, or fail before their last step.
    pub(crate) fn loses(&self) -> bool {
        self.links_lose || self.down.iter().any(|down| *down > 0.0) || self.fails.contains(&true)
    }
}
