"""The words and signs of quantities in Chinese and English: units, bounds, scales, number words and parts of periods."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Literal, NamedTuple

from rag.text import numerals
from rag.text.numerals import ENGLISH_SCALES
from rag.types import Language

Kind = Literal["number", "share", "date", "money", "measure", "duration"]


class Unit(NamedTuple):
    """The names of a unit, separated by "|", and those that stand before a number.

    Rendering writes the first Chinese name, and the first English one for 1 and the second for other numbers. A unit without
    an exact counterpart in a language has no name there: a dollar can be of several countries, and a ton is not always 1,000
    kilograms.
    """

    kind: Kind
    zh: str
    en: str
    before: str = ""


UNITS = (
    Unit("share", "%", "%|%|percent|per cent", "百分之"),
    Unit("measure", "个百分点", "percentage point|percentage points"),
    Unit("money", "元|元人民币", "yuan|yuan|RMB|renminbi", "人民币|RMB|CNY"),
    Unit("money", "美元", "US dollar|US dollars|U.S. dollars", "US$|USD"),
    Unit("money", "欧元", "euro|euros", "€|EUR"),
    Unit("money", "英镑", "pound sterling|pounds sterling|British pounds", "£"),
    Unit("money", "日元", "yen|yen"),
    Unit("money", "韩元", "won|won"),
    Unit("money", "新台币", "New Taiwan dollar|New Taiwan dollars", "NT$"),
    Unit("money", "港元|港币", "Hong Kong dollar|Hong Kong dollars", "HK$"),
    Unit("money", "卢布", "rouble|roubles|ruble|rubles"),
    Unit("money", "块|块钱", ""),
    Unit("money", "", "dollar|dollars", "$"),
    Unit("money", "", "", "¥"),
    Unit("duration", "年", "year|years"),
    Unit("duration", "个月", "month|months"),
    Unit("duration", "周|个星期|星期", "week|weeks"),
    Unit("duration", "天|日", "day|days"),
    Unit("duration", "小时|个小时", "hour|hours"),
    Unit("duration", "分钟", "minute|minutes|min"),
    Unit("duration", "秒|秒钟", "second|seconds"),
    Unit("measure", "岁", "year old|years old|year-old|years-old"),
    Unit("measure", "公顷", "hectare|hectares|ha"),
    Unit("measure", "亩", "mu|mu"),
    Unit("measure", "英亩", "acre|acres"),
    Unit("measure", "平方公里|平方千米", "square kilometre|square kilometres|square kilometer|square kilometers|sq km|km²|km2"),
    Unit("measure", "平方米", "square metre|square metres|square meter|square meters|m²|m2"),
    Unit("measure", "立方米", "cubic metre|cubic metres|cubic meter|cubic meters|m³|m3"),
    Unit("measure", "公里每小时|公里/小时", "kilometre per hour|kilometres per hour|kilometers per hour|km/h"),
    Unit("measure", "英里每小时", "mile per hour|miles per hour|mph"),
    Unit("measure", "公里|千米", "kilometre|kilometres|kilometer|kilometers|km"),
    Unit("measure", "米|公尺", "metre|metres|meter|meters|m"),
    Unit("measure", "厘米|公分", "centimetre|centimetres|centimeter|centimeters|cm"),
    Unit("measure", "毫米", "millimetre|millimetres|millimeter|millimeters|mm"),
    Unit("measure", "英里", "mile|miles"),
    Unit("measure", "英尺", "foot|feet|ft"),
    Unit("measure", "英寸", "inch|inches"),
    Unit("measure", "海里", "nautical mile|nautical miles"),
    Unit("measure", "吨", "tonne|tonnes|metric ton|metric tons|t"),
    Unit("measure", "公斤|千克", "kilogram|kilograms|kg"),
    Unit("measure", "克", "gram|grams|g"),
    Unit("measure", "毫克", "milligram|milligrams|mg"),
    Unit("measure", "毫升", "millilitre|millilitres|milliliter|milliliters|ml"),
    Unit("measure", "升|公升", "litre|litres|liter|liters"),
    Unit("measure", "摄氏度|℃|°C", "degree Celsius|degrees Celsius|°C"),
    Unit("measure", "千瓦", "kilowatt|kilowatts|kW"),
    Unit("measure", "兆瓦", "megawatt|megawatts|MW"),
    Unit("measure", "千瓦时", "kilowatt-hour|kilowatt-hours|kWh"),
    Unit("measure", "KB|千字节", "KB|KB|kilobyte|kilobytes"),
    Unit("measure", "MB|兆字节", "MB|MB|megabyte|megabytes"),
    Unit("measure", "GB|吉字节", "GB|GB|gigabyte|gigabytes"),
    Unit("measure", "TB|太字节", "TB|TB|terabyte|terabytes"),
    Unit("measure", "", "ton|tons"),
    Unit("measure", "", "pound|pounds"),
    Unit("measure", "", "degree|degrees"),
    Unit("measure", "", "times|times"),
    Unit("measure", "倍", ""),
    Unit("measure", "度", ""),
    Unit("measure", "斤", ""),
)
UNITS_BY_NAME = {(unit.en or unit.zh or unit.before).split("|")[0]: unit for unit in UNITS}
UNIT_NAMES = {alias: name for name, unit in UNITS_BY_NAME.items() for alias in f"{unit.zh}|{unit.en}".split("|") if alias}
UNITS_BEFORE_NUMBER = {alias: name for name, unit in UNITS_BY_NAME.items() for alias in unit.before.split("|") if alias}
# Units that multiply their number by ten: 八成 is 80%, and three decades are 30 years.
TENFOLD_UNITS = {"成": "%", "decade": "year", "decades": "year"}
FRACTIONS = "half third quarter fifth sixth seventh eighth ninth tenth".split()
PARTS = {"%": 100} | {name: parts for parts, name in enumerate(FRACTIONS, 2)}


class Bound(NamedTuple):
    """A bound as each language writes it, and the words for it before and after a number, separated by "|"."""

    zh: str
    en: str
    before: str
    after: str = ""


BOUNDS = {
    "over": Bound("{}以上", "over {}", "over|above|exceeding", "以上|及以上"),
    "more than": Bound("超过{}", "more than {}", "超过|超|逾|多于|高于|more than", "多|余"),
    "at least": Bound("至少{}", "at least {}", "至少|不少于|不低于|at least|no less than|not less than", " or more"),
    "at most": Bound("至多{}", "at most {}", "至多|最多|不超过|at most|up to|no more than|not more than", "以内|之内"),
    "less than": Bound("不足{}", "less than {}", "不足|不到|少于|低于|less than|fewer than|under|below", "以下"),
    "nearly": Bound("将近{}", "nearly {}", "近|将近|接近|nearly|almost|close to"),
    "about": Bound("约{}", "about {}", "约|大约|大概|about|around|approximately|roughly|some", "左右|上下"),
}
BOUNDS_BEFORE = {alias: name for name, bound in BOUNDS.items() for alias in bound.before.split("|")}
BOUNDS_AFTER = {alias: name for name, bound in BOUNDS.items() for alias in bound.after.split("|") if alias}

HAN_SCALES = {
    name: math.prod(numerals.SCALES[c] for c in name) for name in "百 千 万 十万 百万 千万 亿 十亿 百亿 千亿 万亿".split()
}
_ABBREVIATED_SCALES = {"mn": 10**6, "bn": 10**9}
SCALES = {name: Decimal(factor) for name, factor in (HAN_SCALES | ENGLISH_SCALES | _ABBREVIATED_SCALES).items()} | {
    "": Decimal(1)
}

# A period of a year or month as each language writes it, then one of a decade or century.
PERIODS: dict[str, dict[Language, tuple[str, str]]] = {
    "": {"zh": ("{}", "{}"), "en": ("{}", "{}")},
    "early": {"zh": ("{}初", "{}初"), "en": ("early {}", "the early {}")},
    "middle": {"zh": ("{}中", "{}中期"), "en": ("mid-{}", "the mid-{}")},
    "end": {"zh": ("{}底", "{}末"), "en": ("the end of {}", "the late {}")},
    "first half": {"zh": ("{}上半年", "{}"), "en": ("the first half of {}", "{}")},
    "second half": {"zh": ("{}下半年", "{}"), "en": ("the second half of {}", "{}")},
}
PERIOD_NAMES = {"初": "early", "中": "middle", "中期": "middle", "mid": "middle", "底": "end", "末": "end", "late": "end"}
PERIOD_NAMES |= {"中叶": "middle", "上半年": "first half", "下半年": "second half", "beginning": "early"}


def kind_of(unit: str) -> Kind:
    """Returns the kind of the quantities with a unit; "" is the unit of plain numbers."""
    return UNITS_BY_NAME[unit].kind if unit else "number"
