"""The training loop: what a stop in the middle leaves, and what the learning rate does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from embeddings.training.batching import batches_of_like_length
from embeddings.training.loop import Figures, Schedule, Stage

SCHEDULE = Schedule(tokens=4_000, rates={"all": 0.15})


def stage(folder: Path) -> tuple[nn.Linear, Stage[Tensor]]:
    torch.manual_seed(3)
    network = nn.Linear(4, 1)
    return network, Stage(folder, {"all": list(network.named_parameters())}, SCHEDULE, checkpoint_seconds=0)


def batches(stop_after: int | None = None) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(5)
    for number in range(1000):
        if number == stop_after:
            raise KeyboardInterrupt
        yield torch.randn(100, 4, generator=generator)


def run(network: nn.Linear, of: Stage[Tensor], stop_after: int | None = None) -> None:
    def loss(batch: Tensor) -> tuple[Tensor, int, Figures]:
        return (network(batch)[:, 0] - batch.sum(dim=1)).square().mean(), len(batch), {"rows": float(len(batch))}

    of.run(lambda: batches(stop_after), loss, lambda: {"weight": network.weight.sum().item()}, 1_000)


def test_a_stopped_stage_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, of_whole = stage(tmp_path / "whole")
    run(whole, of_whole)
    stopped, of_stopped = stage(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        run(stopped, of_stopped, stop_after=17)
    resumed, of_resumed = stage(tmp_path / "stopped")
    assert of_resumed.progress.step == 17
    run(resumed, of_resumed)
    torch.testing.assert_close(resumed.weight, whole.weight, rtol=0, atol=0)
    assert [line["step"] for line in of_resumed.progress.log] == [10, 20, 30, 40]
    assert of_resumed.progress.log[-1]["weight"] == pytest.approx(whole.weight.sum().item(), abs=1e-3)


def test_a_finished_stage_does_nothing(tmp_path: Path) -> None:
    network, first = stage(tmp_path)
    run(network, first)
    again, second = stage(tmp_path)
    run(again, second, stop_after=0)
    torch.testing.assert_close(again.weight, network.weight, rtol=0, atol=0)


def test_it_learns(tmp_path: Path) -> None:
    network, of = stage(tmp_path)
    run(network, of)
    np.testing.assert_allclose(network.weight.detach().numpy(), np.ones((1, 4)), atol=0.2)


def test_checkpoints_are_not_pickled(tmp_path: Path) -> None:
    network, of = stage(tmp_path)
    run(network, of)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


@pytest.mark.parametrize(("tokens", "share"), [(0, 0.0), (60, 0.5), (120, 1.0), (2060, 0.5), (4000, 0.01)])
def test_the_rate_rises_and_falls(tokens: int, share: float) -> None:
    assert SCHEDULE.share_of_peak(tokens) == pytest.approx(share, abs=0.001)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=200), st.integers(400, 4000), st.integers(0, 10))
def test_every_row_stands_in_one_batch_that_is_not_too_large(lengths: list[int], tokens: int, seed: int) -> None:
    array = np.array(lengths)
    parts = batches_of_like_length(array, tokens, np.random.default_rng(seed), max_rows=50)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lengths)))
    assert all(len(part) <= 50 and array[part].max() * len(part) <= tokens for part in parts)
