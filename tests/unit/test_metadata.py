"""Metadata: what a text says of itself."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.cleaning import clean
from rag.documents.loaders import load
from rag.documents.metadata import describe
from rag.text.language import language_of
from rag.types import Document

SEEDS = Path(__file__).parents[2] / "seeds" / "documents"
BODY = "中国高度重视生物多样性保护，取得了显著成效。\n\n各方应当携手合作。"
KANG_FU = (
    "(Biodiversity Conference) ASEAN Deputy Secretary-General Kang Fu: "
    'ASEAN needs to strengthen cooperation with China to guard "natural treasures"'
)
ENGLISH = "The conservation of biodiversity has achieved remarkable results."


def described(text: str, source: str = "/folder/file.txt") -> Document:
    return describe(clean(Document("d", Path(source).stem, source, text)))


@pytest.mark.parametrize(
    ("name", "title", "published", "publisher", "language"),
    [
        (
            "2020-un-biodiversity-summit-position-paper.zh.txt",
            "共建地球生命共同体：中国在行动——联合国生物多样性峰会中方立场文件",
            "",
            "",
            "zh",
        ),
        (
            "2021-10-08-xinhua-biodiversity-white-paper.en.txt",
            "White paper: China's biodiversity conservation has achieved remarkable results",
            "2021-10-08",
            "Xinhua News Agency",
            "en",
        ),
        (
            "2021-10-09-china-news-asean-kang-fu.en.txt",
            KANG_FU,
            "2021-10-09",
            "China News Service",
            "en",
        ),
        ("2021-10-09-xinhua-white-paper-part-7.zh.txt", "中国的生物多样性保护(7)", "2021-10-09", "新华社", "zh"),
        ("2023-09-17-guangxi-daily-environment-forum.zh.txt", "2023中国—东盟环境合作论坛侧记", "2023-09-17", "广西日报", "zh"),
    ],
)
def test_the_seeds(name: str, title: str, published: str, publisher: str, language: str) -> None:
    found = describe(clean(*load(SEEDS / name, 10**6)))
    assert (found.title, found.published, found.publisher, found.language) == (title, published, publisher, language)


@pytest.mark.parametrize(
    "line",
    [
        "2021-10-09",
        "2021/10/9 08:47",
        "2021.10.09",
        "2021年10月9日",
        "2021 年 10 月 09 日",
        "２０２１年１０月９日",
        "二〇二一年十月九日",
        "二○二一年十月九日",
        "2021-10-09T08:47:00Z",
        "October 9, 2021",
        "Oct. 9, 2021",
        "OCT 9th 2021",
        "9 October 2021",
        "9th of October, 2021",
        "发布时间：2021-10-09 08:47 来源：新华社",
        "Published October 9, 2021 by the Ministry of Ecology and Environment of the Republic",
        "By John Smith | October 9, 2021",
        "2021-13-45 2021-10-09",
    ],
)
def test_dates(line: str) -> None:
    assert described(f"标题\n{line}\n\n{BODY}").published == "2021-10-09"


@pytest.mark.parametrize(
    ("numeral", "date"),
    [("十二月三十一日", "2021-12-31"), ("二月二十日", "2021-02-20"), ("一月十日", "2021-01-10"), ("六月二日", "2021-06-02")],
)
def test_dates_in_chinese_numerals(numeral: str, date: str) -> None:
    assert described(f"标题\n二〇二一年{numeral}\n\n{BODY}").published == date


@pytest.mark.parametrize(
    "line",
    [
        "2021-02-30",
        "2021年13月1日",
        "February 31, 2021",
        "market 12 2020",
        "2021年10月",
        "12345-10-09",
        "2021-10-091",
        "会议于2021年10月9日在昆明举行，各方代表出席，中国愿与各方携手，共同应对挑战。",
        "The plan of October 9, 2021 was adopted by the Council after a debate.",
    ],
)
def test_what_is_no_date_of_the_document(line: str) -> None:
    assert described(f"标题\n{line}\n\n{BODY}").published == ""


@pytest.mark.parametrize(
    ("source", "date"),
    [
        ("/x/2021-10-09 report.txt", "2021-10-09"),
        ("/x/report_20211009.txt", "2021-10-09"),
        ("/2020-01-01/a.txt", ""),
        ("/x/20211345.txt", ""),
    ],
)
def test_dates_of_file_names(source: str, date: str) -> None:
    assert described(f"标题\n\n{BODY}", source).published == date
    assert described(f"标题\n\n2019-01-02\n\n{BODY}", source).published == "2019-01-02"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("共建地球生命共同体", "共建地球生命共同体"),
        ("共建地球生命共同体\n——中方立场文件", "共建地球生命共同体——中方立场文件"),
        ("云南日报\n守护“自然宝藏”\n2021-10-09 来源：云南日报", "守护“自然宝藏”"),
        ("守护宝藏\n——记洱海论坛\n2021-10-09 来源：云南日报", "守护宝藏——记洱海论坛"),
        ("守护宝藏\n作者：李明\n2021-10-09 来源：云南日报", "守护宝藏"),
        ("2021-10-09 来源：云南日报\n守护宝藏", "守护宝藏"),
        ("生物多样性为何重要？", "生物多样性为何重要？"),
        ("Guarding natural treasures\nBy John Smith | October 9, 2021", "Guarding natural treasures"),
        ("# 守护宝藏 #\n\n## 背景", "守护宝藏"),
        ("这一行是一句话。", "file"),
        ("很长的一行" * 50, "file"),
    ],
)
def test_titles(head: str, title: str) -> None:
    assert described(f"{head}\n\n{BODY}").title == title


def test_the_first_of_several_fields_is_no_title() -> None:
    document = Document("m", "2026-03-12 水务会议", "2026-03-12 水务会议.txt", "主持人：何立群\n决定：东渠四月停水检修。")
    assert describe(document).title == "2026-03-12 水务会议"


@pytest.mark.parametrize(
    ("line", "publisher"),
    [
        ("2021-10-09 08:47 来源：新华社 作者：李明", "新华社"),
        ("时间:2021-10-09人气:来源: 新华社", "新华社"),
        ("来源：Xinhua News Agency", "Xinhua News Agency"),
        ("文章来源：广西日报（记者 李明）", "广西日报"),
        ("发布机构：生态环境部", "生态环境部"),
        ("Source: China Daily | 2021-10-09", "China Daily"),
        ("Published by: The Ministry of Ecology", "The Ministry of Ecology"),
        ("新华社北京10月9日电（记者李明）各方代表出席。", "新华社"),
        ("（人民网10月9日电）各方代表出席。", "人民网"),
        ("China News Service, Dali, October 9th (Reporter Miao Chao) It opened.", "China News Service"),
        ("BEIJING, Oct. 8 (Xinhua) -- It opened.", "Xinhua"),
        ("资金来源：中央财政", ""),
        ("能量来源：太阳", ""),
        ("The post was late, he said.", ""),
    ],
)
def test_publishers(line: str, publisher: str) -> None:
    assert described(f"标题\n{line}\n\n{BODY}").publisher == publisher


def test_front_matter_comes_first() -> None:
    head = '---\ntitle: "湿地：地球之肾"\nDate: 2021-10-09 08:00\nsource: 新华社\ntags: [a]\nnote: a---b\n---\n\n# 另一题\n\n2019-01-01\n\n'
    found = described(head + BODY, "/x/a.md")
    assert (found.title, found.published, found.publisher) == ("湿地：地球之肾", "2021-10-09", "新华社")
    assert not found.text.startswith("---")
    han = described(f"---\n标题: 湿地\n来源：新华社\n---\n\n{BODY}", "/x/a.md")
    assert (han.title, han.publisher) == ("湿地", "新华社")
    without = described(f"---\nlayout: post\ndate: soon\n---\n\n# 标题\n\n2019-01-02\n\n{BODY}", "/x/a.md")
    assert (without.title, without.published, without.publisher) == ("标题", "2019-01-02", "")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (BODY, "zh"),
        (ENGLISH, "en"),
        ("COP15大会在昆明举行", "zh"),
        ("The 生态文明 idea was described in detail by many of the authors", "en"),
        ("生物のたようせいはとても大切です", "en"),
        ("", "en"),
        ("12345", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(st.sampled_from("标题2021年10月9日-/. OctBy来源：新华社\n#—|，。") | st.characters(codec="utf-8"), max_size=200))
def test_any_text_can_be_described(text: str) -> None:
    found = described(text)
    assert found.text == clean(Document("d", "file", "/folder/file.txt", text)).text
    assert found.title
    assert "\n" not in found.title + found.publisher
    if found.published:
        assert date.fromisoformat(found.published).isoformat() == found.published
        assert found.published[:4] in unicodedata.normalize("NFKC", text)
    assert set(found.publisher) <= set(text)


@pytest.mark.parametrize(
    ("head", "author", "published"),
    [
        ('---\ntitle: "The mill"\nauthor: "Edda Kroll"\ndate: 2025-11-04\n---\n', "Edda Kroll", "2025-11-04"),
        ("---\nauthors: [Edda Kroll, 'Tom Reed']\ncreated: 4 November 2025\n---\n", "Edda Kroll, Tom Reed", "2025-11-04"),
        ("---\nauthors:\n  - name: Edda Kroll\n  - Tom Reed\ntags: [a]\n---\n", "Edda Kroll, Tom Reed", ""),
        ("---\n作者: 何立群\n日期: 2024年3月5日\n---\n", "何立群", "2024-03-05"),
        ("---\n作者: 何\n---\n", "何", ""),
        ("# The mill\n\nBy Edda Kroll and Tom Reed, 4 November 2025\n", "Edda Kroll and Tom Reed", "2025-11-04"),
        ("# The mill\n\nNovember 4, 2025 | By Edda de la Kroll\n", "Edda de la Kroll", "2025-11-04"),
        ("# The mill\n\nAuthor: Edda Kroll\n", "Edda Kroll", ""),
        ("# 磨坊\n\n作者：何立群 来源：云溪日报 2024-03-05\n", "何立群", "2024-03-05"),
        ("# The mill\n\nBy law every mill has a miller.\n", "", ""),
        ("# The mill\n\nBy March 2026 the roof is done.\n", "", ""),
        ("---\nauthor:\ntitle: The mill\n---\n", "", ""),
    ],
)
def test_authors(head: str, author: str, published: str) -> None:
    found = described(f"{head}\n{ENGLISH}", "/folder/mill.md")
    assert (found.author, found.published) == (author, published)


def test_properties_come_after_what_the_text_says() -> None:
    known = Document(
        "d", "a", "/folder/a.pdf", f"By Edda Kroll, 4 November 2025\n\n{ENGLISH}", published="2026-01-02", author="Office"
    )
    found = describe(clean(known))
    assert (found.author, found.published) == ("Edda Kroll", "2025-11-04")
    silent = describe(clean(Document("d", "a", "/folder/a.docx", ENGLISH, published="2026-01-02", author="Edda Kroll")))
    assert (silent.author, silent.published) == ("Edda Kroll", "2026-01-02")
    page = describe(clean(Document("d", "a", "/a.html", f"By Tom Reed\n\n{ENGLISH}", author="Edda Kroll")))
    assert page.author == "Edda Kroll"


@pytest.mark.parametrize(
    "head",
    [
        "Phone: 0555 123456",
        "Tel. 0555/123456",
        "12 Mill Street, Osterby",
        "地址：云溪路12号",
        "office@osterby.example",
        "+43 1 555 1234",
    ],
)
def test_a_line_of_the_letterhead_is_not_the_title(head: str) -> None:
    assert described(f"{head}\n\nNotice of the works\n\n{ENGLISH}", "/folder/scan12.txt").title == "Notice of the works"
