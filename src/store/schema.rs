//! The tables: what a row is, and what each column means. `docs/outputs.md` is checked against
//! these schemas.

use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// UTF-8 text, dictionary-encoded in the file.
    Text,
    /// 64-bit float; null where there is no value.
    Number,
    /// Unsigned 64-bit whole number.
    Whole,
}

/// A column.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// The name of the column.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// The unit; empty if it has none, `unit` if it is in the column `unit` of each row.
    pub unit: &'static str,
    /// What its values mean.
    pub meaning: &'static str,
}

/// A table: its file, its rows and its columns.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TableSchema {
    /// The name of the file.
    pub file: &'static str,
    /// What a row is, completing "A row is …".
    pub row: &'static str,
    /// The columns, in order.
    pub columns: &'static [Column],
}

const fn text(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Text, unit: "", meaning }
}
const fn number(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Number, unit, meaning }
}
const fn whole(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Whole, unit: "1", meaning }
}

const KIND: Column = text("kind", "workload, endpoint, service, instance, link, balancer or phase");
const ENTITY: Column = text("entity", "its name");
const METRIC: Column = text("metric", "what is measured");
const STAT: Column = text("stat", "mean, sd, min, p50 …, max or total");
const UNIT: Column = text("unit", "unit of the numbers");
const REPLICATION: Column = whole("replication", "number of the replication, from 0");

/// The optional chart beside the tables.
pub const PLOTS: &str = "plots.svg";

/// The points of a sweep.
pub const POINTS: &str = "points.parquet";
/// The folders of a sweep's tables; each table is split into parts.
pub const PARTS: [&str; 4] = ["summary", "replications", "series", "histograms"];

/// All tables with fixed columns; those of a run come first.
pub const TABLES: [TableSchema; 10] = [
    TableSchema {
        file: "summary.parquet",
        row: "one estimate",
        columns: &[
            text("scenario", "name of the scenario"),
            KIND,
            ENTITY,
            METRIC,
            STAT,
            UNIT,
            number("estimate", "unit", "point estimate"),
            number("low", "unit", "lower end of the interval"),
            number("high", "unit", "upper end of the interval"),
            number("std_error", "unit", "standard error of the estimate"),
            number("confidence", "1", "confidence of the interval"),
            whole("n", "replications that had a value"),
            text("method", "t, controlled, woodruff, jackknife or range"),
            text("labels", "what to know about it, separated by commas"),
            text("flags", "the same as `labels`, for one more version"),
        ],
    },
    TableSchema {
        file: "replications.parquet",
        row: "one number of one replication",
        columns: &[
            REPLICATION,
            text("seed_key", "key of all its draws, hexadecimal"),
            KIND,
            ENTITY,
            METRIC,
            STAT,
            UNIT,
            number("value", "unit", "the number"),
        ],
    },
    TableSchema {
        file: "series.parquet",
        row: "one window of one gauge or rate",
        columns: &[
            REPLICATION,
            number("start_s", "s", "beginning of the window"),
            number("end_s", "s", "end of the window"),
            KIND,
            ENTITY,
            METRIC,
            UNIT,
            number("mean", "unit", "time-weighted mean"),
            number("min", "unit", "lowest value"),
            number("max", "unit", "highest value"),
            number("last", "unit", "value at the end"),
        ],
    },
    TableSchema {
        file: "histograms.parquet",
        row: "one bucket with something in it",
        columns: &[
            REPLICATION,
            KIND,
            ENTITY,
            METRIC,
            number("low_s", "s", "lowest duration of the bucket"),
            number("high_s", "s", "highest duration of the bucket"),
            whole("count", "durations in it"),
        ],
    },
    TableSchema {
        file: "events.parquet",
        row: "a fault that began or ended",
        columns: &[
            REPLICATION,
            number("at_s", "s", "when"),
            text("kind", "crash, degrade, slow or errors"),
            text("entity", "what it breaks"),
            text("what", "begins or ends"),
            text("detail", "how much"),
        ],
    },
    TableSchema {
        file: "requests.parquet",
        row: "one sampled request",
        columns: &[
            REPLICATION,
            text("request", "its key, hexadecimal"),
            text(
                "caller",
                "key of the request that called; empty for one from a workload, or if its caller has given it up",
            ),
            text("workload", "where it comes from, empty for a call"),
            text("endpoint", "where it goes"),
            text("instance", "the instance that served it"),
            number("arrived_s", "s", "when it was meant to arrive"),
            number("finished_s", "s", "when its response was there, or it failed"),
            number("queue_s", "s", "ready, waiting for the loop or a core"),
            number("cpu_s", "s", "computing"),
            number("io_s", "s", "awaiting I/O"),
            number("network_s", "s", "on links"),
            number("memory_s", "s", "waiting for memory"),
            number("admission_s", "s", "waiting to be admitted"),
            number("abandoned_s", "s", "waiting for calls that were given up"),
            text("outcome", "ok, lost, timeout, crashed, rejected or error_STATUS"),
            number("weight", "1", "how many requests it stands for"),
        ],
    },
    TableSchema {
        file: "warmup.parquet",
        row: "one window of one series that the warm-up was found by",
        columns: &[
            text("kind", "workload or service"),
            ENTITY,
            text(
                "metric",
                "latency, or waiting: requests that wait for a core, memory or admission",
            ),
            UNIT,
            number("start_s", "s", "beginning of the window"),
            number("mean", "unit", "mean over the replications of the pilot"),
            number("welch", "unit", "Welch's moving average"),
            number("cut_s", "s", "where MSER-5 cuts this series"),
            text("reached", "yes, or no if it does not settle within half of the run"),
        ],
    },
    COMPARISON,
    CAPACITY,
    SENSITIVITY,
];

impl TableSchema {
    /// Returns the Arrow schema, with unit and meaning in each field's metadata.
    pub fn arrow(&self) -> Arc<Schema> {
        Arc::new(Schema::new(
            self.columns.iter().map(|column| field(column.name, column)).collect::<Vec<_>>(),
        ))
    }
    /// Returns the schema with an additional first column, the number of the point.
    pub fn arrow_of_points(&self) -> Arc<Schema> {
        let columns = std::iter::once(&POINT).chain(self.columns);
        Arc::new(Schema::new(columns.map(|column| field(column.name, column)).collect::<Vec<_>>()))
    }
}

/// The table of a comparison.
pub const COMPARISON: TableSchema = TableSchema {
    file: "comparison.parquet",
    row: "one metric of one variant against the baseline's",
    columns: &[
        text("variant", "name of the variant"),
        text("baseline", "name of the baseline"),
        KIND,
        ENTITY,
        METRIC,
        STAT,
        UNIT,
        number("base", "unit", "the baseline's estimate"),
        number("this", "unit", "the variant's estimate"),
        number("difference", "unit", "this minus base, from pairs of replications"),
        number("difference_low", "unit", "lower end of its interval"),
        number("difference_high", "unit", "upper end of its interval"),
        number(
            "relative",
            "1",
            "the difference as a share of base; null where the interval of base holds 0",
        ),
        number("relative_low", "1", "lower end of its interval"),
        number("relative_high", "1", "upper end of its interval"),
        number("p_value", "1", "of the paired difference being chance"),
        number(
            "p_adjusted",
            "1",
            "the same, corrected for all differences that are judged together; null outside of these",
        ),
        text("judgement", "better, worse, different, the same or undecided"),
        number("more_replications", "1", "about how many more would decide"),
        number(
            "unpaired_variance_ratio",
            "1",
            "variance that independent runs would give the difference, over that of pairs",
        ),
        whole("n", "pairs that had a value"),
    ],
};

/// The table of a capacity search.
pub const CAPACITY: TableSchema = TableSchema {
    file: "capacity.parquet",
    row: "one goal at one value that was tried",
    columns: &[
        text("parameter", "path of what is searched"),
        number("value", "value_unit", "the value"),
        text("value_unit", "unit of the value; empty for a number"),
        text("written", "the value as it stands in the scenario"),
        text("slo", "name of the objective"),
        text("goal", "one of its goals, in words"),
        text("kind", "workload or endpoint"),
        ENTITY,
        METRIC,
        STAT,
        UNIT,
        number("estimate", "unit", "point estimate"),
        number("low", "unit", "lower end of the interval"),
        number("high", "unit", "upper end of the interval"),
        number("bound", "unit", "the bound of the goal"),
        text(
            "meets",
            "yes or no: on which side of the bound the interval is; undecided if on both, or if there is none",
        ),
        text("verdict", "meets, misses or too near to tell: all goals together, at this value"),
        whole("replications", "replications that were run at this value"),
        text("overloaded", "workloads that are overloaded, separated by commas"),
        text("bottleneck", "the busiest service"),
        number("utilisation", "1", "its busy core time over the time of the cores that it can use"),
        text(
            "waits_for",
            "what requests wait for most: queue, memory or admission; empty if they do not wait",
        ),
    ],
};

/// The table of a sensitivity analysis.
pub const SENSITIVITY: TableSchema = TableSchema {
    file: "sensitivity.parquet",
    row: "what one parameter does to one metric",
    columns: &[
        KIND,
        ENTITY,
        METRIC,
        STAT,
        UNIT,
        text("method", "morris or sobol"),
        text("parameter", "path of the parameter"),
        text("range_from", "where its range begins, as it is written; of a list the first value"),
        text("range_to", "where it ends; of a list the last value"),
        number("mu", "unit", "mean effect of the whole range; null with sobol"),
        number("mu_star", "unit", "mean absolute effect: the importance; null with sobol"),
        number("mu_star_std_error", "unit", "its standard error; null with sobol"),
        number("sigma", "unit", "standard deviation of the effects; null with sobol"),
        number(
            "first",
            "1",
            "first-order index: the share of the variance that the parameter explains alone; null with morris, and if not known",
        ),
        number("first_low", "1", "lower end of its interval; null with morris"),
        number("first_high", "1", "upper end of its interval; null with morris"),
        number(
            "total",
            "1",
            "total index: the same with all its interactions; null with morris, and if not known",
        ),
        number("total_low", "1", "lower end of its interval; null with morris"),
        number("total_high", "1", "upper end of its interval; null with morris"),
        whole("n", "effects, or groups of points, that had a value"),
        text("variation", "of the metric: varies, does_not_vary or no_value"),
    ],
};

/// The column with the number of a point.
pub const POINT: Column = whole("point", "number of the point, from 0");

/// The columns of `points.parquet` after those of the varied parameters.
pub const OF_POINT: [Column; 10] = [
    number("warmup_s", "s", "simulated time at the beginning that is not measured"),
    whole("replications", "replications that were run"),
    whole("failed", "of those, how many gave nothing"),
    text(
        "failure",
        "kind of the first failure: limit, panicked or invalid; empty if there is none",
    ),
    text("reason", "the first failure, in words"),
    text("overloaded", "workloads that are overloaded, separated by commas"),
    text("slos_missed", "objectives that are missed, separated by commas"),
    text(
        "precise",
        "yes or no: whether the goals of run.replications.until are met; empty if there are none",
    ),
    whole("events", "calendar entries fired"),
    text("fingerprint", "hash of every number of every replication"),
];

/// Returns a field of an Arrow schema, with unit and meaning in its metadata. `name` may differ
/// from the column's name.
pub fn field(name: &str, column: &Column) -> Field {
    let data_type = match column.kind {
        Kind::Text => DataType::Utf8,
        Kind::Number => DataType::Float64,
        Kind::Whole => DataType::UInt64,
    };
    let metadata = [("unit", column.unit), ("meaning", column.meaning)]
        .map(|(k, v)| (k.to_string(), v.to_string()));
    #[allow(
        clippy::disallowed_types,
        reason = "arrow accepts metadata in no other form, and writes it sorted"
    )]
    let metadata: std::collections::HashMap<String, String> = metadata.into_iter().collect();
    Field::new(name, data_type, column.kind == Kind::Number).with_metadata(metadata)
}
