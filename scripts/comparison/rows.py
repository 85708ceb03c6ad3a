"""The rows of the comparison: what is raced against what, the target, and how outputs are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparison import checks
from comparison.evidence import Maker
from comparison.race import Outputs, Side

BAAL, REDUX, SKACTIVEML = "baal 2.1", "batchbald_redux 2.0.5", "scikit-activeml 1.0.1"


@dataclass(frozen=True)
class Row:
    """One line of the table for each number of threads.

    Args:
        name: What `--only` calls it.
        work, against: As in the table.
        target: The least ratio asked for; None: shown for comparison.
        ours, theirs: The two sides.
        data: Fills and names the folder of the data.
        check: Compares the outputs.
        threads: Numbers of threads that it is measured at.
        note: What the reader must know: reductions, extrapolations, other conditions.
        missed: Why the target is missed, where it is.
    """

    name: str
    work: str
    against: str
    target: float | None
    ours: Side
    theirs: Side
    data: Callable[[Maker], Path]
    check: Callable[[Outputs, Outputs, Path, dict[str, Any]], checks.Verdict] = checks.nothing
    threads: tuple[int, ...] = (1, 2)
    note: str = ""
    missed: str = ""


def scoring(
    model: str, work: str, target: float, passes: int, threads: tuple[int, ...] = (1, 2), ordinary: bool = True
) -> Row:
    """MC-dropout scoring against K plain passes, in torch's ordinary layout or in al-bench's, which is faster."""
    random = "; random weights and images" if model.startswith("resnet") else ""
    return Row(
        f"mc_{model}" if ordinary else f"mc_{model}_laid_out",
        f"MC-dropout scoring, {work}, K = 100",
        f"K plain passes, same framework, its best batch size{'' if ordinary else ', channels-last weights'}",
        target,
        Side("ours.py", "sample"),
        Side("plain.py", "sample" if ordinary else "sample_laid_out", passes),
        lambda maker: maker.images(model, 1_000, 100),
        checks.log_probs,
        threads,
        f"1,000 images, linear in images; sampler built in our time{random}",
        "" if ordinary else "stricter than was asked: these passes are al-bench's own plain ones, faster than torch's",
    )


def scores(score: str, peer: str, environment: str, target: float, given: str = "log-probabilities") -> Row:
    """A score kernel against a peer's, both given log-probabilities, or the peer ready-made probabilities."""
    ready = given == "probabilities"
    name = f"{score.lower()}_{environment}{'_ready' if ready else ''}"
    return Row(
        name,
        f"{score} kernel, 10,000 x 100 x 10",
        f"{peer}, given {given}",
        target,
        Side("ours.py", score.lower(), 15),
        Side(f"{environment}_side.py", f"{score.lower()}_ready" if ready else score.lower(), 5, environment),
        lambda maker: maker.draws("trained", 10_000),
        checks.scores,
        note="draws of a network trained on 300 MNIST labels; the peer has no variation ratio",
        missed=READY if ready else EDGE if (score, environment) == ("Entropy", "redux") else "",
    )


READY = (
    "its probabilities were made beforehand; ours are exponentials of 10 million log-probabilities, made in our time"
)


EDGE = "at the edge: five goes with one thread gave 87 to 117"


def batchbald(kind: str) -> Row:
    """BatchBALD against batchbald_redux on one kind of evidence."""
    return Row(
        f"batchbald_{kind}",
        f"BatchBALD, N = 20,000, K = 100, C = 10, batch 10, M = 10,000, {EVIDENCE[kind]}",
        f"{REDUX} (float32)",
        40,
        Side("ours.py", "batchbald", 5),
        Side("redux_side.py", "batchbald", 1, "redux"),
        lambda maker: maker.draws(kind, 20_000, batch=3 if maker.tiny else 10, samples=100 if maker.tiny else 10_000),
        checks.batchbald,
        (1, 2) if kind == "trained" else (2,),
        missed="bounds tell few rows of noise apart, so that more of them meet the whole table (trained: 1.4 s)",
    )


EVIDENCE = {"trained": "MNIST under a network of 300 labels", "noise": "Gaussian noise"}


def badge(kind: str, environment: str) -> Row:
    """BADGE against scikit-activeml or the materialised gradients."""
    peer = bool(environment)
    return Row(
        f"badge_{kind}_{environment or 'materialised'}",
        f"BADGE, N = 50,000, C = 10, D = 512, batch 100, {EVIDENCE[kind]}",
        SKACTIVEML if peer else "materialised N x CD gradients, float32, one matrix-vector product a pick",
        3 if peer else 8,
        Side("ours.py", "badge"),
        Side("skactiveml_side.py" if peer else "plain.py", "badge", 1 if peer else 2, environment),
        lambda maker: maker.features(kind),
        checks.badge,
        (2,) if peer else (1, 2),
        "the released 1.0.1 builds the N x CD gradients" if peer else "building the gradients counts",
    )


def k_centre(kind: str, environment: str) -> Row:
    """Core-set against scikit-activeml or incremental NumPy."""
    peer = bool(environment)
    return Row(
        f"k_centre_{kind}_{environment or 'numpy'}",
        f"k-centre, N = 50,000, D = 512, 1,000 labelled, batch 100, {EVIDENCE[kind]}",
        SKACTIVEML if peer else "incremental NumPy, cached norms",
        3 if peer else 1.5,
        Side("ours.py", "k_centre"),
        Side("skactiveml_side.py" if peer else "plain.py", "k_centre", 2 if peer else 5, environment),
        lambda maker: maker.features(kind),
        checks.k_centre,
        (2,) if peer else (1, 2),
    )


def stream(kind: str, task: str, name: str, target: float) -> Row:
    """A batch against reading the features once a pick."""
    return Row(
        f"{task}_{kind}_stream",
        f"{name}, N = 50,000, D = 512, batch 100, {EVIDENCE[kind]}",
        "one product of the features with a vector a pick and nothing else",
        target,
        Side("ours.py", task),
        Side("plain.py", "stream"),
        lambda maker: maker.features(kind),
    )


def training(precision: str, target: float, missed: str = "") -> Row:
    """Training steps against a bare loop."""
    return Row(
        f"training_{precision}",
        f"training steps, batch 64, BatchBALD CNN, {precision}",
        "a bare hand-written PyTorch loop in fp32, tensors in memory",
        target,
        Side("ours.py", f"train_{precision}"),
        Side("plain.py", "train"),
        lambda maker: maker.training(),
        checks.accuracy,
        note="300 steps, 640 MNIST labels",
        missed=missed,
    )


def whole(strategy: str, peer: str, file: str, environment: str) -> Row:
    """A run against the same protocol written with a peer."""
    return Row(
        f"run_{environment}",
        f"a whole run, MNIST, BatchBALD protocol, pool of 5,000, 3 rounds, {strategy}",
        f"the same protocol with {peer}",
        5,
        Side("runs.py", strategy, 2),
        Side(file, "run", 1, environment),
        lambda maker: maker.run(),
        checks.accuracy,
        (2,),
        "20 initial labels, 10 a round, K = 100 to score and 20 to test on 10,000 images; our time has the start-up",
    )


FROZEN = {  # strategy: name, target, rounds of the row, repeats of the peer
    "random": ("random", 1.5, 20, 3),
    "margin": ("margin", 1.5, 20, 3),
    "entropy": ("entropy", 1.5, 20, 3),
    "coreset_greedy": ("core-set", 3.0, 10, 3),
    "typiclust": ("TypiClust", 5.0, 2, 1),
    "badge": ("BADGE", 100.0, 2, 1),
}


def frozen(strategy: str, batch: int = 10, initial: int = 20, missed: str = "") -> Row:
    """A round on frozen features with logistic regression, against scikit-activeml and scikit-learn."""
    name, target, rounds, repeats = FROZEN[strategy]
    rounds = rounds if batch == 10 else 3
    note = "processor seconds a round, evaluation apart, on Gaussian blobs; C = 100, features unscaled on both sides"
    return Row(
        f"frozen_{strategy}" + ("" if batch == 10 else f"_{batch}") + ("" if initial == 20 else f"_from_{initial}"),
        f"a round on 50,000 x 384 features, {name}, batch {batch}, from {initial} labels",
        f"{SKACTIVEML} with scikit-learn's LogisticRegression",
        target,
        Side("frozen.py", strategy, max(repeats, 2)),
        Side("frozen_peer.py", strategy, repeats, "skactiveml"),
        lambda maker: maker.frozen(rounds, batch, initial),
        checks.curves,
        (1,),
        f"{note}; {rounds} rounds",
        missed,
    )


ROWS = (
    scoring("batchbald_cnn", "BatchBALD CNN", 8, 3),
    scoring("gal2017_cnn", "Gal CNN", 25, 2),
    scoring("batchbald_cnn", "BatchBALD CNN", 8, 2, (1,), ordinary=False),
    scoring("gal2017_cnn", "Gal CNN", 25, 2, (1,), ordinary=False),
    scoring("resnet_small", "dropout in the head only (narrow ResNet)", 80, 1, (2,)),
    Row(
        "mc_batchbald_cnn_baal",
        "MC-dropout scoring, BatchBALD CNN, K = 100",
        f"{BAAL} predict_on_dataset",
        12,
        Side("ours.py", "sample"),
        Side("baal_side.py", "sample", 2, "baal"),
        lambda maker: maker.images("batchbald_cnn", 1_000, 100),
        checks.same_law,
        (2,),
        "1,000 images, linear in images; baal draws a mask for every row",
    ),
    *(scores(score, BAAL, "baal", 5) for score in ("BALD", "Entropy")),
    *(scores(score, BAAL, "baal", 5, "probabilities") for score in ("BALD", "Entropy")),
    *(scores(score, REDUX, "redux", 100) for score in ("BALD", "Entropy")),
    *(batchbald(kind) for kind in EVIDENCE),
    *(badge(kind, environment) for environment in ("skactiveml", "") for kind in EVIDENCE),
    *(stream(kind, "badge", "BADGE", 1) for kind in EVIDENCE),
    *(k_centre(kind, environment) for environment in ("skactiveml", "") for kind in EVIDENCE),
    *(stream(kind, "k_centre", "k-centre, 1,000 labelled", 1 / 1.5) for kind in EVIDENCE),
    training("fp32", 0.95),
    training("bf16", 1.5, "bf16 is emulated where the processor has neither AVX512_BF16 nor AMX"),
    whole("bald", BAAL, "baal_side.py", "baal"),
    whole("batchbald", REDUX, "redux_side.py", "redux"),
    *(frozen(strategy) for strategy in FROZEN),
    frozen("typiclust", initial=100),
    *(frozen(strategy, batch=500) for strategy in ("random", "margin", "entropy", "coreset_greedy")),
    Row(
        "frozen_study",
        "a study on 50,000 x 384 features: 6 strategies, 5 seeds, 20 rounds of 10, processor seconds",
        f"{SKACTIVEML} with scikit-learn's LogisticRegression",
        10,
        Side("frozen.py", "study", 1),
        Side("frozen_peer.py", "study", 1, "skactiveml"),
        lambda maker: maker.frozen(20, 10),
        checks.study,
        (1,),
        "processor seconds, ours with start-up, reading and evaluation; theirs are those of a round of each strategy "
        "at 20, 120 and 210 labels, times rounds and seeds, without evaluation; Gaussian blobs",
    ),
    Row(
        "sweep",
        "a sweep of 4 runs on 2 cores, joblib launcher, processes of one thread",
        "the 4 runs in sequence, one process of 2 threads",
        1.5,
        Side("runs.py", "parallel", 2),
        Side("runs.py", "sequence", 2),
        lambda maker: maker.run(),
        threads=(2,),
        note="4 seeds of 2 rounds, MNIST, BatchBALD CNN, BALD; start-up in both times",
    ),
)
NAMES = {row.name: row for row in ROWS}
