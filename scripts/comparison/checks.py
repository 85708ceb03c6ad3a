"""Whether both sides of a row gave the same, to a tolerance that is named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from al_bench.learners.mc_dropout.masks import MaskSet
from comparison.evidence import load, network
from comparison.race import Outputs

Verdict = tuple[bool, str]
"""Whether the outputs agree, and in words how far."""


def log_probs(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """1e-6 on probabilities, rtol and atol 1e-5 on log-probabilities above −20; both against float64."""
    a, b = (torch.from_numpy(outputs["log_probs"]).double() for outputs in (ours, theirs))
    apart = (a.exp() - b.exp()).abs().max().item()
    likely = b > -20
    close = bool(((a - b).abs() <= 1e-5 + 1e-5 * b.abs())[likely].all())
    net, images = network(str(settings["model"]), folder / "weights.npz"), load(folder, "images")[:64]
    masks = MaskSet(net, images[:1], settings["draws"], torch.Generator().manual_seed(0))
    exact = in_float64(net, masks, images)
    errors = [(part[: len(images)].exp() - exact.exp()).abs().max().item() for part in (a, b)]
    words = (
        f"p within {apart:.1e}, log p {'within' if close else 'NOT within'} 1e-5; "
        f"against float64 ours {errors[0]:.1e}, theirs {errors[1]:.1e}"
    )
    if apart > 1e-6 and close and max(errors) <= 2 * min(errors):
        words += ": two float32 forms as far from the exact value as each other cannot agree to 1e-6"
    return apart <= 1e-6 and close, words


def in_float64(net: torch.nn.Module, masks: MaskSet, images: Tensor) -> Tensor:
    """[n, K, C] log-probabilities by whole passes in double precision."""
    net = net.double()
    found = []
    with torch.inference_mode():
        for draw in range(masks.draws):
            with masks.use(net, draw):
                for name in masks.shapes:
                    layer = net.get_submodule(name)
                    layer.mask = layer.mask.double()
                found.append(net(images.double()).log_softmax(1))
    return torch.stack(found, 1)


def same_law(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """Masks of their own on both sides: the means over draws differ by Monte Carlo error only."""
    parts = [np.exp(outputs["log_probs"].astype(float)) for outputs in (ours, theirs)]
    difference = parts[0].mean(1) - parts[1].mean(1)
    error = np.sqrt(sum(part.var(1) / part.shape[1] for part in parts))
    # Our draws are shared by all rows, so the rows' errors are correlated: judged row by row, not by their mean.
    typical = float(np.sqrt((difference**2).sum() / (error**2).sum()))
    return 0.5 < typical < 1.5, f"mean predictions apart by {typical:.2f} standard errors (draws of their own)"


def scores(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """2e-6 nats."""
    apart = float(np.abs(ours["scores"].astype(float) - theirs["scores"].astype(float)).max())
    return apart <= 2e-6, f"scores within {apart:.1e} nats (tolerance 2e-6)"


def batchbald(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """The same picks while all configurations are enumerated, then no less joint information."""
    exact = 1 + int(math.log(settings["samples"], 10) + 1e-9)  # 10^i configurations of i rows, and one more row
    exact = min(exact, settings["batch"])
    same = ours["rows"][:exact].tolist() == theirs["rows"][:exact].tolist()
    draws = load(folder, "mc_log_probs").double()
    if not same:
        gained = [exact_information(draws[outputs["rows"][:exact].tolist()]) for outputs in (ours, theirs)]
        same = gained[0] >= gained[1] - 1e-6
        words = f"{exact} exact picks hold {gained[0]:.7f} and {gained[1]:.7f} nats"
    else:
        words = f"{exact} exact picks equal"
    batches = [draws[torch.from_numpy(outputs["rows"])] for outputs in (ours, theirs)]
    difference, error, informations = compare_information(batches[0], batches[1])
    words += (
        f"; joint information {informations[0]:.4f} and {informations[1]:.4f} nats, "
        f"difference {difference:+.4f} ± {error:.4f} (200,000 configurations)"
    )
    return same and difference >= -3 * error, words


def exact_information(log_probs_bkc: Tensor) -> float:
    """I[y; k] of a few rows by enumeration of all configurations, nats."""
    joint_mk = torch.ones(1, log_probs_bkc.shape[1], dtype=torch.float64)
    conditional = 0.0
    for log_probs_kc in log_probs_bkc:
        probs_kc = log_probs_kc.exp()
        joint_mk = (joint_mk[:, None, :] * probs_kc.T).flatten(0, 1)
        conditional -= torch.xlogy(probs_kc, probs_kc).sum(1).mean().item()
    p_m = joint_mk.mean(1)
    return -torch.xlogy(p_m, p_m).sum().item() - conditional


def compare_information(
    ours_bkc: Tensor, theirs_bkc: Tensor, samples: int = 200_000
) -> tuple[float, float, list[float]]:
    """I(ours) − I(theirs), its standard error, and both, from fresh common configurations.

    The draw and one uniform number a place are shared: I = E_k E_{y|k} log p(y | k) − log 1/K Σ_j p(y | j).
    """
    generator = torch.Generator().manual_seed(99)
    draws = ours_bkc.shape[1]
    k_s = torch.arange(samples) % draws
    uniform_sb = torch.rand(samples, len(ours_bkc), generator=generator, dtype=torch.float64)
    found = []
    for batch_bkc in (ours_bkc, theirs_bkc):
        values = []
        for part in torch.arange(samples).split(20_000):
            joint_sk = torch.zeros(len(part), draws, dtype=torch.float64)
            for place, log_probs_kc in enumerate(batch_bkc):
                cumulative_sc = log_probs_kc.exp().cumsum(1)[k_s[part]]
                limit_s1 = uniform_sb[part, place, None] * cumulative_sc[:, -1:]
                label_s = (cumulative_sc <= limit_s1).sum(1).clamp_(max=log_probs_kc.shape[1] - 1)
                joint_sk += log_probs_kc.T[label_s]
            own_s = joint_sk.gather(1, k_s[part, None])[:, 0]
            values.append(own_s - joint_sk.logsumexp(1) + math.log(draws))
        found.append(torch.cat(values))
    apart_s = found[0] - found[1]
    error = (apart_s.std() / math.sqrt(samples)).item()
    return apart_s.mean().item(), error, [values.mean().item() for values in found]


def badge(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """Draws of their own: the same first pick (largest norm), and potentials of a size (Σ D² after the batch).

    On Gaussian noise the potential of one batch varies by 9 % (60 seeds, 4,000 rows): the smallest centre decides.
    """
    first = int(ours["rows"][0]) == int(theirs["rows"][0])
    potentials = [potential(folder, outputs["rows"]) for outputs in (ours, theirs)]
    ratio = potentials[0] / potentials[1]
    words = f"first pick {'equal' if first else 'DIFFERENT'}; Σ D² after the batch {ratio:.3f} of theirs (random draws)"
    distinct = len(set(ours["rows"].tolist())) == settings["batch"]
    return first and distinct and 0.6 < ratio < 1.6, words


def potential(folder: Path, rows: np.ndarray) -> float:
    """Σ of the squared distances to the nearest of the rows picked, materialised a block at a time in float64."""
    log_probs, features = load(folder, "log_probs"), load(folder, "features")

    def embedding(part: Tensor) -> Tensor:
        a = log_probs[part].double().exp()
        a[torch.arange(len(part)), log_probs[part].argmax(1)] -= 1
        return (a[:, :, None] * features[part][:, None, :].double()).flatten(1)

    centres = embedding(torch.from_numpy(rows.astype(np.int64)))
    total = 0.0
    for part in torch.arange(len(features)).split(500):
        own = embedding(part)
        squared = own.square().sum(1)[:, None] + centres.square().sum(1) - 2 * own @ centres.T
        total += squared.clamp(min=0).amin(1).sum().item()
    return total


def k_centre(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """The same picks, or where rounding decides otherwise the same covering radius to 1e-5."""
    if ours["rows"].tolist() == theirs["rows"].tolist():
        return True, "picks equal"
    features, labelled = load(folder, "features").double(), load(folder, "labelled_features").double()
    radii = []
    for outputs in (ours, theirs):
        centres = torch.cat([labelled, features[torch.from_numpy(outputs["rows"].astype(np.int64))]])
        radii.append(max(torch.cdist(part, centres).amin(1).max().item() for part in features.split(500)))
    shared = len(set(ours["rows"].tolist()) & set(theirs["rows"].tolist()))
    words = f"{shared} of {settings['batch']} picks shared, radius {radii[0]:.6f} and {radii[1]:.6f}"
    return abs(radii[0] / radii[1] - 1) <= 1e-5, words


def accuracy(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, float]) -> Verdict:
    """Random masks of their own: test accuracies within `apart`."""
    values = [float(np.atleast_1d(o["accuracy" if "accuracy" in o else "accuracies"])[-1]) for o in (ours, theirs)]
    apart = settings["apart"]
    words = f"test accuracy {values[0]:.3f} and {values[1]:.3f}"
    stages = ("train", "evaluate", "score", "select")
    for name, outputs in (("ours", ours), ("theirs", theirs)):
        if all(stage in outputs for stage in stages):
            words += f"; {name} " + ", ".join(f"{stage} {float(outputs[stage]):.1f} s" for stage in stages)
    return values[0] >= values[1] - apart, words


def curves(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, float]) -> Verdict:
    """Learning curves of seeds: their means over rounds and seeds within two standard errors and `apart`."""
    if {len(curve) for curve in ours["curves"]} != {len(curve) for curve in theirs["curves"]}:
        return False, "the curves are of other numbers of rounds"
    means = [np.asarray(outputs["curves"]).mean(1) for outputs in (ours, theirs)]  # a number a seed
    first, second = (float(values.mean()) for values in means)
    errors = [values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0 for values in means]
    words = f"mean test accuracy {first:.3f} and {second:.3f}, evaluation {float(ours['evaluation']):.4f} s left out"
    return abs(first - second) <= 2 * math.hypot(*errors) + settings["apart"], words


def study(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, float]) -> Verdict:
    """All runs of the study are there; how long they took by the clock, and the memory of the largest process."""
    words = f"ours {float(ours['wall']):.0f} s by the clock on {settings['jobs']} cores, {float(ours['MiB']):.0f} MiB"
    return int(ours["runs"]) == 6 * settings["seeds"], words


def nothing(ours: Outputs, theirs: Outputs, folder: Path, settings: dict[str, int]) -> Verdict:
    """Speed alone."""
    return True, ""
