from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from embeddings import number_format
from embeddings.catalogue import BUNDLED, CATALOGUE
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.errors import ModelError

WORDS = (
    "the forest grows on both banks of a long river and law protects it 长 江 禁 渔 十 年 从 哪 天 开 始 : query passage".split()
)
TEXTS = ["the forest grows", "law protects it", "长江禁渔十年", "a long river and the law of both banks", "it"]


def save_model(folder: Path, seed: int = 0, safetensors: bool = True) -> Path:
    """A sentence-transformers model of two small layers with weights by chance."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: number for number, word in enumerate(special + WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    body = folder.with_name(f"{folder.name}-body")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=16,
    ).save_pretrained(body)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(body)
    transformer = Transformer(str(body))
    SentenceTransformer(modules=[transformer, Pooling(transformer.get_embedding_dimension())], device="cpu").save(str(folder))
    shutil.rmtree(body)
    if not safetensors:
        torch.save(SentenceTransformer(str(folder), device="cpu")[0].state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def tiny(model) -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(str(model))


def test_vectors_have_unit_length(tiny) -> None:
    for vectors in (tiny.encode_query(TEXTS), tiny.encode_document(TEXTS)):
        assert (vectors.shape, vectors.dtype) == ((len(TEXTS), 32), np.float32)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (tiny.dim, tiny.max_tokens) == (32, 16)


def test_vectors_come_in_the_order_of_the_texts(tiny) -> None:
    # Batches are made of texts of like length, so the order inside is another one.
    texts = [" ".join(WORDS[:length]) for length in (9, 1, 5, 12, 2, 7, 3, 8, 4, 10, 6, 11)] * 4
    together = tiny.encode_document(texts)
    alone = np.concatenate([tiny.encode_document([text]) for text in texts[:12]])
    np.testing.assert_allclose(together, np.tile(alone, (4, 1)), atol=1e-5)
    assert len(np.unique(together[:12].round(3), axis=0)) == 12


def test_no_text_gives_no_vectors(tiny) -> None:
    assert tiny.encode_query([]).shape == tiny.encode_document([]).shape == (0, 32)
    assert tiny.encode_document([""]).shape == (1, 32)


def test_a_long_text_is_read_as_far_as_the_model_reads(tiny) -> None:
    text = " ".join(WORDS[:14])
    np.testing.assert_allclose(tiny.encode_document([text + " law" * 50]), tiny.encode_document([text]), atol=1e-5)


def test_tokens_are_counted_without_the_special_ones_and_past_the_limit(tiny) -> None:
    assert tiny.count_tokens(["", "the forest", "长江禁渔", "unknownword law", "law " * 40]) == [0, 2, 4, 2, 40]
    assert tiny.count_tokens([]) == []


def test_counting_does_not_change_how_texts_are_encoded(tiny) -> None:
    before = tiny.encode_document([*TEXTS, "law " * 40])
    tiny.count_tokens(["law " * 40])
    np.testing.assert_array_equal(tiny.encode_document([*TEXTS, "law " * 40]), before)


def test_prefixes_are_put_before_queries_and_documents(model, tiny) -> None:
    prefixed = SentenceTransformerEncoder(str(model), query_prefix="query : ", document_prefix="passage : ")
    np.testing.assert_allclose(prefixed.encode_query(["law"]), tiny.encode_query(["query : law"]), atol=1e-5)
    np.testing.assert_allclose(prefixed.encode_document(["law"]), tiny.encode_document(["passage : law"]), atol=1e-5)
    assert np.abs(prefixed.encode_query(["law"]) - tiny.encode_query(["law"])).max() > 0.01
    assert np.abs(prefixed.encode_query(["law"]) - prefixed.encode_document(["law"])).max() > 0.01


def test_the_prompts_of_the_model_hold_where_none_are_given(model, tmp_path, tiny) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "prompted"))
    config = json.loads((folder / "config_sentence_transformers.json").read_text())
    config["prompts"] = {"query": "query : ", "document": "passage : "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))
    own = SentenceTransformerEncoder(str(folder))
    np.testing.assert_allclose(own.encode_query(["law"]), tiny.encode_query(["query : law"]), atol=1e-5)
    np.testing.assert_allclose(own.encode_document(["law"]), tiny.encode_document(["passage : law"]), atol=1e-5)
    given = SentenceTransformerEncoder(str(folder), query_prefix="the ")
    np.testing.assert_allclose(given.encode_query(["law"]), tiny.encode_query(["the law"]), atol=1e-5)
    assert own.fingerprint.partition(":")[2] != tiny.fingerprint.partition(":")[2]


def test_the_fingerprint_is_of_what_makes_the_vectors(model, tmp_path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "tiny"))
    fingerprint = SentenceTransformerEncoder(str(model)).fingerprint
    assert fingerprint == SentenceTransformerEncoder(str(folder)).fingerprint
    (folder / "README.md").write_text("Another description.")
    assert fingerprint == SentenceTransformerEncoder(str(folder)).fingerprint

    others = [SentenceTransformerEncoder(str(model), **{name: "query"}) for name in ("query_prefix", "document_prefix")]
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("mean", "cls"))
    others += [
        SentenceTransformerEncoder(str(folder)),
        SentenceTransformerEncoder(str(save_model(tmp_path / "b" / "tiny", seed=1))),
    ]
    fingerprints = {other.fingerprint for other in others} | {fingerprint}
    assert len(fingerprints) == 5
    assert all(name.startswith("tiny:") for name in fingerprints)


@pytest.mark.parametrize(("dtype", "smallest", "largest"), [("float32", 0.999999, 1e-5), ("bfloat16", 0.9995, 0.02)])
def test_the_number_format_changes_vectors_by_rounding_alone(
    monkeypatch: pytest.MonkeyPatch, dtype: str, smallest: float, largest: float
) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    texts = ["长江十年禁渔从2021年1月1日开始。" * 12, "When does the ban start?", "生物多样性", *TEXTS]
    plain = SentenceTransformer(str(BUNDLED / "encoder"), device="cpu", model_kwargs={"dtype": torch.float32})
    expected = plain.encode(texts, normalize_embeddings=True)
    monkeypatch.setattr(number_format, "fastest", lambda on_gpu=False: getattr(torch, dtype))
    encoder = SentenceTransformerEncoder("bundled")
    found = encoder.encode_document(texts)
    assert (found * expected).sum(axis=1).min() > smallest
    # No difference at all would mean that bfloat16 was not used.
    assert (1e-4 if dtype == "bfloat16" else 0) <= np.abs(found - expected).max() < largest
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    # An index may be made in one format and searched in the other.
    assert encoder.fingerprint == SentenceTransformerEncoder("bundled").fingerprint


def test_a_folder_has_one_fingerprint_however_it_is_named(model, monkeypatch) -> None:
    monkeypatch.chdir(model.parent)
    names = ["tiny", "./tiny", str(model), f"{model}/"]
    assert len({SentenceTransformerEncoder(name).fingerprint for name in names}) == 1


def test_threads_may_encode_and_count_at_the_same_time(model) -> None:
    encoder = SentenceTransformerEncoder(str(model))
    short, long = ["law", "the law protects it"], ["the law protects it " * 300] * 60
    expected = SentenceTransformerEncoder(str(model)).encode_query(short)
    problems: list[object] = []

    def use(count: bool) -> None:
        try:
            for _ in range(8 if count else 40):
                if count:
                    assert encoder.count_tokens(long) == [1200] * 60
                else:
                    np.testing.assert_allclose(encoder.encode_query(short), expected, atol=1e-4)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=use, args=(count,)) for count in (True, False, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def one_line(error: pytest.ExceptionInfo[ModelError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["folder", "./folder", "{here}/folder", "{here}/missing", "~/no/such/folder"])
def test_a_folder_that_holds_no_model_is_refused_at_once(tmp_path, monkeypatch, name) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as caught:
        SentenceTransformerEncoder(name.format(here=tmp_path))
    assert "modules.json" in one_line(caught)


@pytest.mark.parametrize(
    "name", ["nobody/no-such-model", "no-such-model", "multilingual-e5-small", "a/b/c", "what? no!", "x" * 300, ""]
)
def test_a_model_that_is_not_here_is_one_line_without_network(tmp_path, monkeypatch, name) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    encoder = SentenceTransformerEncoder(name)
    for use in (lambda: encoder.fingerprint, lambda: encoder.dim, lambda: encoder.encode_query(["law"])):
        with pytest.raises(ModelError) as caught:
            use()
        assert "use the bundled model" in one_line(caught)


def test_pickled_weights_are_refused(tmp_path) -> None:
    folder = save_model(tmp_path / "pickled", safetensors=False)
    encoder = SentenceTransformerEncoder(str(folder))
    with pytest.raises(ModelError) as caught:
        encoder.encode_query(["law"])
    assert "safetensors" in one_line(caught)


def test_a_file_that_cannot_be_read_is_one_line(model, tmp_path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "unreadable"))
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(ModelError) as caught:
        _ = SentenceTransformerEncoder(str(folder)).fingerprint
    assert "model.safetensors" in one_line(caught)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_no_pickle_runs_when_a_module_has_its_weights_so(model, tmp_path) -> None:
    import torch

    folder = Path(shutil.copytree(model, tmp_path / "trapped"))
    modules = json.loads((folder / "modules.json").read_text())
    dense = "sentence_transformers.sentence_transformer.modules.Dense"
    modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": dense})
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "config.json").write_text(
        json.dumps(
            {"in_features": 32, "out_features": 8, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}
        )
    )
    torch.save({"linear.weight": Trap(tmp_path / "sprung")}, folder / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(ModelError) as caught:
        SentenceTransformerEncoder(str(folder)).encode_query(["law"])
    assert "safetensors" in one_line(caught)
    assert not (tmp_path / "sprung").exists()


def test_pickle_beside_safetensors_is_left_alone(model, tmp_path, tiny) -> None:
    import torch

    folder = Path(shutil.copytree(model, tmp_path / "both"))
    torch.save(Trap(tmp_path / "sprung"), folder / "pytorch_model.bin")
    np.testing.assert_allclose(
        SentenceTransformerEncoder(str(folder)).encode_query(["law"]), tiny.encode_query(["law"]), atol=1e-6
    )
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "modules.json"])
@pytest.mark.parametrize("damage", ["gone", "garbage", "cut short"])
def test_a_damaged_folder_is_one_line(model, tmp_path, file, damage) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "damaged"))
    data = (folder / file).read_bytes()
    (folder / file).unlink()
    if damage != "gone":
        (folder / file).write_bytes(b"\x00\xffgarbage" if damage == "garbage" else data[: len(data) // 2])
    with pytest.raises(ModelError) as caught:
        SentenceTransformerEncoder(str(folder)).encode_query(["law"])
    assert str(folder) in one_line(caught)


@pytest.fixture(scope="module")
def bundled() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder("bundled")


def test_the_bundled_model_is_what_the_catalogue_says(bundled) -> None:
    assert bundled.name == "bundled"
    assert bundled.dim == CATALOGUE["bundled"].dim == 384
    assert bundled.encode_query(["森林"]).shape == (1, 384)
    assert bundled.max_tokens >= 256


def test_the_bundled_model_goes_by_its_folder_too(bundled) -> None:
    assert SentenceTransformerEncoder(CATALOGUE["bundled"].source).fingerprint == bundled.fingerprint


def test_a_sentence_is_nearest_to_its_translation(bundled) -> None:
    pairs = {
        "长江十年禁渔从2021年1月1日开始。": "The ten-year fishing ban on the Yangtze began on January 1, 2021.",
        "大熊猫的野外种群数量有所增加。": "The number of giant pandas in the wild has grown.",
        "中国与东盟加强环境合作。": "China and ASEAN strengthen cooperation on the environment.",
        "法院审理了这起污染案件。": "The court heard the pollution case.",
        "这家公司去年的利润下降了。": "The company's profits fell last year.",
    }
    similarity = bundled.encode_document(list(pairs)) @ bundled.encode_document(list(pairs.values())).T
    assert similarity.argmax(axis=1).tolist() == similarity.argmax(axis=0).tolist() == list(range(len(pairs)))


def test_a_question_is_nearest_to_the_passage_that_answers_it(bundled) -> None:
    passages = [
        "全国森林覆盖率达到23.04%，森林蓄积量超过175亿立方米。",
        "会议于2021年10月11日在昆明开幕。",
        "The company reported revenue of 3.2 million dollars in the third quarter.",
    ]
    vectors = bundled.encode_document(passages)
    for question, best in (("森林覆盖率是多少？", 0), ("Where did the meeting open?", 1), ("公司的收入是多少？", 2)):
        assert int((vectors @ bundled.encode_query([question])[0]).argmax()) == best
