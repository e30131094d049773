//! The programs of all endpoints: their steps compiled to one list of ops.

use super::EndpointPlan;
use super::compile::Build;
use super::routes::{self, Sender};
use crate::fault::Names;
use crate::measure::{self, Flow};
use crate::random::dists::{Distribution, Sampler};
use crate::random::keys::Salt;
use crate::request::{FURTHER_PARTS_MAX, FurtherPart, NONE, Outcome};
use crate::resource::ResourcePlan;
use crate::step::{self, LockKeys, Op, SlowWaits, call::Call};
use crate::workload::Workload;
use indexmap::IndexMap;

impl Build<'_> {
    /// Compiles the steps of all endpoints into one program: memory first, then the steps, then the
    /// answer.
    pub(super) fn programs(&mut self) {
        self.slow_waits = self.slow_waits();
        for id in 0..self.directory.endpoints.len() {
            let entry = &self.directory.endpoints[id];
            let (service, path, endpoint) = (entry.service, entry.path.clone(), entry.endpoint);
            let mut steps = Steps {
                build: self,
                service,
                endpoint: id as u32,
                path,
                counts: IndexMap::new(),
                needs: Vec::new(),
                is_in_thread: false,
                program: Vec::new(),
            };
            for step in &endpoint.steps {
                step.compile(&mut steps);
            }
            let (needs, mut program) = (steps.needs, steps.program);
            mark_last_bursts(&mut program);
            let first_step = self.program.len() as u32;
            if !needs.is_empty() {
                self.program.push(Op::Memory(step::memory::Op::new(needs)));
            }
            self.program.extend(program);
            self.program.push(Op::Answer);
            self.endpoints.push(EndpointPlan { service, first_step });
        }
        // A request that is called off while it computes stands at the last but one.
        self.program.extend([Op::Answer, Op::Answer]);
    }
}

/// Marks the bursts that the answer follows at once: it stands behind the program, and jumps lead
/// there from the ends of arms.
fn mark_last_bursts(program: &mut [Op]) {
    for index in 0..program.len() {
        let mut next = index + 1;
        while let Some(Op::Jump(jump)) = program.get(next) {
            next += jump.past as usize;
        }
        let is_last = next == program.len();
        if let Op::Cpu(cpu) = &mut program[index] {
            cpu.is_last = is_last;
        }
    }
}

/// The compiler of one endpoint's steps.
struct Steps<'b, 's> {
    build: &'b mut Build<'s>,
    service: u32,
    endpoint: u32,
    path: String,
    /// The number of draws of each name so far: the second `cpu` draws as `cpu#1`.
    counts: IndexMap<String, u32>,
    needs: Vec<Sampler>,
    is_in_thread: bool,
    program: Vec<Op>,
}

impl step::Compiler for Steps<'_, '_> {
    fn sampler(&mut self, what: &str, law: Distribution) -> Sampler {
        Sampler::new(law.mirrored_if(self.build.mirrored), self.salt(what))
    }
    fn salt(&mut self, what: &str) -> Salt {
        let count = self.counts.entry(what.to_string()).or_default();
        let salt = Salt::of(&format!("{}.{what}#{count}", self.path));
        *count += 1;
        salt
    }
    fn reserve(&mut self, sampler: Sampler) {
        self.needs.push(sampler);
    }
    fn call(&mut self, call: &Call) -> step::call::Op {
        let salt = self.salt(&format!("call.{}", call.to));
        let build = &mut *self.build;
        let target = build.directory.target(&call.to).ok();
        let (service, endpoint) = target.expect("the target of a checked call exists");
        let caller = *build
            .directory
            .services
            .get_index(self.service as usize)
            .map(|(name, _)| name)
            .expect("a service's id is an index");
        let sender = Sender { names: vec![caller], via: &[] };
        let hop = routes::add(
            &mut build.hops,
            &mut build.links,
            &mut build.directory,
            &sender,
            service,
            endpoint,
        );
        let flow = build.flow(Flow { workload: None, endpoint, block: None });
        let (cancels, keeps) = (call.cancel == Some(true), call.cancel == Some(false));
        step::call::Op { flow, hop, timeout: call.timeout, cancels, keeps, salt }
    }
    fn label(&mut self, name: &str) -> u32 {
        let label = measure::Label { endpoint: self.endpoint, name: name.to_string() };
        self.build.labels.insert_full(label).0 as u32
    }
    fn arm(&mut self, label: &str) -> u32 {
        let endpoint = &self.build.directory.endpoints[self.endpoint as usize].name;
        let (name, mut count) = (format!("{endpoint}.{label}"), 1);
        let mut unique = name.clone();
        while !self.build.arms.insert(unique.clone()) {
            count += 1;
            unique = format!("{name}#{count}");
        }
        self.build.arms.len() as u32 - 1
    }
    fn outcome(&mut self, name: &str) -> Outcome {
        self.build.directory.outcome(name)
    }
    fn error(&mut self, status: u16) -> Outcome {
        self.build.directory.error(status)
    }
    fn slow_waits(&mut self) -> Vec<SlowWaits> {
        if self.build.slow_waits.is_empty() {
            return Vec::new();
        }
        let (_, members) = self.build.directory.holders(self.endpoint, step::Scope::Instance);
        let here = |slow: &SlowWaits| {
            let within = |id: u32| slow.instances.partition_point(|own| *own < id);
            let instances = slow.instances[within(members.start)..within(members.end)].to_vec();
            (!instances.is_empty()).then_some(SlowWaits { instances, ..*slow })
        };
        self.build.slow_waits.iter().filter_map(here).collect()
    }
    fn station(&mut self) -> Option<step::Rows> {
        let instance = self.build.directory.first_with(self.endpoint);
        let first = self.build.station_of[instance as usize]?;
        Some(step::Rows { first, each: step::Each::Instance(instance) })
    }
    fn part(&mut self, name: &'static str) -> FurtherPart {
        let parts = &mut self.build.layout.further_parts;
        let index = parts.iter().position(|part| *part == name).unwrap_or_else(|| {
            parts.push(name);
            parts.len() - 1
        });
        assert!(index < FURTHER_PARTS_MAX, "a plan has at most {FURTHER_PARTS_MAX} further parts");
        FurtherPart(index as u8)
    }
    fn resource(
        &mut self,
        kind: &'static str,
        name: &str,
        scope: step::Scope,
        units: u64,
        keys: Option<&LockKeys>,
    ) -> step::Rows {
        let (service, build) = (self.service, &mut *self.build);
        // Endpoints of a named instance are its own, and so is what their requests hold.
        let (owner, members) = build.directory.holders(self.endpoint, scope);
        let of = match scope {
            step::Scope::Shared => NONE,
            _ => owner.unwrap_or(service),
        };
        let key = (of, owner.is_some(), kind, name.to_string());
        if let Some(rows) = build.rows.get(&key) {
            return *rows;
        }
        let keys = keys.map_or(0, |keys| build.directory.scenario.popularity(keys).count);
        let first = build.resources.len() as u32;
        let instances = &build.directory.instances;
        let workers = |id: u32| instances[id as usize].workers().0;
        let named = |id: u32| (instances[id as usize].name.clone(), Some(id));
        let (owners, each): (Vec<(String, Option<u32>)>, _) = match scope {
            step::Scope::Service => {
                let service = build.directory.services.get_index(service as usize);
                let name = service.map(|(name, _)| (name.to_string(), None));
                (name.into_iter().collect(), step::Each::All)
            }
            step::Scope::Shared => (vec![(String::new(), None)], step::Each::All),
            step::Scope::Instance => {
                (members.clone().map(named).collect(), step::Each::Instance(members.start))
            }
            step::Scope::Process => {
                let of_instance = |id: u32| {
                    let (name, id) = named(id);
                    let of_worker = move |worker| (format!("{name}/{}", worker + 1), id);
                    (0..id.map_or(0, workers)).map(of_worker)
                };
                let before = (0..members.start).map(workers).sum();
                (members.clone().flat_map(of_instance).collect(), step::Each::Worker(before))
            }
        };
        for (owner, instance) in owners {
            build.resources.push(ResourcePlan { units, keys, instance });
            let name = if owner.is_empty() { name.to_string() } else { format!("{owner}.{name}") };
            build.layout.resources.push(measure::Resource { kind, name, service, units, keys });
        }
        let rows = step::Rows { first, each };
        build.rows.insert(key, rows);
        rows
    }
    fn carried(&mut self, name: &str) -> Box<[Option<Sampler>]> {
        (self.build.carries, self.build.is_rich) = (true, true);
        let (scenario, mirrored) = (self.build.directory.scenario, self.build.mirrored);
        let of = |(workload, of): (&String, &Workload)| {
            let law = of.keys.get(name)?.compile().mirrored_if(mirrored);
            Some(Sampler::new(law, Salt::of(&format!("workload.{workload}.keys.{name}"))))
        };
        scenario.workload.iter().map(of).collect()
    }
    fn block(&mut self, what: &str) -> String {
        let count = self.counts.entry(format!("block {what}")).or_default();
        *count += 1;
        let endpoint = &self.build.directory.endpoints[self.endpoint as usize].name;
        match *count {
            1 => format!("{endpoint}.{what}"),
            count => format!("{endpoint}.{what}#{count}"),
        }
    }
    fn guests(&mut self, name: &str) -> u32 {
        let blocks = &mut self.build.layout.blocks;
        blocks.push(name.to_string());
        let block = Some(blocks.len() as u32 - 1);
        self.build.flow(Flow { block, ..Flow::default() })
    }
    fn makes(&mut self, requests: usize) {
        let slots = &mut self.build.slots_an_event;
        *slots = (*slots).max(requests + 1);
    }
    fn calls_off(&mut self) {
        self.build.cancelled = Some(self.build.directory.outcome("cancelled"));
        self.build.is_rich = true;
    }
    fn begin_thread(&mut self) -> Option<(u32, u32)> {
        self.is_in_thread = true;
        let instance = self.build.directory.first_with(self.endpoint);
        self.build.threads_of[instance as usize].map(|first| (first, instance))
    }
    fn end_thread(&mut self) {
        self.is_in_thread = false;
    }
    fn is_in_thread(&self) -> bool {
        self.is_in_thread
    }
    fn emit(&mut self, op: Op) {
        self.build.is_rich |= op.is_rich();
        self.build.is_loaded[self.service as usize] |=
            matches!(&op, Op::Longer(wait) if wait.is_loaded());
        self.program.push(op);
    }
    fn reserve_op(&mut self) -> u32 {
        self.program.push(Op::Answer);
        self.here() - 1
    }
    fn here(&self) -> u32 {
        self.program.len() as u32
    }
    fn put(&mut self, at: u32, op: Op) {
        self.build.is_rich |= op.is_rich();
        self.program[at as usize] = op;
    }
}
