"""The reader's training recipe, on data that the test makes."""

import json
import lzma
import random
import sys
from pathlib import Path

import pytest

from embeddings.catalogue import BUNDLED
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.reader import CrossEncoderReader
from embeddings.training import reading_data as data
from embeddings.training import train_reader

CHINESE = "北山观鸟站于2024年5月1日开放。它有三座塔楼，由陈明设计。每年约有两万名游客前来参观，门票二十元。"
ENGLISH = "The station on North Hill opened in May 2024. It has three towers, which Ming Chen designed. Some 20,000 visitors come each year."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with every file the recipe reads, a few rows each."""
    made: Path = tmp_path_factory.mktemp("data")
    (made / "qa").mkdir()
    (made / "parallel").mkdir()
    for name in (*data.SPAN_FILES, data.UNANSWERABLE_FILE):
        chinese = name.startswith("zh")
        rows = [
            {
                "lang": "zh" if chinese else "en",
                "question": f"观鸟站{number}什么时候开放？" if chinese else f"When did station {number} open?",
                "passage": CHINESE if chinese else ENGLISH,
                "answers": [] if name == data.UNANSWERABLE_FILE else ["2024年5月1日" if chinese else "May 2024"],
                "title": f"{name}-{number}",
            }
            for number in range(12)
        ]
        with lzma.open(made / "qa" / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    with lzma.open(made / "parallel" / "dict_cc_cedict.tsv.xz", "wt", encoding="utf-8") as file:
        file.write("开放\tto open; to be open to the public\n观鸟\tbird watching\n站\tstation; stop\n")
    return made


def test_windows_hold_the_answer_and_near_misses_do_not(folder: Path) -> None:
    encoder = SentenceTransformerEncoder("bundled")
    questions = data.read_questions(folder, encoder, longest=30)
    assert len(questions) == 12 * len(data.SPAN_FILES)
    for question in questions:
        assert question.window[question.start : question.end] in question.answers
        assert not any(
            answer in text for answer in question.answers for text in (*question.siblings, data.without_answer(question))
        )
    held_out = {question.title for question in questions if question.held_out}
    assert held_out
    assert all(title.startswith(tuple(name.replace("_", " ") for name in data.HELD_OUT_FILES)) for title in held_out)


def test_questions_are_switched_word_by_word(folder: Path) -> None:
    switcher = data.CodeSwitcher(folder)
    generator = random.Random(1)
    assert switcher.switch("观鸟站什么时候开放？", "zh", 0.0, generator).replace(" ", "") == "观鸟站什么时候开放？"
    switched = switcher.switch("观鸟站什么开放？", "zh", 1.0, generator)
    assert {"station", "what", "open"} <= set(switched.replace("?", " ").split())
    assert "开放" in switcher.switch("When did the station open?", "en", 1.0, generator)


def test_the_recipe_writes_weights_that_the_reader_reads(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train_reader", "--data", str(folder), "--out", str(tmp_path), "--minutes", "0.03"])
    train_reader.main()
    log = json.loads((tmp_path / "log.json").read_text())
    assert {"step", "minutes", "auroc_zh", "start_en_switched"} <= set(log[-1])
    assert log[-1]["step"] >= 1
    (reading,) = CrossEncoderReader(tmp_path, BUNDLED / "encoder").read("When did it open?", [ENGLISH])
    assert reading.beginnings.sum() == pytest.approx(1.0, abs=1e-3)
    assert reading.offsets.max() == len(ENGLISH)
    assert 0.0 < reading.share(0, 40) < reading.share(0, len(ENGLISH)) <= 1.001
