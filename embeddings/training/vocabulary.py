"""Step 1, vocabulary: builds one Unigram tokenizer for both languages from counts.

English pieces come from the teacher's vocabulary, so that their embeddings can be copied. Chinese ones are jieba's most frequent words,
every common Han character, simplified and traditional, and punctuation.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import jieba
from opencc import OpenCC
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from embeddings.training.corpus import Corpus

ENGLISH_PIECES = 24_000
CHINESE_WORDS = 22_000
MAX_TOKENS = 384
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_PUNCTUATION = string.punctuation + "。、《》“”‘’—…「」『』【】〔〕〈〉·〇○￥€£°±×÷→≥≤％‰℃"
_ARTICLES_READ_EVERY = 4
_LONGEST = 5000
_FLOOR = 0.5


def build(corpus: Corpus, teacher: Any, folder: Path) -> None:
    """Counts pieces and writes a fast tokenizer for transformers.

    Args:
        corpus: The text to count in.
        teacher: The teacher's WordPiece tokenizer: pieces that continue a word begin with `##`.
        folder: The folder for `tokenizer.json` and its configuration.
    """
    english = count_english(corpus, teacher)
    chinese = count_chinese(corpus)
    pieces: dict[str, float] = dict.fromkeys(_SPECIAL, 0.0)
    total = math.log(sum(english.values()) + sum(chinese.values()))

    def add(piece: str, count: float) -> None:
        pieces.setdefault(piece, math.log(max(count, _FLOOR)) - total)

    for piece, count in english.most_common(ENGLISH_PIECES):
        add(piece, count)
    words = [(word, count) for word, count in chinese.most_common() if len(word) > 1]
    for word, count in words[:CHINESE_WORDS]:
        add(word, count)
    for character in han_characters():
        add(character, chinese[character])
    for character in string.ascii_lowercase + string.digits + _PUNCTUATION:
        add(character, english[character] + chinese[character])
    for piece in teacher.get_vocab():
        if len(piece) == 1 and not _is_han(piece):
            add(piece, english[piece])
    tokenizer = _tokenizer(list(pieces.items()))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=MAX_TOKENS,
        **{f"{name[1:-1].lower()}_token": name for name in _SPECIAL},
    ).save_pretrained(folder)


def count_english(corpus: Corpus, teacher: Any) -> Counter[str]:
    """Counts each of the teacher's pieces in the English text, word beginnings and continuations together."""
    counts: Counter[str] = Counter()
    names = teacher.convert_ids_to_tokens(range(len(teacher)))
    for texts in _blocks(_texts(corpus, "en"), 2000, "counting English"):
        for ids in teacher(texts, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]:
            counts.update(names[i].removeprefix("##") for i in ids)
    for special in teacher.all_special_tokens:
        counts.pop(special, None)
    # Words that are missing from the text are still worth having, after those that occur in it.
    for piece in names:
        if piece.isascii() and piece.removeprefix("##").isalnum() and piece not in teacher.all_special_tokens:
            counts.setdefault(piece.removeprefix("##"), 0)
    return Counter({piece: count for piece, count in counts.items() if not any(map(_is_han, piece))})


def count_chinese(corpus: Corpus) -> Counter[str]:
    """Counts jieba's words, and characters that are words by themselves, in the Chinese text."""
    jieba.setLogLevel("ERROR")
    counts: Counter[str] = Counter()
    for texts in _blocks(_texts(corpus, "zh"), 2000, "counting Chinese"):
        for text in texts:
            counts.update(jieba.cut(text, HMM=False))
    return Counter({word: count for word, count in counts.items() if all(map(_is_han, word))})


def han_characters() -> list[str]:
    """Returns the characters of GB 2312 and their traditional forms, about 9,500."""
    simplified = []
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                simplified.append(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    traditional = [form for table in ("s2t", "s2tw") for form in OpenCC(table).convert("\n".join(simplified)).split("\n")]
    return [character for character in dict.fromkeys(simplified + traditional) if len(character) == 1 and _is_han(character)]


def _tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_SPECIAL.index("[UNK]"), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    words = Regex(rf"[{_HAN}]+|\d+|[A-Za-z]+|[^{_HAN}A-Za-z\d]")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(words, behavior="isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, _SPECIAL.index(name)) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _texts(corpus: Corpus, language: str) -> Iterable[str]:
    """Yields all parallel text of a language, and a part of the articles."""
    for pairs in corpus.parallel().values():
        yield from (chinese if language == "zh" else english for chinese, english in pairs)
    for number, article in enumerate(corpus.articles()):
        if article.language == language and number % _ARTICLES_READ_EVERY == 0:
            yield article.text[:_LONGEST]


def _blocks(texts: Iterable[str], size: int, name: str) -> Iterable[list[str]]:
    iterator = iter(texts)
    with tqdm(desc=name, unit=" texts") as bar:
        while block := list(islice(iterator, size)):
            yield block
            bar.update(len(block))


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u4dbf" or "\u4e00" <= character <= "\u9fff"
