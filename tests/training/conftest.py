"""Data and a teacher for the recipe, made by the tests: a few hundred rows, two layers."""

import json
import lzma
from pathlib import Path

import pytest

from embeddings.training.corpus import DICTIONARY, HELD_OUT_SETS

PLACES = ("North Hill", "East Lake", "West Marsh", "South Bay", "Stone Bridge", "Long River", "Green Valley", "White Cliff")
CHINESE_PLACES = ("北山", "东湖", "西泽", "南湾", "石桥", "长河", "绿谷", "白崖")


def chinese_facts(number: int) -> list[str]:
    place = CHINESE_PLACES[number % 8]
    return [
        f"{place}观鸟站于{1990 + number}年开放。",
        f"它有{number + 3}座塔楼，由陈明设计。",
        f"每年约有{number + 1}000名游客前来参观。",
        f"{place}的门票是{number + 20}元，老人和孩子免费。",
        "这里栖息着一百多种鸟类，春天的时候最热闹。",
    ]


def english_facts(number: int) -> list[str]:
    place = PLACES[number % 8]
    return [
        f"The bird station at {place} opened in {1990 + number}.",
        f"It has {number + 3} towers, which Ming Chen designed.",
        f"About {number + 1}000 visitors come to see it every year.",
        f"A ticket for {place} costs {number + 20} yuan, and old people and children enter free.",
        "More than a hundred kinds of birds live here, and spring is the busiest time.",
    ]


def write_lines(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(file, "wt", encoding="utf-8") as opened:
        opened.writelines(line + "\n" for line in lines)


def questions(source: str) -> list[str]:
    chinese = source.startswith("zh")
    rows = []
    for number in range(16):
        facts = chinese_facts(number) if chinese else english_facts(number)
        place = (CHINESE_PLACES if chinese else PLACES)[number % 8]
        year = f"{1990 + number}年" if chinese else str(1990 + number)
        row = {
            "lang": "zh" if chinese else "en",
            "question": f"{place}观鸟站（{source} {number}）是哪一年开放的？"
            if chinese
            else f"When did the bird station at {place} ({source} {number}) open?",
            "passage": ("" if chinese else " ").join(facts * 2),
            "answers": [year],
            "title": f"{source}_{number}",
        }
        rows.append(json.dumps(row, ensure_ascii=False))
    return rows


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with every kind of file the recipe reads."""
    made: Path = tmp_path_factory.mktemp("data")
    facts = [pair for number in range(40) for pair in zip(chinese_facts(number), english_facts(number), strict=True)]
    write_lines(made / "parallel" / "law_stations.tsv.xz", [f"{chinese}\t{english}" for chinese, english in facts])
    words = [
        ("开放", "to open; to be open to the public"),
        ("观鸟", "bird watching"),
        ("站", "station; stop"),
        ("鸟", "bird"),
        ("塔", "tower"),
    ]
    write_lines(made / "parallel" / f"{DICTIONARY}.tsv.xz", [f"{chinese}\t{english}" for chinese, english in words])
    for source in (*HELD_OUT_SETS, "zh_other"):
        write_lines(made / "qa" / f"{source}.jsonl.xz", questions(source))
    english = [{"title": "bird" if n == 0 else f"Station {n}", "text": " ".join(english_facts(n) * 3)} for n in range(20)]
    chinese = [{"lang": "zh", "text": "".join(chinese_facts(n) * 3)} for n in range(20)]
    write_lines(made / "text" / "en_stations.jsonl.xz", [json.dumps(row) for row in english])
    write_lines(made / "text" / "zh_stations.jsonl.xz", [json.dumps(row) for row in chinese])
    write_lines(made / "dev" / "stations.tsv.xz", [f"{chinese}\t{english}" for chinese, english in facts[-20:]])
    return made


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small English model of BERT's kind, with a vocabulary of its own and weights that nobody trained."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder: Path = tmp_path_factory.mktemp("teacher")
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator([text for n in range(40) for text in english_facts(n)], vocab_size=300, show_progress=False)
    tokenizer.save_model(str(folder))
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True, model_max_length=128).save_pretrained(folder / "body")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder / "body")
    body = Transformer(str(folder / "body"), max_seq_length=128)
    SentenceTransformer(modules=[body, Pooling(32, pooling_mode="mean"), Normalize()]).save(str(folder / "model"))
    return folder / "model"
