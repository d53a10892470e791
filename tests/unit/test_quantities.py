"""Quantities: read in both languages, equal if they mean the same, and written without loss."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from growth import is_about_linear
from hypothesis import given
from hypothesis import strategies as st

from rag.text.quantities import Date, Quantity, find, render
from rag.types import Language

SEEDS = Path(__file__).parents[2] / "seeds" / "documents"
LANGUAGES = st.sampled_from(["zh", "en"])


def only(text: str, language: Language) -> Quantity:
    (quantity,) = find(text, language)
    return quantity


def written(text: str, language: Language) -> list[str]:
    return [quantity.written for quantity in find(text, language)]


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("7130.7万公顷", "71.307 million hectares"),
        ("885亿元", "88.5 billion yuan"),
        ("1.5亿美元", "150 million US dollars"),
        ("2.5欧元", "2.5 euros"),
        ("1.18万", "11,800"),
        ("474", "474"),
        ("1234567", "1,234,567"),
        ("5.16万亿元", "5.16 trillion yuan"),
        ("150万平方公里", "1.5 million square kilometres"),
        ("18亿亩", "1.8 billion mu"),
        ("1吨", "1 tonne"),
        ("3米", "3 metres"),
        ("20公斤", "20 kilograms"),
        ("-1.5摄氏度", "-1.5 degrees Celsius"),
        ("350公里每小时", "350 kilometres per hour"),
        ("5个百分点", "5 percentage points"),
        ("0.34%", "0.34%"),
        ("三分之一", "one third"),
        ("四分之三", "three quarters"),
        ("一半", "one half"),
        ("10年", "10 years"),
        ("1年", "1 year"),
        ("61岁", "61 years old"),
        ("3至4个月", "3–4 months"),
        ("40%至70%", "40–70%"),
        ("18%以上", "over 18%"),
        ("超过200", "more than 200"),
        ("至少1%", "at least 1%"),
        ("至多20公里", "at most 20 kilometres"),
        ("不足10", "less than 10"),
        ("将近3小时", "nearly 3 hours"),
        ("约2.5%", "about 2.5%"),
        ("2018年", "2018"),
        ("2020年4月", "April 2020"),
        ("2021年1月1日", "January 1, 2021"),
        ("9月16日", "September 16"),
        ("6月", "June"),
        ("1月—6月", "January to June"),
        ("2018年底", "the end of 2018"),
        ("2021年上半年", "the first half of 2021"),
        ("2011—2030年", "2011–2030"),
        ("9月15日—9月16日", "September 15 to September 16"),
        ("2020年1月—6月", "January to June 2020"),
        ("2019年12月30日—2020年1月2日", "December 30, 2019 to January 2, 2020"),
        ("20世纪80年代", "1980s"),
        ("20世纪80年代末", "the late 1980s"),
        ("21世纪", "the 21st century"),
    ],
)
def test_each_language_writes_what_the_other_means(chinese: str, english: str) -> None:
    of_chinese, of_english = only(chinese, "zh"), only(english, "en")
    assert of_chinese.value == of_english.value
    assert (render(of_chinese, "en"), render(of_english, "zh")) == (english, chinese)
    assert (render(of_chinese, "zh"), render(of_english, "en")) == (chinese, english)


@pytest.mark.parametrize(
    ("text", "language", "in_chinese"),
    [
        ("两百多个", "zh", "超过200"),
        ("2.3万余种", "zh", "超过2.3万"),
        ("100个以上", "zh", "100以上"),
        ("60多亿元", "zh", "超过60亿元"),
        ("2个多小时", "zh", "超过2小时"),
        ("三千五百万", "zh", "3500万"),
        ("1亿3500万元", "zh", "1.35亿元"),
        ("百分之二十", "zh", "20%"),
        ("八成", "zh", "80%"),
        ("十年", "zh", "10年"),
        ("两年半", "zh", "2.5年"),
        ("三至四个月", "zh", "3至4个月"),
        ("12至55公尺", "zh", "12至55米"),
        ("5800日元左右", "zh", "约5800日元"),
        ("1980年代末", "zh", "20世纪80年代末"),
        ("300MB", "zh", "300MB"),
        ("a 15-inch screen", "en", "15英寸"),
        ("10万-20万", "zh", "10至20万"),
        ("人民币5亿元", "zh", "5亿元"),
        ("零下20℃", "zh", "-20摄氏度"),
        ("１．１８万个，", "zh", "1.18万"),
        ("面積達20萬公頃", "zh", "20万公顷"),
        ("二〇二一年十月八日", "zh", "2021年10月8日"),
        ("7月30日至8月5日", "zh", "7月30日—8月5日"),
        ("2021-10-08", "zh", "2021年10月8日"),
        ("1 Jan 2021", "en", "2021年1月1日"),
        ("8th of October, 2021", "en", "2021年10月8日"),
        ("from 2009 to 2019", "en", "2009—2019年"),
        ("the 2020–21 season", "en", "2020—2021年"),
        ("US$150 million", "en", "1.5亿美元"),
        ("£3–4 billion", "en", "30至40亿英镑"),
        ("between 3,000 and 4,000 km", "en", "3000至4000公里"),
        ("a 1,400-kilometer line", "en", "1400公里"),
        ("90 per cent", "en", "90%"),
        ("a dozen", "en", "12"),
        ("half a million", "en", "50万"),
        ("two hundred and fifty thousand", "en", "25万"),
        ("twenty-five", "en", "25"),
        ("two and a half years", "en", "2.5年"),
        ("three decades", "en", "30年"),
        ("Over 60%", "en", "60%以上"),
        ("four or more", "en", "至少4"),
    ],
)
def test_what_is_written_otherwise_is_read_too(text: str, language: Language, in_chinese: str) -> None:
    quantity = only(text, language)
    assert render(quantity, "zh") == in_chinese
    assert quantity.value == only(in_chinese, "zh").value


@pytest.mark.parametrize(
    "text",
    [
        "第15次 第十三次 COP15 PPR-9087 A4 PM2.5 5G",
        "Article 19, COP 15, No. 12, S-3-05, the 9th, 1.2.3",
        "8:30，10时28分，早上5点",
        "一带一路 三江源 八纵八横 十四五 十九大 万一 一个 一成不变",
        "数百个 十几个 几十年 百余家 一百五",
        "80年代 26日 5元/吨 5号 2月30日",
        "one of the first, 1.2 g/cm³, 9°34′, 290 000, 2000 BC",
        "2023中国论坛",
        "（7）",
        "12345678901234567890",
    ],
)
def test_names_and_what_is_not_exact_are_passed_over(text: str) -> None:
    assert written(text, "zh") == []
    assert written(text, "en") == []


def test_a_year_is_a_date_where_the_words_before_it_say_so() -> None:
    assert [quantity.dates for quantity in find("It was 2,018 in 2018, since 1999 (1762).", "en")] == [
        (),
        (Date(2018),),
        (Date(1999),),
        (Date(1762),),
    ]
    assert only("In 1,500 villages", "en").amounts == (Decimal(1500),)
    assert only("by 2000 kilometres", "en").unit == "kilometre"


def test_what_looks_like_a_bound_is_none() -> None:
    assert written("公约2050年愿景，近5年发现，附近200个", "zh") == ["2050年", "5年", "200"]
    assert only("近5年", "zh").bound == ""
    assert only("近200个", "zh").bound == "nearly"


def test_a_change_is_no_range() -> None:
    assert written("It rose from 40% to 60%.", "en") == ["40%", "60%"]
    assert written("a 55–43 vote", "en") == ["55", "43"]


@pytest.mark.parametrize("text", ["$48 million", "500 tons", "ten times", "2000 years"])
def test_a_unit_without_a_sure_counterpart_stays_as_it_stands(text: str) -> None:
    assert render(only(text, "en"), "zh") == text


def test_a_smaller_scale_after_a_larger_one_adds_to_it() -> None:
    (money,) = find("投入一亿两千万元。", "zh")
    assert (money.unit, money.amounts) == ("yuan", (120_000_000,))


def test_liang_counts_the_parts_of_a_fraction() -> None:
    (share,) = find("三分之两", "zh")
    assert (share.unit, share.amounts) == ("third", (2,))


def test_other_units_are_other_quantities() -> None:
    values = {only(text, "zh").value for text in ("6", "6倍", "6元", "6美元", "6%", "6年", "6米", "6月")}
    assert len(values) == 8
    assert only("25%", "zh").value == only("a quarter of", "en").value


def test_the_seed_documents() -> None:
    text = (SEEDS / "2020-un-biodiversity-summit-position-paper.zh.txt").read_text(encoding="utf-8")
    start = text.index("截至2018年底")
    stop = text.index("自然保护地体系，90%", start)
    given_anew = [render(quantity, "en") for quantity in find(text[start:stop], "zh")]
    assert given_anew == [
        "the end of 2018",
        "11,800",
        "10",
        "474",
        "864",
        "more than 1.728 million square kilometres",
        "over 18%",
    ]


AMOUNTS = st.decimals(0, 10**14, allow_nan=False, places=3)
UNITS = st.sampled_from(
    ["", "%", " yuan", " US dollars", " hectares", " square kilometres", " tonnes", " degrees Celsius", " months"]
)
BOUNDS = st.sampled_from(["", "over ", "more than ", "at least ", "at most ", "less than ", "nearly ", "about "])


@given(BOUNDS, st.lists(AMOUNTS, min_size=1, max_size=2, unique=True).map(sorted), UNITS, LANGUAGES)
def test_no_number_is_rounded(bound: str, amounts: list[Decimal], unit: str, language: Language) -> None:
    first = only(bound + "–".join(f"{amount:,f}" for amount in amounts) + unit, "en")
    assert first.amounts == tuple(amounts)
    again = only(render(first, language), language)
    assert (again.value, again.kind, again.bound) == (first.value, first.kind, first.bound)


DAYS = st.dates(date(1500, 1, 1), date(2100, 12, 31))


@given(st.lists(DAYS, min_size=1, max_size=2, unique=True).map(sorted), LANGUAGES)
def test_no_day_is_changed(days: list[date], language: Language) -> None:
    first = only("至".join(f"{day.year}年{day.month}月{day.day}日" for day in days), "zh")
    assert first.dates == tuple(Date(day.year, day.month, day.day) for day in days)
    assert only(render(first, language), language).value == first.value


MONTHS = st.tuples(st.integers(1500, 2100), st.integers(0, 12))


@given(st.lists(MONTHS, min_size=1, max_size=2, unique=True).map(sorted), LANGUAGES)
def test_no_year_or_month_is_changed(months: list[tuple[int, int]], language: Language) -> None:
    if len({bool(month) for _, month in months}) > 1:
        months = months[:1]
    first = only("至".join(f"{year}年{month}月" if month else f"{year}年" for year, month in months), "zh")
    assert first.dates == tuple(Date(year, month) for year, month in months)
    assert only(render(first, language), language).value == first.value


PIECES = st.sampled_from(
    [
        *"1 12 2018 1,800 . , - – 至 to and 万 亿 million 年 月 日 元 % 个 多 以上 约 over about 第 十 百 半 三 分之".split(),
        *"half a two hundred third June COP US$ $ 公里 km / ( ) from between".split(),
        *" \n",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40), LANGUAGES)
def test_any_text_is_read_in_order_without_overlap(text: str, language: Language) -> None:
    end = 0
    for quantity in find(text, language):
        assert end <= quantity.start < quantity.end <= len(text)
        assert quantity.written == text[quantity.start : quantity.end]
        assert render(quantity, "zh")
        assert render(quantity, "en")
        end = quantity.end


@pytest.mark.parametrize(
    "piece", ["1", "1,111", "1万", "一", "一千", "a", "one ", "one thousand ", "over ", "2018年", "1-", "3 to ", "$"]
)
def test_a_long_text_takes_no_more_time_than_its_length(piece: str) -> None:
    assert is_about_linear(lambda size: find(piece * (size // len(piece)), "en"), 100_000)


@pytest.mark.parametrize("text", ["战略签约32个项目", "违约3次", "本月履约12份", "续约5年"])
def test_a_word_that_ends_like_about_is_no_bound(text: str) -> None:
    assert [quantity.bound for quantity in find(text, "zh")] == [""]
