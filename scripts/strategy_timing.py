#!/usr/bin/env python
"""Seconds and memory of every batch strategy's selection from a large pool, against the limits it is meant to keep.

    python scripts/strategy_timing.py --repeats 3           # all; a row that the table has already is skipped
    python scripts/strategy_timing.py --only badge --again  # one, measured anew

The evidence is synthetic: features [N, D] in 100 clusters of different width, rectified as those of a penultimate
layer are, log-probabilities of a random linear layer on them, K draws by noise on its weights, and L labelled points
of the same kind. Each strategy is timed in a process of its own, after a selection from a small pool that loads what
it needs. `extra_memory_mb` is the greatest resident size while it selects, sampled every 10 ms, less the size with the
evidence in memory. Kernels that pin their threads (K-means: one) do so here too.

On a machine with other work the seconds are too many: `load` is its average number of running processes in the minute
before, and `cpu_seconds_median`, of all threads together, about what one idle core would need at `--threads 1`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "results" / "strategy_timing.csv"
COLUMNS = (
    *("strategy", "n_rows", "classes", "features", "labelled", "draws", "batch", "settings", "repeats"),
    *("seconds_median", "seconds_min", "seconds_max", "extra_memory_mb", "limit_s", "met"),
    *("machine", "torch", "threads", "cpu_seconds_median", "load"),
)
MEMORY_MB = 2000.0
"""What a strategy may take above its evidence."""

CLASSES, FEATURES, LABELLED = 10, 512, 1000

GIVEN_UP = 2
"""A strategy is stopped after this many times its limit, and two minutes for its evidence; its seconds stay empty."""


@dataclass(frozen=True)
class Case:
    """One strategy's task.

    Args:
        strategy: Its option.
        limit: Seconds.
        rows: N.
        features: D.
        draws: K, or 0 where the strategy reads no draws.
        batch: B.
        settings: Hyper-parameters that differ from the class's.
        slow: Measured once, whatever `--repeats` says.
    """

    strategy: str
    limit: float
    rows: int = 50_000
    features: int = FEATURES
    draws: int = 0
    batch: int = 100
    settings: dict[str, Any] = field(default_factory=dict)
    slow: bool = False

    @property
    def label(self) -> str:
        """Strategy and N, one for each row of the table."""
        return f"{self.strategy} {self.rows}"


CASES = (
    Case("coreset_greedy", 30),
    Case("badge", 30),
    Case("diverse_minibatch", 30, draws=20),
    Case("power_bald", 30, draws=100),
    Case("epig", 30, draws=100),
    Case("svm_margin", 30),
    Case("kmeans", 120),
    Case("clue", 120),
    Case("typiclust", 120),
    Case("probcover", 120),
    Case("maxherding", 120),
    Case("maxherding", 600, rows=1_000_000, features=64, slow=True),
    Case("uherding", 120),
    Case("dropquery", 120),
    Case("dropquery", 600, rows=1_000_000, features=64, slow=True),
    Case("falcun", 120),
    Case("falcun", 120, rows=1_000_000, features=64, slow=True),
    Case("cal", 120),
    Case("cal", 120, rows=1_000_000, features=64, slow=True),
    Case("alfamix", 120),
    Case("alfamix", 600, rows=1_000_000, features=64, slow=True),
    Case("cluster_margin", 120),
    Case("cluster_margin", 120, rows=1_000_000, features=64, slow=True),
    Case("class_balance", 30, draws=20),
    Case("random_stratified", 120),
    Case("random_stratified", 120, rows=1_000_000, features=64, slow=True),
    Case("batchbald", 180, draws=100, batch=10, slow=True),
    Case("bait", 600, slow=True),
    Case("coreset_robust", 600, rows=5_000, settings={"time_limit": 120.0}, slow=True),
    Case("coreset_robust", 600, settings={"time_limit": 300.0}, slow=True),
)
LABELS = {case.label: case for case in CASES}


def evidence(strategy: Any, rows: int, draws: int, classes: int, features: int, labelled: int) -> Any:
    """What the strategy declares, for `rows` candidates and `labelled` labelled points."""
    import torch

    from al_bench import kernels
    from al_bench.evidence import Evidence, Product

    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    centres, widths = normal(100, features), normal(100, 1).mul(0.4).exp()
    cluster = torch.randint(100, (rows + labelled,), generator=generator)
    points = normal(rows + labelled, features).mul_(widths[cluster]).add_(centres[cluster]).relu_()
    head = normal(classes, features) * 2 / features**0.5
    needs = strategy.needs(draws > 1)
    found: dict[Product, torch.Tensor] = {}

    def sampled(part: torch.Tensor, heads: torch.Tensor) -> torch.Tensor:
        out = torch.empty(len(part), len(heads), classes)
        for start in range(0, len(part), 1000):
            logits = part[start : start + 1000] @ heads.flatten(0, 1).T
            out[start : start + 1000] = logits.unflatten(1, (-1, classes)).log_softmax(2)
        return out

    if needs & {Product.mc_log_probs, Product.target_mc_log_probs, Product.mean_log_probs}:
        heads = head + normal(max(draws, 1), classes, features) * 0.7 / features**0.5
        mc_log_probs = sampled(points[:rows], heads)
        found[Product.mc_log_probs] = mc_log_probs
        found[Product.mean_log_probs] = kernels.mean_log_probs(mc_log_probs)
        found[Product.target_mc_log_probs] = sampled(points[: strategy.num_targets()], heads)
    log_probs = sampled(points, head[None])[:, 0]
    found[Product.point_log_probs], found[Product.labelled_point_log_probs] = log_probs[:rows], log_probs[rows:]
    found[Product.features], found[Product.labelled_features] = points[:rows].clone(), points[rows:].clone()
    found[Product.last_layer] = torch.cat([head, torch.zeros(classes, 1)], 1)
    found[Product.held_out_log_probs] = log_probs[rows:]
    found[Product.labelled_labels] = log_probs[rows:].argmax(1)
    return Evidence(rows, {name: found[name].clone() for name in needs}, classes)


def build(name: str, settings: dict[str, Any]) -> Any:
    """The strategy that the option of this name describes, with the settings on top."""
    from omegaconf import OmegaConf

    from al_bench.config.registry import conf_dir
    from al_bench.config.strategy_pages import component

    folder = Path(conf_dir())
    cls, values, _ = component(folder / "strategy" / f"{name}.yaml", [folder])
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(cls), values | settings))


class Peak:
    """The greatest resident size of this process between enter and exit, in bytes, less that at enter."""

    def __enter__(self) -> Peak:
        import psutil

        self._process, self._stop = psutil.Process(), threading.Event()
        self._before = self._highest = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self._highest = max(self._highest, self._process.memory_info().rss)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def extra(self) -> int:
        """Bytes."""
        return self._highest - self._before


def measure(case: Case, repeats: int, threads: int) -> dict[str, Any]:
    """Seconds of each repeat and the extra memory, in this process."""
    import threadpoolctl
    import torch

    torch.set_num_threads(threads)
    threadpoolctl.threadpool_limits(threads)
    strategy = build(case.strategy, case.settings)
    with torch.inference_mode():
        small = dataclasses.replace(strategy, **({"time_limit": 5.0} if hasattr(strategy, "time_limit") else {}))
        small.select(evidence(small, 300, case.draws, 3, 8, 20), 5, torch.Generator().manual_seed(0))
        given = evidence(strategy, case.rows, case.draws, CLASSES, case.features, LABELLED)
        seconds, cpu, extra, notes = [], [], 0, {}
        for repeat in range(repeats):
            generator = torch.Generator().manual_seed(repeat)
            with Peak() as peak:
                start, used = time.perf_counter(), time.process_time()
                selection = strategy.select(given, case.batch, generator)
                seconds.append(time.perf_counter() - start)
                cpu.append(time.process_time() - used)
            assert len(selection.rows.unique()) == case.batch
            extra, notes = max(extra, peak.extra), selection.notes
    return {"seconds": seconds, "cpu": cpu, "extra": extra, "notes": notes}


def machine() -> str:
    """The processor's name and how many there are."""
    try:
        lines = Path("/proc/cpu_info").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores"


def in_a_process(case: Case, repeats: int, threads: int) -> dict[str, Any] | None:
    """`measure` in a fresh process, under a bar that fills as the limit is used up; None where it was given up."""
    from tqdm import tqdm

    command = [sys.executable, __file__, "--measure", case.label, "--repeats", str(repeats), "--threads", str(threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    form = "{desc} {bar} {n:.0f} s of {total:.0f} s and the evidence"
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child,
        tqdm(total=case.limit * repeats, desc=f"{case.label:<24}", bar_format=form, leave=False, disable=None) as bar,
    ):
        start = time.monotonic()
        while child.poll() is None:
            time.sleep(0.5)
            if time.monotonic() - start > GIVEN_UP * case.limit * repeats + 120:
                child.kill()
                return None
            bar.n = min(case.limit * repeats, time.monotonic() - start)
            bar.refresh()
        assert child.stdout is not None
        if child.returncode:
            raise SystemExit(f"strategy_timing: {case.label} failed with exit status {child.returncode}")
        return json.loads(child.stdout.read())


def read(table: Path) -> dict[str, dict[str, str]]:
    """Label to row."""
    if not table.exists():
        return {}
    with open(table, newline="") as file:
        return {f"{row['strategy']} {row['n_rows']}": row for row in csv.DictReader(file)}


def write(table: Path, rows: dict[str, dict[str, Any]]) -> None:
    """All rows, in the order of the cases."""
    part = table.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[label] for label in LABELS if label in rows)
    part.replace(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted({case.strategy for case in CASES}),
        help="this strategy (may be repeated)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="selections a strategy; one for the slow ones")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="measure what the table has already, too")
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--measure", choices=list(LABELS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(LABELS[given.measure], given.repeats, given.threads)))
        return
    for case in CASES:
        rows: dict[str, dict[str, Any]] = dict(read(given.out))
        if given.only and case.strategy not in given.only:
            continue
        if case.label in rows and not given.again:
            print(f"{case.label:<24} {rows[case.label]['seconds_median']:>8} s, measured before")
            continue
        load = os.getloadavg()[0]
        found = in_a_process(case, 1 if case.slow else given.repeats, given.threads)
        seconds = found["seconds"] if found else []
        extra = found["extra"] / 1e6 if found else 0.0
        met = bool(seconds) and max(seconds) <= case.limit and extra <= MEMORY_MB
        rows[case.label] = {
            "strategy": case.strategy,
            "n_rows": case.rows,
            "classes": CLASSES,
            "features": case.features,
            "labelled": LABELLED,
            "draws": case.draws or "",
            "batch": case.batch,
            "settings": " ".join(f"{key}={value:g}" for key, value in case.settings.items()),
            "repeats": len(seconds),
            "seconds_median": f"{statistics.median(seconds):.2f}" if seconds else "",
            "seconds_min": f"{min(seconds):.2f}" if seconds else "",
            "seconds_max": f"{max(seconds):.2f}" if seconds else "",
            "extra_memory_mb": f"{extra:.0f}" if found else "",
            "limit_s": f"{case.limit:g}",
            "met": "yes" if met else "no",
            "machine": machine(),
            "torch": version("torch"),
            "threads": given.threads,
            "cpu_seconds_median": f"{statistics.median(found['cpu']):.2f}" if found else "",
            "load": f"{load:.1f}",
        }
        write(given.out, rows)
        if found is None:
            print(f"{case.label:<24} given up, limit {case.limit:g} s", flush=True)
            continue
        notes = ", ".join(f"{key} {value}" for key, value in found["notes"].items())
        measured = f"{statistics.median(seconds):8.2f} s of {case.limit:g}, {extra:6.0f} MB"
        print(f"{case.label:<24} {measured}{f' ({notes})' if notes else ''}", flush=True)


if __name__ == "__main__":
    main()
