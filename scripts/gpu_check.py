#!/usr/bin/env python
"""One command of at most eight minutes on a machine with a GPU: is it right there, and how fast is it?

    python scripts/gpu_check.py                     # writes results/gpu.csv
    python scripts/gpu_check.py --only equality
    python scripts/gpu_check.py --device cpu --small --out gpu.csv    # to test the script: its whole code, no GPU

Equality with the CPU: from the same weights, masks and candidates, the log-probabilities of both MNIST networks to
1e-4 nats, and the picks of ten strategies. How often the host waits for the device in a training step and in a chunk
of scoring. Times: scoring 60,000 MNIST images with 100 draws, training, a whole BatchBALD run, and rounds on frozen
features, each against the same in plain PyTorch, scoring also against baal where it is installed
(`pip install baal`); channels-last against channels-first; the networks of ten seeds trained as one, which al-bench
does not do, against one after another; all in this process. A part that would not end in time is left out, and its line
says so. MNIST is read from AL_BENCH_DATA.

Exit status: 0 everything agrees, 1 something does not, 2 there is no GPU or a word is wrong.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from gpu.setting import COLUMNS, SMALL, Part, Setting, Sizes, line  # noqa: E402

MINUTES = 8.0
EXPECTED = {
    "equality": 70.0,
    "waits": 20.0,
    "scoring": 60.0,
    "training": 20.0,
    "layouts": 30.0,
    "features": 20.0,
    "seeds": 40.0,
    "run": 60.0,
}
"""Part to seconds that must be left for it to begin."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "gpu.csv", metavar="FILE", help="the table")
    parser.add_argument("--only", action="append", choices=list(EXPECTED), help="this part (may be repeated)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu only tests the script")
    parser.add_argument("--small", action="store_true", help="few synthetic images, to test the script")
    asked = parser.parse_args()
    began = time.perf_counter()
    import torch

    if asked.device == "cuda" and not torch.cuda.is_available():
        print("gpu_check: this machine has no CUDA device: nothing was measured", file=sys.stderr)
        return 2
    from gpu.batched import batched
    from gpu.equality import check
    from gpu.layouts import layouts
    from gpu.timing import scoring, training
    from gpu.waits import waits
    from gpu.whole import batchbald, frozen

    parts = {
        "equality": check,
        "waits": waits,
        "scoring": scoring,
        "training": training,
        "layouts": layouts,
        "features": frozen,
        "seeds": batched,
        "run": batchbald,
    }
    setting = Setting(asked.device, SMALL if asked.small else Sizes(), asked.small, began + 60 * MINUTES)
    name = torch.cuda.get_device_name() if asked.device == "cuda" else "cpu"
    lines: list[dict[str, str]] = []
    for each in lines_of({part: parts[part] for part in asked.only or parts}, setting):
        lines.append(each | {"device": f"{name}, torch {torch.__version__}"})
        print(", ".join(f"{key}={value}" for key, value in each.items() if value), flush=True)
        with open(asked.out, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    print(f"gpu_check: {time.perf_counter() - began:.0f} s on {name}; wrote {asked.out}")
    return 1 if any(each["met"] == "no" for each in lines) else 0


def lines_of(parts: dict[str, Part], setting: Setting) -> Iterator[dict[str, str]]:
    """The lines of part after part, as they come; a part that fails says so and costs no other."""
    for part, made in parts.items():
        if setting.left < EXPECTED[part] and not setting.small:
            yield line(part, part, "", note=f"left out: {setting.left:.0f} s were left")
            continue
        try:
            yield from made(setting)
        except Exception as error:  # whatever it is: the machine may be lent for minutes
            yield line(part, part, "", met=False, note=f"failed: {type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
