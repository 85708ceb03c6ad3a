"""Members of a posterior that differ in their configuration (posterior.vary)."""

from __future__ import annotations

import pytest
import torch

from tests.conftest import TINY, record

MIXED = "+posterior.vary={model.dropout_dense:[0.0,0.5,0.5]}"


def test_members_without_dropout_weigh_as_much_as_those_with(run, monkeypatch):
    """K = members × draws whatever the members are, so that cutting K into members cuts where they meet."""
    from al_bench.strategies.committee import QbcVoteEntropy

    evidences = []
    monkeypatch.setattr(
        QbcVoteEntropy, "score", lambda self, evidence: evidences.append(evidence) or torch.zeros(evidence.rows)
    )
    words = ["strategy=qbc_vote_entropy", "posterior=mc_dropout_ensemble", "posterior.members=3", MIXED]
    done = run(*TINY, *words, "arm=mixed")
    assert done.status == 0, done.err
    assert record("mixed").header["functions"] == 3 * 4
    assert evidences[0].member_log_probs.shape[1] == 3


@pytest.mark.parametrize(
    ("varied", "status", "message"),
    [
        ("{training.optimiser:[adam,sgd]}", 0, ""),
        ("{training.lr:[abc]}", 2, "posterior.vary.training.lr: "),
        ("{training.optimiser:[best]}", 2, "posterior.vary.training.optimiser: "),
    ],
    ids=["a choice", "no number", "no choice"],
)
def test_what_members_vary_has_its_keys_type(run, varied, status, message):
    done = run(*TINY, "posterior=ensemble", "posterior.members=2", f"+posterior.vary={varied}", "arm=varied")
    assert done.status == status, done.err
    assert message in done.err
    assert len(done.err.splitlines()) <= 1


def test_a_stop_that_members_vary_is_heeded(run):
    words = ["posterior=ensemble", "posterior.members=2", "+posterior.vary={training.stop:[epochs,steps]}"]
    assert run(*TINY, *words, "training.epochs=2", "arm=varied").status == 0
    first, second = record("varied").rounds[0]["fit"]
    assert first["epochs"] == 2
    assert second["steps"] == 8
