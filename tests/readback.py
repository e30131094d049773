"""The files of a run, read back by those who will read them: pyarrow, DuckDB, Polars, pandas.

    python tests/readback.py target/release/asyncflow

Claims, for two runs (the README's, and one with calls, faults, losses and sampled requests): the files are those of the manifest, with its
hashes, before reading and after; columns, types, units and numbers of rows are the manifest's in every reader; all readers see the same
values; summary.parquet is --json, bit for bit; the tables agree with each other. The same, as far as it goes, for the one table of a comparison
and of a search. And every line for DuckDB and Python in README.md and
docs/*.md runs as it stands, after the commands that its page names.
"""

import hashlib, json, math, os, pathlib, shlex, struct, subprocess, sys, tempfile
import duckdb, pandas, polars, pyarrow as arrow, pyarrow.parquet as parquet

PROJECT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(sys.argv[1]).resolve()

EVERYTHING = """
version: 1
run: { duration: 3m, warmup: 20s, replications: 5 }
workload:
  users: { to: web.GET /cart, open: { rate: 60/s } }
  crawler: { mix: { web.GET /cart: 1, web.GET /item: 3 }, open: { rate: 20/s, arrivals: { gamma: { cv: 2 } } } }
services:
  web:
    replicas: 2
    balance: least_connections
    instance: { memory: 256MiB, price: $0.17/h }
    endpoints:
      GET /cart: [ cpu: 1ms, memory: 2MiB, call: { to: db.query, timeout: 200ms }, cpu: 0.5ms ]
      GET /item: [ cpu: 2ms, wait: { for: { exp: 5ms }, label: cache }, fail: { p: 2%, status: 503 } ]
  db: { instance: { cpu: 2 }, runtime: { tasks: { schedule: fifo } }, max_in_flight: 40, queue: { max: 20 }, endpoints: { query: [ cpu: { exp: 8ms } ] } }
links: { users -> web: { latency: { exp: 20ms }, loss: 0.5% }, default: { latency: 0.3ms } }
faults:
  - slow: { target: db, factor: 5x, at: 60s, for: 10s }
  - crash: { target: web, count: 1, at: 90s, for: 15s }
  - degrade: { link: users -> web, latency: +15ms, loss: 2%, at: 2m, for: 10s }
  - errors: { target: web.GET /item, rate: 30%, at: 150s, for: 10s }
slos: { fast: { of: users, p99: 400ms } }
output: { series: 1s, requests: 10% }
"""

TYPES = {  # what each reader calls the types of pyarrow
    "string": {"VARCHAR", "String"},
    "double": {"DOUBLE", "Float64"},
    "uint64": {"UBIGINT", "UInt64"},
}


def asyncflow(*arguments, codes=(0,)):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
    assert done.returncode in codes, (arguments, done.returncode, done.stderr)
    return done.stdout


def same(ours, theirs):
    """Equal, numbers bit for bit; what does not exist is None, and NaN in pandas."""
    def plain(value):
        if value is None or isinstance(value, float) and math.isnan(value):
            return None
        return struct.pack("<d", value) if isinstance(value, float) else value
    return plain(ours) == plain(theirs)


def check_hashes(folder, manifest):
    found = {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert found == set(manifest["files"]), found
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"], name


def check_table(path, entry):
    """One table in four readers. Its rows, as dictionaries."""
    table = parquet.read_table(path)
    columns = table.column_names
    assert table.num_rows == entry["rows"] == parquet.read_metadata(path).num_rows, path
    assert {field.name: field.metadata[b"unit"].decode() for field in table.schema} == entry["units"], path
    assert all(field.metadata[b"meaning"] for field in table.schema), path
    kinds = [str(field.type) for field in table.schema]

    in_duckdb = duckdb.sql(f"FROM '{path}'")
    in_polars = polars.read_parquet(path)
    in_pandas = pandas.read_parquet(path)
    for reader, names in [("DuckDB", in_duckdb.columns), ("Polars", in_polars.columns), ("pandas", list(in_pandas.columns))]:
        assert list(names) == columns, (path, reader, names)
    for kind, one, other in zip(kinds, in_duckdb.types, in_polars.dtypes):
        assert {str(one), str(other)} == TYPES[kind], (path, kind, one, other)

    rows = list(zip(*(column.to_pylist() for column in table.columns))) if table.num_rows else []
    for reader, theirs in [
        ("DuckDB", in_duckdb.fetchall()),
        ("Polars", in_polars.rows()),
        ("pandas", in_pandas.itertuples(index=False, name=None)),
    ]:
        theirs = list(theirs)
        assert len(theirs) == len(rows), (path, reader)
        for ours, other in zip(rows, theirs):
            assert all(map(same, ours, other)), (path, reader, ours, other)
    return [dict(zip(columns, row)) for row in rows]


def check_summary(rows, said):
    """summary.parquet is --json, number by number."""
    assert len(rows) == len(said["metrics"]) > 50
    for row, metric in zip(rows, said["metrics"]):
        assert row["scenario"] == said["scenario"] and row["confidence"] == said["confidence"]
        assert row["flags"] == ",".join(metric["flags"]), (row, metric)
        for key in ["kind", "entity", "metric", "stat", "unit", "n", "method"]:
            assert row[key] == metric[key], (row, metric)
        for key in ["estimate", "low", "high", "std_error"]:
            number = metric[key]
            assert same(row[key], None if number is None else float(number)), (key, row, metric)


def check_each_other(tables, manifest):
    """What the tables say of the same thing is the same."""
    replications = tables["replications.parquet"]
    assert {row["replication"] for row in replications} == set(range(manifest["replications"]))
    names = [tuple(row[key] for key in ["kind", "entity", "metric", "stat", "unit"]) for row in tables["summary.parquet"]]
    assert len(set(names)) == len(names)
    assert len(replications) == len(names) * manifest["replications"]
    completed = sum(row["value"] for row in replications if row["kind"] == "workload" and row["metric"] == "completed")
    counted = sum(row["count"] for row in tables["histograms.parquet"] if row["kind"] == "workload" and row["metric"] == "latency")
    assert completed == counted > 0, (completed, counted)
    for row in tables["histograms.parquet"]:
        assert row["low_s"] <= row["high_s"] and row["count"] > 0, row
    for row in tables["series.parquet"]:
        assert row["start_s"] < row["end_s"], row
        assert row["mean"] is None or row["min"] <= row["mean"] + 1e-9 and row["mean"] <= row["max"] + 1e-9, row
    faults = manifest["scenario"].get("faults", [])
    assert len(tables["events.parquet"]) == 2 * len(faults) * manifest["replications"]
    for row in tables.get("requests.parquet", []):
        parts = sum(value for key, value in row.items() if key.endswith("_s") and key not in ("arrived_s", "finished_s"))
        assert abs(parts - (row["finished_s"] - row["arrived_s"])) < 1e-8, row
        assert row["weight"] == 10.0 and not (row["caller"] and row["workload"]), row
        assert row["outcome"] in ("ok", "lost", "timeout", "crashed", "rejected", "error_500", "error_503"), row


def check_run(scenario, expected):
    said = json.loads(asyncflow("run", scenario, "--json", "--plots", codes=(0, 1)))
    folder = pathlib.Path("out") / said["scenario"]
    manifest = json.loads((folder / "manifest.json").read_text())
    check_hashes(folder, manifest)
    assert set(manifest["files"]) == expected, set(manifest["files"])
    assert all(manifest[key] == said[key] for key in ["seed", "replications", "fingerprint", "events"])
    tables = {name: check_table(folder / name, entry) for name, entry in manifest["files"].items() if name.endswith(".parquet")}
    assert all(tables[name] for name in expected if name.endswith(".parquet") and name != "events.parquet")
    check_summary(tables["summary.parquet"], said)
    check_each_other(tables, manifest)
    check_hashes(folder, manifest)  # nobody who reads has touched anything, plots.svg included
    print(f"{scenario}: {sum(map(len, tables.values())):,} rows in {len(tables)} tables, equal in pyarrow, DuckDB, Polars and pandas")


ANSWERS = [
    # Commands, as their pages have them, and the rows that their --json has, by column.
    (
        "compare scenarios/sizing.yaml -r 2 --set services.api.balance=round_robin --out out/balancers",
        lambda said: [
            {"base": row["base"]["estimate"], "difference_low": row["difference"]["low"]}
            | {key: row[key] for key in ["kind", "entity", "metric", "stat", "p_value", "p_adjusted", "judgement"]}
            for row in said["differences"]
        ],
    ),
    (
        "capacity scenarios/sizing.yaml --vary services.api.replicas --from 1 --to 16 --out out/replicas",
        lambda said: [
            {"value": tried["number"], "slo": goal["name"], "entity": goal["of"]}
            | {key: tried[key] for key in ["verdict", "replications", "utilisation"]}
            | {key: goal[key] for key in ["goal", "estimate", "low", "high"]}
            for tried in said["tried"]
            for goal in tried["goals"]
        ],
    ),
    (
        "sensitivity scenarios/sizing.yaml -d 60s -r 2 --method sobol --size 32 --vary services.api.replicas=3..6@integer --vary workload.users.open.rate=100/s..350/s --out out/shares",
        lambda said: [
            {"parameter": row["path"]} | (row["morris"] or {}) | (row["sobol"] or {})
            for metric in said["metrics"]
            for row in metric["parameters"]
        ],
    ),
]


def check_answer(command, expected):
    """The one table of a comparison or a search is its --json."""
    command = shlex.split(command)
    said = json.loads(asyncflow(*command, "--json"))
    folder = pathlib.Path(command[-1])
    manifest = json.loads((folder / "manifest.json").read_text())
    check_hashes(folder, manifest)
    ((name, entry),) = manifest["files"].items()
    rows = check_table(folder / name, entry)
    assert len(rows) == len(expected(said)) > 0, name
    for row, told in zip(rows, expected(said)):
        assert all(same(row[key], value) for key, value in told.items()), (name, row, told)
    print(f"{command[0]}: {len(rows):,} rows of {name}, equal in pyarrow, DuckDB, Polars and pandas")


def check_pages():
    """Every line for DuckDB and Python in the docs."""
    run = 0
    for page in sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]):
        for block in page.read_text().split("```sh\n")[1:]:
            for line in block.split("```")[0].splitlines():
                words = shlex.split(line)
                if words[:2] == ["duckdb", "-c"]:
                    assert duckdb.sql(words[2]).fetchall(), (page.name, line)
                elif words[:2] == ["python", "-c"]:
                    done = subprocess.run([sys.executable, "-c", words[2]], capture_output=True, text=True)
                    assert done.returncode == 0 and done.stdout.strip(), (page.name, line, done.stderr)
                else:
                    assert words[:1] not in (["duckdb"], ["python"]) or words[1:2] == ["tests/readback.py"], f"{page.name}: nothing runs `{line}`"
                    continue
                run += 1
    assert run >= 8, run
    print(f"{run} lines of the documentation run as they stand")


def main():
    always = {"summary.parquet", "replications.parquet", "series.parquet", "histograms.parquet", "events.parquet", "plots.svg"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        (pathlib.Path(folder) / "scenarios").symlink_to(PROJECT / "scenarios")
        pathlib.Path("everything.yaml").write_text(EVERYTHING)
        check_run("everything.yaml", always | {"requests.parquet"})
        check_run("scenarios/hello.yaml", always)
        # The tutorial's own system; `out/hello` is there already.
        tutorial = (PROJECT / "docs/tutorial.md").read_text()
        pathlib.Path("shop.yaml").write_text("".join(block.split("```")[0] for block in tutorial.split("```yaml\n")[1:]))
        asyncflow("run", "shop.yaml", "-q")
        asyncflow("sweep", "scenarios/sizing.yaml", "-q")
        for command, expected in ANSWERS:
            check_answer(command, expected)
        check_pages()
        os.chdir(PROJECT)
    print(f"pyarrow {arrow.__version__}, duckdb {duckdb.__version__}, polars {polars.__version__}, pandas {pandas.__version__}")


main()
