"""The verdict: what it claims, and above all what it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.finding import BETTER, MIXED, NO_POINT, TOO_FEW, WORSE
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.verdict import Verdict, default_targets, verdict
from tests.analysis.records import write_run

ROUNDS = 20


def curve(worth: float = 1.0, noise: float = 0.0, seed: int = 0, name: str = "") -> list[float]:
    """A curve on 20 to 210 labels; `worth` is how much a label is worth."""
    generator = np.random.default_rng([seed, sum(name.encode())])
    labels = 20 + 10 * np.arange(ROUNDS)
    accuracy = 0.97 - 0.55 * np.exp(-((labels * np.where(labels > 20, worth, 1) / 50) ** 0.8))
    steps = noise * generator.standard_normal(ROUNDS)
    steps[0] = noise * np.random.default_rng(seed).standard_normal()  # the shared network
    return np.clip(np.round(accuracy + steps, 4), 0, 1).tolist()


def sweep(root: Path, arms: dict[str, float], seeds: int, noise: float = 0.01) -> Study:
    for name, worth in arms.items():
        for seed in range(seeds):
            write_run(root, curve(worth, noise, seed, name), arm=name, seed=seed)
    (study,) = studies([root])
    return study


def outcomes(said: Verdict) -> dict[str, str]:
    return {finding.name: finding.outcome for finding in said.findings}


def test_a_clear_saving_is_claimed_with_its_size(tmp_path: Path) -> None:
    study = sweep(tmp_path, {"random": 1.0, "bald": 1 / 0.7, "entropy": 1.0}, 6)
    said = verdict(study, (0.85,))
    assert said.winners == ("bald",)
    first, second = said.sentences
    assert first.startswith("Active learning saves labels on digits: bald needs ")
    assert "% fewer labels than random to reach 85 % (adjusted 95 % interval" in first
    assert "6 seeds" in second
    saving = said.findings[0].saved[0]
    assert saving.low < 0.3 < saving.high
    assert saving.saved == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_are_always_too_few(tmp_path: Path, seeds: int) -> None:
    study = sweep(tmp_path, {"random": 1.0, "bald": 3.0}, seeds, noise=0.0001)
    said = verdict(study, (0.85,))
    assert said.winners == ()
    assert outcomes(said) == {"bald": TOO_FEW}
    assert said.sentences[0].startswith("Too few seeds to tell whether active learning saves labels on digits")
    assert np.isnan(said.findings[0].area_holm)


def test_one_seed_needs_two_more_and_two_tell_how_many(tmp_path: Path) -> None:
    single = verdict(sweep(tmp_path / "1", {"random": 1.0, "bald": 1.2}, 1), (0.85,))
    two = verdict(sweep(tmp_path / "2", {"random": 1.0, "bald": 1.2}, 2), (0.85,))
    assert single.findings[0].more_seeds is None
    assert "Run at least 2 more seeds" in single.sentences[1]
    assert two.findings[0].more_seeds is not None
    assert "more seeds would show a difference of one accuracy point with 80 % power" in two.sentences[1]


def test_noise_is_too_few_seeds_with_a_number(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0, "bald": 1.02}, 3, noise=0.06), (0.85,))
    assert outcomes(said) == {"bald": TOO_FEW}
    assert said.findings[0].more_seeds > 0
    assert said.sentences[0].startswith("It is not shown that the one strategy saves labels over random on digits")
    low, high = said.findings[0].more_seeds_range
    assert low < said.findings[0].more_seeds < high
    assert f"{low} to {high} more seeds would show" in said.sentences[1]


def test_enough_seeds_without_a_difference_say_so(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0, "bald": 1.0}, 10, noise=0.004), (0.85,))
    assert outcomes(said) == {"bald": NO_POINT}
    assert said.winners == ()
    assert "no difference of a point seen" in said.sentences[1].lower()


def test_a_worse_strategy_is_named_and_no_winner(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0, "kmeans": 0.6}, 6), (0.85,))
    assert outcomes(said) == {"kmeans": WORSE}
    assert said.winners == ()
    assert "kmeans is worse than random" in said.sentences[0]


def test_gains_late_and_losses_early_are_both_said(tmp_path: Path) -> None:
    for seed in range(6):
        base = np.array(curve(1.0, 0.004, seed, "random"))
        shape = np.where(np.arange(ROUNDS) < 6, -0.06, 0.03) * (np.arange(ROUNDS) > 0)
        own = np.array(curve(1.0, 0.004, seed, "bald"))
        write_run(tmp_path, base.tolist(), arm="random", seed=seed)
        write_run(tmp_path, np.round(own + shape, 4).tolist(), arm="bald", seed=seed)
    (study,) = studies([tmp_path])
    said = verdict(study)
    assert outcomes(said) == {"bald": MIXED}
    assert " but " in said.sentences[0]
    assert " less accurate than random at " in said.sentences[0]


def test_an_oracle_is_never_a_winner(tmp_path: Path) -> None:
    study = sweep(tmp_path, {"random": 1.0, "oracle_loss": 2.0, "bald": 1.0}, 5)
    for path in tmp_path.rglob("oracle_loss/*/header.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "oracle": True}))
    (study,) = studies([tmp_path])
    said = verdict(study, (0.85,))
    assert "oracle_loss" not in said.winners
    assert "oracle" not in " ".join(said.sentences)
    oracle = next(single for single in said.findings if single.name == "oracle_loss")
    assert oracle.oracle
    assert np.isnan(oracle.area_holm)
    assert oracle.saved[0].saved > 0.3


def test_an_unpaired_winner_is_marked(tmp_path: Path) -> None:
    for seed in range(6):
        write_run(tmp_path, curve(1.0, 0.005, seed, "random"), arm="random", seed=seed)
        write_run(tmp_path, curve(2.0, 0.005, seed + 50, "qbc"), arm="qbc", seed=seed)
    (study,) = studies([tmp_path])
    assert "qbc (unpaired) needs" in verdict(study, (0.85,)).sentences[0]


def test_without_a_baseline_nothing_is_claimed(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"bald": 1.0, "entropy": 3.0}, 5))
    assert said.findings == said.winners == ()
    assert "cannot be said: there are 2 arms, but none to compare with" in said.sentences[0]


def test_random_alone_is_nothing_to_judge(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0}, 5))
    assert said.winners == ()
    assert "there is no strategy beside random" in said.sentences[0]


def test_the_family_is_corrected_as_a_whole(tmp_path: Path) -> None:
    few = sweep(tmp_path / "few", {"random": 1.0, "bald": 1.1}, 5)
    many = sweep(tmp_path / "many", {"random": 1.0, "bald": 1.1, **{f"null_{n}": 1.0 for n in range(8)}}, 5)
    alone = verdict(few, (0.85,)).findings[0]
    crowded = next(single for single in verdict(many, (0.85,)).findings if single.name == "bald")
    assert crowded.area.p == pytest.approx(alone.area.p)
    assert crowded.area_holm > alone.area_holm
    low, high = sorted([alone.area.p, alone.saved[0].p])
    assert sorted([alone.area_holm, alone.saved_holm]) == pytest.approx([min(2 * low, 1), max(2 * low, high)])


def test_a_censored_target_is_no_evidence(tmp_path: Path) -> None:
    study = sweep(tmp_path, {"random": 1.0, "bald": 1.5}, 5)
    said = verdict(study, (0.99,))
    assert not said.findings[0].needs_fewer_labels
    assert np.isnan(said.findings[0].saved_holm)
    assert "to reach 99 %" not in said.sentences[0]


def test_sentences_are_one_line_each(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0, **{f"s{n}": 1 + n / 5 for n in range(7)}}, 5))
    assert len(said.winners) > 3
    assert said.sentences[0].count(" needs ") == 3
    assert " shown to be better too" in said.sentences[0]
    for sentence in said.sentences:
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_default_targets_lie_on_the_baselines_curve(tmp_path: Path) -> None:
    study = sweep(tmp_path, {"random": 1.0, "bald": 2.0}, 4, noise=0.002)
    targets = default_targets(study)
    ends = study.values["random"][:, -1].min()
    assert list(targets) == sorted(targets)
    assert len(targets) == 3
    low, middle, high = targets
    assert low == pytest.approx(0.9)
    assert ends - 0.015 < middle <= ends
    assert high > ends


def test_flat_curves_have_finer_targets_or_none(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path / "a", [0.9000, 0.9020, 0.9041], arm="random", seed=seed)
        write_run(tmp_path / "b", [0.9, 0.8, 0.7], arm="random", seed=seed)
    (rising,) = studies([tmp_path / "a"])
    (falling,) = studies([tmp_path / "b"])
    assert default_targets(rising) == (0.904,)
    assert default_targets(falling) == ()
    assert verdict(falling).winners == ()


def test_better_words_are_the_winners(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"random": 1.0, "a": 1.6, "b": 1.0, "c": 0.6}, 6), (0.85,))
    assert set(said.winners) == {name for name, word in outcomes(said).items() if word in (BETTER, MIXED)}
    assert "a" in said.winners
    assert "Worse than random: c" in said.sentences[1]


def test_the_seeds_one_arm_needs_are_not_said_of_an_arm_with_one_seed(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, curve(1.0, 0.06, seed, "random"), arm="random", seed=seed)
        write_run(tmp_path, curve(1.02, 0.06, seed, "bald"), arm="bald", seed=seed)
    write_run(tmp_path, curve(1.02, 0.06, 0, "entropy"), arm="entropy", seed=0)
    (study,) = studies([tmp_path])
    said = verdict(study, (0.85,)).sentences[1]
    assert "Too few seeds to tell for bald: " in said
    assert "; too few seeds to tell for entropy: at least 2 more seeds are needed to know the spread" in said


def test_what_differs_in_more_than_its_strategy_does_not_speak_for_active_learning(tmp_path: Path) -> None:
    for seed in range(6):
        for arm, worth, model in (("random", 1.0, "mlp"), ("bald", 2.0, "cnn")):
            folder = write_run(tmp_path, curve(worth, 0.01, seed, arm), arm=arm, seed=seed)
            header = json.loads((folder / "header.json").read_text())
            header["identity"] = {"model.name": model, "seed": seed}
            (folder / "header.json").write_text(json.dumps(header))
    (study,) = studies([tmp_path])
    said = verdict(study, (0.85,))
    assert said.winners == ("bald",)
    assert said.sentences[0].startswith("Fewer labels are needed on digits: bald ")
    assert "not its strategy alone differs: model" in said.sentences[0]


def test_one_arm_alone_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    said = verdict(sweep(tmp_path, {"bald": 1.0}, 3))
    assert said.sentences[0].endswith("cannot be said: there is one arm, but none to compare with.")


def study_of_differences(root: Path, arms: dict[str, list[float]], noise: float = 0.0005) -> Study:
    """Random, and arms that differ from it by a constant under each seed, round 0 aside."""
    for seed in range(max(len(differences) for differences in arms.values())):
        base = np.array(curve(1.0, 0.004, seed, "random"))
        write_run(root, base.tolist(), arm="random", seed=seed)
        for name, differences in arms.items():
            if seed < len(differences):
                jitter = noise * np.random.default_rng([seed, *name.encode()]).standard_normal(ROUNDS)
                own = base + (differences[seed] + jitter) * (np.arange(ROUNDS) > 0)
                write_run(root, np.clip(np.round(own, 4), 0, 1).tolist(), arm=name, seed=seed)
    (study,) = studies([root])
    return study


def test_better_names_what_it_assumes_and_which_share_of_bad_seeds_is_not_excluded(tmp_path: Path) -> None:
    said = verdict(study_of_differences(tmp_path, {"bald": [0.02, 0.022, 0.021, 0.02, 0.023]}), (0.85,))
    assert said.winners == said.ahead == ("bald",)
    first, second = said.sentences
    assert "ahead over the whole curve in 5 of 5 seeds (exact 95 % interval 48 to 100 % of all seeds)" in first
    assert "seeds that do not collapse, that is, fall 5 points or more behind random" in second
    assert "none of 5 seeds did, but up to 45 % of all seeds could (95 % bound)" in second
    assert "at most 5 %, if differences over seeds are roughly symmetric" in second
    assert "Ahead in most seeds by the exact sign test, which assumes no shape: bald." in second


def test_ahead_in_most_seeds_is_claimed_where_collapsed_seeds_undo_the_mean(tmp_path: Path) -> None:
    differences = [0.02] * 17 + [-0.12] * 3
    said = verdict(study_of_differences(tmp_path, {"bald": differences}), (0.85,))
    assert said.winners == ()
    assert said.ahead == ("bald",)
    finding = said.findings[0]
    assert (finding.ahead.ahead, finding.ahead.n, finding.collapsed) == (17, 20, 3)
    assert finding.unseen_collapse == pytest.approx(0.3437, abs=1e-3)  # Clopper and Pearson, 3 of 20, one-sided
    assert "but in most seeds bald is ahead over the whole curve in 17 of 20 seeds" in said.sentences[0]
    assert "seeds that collapsed: bald in 3 of 20" in said.sentences[1].lower()


@pytest.mark.parametrize("seeds", [3, 4])
def test_from_three_and_four_seeds_a_claim_has_no_interval_and_no_sign_test(tmp_path: Path, seeds: int) -> None:
    study = study_of_differences(tmp_path, {"bald": [0.02, 0.0201, 0.0199, 0.02][:seeds]}, noise=0.0)
    said = verdict(study, (0.85,))
    assert said.winners == ("bald",)
    assert said.ahead == ()
    assert "adjusted 95 % interval" not in said.sentences[0]
    assert "From fewer than 5 seeds a claim has no interval" in said.sentences[1]
    assert f"Ahead in most seeds cannot be shown by {seeds} seeds: the exact sign test" in said.sentences[1]
    assert "takes 5 with one arm" in said.sentences[1]


def test_sign_tests_are_corrected_over_the_arms(tmp_path: Path) -> None:
    gains = [0.02, 0.022, 0.021, 0.02, 0.023]
    study = study_of_differences(tmp_path, {"bald": gains, "entropy": gains[::-1], "kmeans": [-0.01] * 5})
    finding = verdict(study, (0.85,)).findings[0]
    assert finding.ahead.p == pytest.approx(1 / 32)
    assert finding.ahead_holm == pytest.approx(3 / 32)
    assert not finding.ahead_in_most_seeds


def test_a_printed_interval_is_adjusted_for_the_tests_and_leaves_zero_out(tmp_path: Path) -> None:
    gains = [0.02, 0.022, 0.021, 0.02, 0.023]
    study = study_of_differences(tmp_path, {"bald": gains, "null": [0.001, -0.001, 0.0005, -0.0004, 0.0]})
    finding = next(finding for finding in verdict(study, (0.85,)).findings if finding.name == "bald")
    assert finding.tests == 4
    assert finding.selected_level == pytest.approx(0.05 * 2 / 4)  # labels saved and area of bald are claimed, of four
    low, high = finding.area.interval(finding.selected_level)
    assert 0 < low < finding.area.low < finding.area.high < high
