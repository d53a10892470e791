"""Runs a training stage: optimizer, learning rate, progress, log and checkpoints.

A stage ends after a number of tokens, not after a time, so that it produces the same weights on a fast machine and a slow one.
It can be stopped at any point and continues from its last checkpoint. Checkpoints are safetensors and JSON, never pickle.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from embeddings import number_format

Batch = TypeVar("Batch")
Figures = dict[str, float]

_SECONDS_BETWEEN_CHECKPOINTS = 180
_LOSSES_SHOWN = 50
_WARM_UP = 0.03
_LOWEST_RATE = 0.01


def device() -> torch.device:
    """Returns the device for training: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def working_type() -> torch.dtype:
    """Returns the number format that is fastest on this device."""
    return number_format.fastest(on_gpu=device().type == "cuda")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The length of a stage and its learning rates.

    The rate rises over the first 3% of the tokens and falls to 1% of the peak by the end.

    Attributes:
        tokens: The number of tokens to train on.
        rates: The peak learning rate of each group of parameters.
        weight_decay: AdamW's weight decay.
    """

    tokens: int
    rates: dict[str, float]
    weight_decay: float = 0.01

    def share_of_peak(self, tokens: int) -> float:
        """Returns the learning rate after `tokens` tokens, as a share of its peak."""
        done = tokens / self.tokens
        return min(1.0, done / _WARM_UP) if done < _WARM_UP else max(_LOWEST_RATE, (1 - done) / (1 - _WARM_UP))


@dataclass(slots=True)
class Progress:
    """The progress of a stage: steps, tokens and seconds so far, and the lines of its log."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    log: list[Figures] = field(default_factory=list)


class Stage(Generic[Batch]):
    """Trains the parameters of a network, with checkpoints and a log in a folder."""

    def __init__(
        self,
        folder: Path,
        groups: dict[str, list[tuple[str, Tensor]]],
        schedule: Schedule,
        layers: nn.Module | None = None,
        checkpoint_seconds: float = _SECONDS_BETWEEN_CHECKPOINTS,
    ) -> None:
        """Continues from the last checkpoint in `folder`, if there is one.

        Args:
            folder: The folder for checkpoints and `log.json`.
            groups: The trained parameters with their names, for each group in `schedule.rates`.
            schedule: The length and the learning rates.
            layers: The part of the network that computes in `working_type()` during `run`. The optimizer keeps float32 copies of
                the parameters, and the network has their values when `run` returns. Leave embeddings out: their gradients add
                up over many tokens.
            checkpoint_seconds: The time between two checkpoints.
        """
        self._folder = folder
        self._checkpoint_seconds = checkpoint_seconds
        self._schedule = schedule
        self._named = [named for name in schedule.rates for named in groups[name]]
        self._layers = layers
        self._masters = [parameter.detach().clone().requires_grad_() for _, parameter in self._named]
        masters = iter(self._masters)
        self._optimizer = torch.optim.AdamW(
            [{"params": [next(masters) for _ in groups[name]], "lr": rate} for name, rate in schedule.rates.items()],
            betas=(0.9, 0.98),
            weight_decay=schedule.weight_decay,
            fused=True,
        )
        self._peaks = list(schedule.rates.values())
        self.progress = Progress()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "checkpoint.json").exists():
            self._restore()

    def run(
        self,
        batches: Callable[[], Iterator[Batch]],
        loss: Callable[[Batch], tuple[Tensor, int, Figures]],
        measure: Callable[[], Figures],
        measured_every: int,
    ) -> None:
        """Trains until the schedule's tokens are used up.

        Args:
            batches: Makes an endless sequence of batches, the same in every call; training continues after the batches that the
                checkpoint has seen.
            loss: Returns the loss of a batch, the number of its tokens, and figures to show.
            measure: Returns figures on data that are not trained on.
            measured_every: The number of tokens between measurements. There is always a last one at the end.
        """
        if self.progress.tokens < self._schedule.tokens:
            if self._layers:
                self._layers.to(working_type())
            self._write_back()
            self._train(batches, loss, measure, measured_every)
        if self._layers:
            self._layers.float()
        self._write_back()

    def _train(
        self,
        batches: Callable[[], Iterator[Batch]],
        loss: Callable[[Batch], tuple[Tensor, int, Figures]],
        measure: Callable[[], Figures],
        measured_every: int,
    ) -> None:
        progress = self.progress
        shown: dict[str, list[float]] = {}
        saved = started = time.monotonic() - progress.seconds
        saved = time.monotonic()
        with tqdm(
            desc=self._folder.name, total=self._schedule.tokens, initial=progress.tokens, unit="tok", unit_scale=True
        ) as bar:
            for batch in islice(batches(), progress.step, None):
                before = progress.tokens
                tokens, figures = self._step(batch, loss)
                progress.step, progress.tokens = progress.step + 1, before + tokens
                progress.seconds = time.monotonic() - started
                for name, value in figures.items():
                    shown[name] = [*shown.get(name, [])[-_LOSSES_SHOWN + 1 :], value]
                means = {name: sum(values) / len(values) for name, values in shown.items()}
                bar.update(tokens)
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
                finished = progress.tokens >= self._schedule.tokens
                if finished or before // measured_every != progress.tokens // measured_every:
                    self._write_log(means | measure())
                if finished or time.monotonic() - saved > self._checkpoint_seconds:
                    self._save()
                    saved = time.monotonic()
                if finished:
                    return

    def _step(self, batch: Batch, loss: Callable[[Batch], tuple[Tensor, int, Figures]]) -> tuple[int, Figures]:
        share = self._schedule.share_of_peak(self.progress.tokens)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * share
        value, tokens, figures = loss(batch)
        value.backward()
        for (_, parameter), master in zip(self._named, self._masters, strict=True):
            master.grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        nn.utils.clip_grad_norm_(self._masters, 1.0)
        self._optimizer.step()
        self._write_back()
        return tokens, {"loss": value.item()} | figures

    def _write_back(self) -> None:
        """Copies the optimizer's float32 values into the network."""
        with torch.no_grad():
            for (_, parameter), master in zip(self._named, self._masters, strict=True):
                parameter.copy_(master)

    def _write_log(self, figures: Figures) -> None:
        progress = self.progress
        line = {"step": progress.step, "tokens": progress.tokens, "minutes": round(progress.seconds / 60, 2)} | {
            name: round(value, 4) for name, value in figures.items()
        }
        progress.log.append(line)
        tqdm.write(f"{self._folder.name} {json.dumps(line)}")
        _write_text(self._folder / "log.json", json.dumps(progress.log, indent=1) + "\n")

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        for (name, _), master in zip(self._named, self._masters, strict=True):
            tensors[f"value/{name}"] = master.detach().cpu().contiguous()
            for kind, tensor in self._optimizer.state[master].items():
                tensors[f"{kind}/{name}"] = tensor.detach().cpu().contiguous()
        temporary = self._folder / "checkpoint.new"
        save_file(tensors, temporary)
        progress = self.progress
        # The state names its weights file, so replacing the state switches both at once.
        weights = f"checkpoint-{progress.step}.safetensors"
        os.replace(temporary, self._folder / weights)
        state = {
            "weights": weights,
            "step": progress.step,
            "tokens": progress.tokens,
            "seconds": progress.seconds,
            "log": progress.log,
        }
        _write_text(self._folder / "checkpoint.json", json.dumps(state))
        for old in self._folder.glob("checkpoint-*.safetensors"):
            if old.name != weights:
                old.unlink()

    def _restore(self) -> None:
        state = json.loads((self._folder / "checkpoint.json").read_text())
        tensors = load_file(self._folder / state["weights"])
        for (name, _), master in zip(self._named, self._masters, strict=True):
            with torch.no_grad():
                master.copy_(tensors[f"value/{name}"])
            self._optimizer.state[master] = {
                kind: tensors[f"{kind}/{name}"].to(master.device) for kind in ("step", "exp_avg", "exp_avg_sq")
            }
        self.progress = Progress(state["step"], state["tokens"], state["seconds"], state["log"])


def _write_text(file: Path, text: str) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, file)
