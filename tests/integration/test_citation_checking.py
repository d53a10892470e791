"""Citation checking with the bundled encoder and weights, on the seed documents."""

import json
from pathlib import Path

import pytest

from embeddings.encoder import SentenceTransformerEncoder
from rag.language_models.checking import Checker, Evidence
from rag.settings import DEFAULTS

CLAIMS = Path(__file__).parents[1] / "benchmarks" / "claims.jsonl"
FUND = Evidence("2020年中国设立国家绿色发展基金，首期募资规模885亿元。", "zh")
FORUM = Evidence("9月15—16日，2023年中国—东盟环境合作论坛在南宁举行。", "zh")
MANGROVES = Evidence("Kang Fu said that the ASEAN region holds at least 42% of the world's mangroves.", "en")
EVIDENCE = [FUND, FORUM, MANGROVES]


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(SentenceTransformerEncoder(DEFAULTS.encoder))


def test_most_of_the_claims_that_were_labelled_by_hand_are_judged_rightly(checker: Checker) -> None:
    rows = [json.loads(line) for line in CLAIMS.read_text(encoding="utf-8").splitlines()]
    right = [
        (checker.support(row["claim"], row["language"], [Evidence(row["evidence"], row["evidence_language"])]) >= 0.5)
        == row["supported"]
        for row in rows
    ]
    assert sum(right) >= 0.75 * len(rows)


def test_a_translated_claim_is_supported(checker: Checker) -> None:
    verdict = checker.check("China set up the National Green Development Fund in 2020.", "en", [0], EVIDENCE)
    assert (verdict.status, verdict.numbers) == ("supported", (0,))


def test_a_claim_is_given_the_sentence_that_holds_it(checker: Checker) -> None:
    verdict = checker.check("东盟地区拥有全球至少42%的红树林。", "zh", [0], EVIDENCE)
    assert (verdict.status, verdict.numbers) == ("repaired", (2,))


@pytest.mark.parametrize(
    "claim",
    [
        "China set up the National Green Development Fund in 2021.",
        "China has not set up a National Green Development Fund.",
        "Japan has abolished its nuclear power stations.",
    ],
)
def test_what_the_documents_do_not_say_is_unsupported(checker: Checker, claim: str) -> None:
    assert checker.check(claim, "en", [0], EVIDENCE).status == "unsupported"
