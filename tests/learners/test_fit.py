"""The training loop: batches, schedules, weight decay, augmentation, stopping, each against values worked by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from al_bench.errors import BenchError
from al_bench.learners.fit import fit, flip_crop, learning_rate, make_optimiser
from al_bench.learners.training import (
    Augment,
    LrSchedule,
    Optimiser,
    Precision,
    Stop,
    Training,
    decay_value,
)
from al_bench.models.mlp import Mlp
from al_bench.models.reset import seeded


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def data(size=12, classes=3):
    inputs = torch.randn(size, 6, generator=generator())
    return inputs, torch.arange(size) % classes


def network(hidden=(16,), dropout=0.0, seed=0):
    with seeded(seed):
        return Mlp(hidden=list(hidden), dropout_dense=dropout).build((6,), 3)


def train(config, net=None, size=12, validate=None, order=0):
    inputs, labels = data(size)
    net = network() if net is None else net
    done = fit(
        net, config, inputs, labels, lambda batch: batch, validate or (lambda: 0.0), generator(order), generator(1)
    )
    return done, net


# Steps and epochs


@pytest.mark.parametrize("size", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("batch_size", [1, 4, 12, 64])
def test_as_many_steps_as_asked_for(size, batch_size):
    done, _ = train(Training(steps=23, batch_size=batch_size), size=size)
    assert done.steps == 23
    assert done.stopped


@pytest.mark.parametrize(
    ("keys", "size", "steps", "epochs"),
    [
        ({"epochs": 3, "batch_size": 4}, 12, 9, 3),
        ({"epochs": 3, "batch_size": 4}, 13, 9, 3),  # 4, 4, 5
        ({"epochs": 3, "batch_size": 4}, 14, 12, 3),
        ({"epochs": 2, "epoch_samples": 100, "batch_size": 10}, 3, 20, 2),
    ],
)
def test_epochs(keys, size, steps, epochs):
    done, _ = train(Training(stop=Stop.epochs, **keys), size=size)
    assert (done.steps, done.epochs) == (steps, epochs)


@pytest.mark.parametrize("size", [12, 13, 14])
def test_the_learning_rate_follows_its_schedule_step_by_step(monkeypatch, size):
    """With 13 points an epoch has batches of 4, 4 and 5: three steps, and the schedule ends with the training."""
    rates = []
    step = torch.optim.SGD.step

    def note(self, *arguments, **keys):
        rates.append({group["lr"] for group in self.param_groups})
        return step(self, *arguments, **keys)

    monkeypatch.setattr(torch.optim.SGD, "step", note)
    config = Training(
        optimiser=Optimiser.sgd, lr=0.2, stop=Stop.epochs, epochs=2, batch_size=4, schedule=LrSchedule.cosine
    )
    done, _ = train(config, size=size)
    expected = [0.1 * (1 + math.cos(math.pi * number / done.steps)) for number in range(done.steps)]
    assert [rate for (rate,) in rates] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("keys", "progress", "value"),
    [
        ({}, 0.0, 1.0),
        ({}, 0.9, 1.0),
        ({"schedule": LrSchedule.cosine}, 0.0, 1.0),
        ({"schedule": LrSchedule.cosine}, 1 / 3, 0.75),
        ({"schedule": LrSchedule.cosine}, 0.5, 0.5),
        ({"schedule": LrSchedule.cosine}, 2 / 3, 0.25),
        ({"schedule": LrSchedule.cosine}, 1.0, 0.0),
        ({"schedule": LrSchedule.cosine, "warmup": 0.2}, 0.1, 0.5),
        ({"schedule": LrSchedule.cosine, "warmup": 0.2}, 0.2, 1.0),
        ({"schedule": LrSchedule.cosine, "warmup": 0.2}, 0.6, 0.5),
        ({"schedule": LrSchedule.linear}, 0.0, 1.0),
        ({"schedule": LrSchedule.linear}, 0.75, 0.25),
        ({"schedule": LrSchedule.linear, "warmup": 0.2}, 0.1, 0.5),
        ({"schedule": LrSchedule.linear, "warmup": 0.2}, 0.6, 0.5),
        ({"schedule": LrSchedule.step, "milestones": [0.5, 0.75]}, 0.49, 1.0),
        ({"schedule": LrSchedule.step, "milestones": [0.5, 0.75]}, 0.5, 0.1),
        ({"schedule": LrSchedule.step, "milestones": [0.5, 0.75]}, 0.75, 0.01),
        ({"schedule": LrSchedule.step, "milestones": [0.5], "gamma": 0.5}, 0.6, 0.5),
        ({"warmup": 0.5}, 0.25, 0.5),
        ({"warmup": 0.5}, 0.0, 0.002),  # not zero, which would waste the first step
        ({"warmup": 1.0, "schedule": LrSchedule.cosine}, 0.99, 0.99),
    ],
)
def test_learning_rates_worked_by_hand(keys, progress, value):
    assert learning_rate(Training(**keys), progress) == pytest.approx(value)


# Weight decay


@pytest.mark.parametrize(
    ("text", "labelled", "value"),
    [(0.5, 10, 0.5), ("0.0005", 10, 0.0005), ("7/N", 20, 0.35), ("7 / N", 20, 0.35), ("1e-2/N", 0, 0.01), (0, 5, 0.0)],
)
def test_decay_values(text, labelled, value):
    assert decay_value(text, labelled) == pytest.approx(value)


@pytest.mark.parametrize("text", ["-1", "7/M", "x", "", None, "1/N/N", "--1", "nan"])
def test_decays_that_are_none(text):
    with pytest.raises(ValueError, match=r".*"):
        decay_value(text, 1)


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_decay_groups(optimiser):
    net = nn.Sequential()
    net.add_module("a", nn.Linear(2, 3))
    net.add_module("norm", nn.BatchNorm1d(3))
    net.add_module("b", nn.Linear(3, 2))
    config = Training(optimiser=optimiser, weight_decay="2/N", layer_weight_decay={"b": "10/N"}, lr=0.3, momentum=0.5)
    groups = make_optimiser(net, config, 20).param_groups
    decays = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    found = {name: decays[id(parameter)] for name, parameter in net.named_parameters()}
    assert found == {
        "a.weight": 0.1,
        "a.bias": 0.0,
        "norm.weight": 0.0,
        "norm.bias": 0.0,
        "b.weight": 0.5,
        "b.bias": 0.0,
    }
    assert all(group["lr"] == 0.3 for group in groups)


def test_one_step_of_sgd_by_hand():
    """w ← w − lr (∇ + λ w) for weights, w − lr ∇ for biases."""
    net = network(hidden=())
    inputs, labels = data()
    before = {name: value.clone() for name, value in net.named_parameters()}
    nn.functional.cross_entropy(net(inputs), labels).backward()
    gradients = {name: value.grad.clone() for name, value in net.named_parameters()}
    config = Training(optimiser=Optimiser.sgd, lr=0.1, momentum=0.0, weight_decay="6/N", steps=1, batch_size=12)
    train(config, net)
    after = dict(net.named_parameters())
    expected = before["output.weight"] - 0.1 * (gradients["output.weight"] + 0.5 * before["output.weight"])
    torch.testing.assert_close(after["output.weight"], expected)
    torch.testing.assert_close(after["output.bias"], before["output.bias"] - 0.1 * gradients["output.bias"])


# Learning


def test_tiny_data_are_learnt_by_heart():
    done, net = train(Training(steps=300, lr=0.01))
    inputs, labels = data()
    assert done.loss < 0.01
    assert done.accuracy == 1.0
    assert (net(inputs).argmax(1) == labels).all()
    assert not net.training


def test_training_repeats_and_depends_on_the_order():
    def weights(order):
        return train(Training(steps=20, batch_size=4), order=order)[1].output.weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_loss_and_accuracy_are_of_the_last_epoch():
    """One step of the whole set: the loss before the step, worked from the initial network."""
    inputs, labels = data()
    first = network()
    done, _ = train(Training(steps=1, batch_size=64), network())
    assert done.loss == pytest.approx(nn.functional.cross_entropy(first(inputs), labels).item(), rel=1e-5)
    assert done.accuracy == pytest.approx((first(inputs).argmax(1) == labels).float().mean().item())


@pytest.mark.parametrize("precision", list(Precision))
def test_bf16_trains_to_the_same_end_and_keeps_float_weights(precision):
    done, net = train(Training(steps=200, lr=0.01, precision=precision))
    assert done.accuracy == 1.0
    assert net.output.weight.dtype == torch.float32


def test_until_fitted_stops_at_the_first_epoch_that_fits():
    config = Training(stop=Stop.fitted, lr=0.01, epochs=500, fitted_accuracy=0.99)
    done, _ = train(config)
    assert done.stopped
    assert done.accuracy >= 0.99
    assert 1 < done.epochs < 500
    shorter, _ = train(Training(stop=Stop.epochs, lr=0.01, epochs=done.epochs - 1))
    assert shorter.accuracy < 0.99


def test_until_fitted_says_when_it_ran_into_its_cap():
    done, _ = train(Training(stop=Stop.fitted, lr=1e-6, epochs=3))
    assert not done.stopped
    assert done.epochs == 3


def test_early_stopping_restores_the_best_weights():
    accuracies = [0.3, 0.6, 0.5, 0.6, 0.4, 0.9]
    states = []
    net = network()

    def validate():
        states.append(net.output.weight.detach().clone())
        return accuracies[len(states) - 1]

    done, _ = train(Training(stop=Stop.early, patience=3, epochs=50), net, validate=validate)
    assert done.epochs == 5  # the best was the second, and three epochs brought no more
    assert done.stopped
    assert done.validation_accuracy == 0.6
    assert torch.equal(net.output.weight, states[1])
    assert not torch.equal(states[1], states[4])


def test_early_stopping_that_never_stops_keeps_the_best():
    rising = iter([0.1, 0.5, 0.2, 0.4])
    done, _ = train(Training(stop=Stop.early, patience=10, epochs=4), validate=lambda: next(rising))
    assert not done.stopped
    assert done.validation_accuracy == 0.5


@pytest.mark.parametrize("stop", [Stop.steps, Stop.fitted, Stop.early])
def test_divergence_is_an_error_that_names_the_learning_rate(stop):
    with pytest.raises(BenchError, match=r"training diverged.*12 labelled points; lower training.lr \(it is 1e\+30\)"):
        train(Training(optimiser=Optimiser.sgd, lr=1e30, stop=stop, steps=50))


# Augmentation


def literal_flip_crop(image, top, left, flip, pad):
    """One image [c, h, w], pixel by pixel."""
    _, height, width = image.shape
    out = torch.zeros_like(image)
    for row in range(height):
        for column in range(width):
            source_row = row + top - pad
            source_column = (width - 1 - column if flip else column) + left - pad
            if 0 <= source_row < height and 0 <= source_column < width:
                out[:, row, column] = image[:, source_row, source_column]
    return out


def test_flips_and_crops_pixel_by_pixel():
    images = torch.rand(40, 3, 6, 5, generator=generator(3))
    draws = torch.rand(3, 40, generator=generator(9))
    augmented = flip_crop(images, generator(9), pad=2)
    seen = set()
    for image, got, row in zip(images, augmented, draws.T, strict=True):
        top, left, flip = int(row[0] * 5), int(row[1] * 5), bool(row[2] >= 0.5)
        seen.add((top, left, flip))
        assert torch.equal(got, literal_flip_crop(image, top, left, flip, 2))
    assert len(seen) > 20
    assert {top for top, _, _ in seen} == {left for _, left, _ in seen} == set(range(5))


def test_crops_have_the_layout_of_the_inputs():
    """In channels-last layout the backward pass of some convolutions crashes on the CPU."""
    assert flip_crop(torch.rand(2, 3, 6, 5), generator()).is_contiguous()


def test_a_network_of_few_channels_trains_on_crops():
    from al_bench.models.resnet import ResNet

    net = ResNet(widths=[4, 8], blocks=1).build((3, 8, 8), 3)
    inputs, labels = torch.rand(6, 3, 8, 8), torch.arange(6) % 3
    config = Training(steps=30, augment=Augment.flip_crop)
    done = fit(net, config, inputs, labels, lambda batch: batch, lambda: 0.0, generator(), generator())
    assert math.isfinite(done.loss)


def test_augmentation_draws_from_its_own_stream():
    def weights(augmentation):
        net = network_on_images()
        inputs, labels = torch.rand(6, 1, 4, 4, generator=generator()), torch.arange(6) % 3
        config = Training(steps=5, augment=Augment.flip_crop)
        fit(net, config, inputs, labels, lambda batch: batch, lambda: 0.0, generator(), generator(augmentation))
        return net.output.weight

    first, same, other = weights(0), weights(0), weights(1)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def network_on_images():
    with seeded(0):
        return Mlp(hidden=[8], dropout_dense=0.0).build((1, 4, 4), 3)


def test_milestones_of_every_order_multiply():
    config = Training(schedule=LrSchedule.step, milestones=[0.75, 0.25], gamma=0.1)
    values = [learning_rate(config, place / 4) for place in range(4)]
    assert values == pytest.approx([1, 0.1, 0.1, 0.01])
    assert all(one >= other for one, other in pairwise(values))
