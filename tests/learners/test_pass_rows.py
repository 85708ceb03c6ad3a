"""How many rows go through a network at once, by the device. (`meta`: a device that is no CPU and computes nothing.)"""

from __future__ import annotations

import pytest
import torch

from al_bench.learners.pass_rows import GPU_NUMBERS, moved, passes, rows_a_pass


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 224, 224), (20,)])
def test_on_the_cpu_passes_are_small(shape):
    assert rows_a_pass(torch.empty(3, *shape)) == 64


@pytest.mark.parametrize(
    ("shape", "rows"), [((20,), 2048), ((1, 28, 28), 2048), ((3, 32, 32), 682), ((3, 224, 224), 64)]
)
def test_on_another_device_they_are_as_large_as_the_inputs_allow(shape, rows):
    inputs = torch.empty(1, *shape, device="meta")
    assert rows_a_pass(inputs) == rows
    assert rows == 64 or rows * inputs.numel() <= GPU_NUMBERS


def test_token_ids_have_a_number_of_their_own():
    assert rows_a_pass(torch.empty(1, 128, dtype=torch.int64, device="meta")) == 256


def test_the_passes_are_the_rows_in_order():
    inputs = torch.arange(150.0)[:, None]
    assert [len(part) for part in passes(inputs)] == [64, 64, 22]
    assert torch.cat(passes(inputs, 7)).equal(inputs)


def test_a_tensor_that_is_there_is_not_copied():
    tensor = torch.arange(3)
    assert moved(tensor, torch.device("cpu")) is tensor
