//! Classes of workloads: each is named in `classes`, in the order in which they are served, and
//! matters to some queue.
//! Checked: `tests/it/classes.rs`.

use crate::problem::Problems;
use crate::scenario::Scenario;
use crate::server::QueueOrder;

/// More classes than any system tells apart.
const CLASSES_MAX: usize = 100;

/// Checks all classes.
pub(super) fn check(scenario: &Scenario, problems: &mut Problems) {
    let classes = &scenario.classes;
    if classes.len() > CLASSES_MAX {
        problems.error("classes", format!("there are at most {CLASSES_MAX} classes"));
    }
    for (index, class) in classes.iter().enumerate() {
        if class.trim().is_empty() {
            problems
                .error(format!("classes[{index}]"), "a class needs a name")
                .advise("write for example `classes: [ interactive, batch ]`");
        }
        if classes[..index].contains(class) {
            problems
                .error(format!("classes[{index}]"), format!("`{class}` is named twice"))
                .advise("leave one of them out: the first is served first");
        }
    }
    for (name, workload) in &scenario.workload {
        let Some(class) = workload.class.as_ref().filter(|class| !classes.contains(class)) else {
            continue;
        };
        let help = match classes.first() {
            None => format!(
                "add all classes, the one that is served first before the others: `classes: [ …, {class} ]`"
            ),
            Some(_) => format!("write one of `{}`, or add it there", classes.join("`, `")),
        };
        problems
            .error(
                format!("workload.{name}.class"),
                format!("the class `{class}` is not one of `classes`"),
            )
            .advise(help);
    }
    let orders = |order: QueueOrder| {
        scenario.services.iter().filter(move |(_, service)| {
            service.queue.as_ref().is_some_and(|queue| queue.order == order)
        })
    };
    let has_order = orders(QueueOrder::Priority).next().is_some();
    if classes.len() < 2 {
        for (name, _) in orders(QueueOrder::Priority) {
            problems
                .warning(
                    format!("services.{name}.queue.order"),
                    "this has no effect: all requests are of one class",
                )
                .advise("add for example `classes: [ interactive, batch ]`, and `class: batch` to a workload");
        }
    } else if !has_order {
        problems
            .warning("classes", "no queue looks at classes")
            .at_key()
            .advise("write `queue: { order: priority }` in a service with `max_in_flight`");
    }
}
