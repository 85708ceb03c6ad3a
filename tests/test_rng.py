"""Named streams: equal for equal names, independent of each other and of the order of use."""

import torch

from al_bench.rng import Streams


def test_a_stream_depends_on_seed_name_round_and_member_only():
    draw = Streams(3).numpy("order", 2, 1).random(4).tolist()
    other = Streams(3)
    other.numpy("weights", 2).random(100)
    assert other.numpy("order", 2, 1).random(4).tolist() == draw
    for changed in (Streams(4).numpy("order", 2, 1), Streams(3).numpy("masks", 2, 1), Streams(3).numpy("order", 1, 1)):
        assert changed.random(4).tolist() != draw
    assert Streams(3).numpy("order", 2, 0).random(4).tolist() != draw


def test_member_zero_is_the_stream_of_a_single_network():
    assert Streams(0).integer("weights", 1) == Streams(0).integer("weights", 1, 0)


def test_no_stream_touches_the_global_generators():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    Streams(1).torch("masks", 3).initial_seed()
    assert torch.equal(torch.get_rng_state(), before)


def test_values_are_fixed_for_good():
    """Every recorded run depends on them: a change here is a change of all results."""
    assert Streams(0).integer("initial") == 8466843196963366294
    assert Streams(7).integer("masks", 3, 2) == 765471026333694844
    assert Streams(0).numpy("order", 1).integers(1000, size=3).tolist() == [869, 887, 757]
