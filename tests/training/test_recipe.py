"""The whole recipe on data that the tests make: from parallel text to an encoder and a reader that load."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from embeddings.encoder import SentenceTransformerEncoder
from embeddings.errors import ModelError
from embeddings.reader import CrossEncoderReader, ReaderConfig
from embeddings.training import distillation, recipe
from embeddings.training.recipe import Plan, Recipe

PLAN = Plan(distillation=400_000, retrieval=30_000, reading=30_000)
SHORT_PLAN = Plan(distillation=40_000, retrieval=10_000, reading=10_000)
"""Enough to move the weights, not to learn."""


@pytest.fixture(scope="module")
def trained(data: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patched:
        # The loss is written down four times, not at the end alone.
        patched.setattr(distillation, "TOKENS_BETWEEN_MEASUREMENTS", PLAN.distillation // 4)
        Recipe(data, out, teacher, PLAN, seed=1).run()
    return out


def test_the_encoder_loads_and_puts_translations_together(trained: Path, data: Path) -> None:
    encoder = SentenceTransformerEncoder(str(trained / "encoder"))
    chinese = encoder.encode_query(["北山观鸟站于1990年开放。", "每年约有7000名游客前来参观。"])
    english = encoder.encode_document(
        ["About 7000 visitors come to see it every year.", "The bird station at North Hill opened in 1990."]
    )
    assert chinese.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(chinese, axis=1), 1, atol=1e-5)
    assert (chinese @ english.T).argmax(axis=1).tolist() == [1, 0]


def test_the_reader_loads_with_its_encoder_and_finds_places(trained: Path) -> None:
    passage = "The bird station at North Hill opened in 1990. It has 3 towers."
    (reading,) = CrossEncoderReader(trained / "reader", trained / "encoder").read("When did it open?", [passage])
    np.testing.assert_allclose(reading.places.sum(axis=0), 1, atol=1e-3)
    start, end, likelihood = reading.answer(0, len(passage))
    assert 0 <= start < end <= len(passage)
    assert 0 < likelihood < 1
    assert 0.0 < reading.probability < 1.0
    config = ReaderConfig.load(trained / "reader")
    assert config.slope != 1.0


def test_a_reader_refuses_an_encoder_of_the_same_shape_that_it_was_not_made_for(trained: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(trained / "encoder", tmp_path / "encoder"))
    weights = load_file(other / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    save_file(weights | {name: weights[name] + 1}, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="was trained on another encoder"):
        CrossEncoderReader(trained / "reader", other).read("When?", ["In 1990."])


def test_figures_and_logs_are_written(trained: Path) -> None:
    figures = json.loads((trained / "figures.json").read_text())
    assert 0 < figures["recall@1 en->en"]["BM25"] <= 1
    assert {"sentences zh->en stations", "passages a second"} <= set(figures)
    assert set(json.loads((trained / "times.json").read_text())) >= {"vocabulary", "distillation", "reading", "figures"}
    for stage, tokens in (("distillation", PLAN.distillation), ("retrieval", PLAN.retrieval), ("reading", PLAN.reading)):
        log = json.loads((trained / stage / "log.json").read_text())
        assert log[-1]["tokens"] >= tokens


def test_distillation_learns(trained: Path) -> None:
    first, *_, last = json.loads((trained / "distillation" / "log.json").read_text())
    assert last["loss"] < first["loss"]
    assert last["stations zh->en"] >= 0.3


def test_finished_steps_are_not_done_again(trained: Path, data: Path, teacher: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "encoder" / "model.safetensors").stat().st_mtime_ns
    Recipe(data, trained, teacher, PLAN, seed=1).run()
    assert capsys.readouterr().out.count("already done") == 9
    assert (trained / "encoder" / "model.safetensors").stat().st_mtime_ns == before


def test_going_on_from_models_keeps_their_word_embeddings_and_moves_the_rest(
    trained: Path, data: Path, teacher: Path, tmp_path: Path
) -> None:
    Recipe(data, tmp_path / "on", teacher, SHORT_PLAN, seed=2, start=trained).run()
    for part, file in (("encoder", "model.safetensors"), ("reader", "reader.safetensors")):
        before, after = load_file(trained / part / file), load_file(tmp_path / "on" / part / file)
        assert before.keys() == after.keys()
        moved = {name for name in before if not bool((before[name] == after[name]).all())}
        assert any("encoder.layer.0" in name for name in moved)
        assert not any(name.endswith("word_embeddings.weight") for name in moved)
    CrossEncoderReader(trained / "reader", tmp_path / "on" / "encoder").read("When?", ["In 1990."])


def test_going_on_from_a_folder_without_models_is_one_line(data: Path, teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no reader to start from in"):
        Recipe(data, tmp_path / "on", teacher, PLAN, seed=2, start=tmp_path).run()


def test_without_data_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["recipe", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=r"error: no training data in .*DATA=FOLDER"):
        recipe.main()
