"""compare and the report say which choices followed from an option that the user typed."""

from __future__ import annotations

from al_bench.cli.main import dispatch


def test_compare_names_what_was_implied_and_in_which_arms(run, capsys):
    for model in ("hist_gradient_boosting", "random_forest"):
        for strategy in ((), ("strategy=random",)):
            words = (
                "debug=smoke",
                f"model={model}",
                "dataset.points=60",
                "dataset.test_points=20",
                "schedule.rounds=2",
            )
            done = run(*words, *strategy)
            assert done.status == 0, done.err
    capsys.readouterr()
    assert dispatch(["compare", "results/runs/smoke"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "model=hist_gradient_boosting implies posterior=deterministic and strategy=margin." in out
    assert "model=random_forest implies posterior=trees and strategy=margin." in out
    assert "Not typed in margin,model=hist_gradient_boosting" in out
