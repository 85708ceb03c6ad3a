"""PoolState: plain data whose invariants hold under any sequence of acquisitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from al_bench.pool import PoolState, draw_initial


@given(st.data())
def test_labelled_and_unlabelled_partition_the_pool_after_any_acquisitions(data):
    pool = data.draw(st.lists(st.integers(0, 200), min_size=1, max_size=40, unique=True))
    order = data.draw(st.permutations(pool))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    parts = [order[a:b] for a, b in zip([0, *cuts], cuts, strict=False)] or [[]]
    state = PoolState.start(pool, parts[0])
    for part in parts[1:]:
        state = state.acquire(part)
    assert state.round == len(parts) - 1
    assert state.labelled.tolist() == [index for part in parts for index in part]
    assert state.unlabelled.tolist() == sorted(set(pool) - set(state.labelled.tolist()))


@pytest.mark.parametrize(
    ("indices", "fault"),
    [([3, 3], "3: acquired twice"), ([9], "9: not in the pool"), ([1, 5], "1: labelled already"), ([-1], "-1: not in")],
)
def test_acquire_refuses_by_number(indices, fault):
    state = PoolState.start(range(8), [0, 1])
    with pytest.raises(ValueError, match=fault):
        state.acquire(indices)


def test_acquire_leaves_the_old_state_alone():
    state = PoolState.start(range(8), [0, 1])
    state.acquire([5])
    assert state.labelled.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        state.labelled[0] = 7


def test_pool_with_a_repeated_index_is_refused():
    with pytest.raises(ValueError, match="twice"):
        PoolState.start([1, 1, 2], [])


def test_candidates_are_all_unlabelled_or_a_subset_drawn_by_the_generator():
    state = PoolState.start(range(100), [3, 4])
    assert state.candidates(None, np.random.default_rng(0)).tolist() == state.unlabelled.tolist()
    assert state.candidates(98, np.random.default_rng(0)).tolist() == state.unlabelled.tolist()
    some = state.candidates(10, np.random.default_rng(0))
    assert len(set(some.tolist())) == 10
    assert set(some.tolist()) <= set(state.unlabelled.tolist())
    assert some.tolist() == state.candidates(10, np.random.default_rng(0)).tolist()
    assert some.tolist() != state.candidates(10, np.random.default_rng(1)).tolist()


@given(st.integers(0, 30), st.integers(0, 5))
def test_balanced_initial_sets_differ_by_at_most_one_a_class(size, seed):
    labels = np.arange(100) % 7
    initial = draw_initial(np.arange(100), labels, size, True, np.random.default_rng(seed))
    counts = np.bincount(labels[initial], minlength=7)
    assert len(set(initial.tolist())) == size
    assert counts.max() - counts.min() <= 1


def test_a_class_too_small_for_its_share_is_named():
    labels = np.array([0] * 20 + [1])
    with pytest.raises(ValueError, match="class 1 has 1 points in the pool and 2 were asked for"):
        draw_initial(np.arange(21), labels, 4, True, np.random.default_rng(0))
