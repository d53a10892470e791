"""Other wordings of a question: without its typing errors, and without what a visitor tells before asking.

A wording takes the place of the question only if the passages answer it clearly better.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag import texts
from rag.answering.reading import Reading
from rag.library.library import Library
from rag.text.language import language_of
from rag.text.months import MONTH
from rag.text.questions import ENGLISH_ASKING, HAN_ASKING
from rag.text.sentences import sentences
from rag.text.spelling import corrected
from rag.types import Language, SearchResult

_CLEARLY_BETTER = 1.5
_MAX_SUPPORT = 0.999
_MAX_CORES = 3
_MAX_CHECKED = 5
# A question of more characters or words than this may tell a story first.
_LONG_HAN = 40
_LONG_WORDS = 24

_LEADS_EN = re.compile(
    r"\b(?:(?:i(?:['’]d| would)?(?: really)? (?:like|love|want|need|have) to (?:know|ask|find out|hear)|i wanted to (?:know|ask)"
    r"|(?:can|could|would) (?:you|anyone|somebody)(?: please)? (?:tell me|say|explain)|please tell me|tell me|do you (?:happen to )?know"
    r"|i(?:['’]m| am| was)(?: also| just)? wondering|i wonder|my question is|the question is)(?: please)?(?: if you (?:know|could tell me))?)[,:]? ",
    re.IGNORECASE,
)
_LEADS_ZH = re.compile(
    r"(?:(?:我们?|还|就|只|是|也|很)*(?:想|要)(?:请|问|知道|了解|咨询|打听|请教)+(?:一下|下)?|请问(?:一下)?|麻烦(?:问|告诉我?)(?:一下)?"
    r"|(?:请|能不能|可以|能否)?告诉我们?(?:一下)?|(?:我的)?问题是)[您你：:，, ]*"
)
_ENDS_EN = re.compile(
    r"[,;.!]? *\b(?:many thanks|thanks?|thank you|please|kind regards|best wishes|cheers)\b.*$", re.IGNORECASE | re.DOTALL
)
_ENDS_ZH = re.compile(r"[，,。！! ]*(?:非常|十分|多|太)?(?:感谢|谢谢|谢了|麻烦您?了|辛苦了).*$", re.DOTALL)
_CLAUSE_EN = re.compile(
    rf"(?:^|[,;:] (?:and |so |but )?|\b(?:and|so|but) )(?=(?:(?:at|in|on|from|by|for|since|to) )?{ENGLISH_ASKING})", re.IGNORECASE
)
# Who tells of oneself; the conditions of a long question are no story.
_TELLS = re.compile(r"我|咱|\b(?:i|we|my|our|me|us)\b", re.IGNORECASE)
_PRONOUN_EN = re.compile(r"\b(?:it|there|them|they|this place|that place)\b(?!['’]s)", re.IGNORECASE)
_PRONOUN_ZH = re.compile(r"[它他她]们?|(?:这|那)(?:里|儿|边|个地方)")
_DAY = rf"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|{MONTH}|I)\b"
_NAME = re.compile(rf"(?<![.!?] )(?<!^)\b(?!{_DAY})[A-Z][\w’'-]*(?: (?:(?:of|the|de|and) )?(?!{_DAY})[A-Z][\w’'-]*)*")
_THING = re.compile(r"\bthe (?:[a-z][\w-]+ ){1,3}(?:on|of|in|for|at) (?:[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*|[a-z]{4,})")
_HAN_NAME = re.compile(r"[《“]([^》”]{2,30})[》”]")
_PLACED = re.compile(
    r"(?:^|(?<=[去到在参观看]))([\u3400-\u9fff]{2,10}?(?:馆|院|园|站|塔|山|岛|湖|寺|店|中心|学校|公司|广场|公园|保护区))"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """Another wording of a question, and the note that tells of it; empty if there is nothing to tell."""

    query: str
    note: str = ""


def wordings(question: str, results: Sequence[SearchResult], library: Library) -> Iterator[Wording]:
    """Yields other wordings of a question.

    Args:
        question: Complete in itself.
        results: The passages found for it, whose words correct typing errors.
        library: Knows further words.
    """
    language = language_of(question)

    def are_words(words: Sequence[str]) -> list[bool]:
        # The encoder's tokenizer has the frequent words of the language as single tokens.
        return [count == 1 for count in library.encoder.count_tokens(words)]

    def is_in_library(word: str) -> bool:
        # The stem of a misspelled word may be that of a word in the library.
        rows = [row for row, _ in library.search_terms(library.analyzer.terms(word), _MAX_CHECKED)]
        return any(
            re.search(rf"\b{word}\b", f"{found.title} {found.chunk.text}", re.IGNORECASE)
            for found in library.results(rows).values()
        )

    passages = [f"{result.title}\n{result.chunk.section}\n{result.chunk.text}" for result in results]
    spelled = corrected(question, passages, library.analyzer, are_words, is_in_library)
    if spelled != question:
        yield Wording(spelled, texts.DID_YOU_MEAN.in_language(language, spelled))
    yield from map(Wording, cores_of(question))


def best(
    question: str,
    results: Sequence[SearchResult],
    readings: Sequence[Reading],
    library: Library,
    reread: Callable[[str], Sequence[Reading]],
) -> Wording | None:
    """Returns the wording of a question that the passages answer best; None unless clearly better than the question itself.

    Args:
        question: Complete in itself.
        results: The passages found for it.
        readings: Those of the passages, best first.
        library: See `wordings`.
        reread: Searches and reads for another wording; returns nothing if that is not answered.
    """
    chosen, odds = None, _odds(readings)
    for wording in wordings(question, results, library):
        other = _odds(reread(wording.query))
        if other > _CLEARLY_BETTER * odds:
            chosen, odds = wording, other
    return chosen


def _odds(readings: Sequence[Reading]) -> float:
    support = min(readings[0].support, _MAX_SUPPORT) if readings else 0.0
    return support / (1 - support)


def cores_of(question: str) -> list[str]:
    """Returns what a long question asks, without what it tells before and after, for each name that a pronoun may stand for.

    Returns an empty list if the question is not long, nothing in it asks, or the part before tells nothing of the visitor.
    """
    language = language_of(question)
    length = len(question) if language == "zh" else len(question.split())
    asking = re.compile(HAN_ASKING if language == "zh" else rf"\b{ENGLISH_ASKING}", re.IGNORECASE)
    spans = [(start, end) for start, end in sentences(question) if asking.search(question, start, end)]
    if not spans or length <= (_LONG_HAN if language == "zh" else _LONG_WORDS):
        return []
    start, end = spans[-1]
    sentence = (_ENDS_ZH if language == "zh" else _ENDS_EN).sub("", question[start:end])
    core = _asked_clause(sentence, language)
    before = question[: start + sentence.find(core)]
    if not _TELLS.search(before):
        return []
    cores = (each.strip(" ，,。.!！?？") for each in _with_names(core, before, language))
    return [f"{each}{'？' if language == 'zh' else '?'}" for each in dict.fromkeys(cores) if asking.search(each)][:_MAX_CORES]


def _asked_clause(sentence: str, language: Language) -> str:
    """Returns a sentence from the words that lead to its question on, else from its last clause with a question word on."""
    if leads := list((_LEADS_ZH if language == "zh" else _LEADS_EN).finditer(sentence)):
        return sentence[leads[-1].end() :]
    if language == "en":
        begins = [match.end() for match in _CLAUSE_EN.finditer(sentence)]
        return sentence[begins[-1] :] if begins else sentence
    clauses = [clause for clause in re.split(r"[，,；;]", sentence) if re.search(HAN_ASKING, clause)]
    return clauses[-1] if clauses else sentence


def _with_names(core: str, before: str, language: Language) -> Iterator[str]:
    """Yields the question with each thing told before it, the last first, in place of its pronoun, else as it is.

    In Chinese, the last name precedes a question without a pronoun and without that name.
    """
    if language == "en":
        if not _PRONOUN_EN.search(core) or _NAME.search(core):
            yield core
            return
        names = [match[0] for match in _NAME.finditer(before)][::-1]
        things = [match[0] for match in _THING.finditer(before)][::-1]
        for thing in (*things[:1], *names, *things[1:]) or ("it",):
            yield _PRONOUN_EN.sub(thing, core, count=1)
        return
    told = [*_PLACED.finditer(before), *_HAN_NAME.finditer(before)]
    titles = [match[1] for match in sorted(told, key=lambda match: match.start())]
    if not titles or titles[-1] in core:
        yield core
    elif _PRONOUN_ZH.search(core):
        yield from (_PRONOUN_ZH.sub(title, core, count=1) for title in titles[::-1])
    else:
        yield from (titles[-1] + core, core)
