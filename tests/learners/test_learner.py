"""The learner: members with streams of their own, one set of functions for all rows, no label that is not known."""

from __future__ import annotations

import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.learners.member import split
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Stop, Training
from al_bench.models.mlp import Mlp
from al_bench.rng import Streams


def dataset(size=60):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size) % 3
    centres = 3 * torch.eye(3, 5)
    inputs = centres[labels] + torch.randn(size, 5, generator=generator)
    return Dataset("t", inputs, labels, inputs[:9], labels[:9], ("a", "b", "c"), mean=inputs.mean(0), std=inputs.std(0))


def learner(members=1, draws=4, dropout=0.5, data=None, **training):
    networks = [Mlp(hidden=[16], dropout_dense=dropout).build((5,), 3) for _ in range(members)]
    configs = [Training(**{"steps": 20, **training}) for _ in range(members)]
    made = TorchLearner(networks, Mixture(members=members, draws=draws), configs, data or dataset())
    made.reset(Streams(0), 0)
    return made


def predictions(made, round_=0, draws=None, stream="masks", seed=0):
    sampler = made.sampler(Streams(seed), stream, round_, draws)
    return torch.cat([chunk for _, chunk in made.chunks(sampler, made.dataset.inputs)])


def weights(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_slices_cover_the_range():
    assert [list(range(10))[rows] for rows in split(10, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(split(0, 4)) == []


def test_weights_are_those_of_seed_round_and_member():
    made = learner(members=2)
    first, second = (weights(network) for network in made.networks)
    assert not torch.equal(first, second)
    assert torch.equal(weights(learner().networks[0]), first)
    made.reset(Streams(0), 1)
    assert not torch.equal(weights(made.networks[0]), first)
    made.reset(Streams(0), 0)
    assert torch.equal(weights(made.networks[0]), first)
    made.reset(Streams(1), 0)
    assert not torch.equal(weights(made.networks[0]), first)


def test_the_first_member_is_the_single_network():
    """Posteriors of any size share it, so that round 0 can be compared."""
    one, three = learner(), learner(members=3)
    for made in (one, three):
        made.fit(torch.arange(12), torch.empty(0, dtype=torch.int64), Streams(0), 0)
    assert torch.equal(weights(one.networks[0]), weights(three.networks[0]))


def test_labels_outside_the_labelled_set_have_no_influence():
    data = dataset()
    hidden = data.hidden_labels.clone()
    hidden[12:] = (hidden[12:] + 1) % 3
    other = Dataset("t", data.inputs, hidden, data.test_inputs, data.test_labels, data.class_names, data.mean, data.std)
    found = []
    for one in (data, other):
        made = learner(data=one)
        made.fit(torch.arange(12), torch.empty(0, dtype=torch.int64), Streams(0), 0)
        found.append(weights(made.networks[0]))
    assert torch.equal(*found)


@pytest.mark.parametrize(
    ("members", "draws", "dropout", "functions", "columns"),
    [(1, 4, 0.5, 4, 4), (1, 0, 0.5, 1, 1), (1, 4, 0.0, 1, 1), (3, 0, 0.5, 3, 3), (3, 2, 0.5, 6, 6), (3, 4, 0.0, 3, 3)],
)
def test_functions_and_predictions(members, draws, dropout, functions, columns):
    made = learner(members=members, draws=draws, dropout=dropout)
    assert made.functions == functions
    found = predictions(made)
    assert found.shape == (60, columns, 3)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(60, columns))
    distinct = {tuple(found[:, draw].flatten().tolist()) for draw in range(columns)}
    assert len(distinct) == columns


def test_a_function_is_the_same_for_every_row_chunk_and_call():
    made = learner(members=2, draws=3)
    whole = predictions(made)
    made.chunk = 7
    torch.testing.assert_close(predictions(made), whole, atol=1e-6, rtol=0)
    sampler = made.sampler(Streams(0), "masks", 0)
    rows = torch.tensor([5, 41, 5])
    picked = torch.cat([chunk for _, chunk in made.chunks(sampler, made.dataset.inputs, rows)])
    torch.testing.assert_close(picked, whole[rows], atol=1e-6, rtol=0)


def test_masks_belong_to_stream_round_and_seed():
    made = learner()
    base = predictions(made)
    assert torch.equal(predictions(made), base)
    for keys in ({"round_": 1}, {"stream": "test_masks"}, {"seed": 1}):
        assert not torch.equal(predictions(made, **keys), base), keys


def test_draws_can_be_fewer_more_or_none():
    made = learner(members=2, draws=3)
    assert predictions(made, draws=5).shape == (60, 10, 3)
    point = predictions(made, draws=0)
    assert point.shape == (60, 2, 3)
    with torch.inference_mode():
        literal = [network(made.dataset.prepare(made.dataset.inputs)).log_softmax(1) for network in made.networks]
    torch.testing.assert_close(point, torch.stack(literal, 1), atol=1e-6, rtol=0)


def test_inputs_are_prepared_before_they_are_seen():
    """Without normalisation the predictions of the same weights would differ."""
    data = dataset()
    plain = Dataset("t", data.inputs, data.hidden_labels, data.test_inputs, data.test_labels, data.class_names)
    assert not torch.allclose(predictions(learner()), predictions(learner(data=plain)), atol=1e-3)


def test_early_stopping_reads_the_validation_set_without_dropout():
    made = learner(stop=Stop.early, epochs=30, patience=30, lr=0.01)
    (done,) = made.fit(torch.arange(12), torch.arange(20, 60), Streams(0), 0)
    data, network = made.dataset, made.networks[0]
    with torch.inference_mode():
        right = network(data.prepare(data.inputs[20:])).argmax(1) == data.hidden_labels[20:]
    assert done.validation_accuracy == pytest.approx(right.float().mean().item())
    assert done.validation_accuracy > 0.8


def test_training_repeats_whatever_the_global_generator():
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made = learner(members=2)
        state = torch.get_rng_state()
        made.fit(torch.arange(12), torch.empty(0, dtype=torch.int64), Streams(0), 3)
        assert torch.equal(torch.get_rng_state(), state)
        found.append([weights(network) for network in made.networks])
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_byte_images_are_scaled_and_stay_bytes():
    inputs = torch.randint(0, 256, (8, 1, 4, 4), dtype=torch.uint8)
    labels = torch.arange(8) % 3
    data = Dataset("t", inputs, labels, inputs, labels, ("a", "b", "c"))
    assert float(data.prepare(inputs).max()) <= 1
    network = Mlp(hidden=[8]).build((1, 4, 4), 3)
    made = TorchLearner([network], Mixture(draws=2), [Training(steps=2)], data)
    made.fit(torch.arange(6), torch.empty(0, dtype=torch.int64), Streams(0), 0)
    assert made.dataset.inputs.dtype == torch.uint8
    assert predictions(made).shape == (8, 2, 3)
