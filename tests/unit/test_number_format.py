"""Which number format models compute in: decided by measured speeds, on a clock of the tests' own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from embeddings import number_format
from embeddings.number_format import Speeds
from rag.cli import doctor
from rag.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATIONS = 2 * 64 * 384 * 1536


class Processor:
    """Takes the given seconds for a product in each format, ten times as long for the first, and has a clock that shows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, float32: float, bfloat16: float) -> None:
        self.seconds = {torch.float32: float32, torch.bfloat16: bfloat16}
        self.products: list[torch.dtype] = []
        self.threads: set[int] = set()
        self._now = 0.0
        monkeypatch.setattr(number_format, "time", SimpleNamespace(perf_counter=lambda: self._now))
        monkeypatch.setattr(torch.nn.functional, "linear", self._multiply)

    def _multiply(self, tokens: torch.Tensor, weights: torch.Tensor) -> None:
        assert tokens.dtype == weights.dtype
        assert 2 * tokens.numel() * len(weights) == OPERATIONS
        self._now += self.seconds[tokens.dtype] * (1 if tokens.dtype in self.products else 10)
        self.products.append(tokens.dtype)
        self.threads.add(torch.get_num_threads())


@pytest.fixture(autouse=True)
def unmeasured() -> Iterator[None]:
    number_format._measure.cache_clear()
    yield
    number_format._measure.cache_clear()


@pytest.mark.parametrize(
    ("float32", "bfloat16", "expected"),
    [(263, 141, False), (100, 100, False), (100, 119, False), (100, 120, True), (100, 300, True)],
)
def test_bfloat16_is_taken_only_when_it_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, float32: float, bfloat16: float, expected: bool
) -> None:
    assert Speeds(float32, bfloat16).favour_bfloat16 is expected
    monkeypatch.setattr(number_format, "speeds", lambda: Speeds(float32, bfloat16))
    assert number_format.fastest() is (torch.bfloat16 if expected else torch.float32)


def test_on_a_gpu_the_processor_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_format, "speeds", lambda: pytest.fail("measured"))
    assert number_format.fastest(on_gpu=True) is torch.bfloat16


def test_the_best_time_of_several_counts_and_not_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    Processor(monkeypatch, float32=0.001, bfloat16=0.0005)
    found = number_format.speeds()
    assert (found.float32, found.bfloat16) == pytest.approx((OPERATIONS / 1e6, OPERATIONS / 0.5e6))


def test_a_slow_processor_is_measured_three_times_and_a_quick_one_for_30_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Processor(monkeypatch, float32=0.01, bfloat16=0.1)
    number_format.speeds()
    assert slow.products == [torch.float32, torch.bfloat16] * 3
    number_format._measure.cache_clear()
    quick = Processor(monkeypatch, float32=0.0009, bfloat16=0.0001)
    number_format.speeds()
    # Ten of the 30 milliseconds go to the first round.
    assert len(quick.products) == 2 * (1 + 20)


def test_it_is_measured_once_however_many_threads_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Processor(monkeypatch, float32=0.02, bfloat16=0.01)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: number_format.speeds(), range(32)))
    assert {id(each) for each in found} == {id(found[0])}
    assert len(processor.products) == 6


def test_it_is_measured_on_one_core_and_torch_goes_on_with_as_many_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Processor(monkeypatch, float32=0.02, bfloat16=0.01)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        number_format.speeds()
        assert processor.threads == {1}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_this_processor_is_measured() -> None:
    found = number_format.speeds()
    assert found.float32 > 0
    assert found.bfloat16 > 0
    assert number_format.speeds() is found


@pytest.mark.parametrize(("bfloat16", "chosen"), [(141, "float32"), (1041, "bfloat16")])
def test_the_doctor_prints_the_figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bfloat16: float, chosen: str) -> None:
    monkeypatch.setattr(number_format, "speeds", lambda: Speeds(263.4, bfloat16))
    findings: Any = doctor.examine(Settings(library=tmp_path))
    (text,) = [finding.text for finding in findings if finding.subject == "number format"]
    assert text == f"{chosen}, as a core multiplies matrices at 263 GFLOP/s in float32 and {bfloat16:,} in bfloat16"
