"""`al-bench query` trains the learner as it is configured, and says so to whoever asks for more."""

from __future__ import annotations

import pytest

from al_bench.config.compose import compose, register
from al_bench.config.query_schema import QueryConfig
from al_bench.errors import InputError
from al_bench.labelling.request import Request, check_request

register()


@pytest.mark.parametrize("option", ["start", "every_round"])
def test_tuning_is_refused_whoever_chose_it(option):
    config = compose([f"tuning={option}"], QueryConfig).build()
    assert isinstance(config, QueryConfig)
    with pytest.raises(InputError, match="type tuning=never, with the values"):
        check_request(Request(config, "margin", "study"))
    never = compose([], QueryConfig).build()
    assert isinstance(never, QueryConfig)
    check_request(Request(never, "margin", "study"))
    with pytest.raises(InputError, match=r"tuning has no effect on al-bench query: it trains the learner as it is"):
        check_request(Request(never, "margin", "study", typed=frozenset({"tuning"})))
