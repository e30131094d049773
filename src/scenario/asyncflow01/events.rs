//! Checks of events: kinds that do not match, unknown targets, all servers down at once.

use super::graph::{Graph, Kind};
use super::payload::{EndKind, Event, StartKind};
use super::range::{LONGEST_S, demand};
use crate::problem::{Problems, nearest};
use indexmap::IndexSet;

/// The maximum spike, in seconds; several spikes can add up.
const LONGEST_SPIKE_S: f64 = 86_400.0;

pub(crate) fn check_event(graph: &Graph, event: &Event, path: &str, problems: &mut Problems) {
    let (start, end) = (&event.start, &event.end);
    let wanted = match (start.kind, end.kind) {
        (StartKind::ServerDown, EndKind::NetworkSpikeEnd) => {
            Some("`server_down` ends with `server_up`")
        }
        (StartKind::NetworkSpikeStart, EndKind::ServerUp) => {
            Some("`network_spike_start` ends with `network_spike_end`")
        }
        _ => None,
    };
    if let Some(wanted) = wanted {
        problems.error(
            format!("{path}.end.kind"),
            format!("the kinds of start and end do not match: {wanted}"),
        );
    }
    demand(
        problems,
        (0.0..=LONGEST_S).contains(&start.t_start),
        format!("{path}.start.t_start"),
        "must be from 0 to 10^9 s",
        start.t_start,
    );
    if start.t_start >= end.t_end {
        let what = format!("the event ends at {} s, but starts at {} s", end.t_end, start.t_start);
        problems
            .error(format!("{path}.end.t_end"), what)
            .advise("`t_start` must be less than `t_end`");
    }
    let total = graph.payload.sim_settings.total_simulation_time;
    if end.t_end > total {
        let what = format!(
            "the event ends at {} s, after the end of the simulation at {total} s",
            end.t_end
        );
        problems
            .error(format!("{path}.end.t_end"), what)
            .advise("lower `t_end`, or raise `total_simulation_time`");
    }
    spike(event, path, problems);
    target(graph, event, path, problems);
}

fn spike(event: &Event, path: &str, problems: &mut Problems) {
    let at = format!("{path}.start.spike_s");
    match (event.start.kind, event.start.spike_s) {
        (StartKind::ServerDown, Some(_)) => {
            problems
                .error(at, "a server that is down has no `spike_s`")
                .advise("leave it out; `spike_s` belongs to `network_spike_start`");
        }
        (StartKind::NetworkSpikeStart, None) => {
            let what = "this spike does not say how much latency it adds";
            problems
                .error(format!("{path}.start"), what)
                .advise("add for example `spike_s: 0.05`, in seconds");
        }
        (StartKind::NetworkSpikeStart, Some(spike)) => {
            demand(
                problems,
                spike > 0.0 && spike <= LONGEST_SPIKE_S,
                at,
                "must be more than 0 s and at most 86400 s, a day",
                spike,
            );
        }
        (StartKind::ServerDown, None) => {}
    }
}

fn target(graph: &Graph, event: &Event, path: &str, problems: &mut Problems) {
    let (id, path) = (event.target_id.as_str(), format!("{path}.target_id"));
    let is_edge = |id: &str| graph.edges().iter().any(|edge| edge.id == id);
    let is_server = |id: &str| graph.kind(id) == Some(Kind::Server);
    let (kind, wanted, fits, other) = match event.start.kind {
        StartKind::ServerDown => ("server_down", "a server", is_server(id), is_edge(id)),
        StartKind::NetworkSpikeStart => {
            ("network_spike_start", "an edge", is_edge(id), is_server(id))
        }
    };
    if fits {
        return;
    }
    let known: Vec<&str> = match event.start.kind {
        StartKind::ServerDown => graph.servers.keys().copied().collect(),
        StartKind::NetworkSpikeStart => graph.edges().iter().map(|edge| edge.id.as_str()).collect(),
    };
    let what = if other || graph.kind(id).is_some() {
        format!("`{kind}` applies to {wanted}, but `{id}` is not one")
    } else {
        format!("`{id}` is neither a server nor an edge")
    };
    problems
        .error(path, what)
        .advise_if(nearest(id, known).map(|near| format!("did you mean `{near}`?")));
}

/// Reports times at which all servers are down.
pub(crate) fn never_all_down(graph: &Graph, events: &[Event], problems: &mut Problems) {
    let down = |event: &&Event| {
        event.start.kind == StartKind::ServerDown
            && graph.servers.contains_key(event.target_id.as_str())
    };
    let mut changes: Vec<(f64, bool, usize)> = Vec::new();
    for (index, event) in events
        .iter()
        .enumerate()
        .filter(|(_, event)| down(event) && event.start.t_start < event.end.t_end)
    {
        changes.extend([(event.start.t_start, true, index), (event.end.t_end, false, index)]);
    }
    // At the same time, events end before others begin.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut active: IndexSet<usize> = IndexSet::new();
    for (at, begins, index) in changes {
        if !begins {
            active.swap_remove(&index);
            continue;
        }
        active.insert(index);
        let servers: IndexSet<&str> =
            active.iter().map(|index| events[*index].target_id.as_str()).collect();
        if servers.len() == graph.servers.len() {
            let path = format!("events[{index}].start.t_start");
            problems
                .error(path, format!("from {at} s on, all servers are down"))
                .advise("keep one server up at every moment");
        }
    }
}

/// Reports servers that go down while they are down.
pub(crate) fn never_twice_down(events: &[Event], problems: &mut Problems) {
    let down = |event: &Event| {
        event.start.kind == StartKind::ServerDown && event.start.t_start < event.end.t_end
    };
    for (index, event) in events.iter().enumerate().filter(|(_, event)| down(event)) {
        let (from, to) = (event.start.t_start, event.end.t_end);
        let same = |other: &&Event| {
            other.target_id == event.target_id && other.start.t_start < to && from < other.end.t_end
        };
        if let Some(other) = events[..index].iter().filter(|other| down(other)).find(same) {
            let what = format!(
                "`{}` is already down at that time because of `{}`",
                event.target_id, other.event_id
            );
            problems
                .error(format!("events[{index}].start.t_start"), what)
                .advise("merge the two events, or move one of them");
        }
    }
}
