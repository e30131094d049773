//! Agreement with the original, AsyncFlow 0.1.1: six systems, 144 figures. `docs/validation.md`
//! shows them side by side.
//!
//! Agreement: within 4 combined standard errors plus 0.5 %. A payload has 20 to 30 figures; a
//! correct simulator fails one figure in 16,000.

#[allow(dead_code, reason = "`examples/validate/main.rs` shows the effect of the corrections")]
pub mod payloads;

/// Asserts that all figures of a payload agree.
fn agrees(name: &str) {
    let payload = payloads::all()
        .into_iter()
        .find(|payload| payload.name == name)
        .expect("a payload of this name");
    let results = asyncflow::run(&payload.scenario()).unwrap_or_else(|e| panic!("{e}"));
    let disagreements = payload
        .figures
        .iter()
        .filter_map(|figure| payloads::disagreement(&payloads::ours(&results, figure), figure));
    let disagreements: Vec<String> = disagreements.collect();
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn one_server_behaves_as_in_the_original() {
    // `single_server` of the original's examples.
    agrees("single_server");
}

#[test]
fn two_servers_behind_a_balancer_behave_as_in_the_original() {
    // `two_servers_lb` of the original's examples.
    agrees("two_servers_lb");
}

#[test]
fn a_spike_on_a_link_behaves_as_in_the_original() {
    // `event_inj_single_server` of the original's examples.
    agrees("event_inj_single_server");
}

#[test]
fn spikes_and_outages_behind_a_balancer_behave_as_in_the_original() {
    // `event_inj_lb` of the original's examples.
    agrees("event_inj_lb");
}

#[test]
fn a_light_load_behaves_as_in_the_original() {
    // `light_single_server` of the original's examples.
    agrees("light_single_server");
}

#[test]
fn a_heavy_load_with_a_spike_behaves_as_in_the_original() {
    // `heavy_inj_single_server` of the original's examples.
    agrees("heavy_inj_single_server");
}
