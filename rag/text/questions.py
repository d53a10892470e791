"""Question words in Chinese and English."""

from __future__ import annotations

from rag.errors import QuestionError

_MAX_QUESTION = 2000

QUESTION_WORDS = frozenset(
    """
    什么 啥 哪 哪些 哪个 哪里 哪儿 哪年 哪天 哪一 哪一年 谁 怎么 怎样 怎么样 如何 为何 为什么 是否 多少 几 几个 多 多大 多长 多久
    何时 何地 何 什么时候 时候 吗 呢
    what which who whom whose when where why how many much long far often
    """.split()
)
"""The words that ask, and their parts, as an analyzer cuts them."""

HAN_AMOUNT_ASKED = "多少|几(?!乎)|多[大长久高远重]"
"""A pattern for the Chinese words that ask for a number or a measure."""

HAN_ASKING = rf"(?:什么时[候间]|[为凭]?什么|为何|何[时地]|怎么样?|怎样|如何|{HAN_AMOUNT_ASKED}|哪[里儿些一]?|谁|是否|吗)"
"""A pattern for the Chinese words that make a sentence a question."""

ENGLISH_ASKING = r"(?:what|which|who|whom|whose|when|where|why|how(?: (?:many|much|large|long|big|old|far|high|often))?)\b"
"""A pattern for the English words that make a sentence a question. Match it without regard to case."""

ENGLISH_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
"""A pattern for the English verbs that a question may begin with. Match it without regard to case."""

ASKS_WHY = r"\bwhat (?:led to|made)\b|为什么|为何|为啥|原因|缘故|缘由|怎么会|\bwhy\b|\bwhat (?:caused|causes|is the reason|was the reason)\b|\bhow come\b"
"""A pattern for the words of both languages that ask for a reason. Match it without regard to case."""


def checked(question: str) -> str:
    """Returns a question without blanks around it and without characters that no text has.

    Raises:
        QuestionError: It is empty or longer than 2,000 characters.
    """
    question = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not any(character.isalnum() for character in question):
        raise QuestionError("the question is empty: ask in words, in Chinese or English")
    if len(question) > _MAX_QUESTION:
        raise QuestionError(f"the question has {len(question):,} characters; ask in at most {_MAX_QUESTION:,}")
    return question
