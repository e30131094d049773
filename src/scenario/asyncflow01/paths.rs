//! Advice for paths of a 0.1 payload in `--set` or `--vary`: the equivalent path of the native
//! scenario.
//!
//! Law: `--set` and `--vary` apply to the native scenario, as `asyncflow show` prints it; a
//! payload's path is never translated silently, but rejected with the path to write. Tests below.

/// Returns the help text for a path of a 0.1 payload; `None` for other paths. `workload` is the
/// name of the first workload.
pub(crate) fn advice(path: &str, workload: &str) -> Option<String> {
    let of_workload = |rest: &str| format!("workload.{workload}.{rest}");
    let begins = |start: &str| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let written = [
        ("arrivals.lambda_rps", of_workload("open.rate=100/s")),
        ("arrivals", of_workload("open.arrivals=poisson")),
        ("rqs_input.avg_active_users", of_workload("users.active={ poisson: 100 }")),
        ("rqs_input.avg_request_per_minute_per_user", of_workload("users.each=20/min")),
        ("rqs_input.user_sampling_window", of_workload("users.resample=60s")),
        ("rqs_input", of_workload("users={ active: { poisson: 100 }, each: 20/min }")),
        ("sim_settings.sample_period_s", "output.series=1s".to_string()),
        ("sim_settings", "run.duration=600s".to_string()),
        ("topology_graph.nodes.load_balancer", "services.BALANCER.balance=random".to_string()),
        ("topology_graph.edges", "links.FROM -> TO.latency=3ms".to_string()),
        ("topology_graph", "services.BALANCER.instances.SERVER.instance.cpu=2".to_string()),
        ("events", "faults[0].crash.at=60s".to_string()),
    ];
    let (_, native) = written.into_iter().find(|(start, _)| begins(start))?;
    Some(format!("use a path that `asyncflow show` prints for this file, for example `{native}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_payload_is_rejected_with_the_one_to_write() {
        // Definition: the longest known prefix.
        let native = |path: &str| {
            advice(path, "rqs-1").map(|help| help.split('`').nth(3).unwrap_or_default().to_string())
        };
        assert_eq!(
            native("arrivals.lambda_rps").as_deref(),
            Some("workload.rqs-1.open.rate=100/s")
        );
        assert_eq!(
            native("arrivals.model").as_deref(),
            Some("workload.rqs-1.open.arrivals=poisson")
        );
        assert_eq!(
            native("rqs_input.avg_active_users.mean").as_deref(),
            Some("workload.rqs-1.users.active={ poisson: 100 }")
        );
        assert_eq!(
            native("sim_settings.total_simulation_time").as_deref(),
            Some("run.duration=600s")
        );
        assert_eq!(
            native("topology_graph.nodes.servers[0]").as_deref(),
            Some("services.BALANCER.instances.SERVER.instance.cpu=2")
        );
        assert_eq!((native("arrivalsx"), native("services.api")), (None, None));
    }
}
