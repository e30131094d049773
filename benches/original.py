"""CPU seconds of one run of AsyncFlow 0.1 in Python beside those of one replication of ours, side by side on one machine.

    python3.12 -m venv old && old/bin/pip install asyncflow-sim
    cargo build --release && old/bin/python benches/original.py scenarios/asyncflow01-single-server.yml …

For each payload, three times: theirs once, then ours with 30 replications on one thread, reading and summary included, divided by 30. Both report nothing to a file. Their own start (imports) is left out, ours is not.
"""

import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent
OURS = ROOT / "target/release/asyncflow"
REPLICATIONS = 30
ROUNDS = 3


def theirs_s(payload: pathlib.Path) -> float:
    import simpy
    from asyncflow import SimulationRunner

    begin = time.process_time()
    results = SimulationRunner.from_yaml(env=simpy.Environment(), yaml_path=payload).run()
    results.get_latency_stats()
    return time.process_time() - begin


def ours_s(payload: pathlib.Path) -> float:
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    begin = used()
    subprocess.run([OURS, "run", payload, "-r", str(REPLICATIONS), "-j", "1", "-q", "--no-files"], check=True)
    return (used() - begin) / REPLICATIONS


def main() -> None:
    for payload in map(pathlib.Path, sys.argv[1:]):
        pairs = [(theirs_s(payload), ours_s(payload)) for _ in range(ROUNDS)]
        ratios = sorted(theirs / ours for theirs, ours in pairs)
        theirs, ours = (min(times) for times in zip(*pairs))
        print(f"{payload.stem}: theirs {theirs:.3f} s, ours {1e3 * ours:.2f} ms, ratios {' '.join(f'{ratio:.0f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
