//! The services and their instances: who is where, with which cores, stations, threads and links.

use super::compile::Build;
use super::{ServicePlan, routes};
use crate::measure;
use crate::random::dists::Sampler;
use crate::random::keys::Salt;
use crate::scenario::{Scenario, Service};
use crate::server::{InstancePlan, QueueOrder};

impl<'s> Build<'s> {
    /// Numbers the instances whose cores are shared; returns them.
    pub(super) fn stations(&mut self) -> Vec<u32> {
        let mut stations = Vec::new();
        for (id, instance) in self.directory.instances.iter().enumerate() {
            let is_shared = instance.runtime.shares_cores();
            self.station_of.push(is_shared.then_some(stations.len() as u32));
            if is_shared {
                stations.push(id as u32);
            }
        }
        stations
    }

    /// Numbers the threads of instances behind all loops.
    pub(super) fn threads(&mut self) {
        let instances = &self.directory.instances;
        let mut next: u32 = instances.iter().map(|instance| instance.workers().0).sum();
        for instance in instances {
            let has_cores = instance.thread_cores > 0;
            self.threads_of.push(has_cores.then_some(next));
            next += u32::from(has_cores);
        }
    }

    pub(super) fn machines(
        &mut self,
        scenario: &'s Scenario,
    ) -> (Vec<ServicePlan>, Vec<InstancePlan>) {
        let mut services = Vec::new();
        let mut instances: Vec<InstancePlan> = Vec::new();
        let mut next_worker = 0;
        let client = scenario.workload.values().find_map(|workload| workload.via.last());
        for (id, (name, service)) in scenario.services.iter().enumerate() {
            let salt = |what: &str| Salt::of(&format!("services.{name}.{what}"));
            let members = self.directory.members[id].0.clone();
            services.push(ServicePlan {
                balance: service.balance,
                first_instance: instances.len() as u32,
                instances: members.len() as u32,
                initial: service
                    .autoscale
                    .as_ref()
                    .map_or(members.len() as u32, |_| service.replicas),
                io_counts: self.is_loaded[id],
                balance_salt: salt("balance"),
                endpoint_salt: salt("endpoint"),
            });
            for index in members {
                let machine = self.machine((id as u32, name, service), index, client, next_worker);
                next_worker += machine.workers;
                instances.push(machine);
            }
        }
        (services, instances)
    }

    /// Returns an instance of a service, whose workers begin at a row.
    fn machine(
        &mut self,
        (id, name, service): (u32, &str, &Service),
        index: u32,
        client: Option<&String>,
        first_worker: u32,
    ) -> InstancePlan {
        let entry = &self.directory.instances[index as usize];
        let (workers, cores_per_worker) = entry.workers();
        let (machine, thread_cores, cores) = (entry.machine, entry.thread_cores, entry.cores());
        let (instance, then) = (entry.name.clone(), entry.then);
        let (first_endpoint, endpoints) = (entry.first_endpoint, entry.endpoints);
        // An instance has links of its own only if it has a name of its own.
        let (link_in, link_out) = match service.instances.is_empty() {
            true => (None, None),
            false => self.own_links(name, &instance, client),
        };
        let next = then.and_then(|next| self.directory.services.get(next.as_str()).copied());
        let onward = next.map(|next| {
            let (hops, links, directory) = (&mut self.hops, &mut self.links, &mut self.directory);
            routes::add_onward(hops, links, directory, &instance, next)
        });
        self.layout.instances.push(measure::Instance {
            name: instance,
            service: id,
            cores,
            dollars_per_hour: machine.price.map(|price| price.dollars_per_hour),
        });
        let waiting = service.waiting_max();
        let timeout = service.queue.as_ref().and_then(|queue| queue.timeout.as_ref());
        InstancePlan {
            service: id,
            first_worker,
            workers,
            worker_salt: Salt::of(&format!("services.{name}.worker")),
            cores_per_worker,
            threads: self.threads_of[index as usize],
            thread_cores,
            speed: machine.speed.times,
            memory: machine.memory.map_or(u64::MAX, |memory| memory.0),
            max_in_flight: service.max_in_flight.map_or(u64::MAX, |max| max.0),
            queue_max: waiting.map_or(u32::MAX, |max| max.min(u32::MAX as u64) as u32),
            classes: match service.queue.as_ref().is_some_and(|of| of.order == QueueOrder::Priority)
            {
                true => self.directory.scenario.classes.len().max(1),
                false => 0,
            },
            patience: timeout.map(|law| {
                let salt = Salt::of(&format!("services.{name}.queue.timeout"));
                Sampler::new(law.compile().mirrored_if(self.mirrored), salt)
            }),
            link_in,
            link_out,
            onward,
            station: self.station_of[index as usize],
            first_endpoint,
            endpoints,
        }
    }

    /// Returns the links of a named instance from the balancer, and to the client.
    fn own_links(
        &mut self,
        service: &str,
        instance: &str,
        client: Option<&String>,
    ) -> (Option<u32>, Option<u32>) {
        let is_joined = self.directory.joined(service, instance).is_some();
        let link_in = is_joined
            .then(|| self.links.between(&mut self.directory, &[service], &[instance]))
            .flatten();
        let client = client.filter(|client| self.directory.joined(instance, client).is_some());
        let link_out = client
            .and_then(|client| self.links.between(&mut self.directory, &[instance], &[client]));
        (link_in, link_out)
    }
}
