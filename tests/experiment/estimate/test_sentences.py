"""How estimates are said."""

from __future__ import annotations

import pytest

from al_bench.experiment.estimate.sentences import span_of_time


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.1, 0.9, "under 1 s"),
        (0.0, 0.0, "under 1 s"),
        (16.0, 30.0, "16 s to 30 s"),
        (30.0, 30.0, "about 30 s"),
        (0.2, 12.0, "under 1 s to 12 s"),
    ],
)
def test_a_span_has_two_ends_only_where_they_differ(low, high, said):
    assert span_of_time(low, high) == said
