"""Translates texts word by word with the Chinese-English dictionary."""

from __future__ import annotations

import random
import re

import jieba

from embeddings.training.corpus import Corpus

# Words that are missing from the dictionary, or have too many translations in it.
_CHINESE_GRAMMAR = {
    "what": "什么", "which": "哪个", "who": "谁", "when": "什么时候", "where": "哪里", "why": "为什么", "how": "怎么", "many": "多少",
    "much": "多少", "is": "是", "are": "是", "was": "是", "were": "是", "the": "", "a": "", "an": "", "of": "的", "in": "在", "did": "",
    "does": "", "do": "", "to": "", "by": "被", "on": "在", "at": "在", "and": "和", "for": "为", "year": "年",
}  # fmt: skip
_ENGLISH_GRAMMAR = {
    "什么": "what", "哪": "which", "哪个": "which", "哪些": "which", "谁": "who", "何时": "when", "哪里": "where", "为什么": "why", "怎么": "how",
    "如何": "how", "多少": "how many", "几": "how many", "是": "is", "的": "", "了": "", "在": "in", "哪年": "which year", "吗": "", "？": "?",
    "与": "and", "和": "and", "被": "by", "于": "in", "由": "by", "有": "have", "为": "is", "年": "year", "哪一年": "which year",
}  # fmt: skip
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("ies", "y"))


class CodeSwitcher:
    """Replaces words with their dictionary translations."""

    def __init__(self, corpus: Corpus) -> None:
        """Reads the dictionary. A word has its first translation into English, its most frequent one into Chinese."""
        jieba.setLogLevel("ERROR")
        jieba.initialize()
        english: dict[str, str] = {}
        chinese: dict[str, tuple[int, str]] = {}
        for word, gloss in corpus.dictionary():
            translations = meanings(gloss)
            if not translations:
                continue
            english.setdefault(word, translations[0])
            frequency = jieba.dt.FREQ.get(word, 0)
            for rank, meaning in enumerate(translations[:3]):
                weight = frequency // (1 + 3 * rank)
                if weight > chinese.get(meaning.casefold(), (0, ""))[0]:
                    chinese[meaning.casefold()] = weight, word
        self._english = english | _ENGLISH_GRAMMAR
        self._chinese = {meaning: word for meaning, (_, word) in chinese.items()} | _CHINESE_GRAMMAR

    def switch(self, text: str, language: str, share: float, generator: random.Random) -> str:
        """Translates about `share` of the text's words."""
        if language == "zh":
            words = [self._english.get(word, word) if generator.random() < share else word for word in jieba.lcut(text)]
            return re.sub(r"\s+", " ", " ".join(words)).strip()
        words = [
            self._into_chinese(w) if generator.random() < share else w for w in re.findall(r"[A-Za-zÀ-ɏ]+|\d[\d.,]*|\S", text)
        ]
        return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", " ".join(word for word in words if word))

    def _into_chinese(self, word: str) -> str:
        key = word.casefold()
        stems = [key, *(key.removesuffix(ending) + rest for ending, rest in _ENDINGS if key.endswith(ending))]
        return next((self._chinese[stem] for stem in stems if stem in self._chinese), word)


def meanings(gloss: str) -> list[str]:
    """Returns the English meanings of a dictionary entry without remarks in brackets; empty for names and cross-references.

    >>> meanings("to rise; to go up (in price); CL:次")
    ['rise', 'go up']
    """
    if re.search(r"\b(surname|variant of|see also|used in)\b", gloss):
        return []
    parts = (re.sub(r"\([^)]*\)|\[[^\]]*\]|^\s*to (?=\w)", "", part).strip() for part in gloss.split(";"))
    return [re.sub(r"\s+", " ", part) for part in parts if part and "CL:" not in part and len(part) < 40]
