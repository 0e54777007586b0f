"""How Chinese characters are read, without tones: all readings that occur in names, the usual one first."""

from __future__ import annotations

import importlib
import os
import unicodedata
from functools import cache
from typing import Any

#: Characters with readings that dictionaries put last or apart: surnames first of all, then names of places and trades.
_SEVERAL = {
    "单": "shan dan chan", "曾": "zeng ceng", "仇": "qiu chou", "解": "xie jie", "查": "zha cha",
    "区": "ou qu", "朴": "piao pu", "盖": "ge gai", "尉": "wei yu", "覃": "qin tan",
    "缪": "miao mou", "翟": "zhai di", "乐": "le yue", "折": "she zhe", "繁": "po fan",
    "召": "shao zhao", "种": "chong zhong", "秘": "bi mi", "员": "yun yuan", "那": "na nuo",
    "郇": "xun huan", "隗": "wei kui", "牟": "mu mou", "洗": "xian xi", "谌": "chen shen",
    "黑": "he hei", "祭": "zhai ji", "能": "nai neng", "句": "gou ju", "盛": "sheng cheng",
    "宓": "mi fu", "薄": "bo bao", "瞿": "qu ju", "乜": "nie mie", "粘": "nian zhan",
    "澹": "tan dan", "万": "wan mo", "俟": "qi si", "长": "chang zhang", "角": "jiao jue",
    "贾": "jia gu", "冯": "feng ping", "沈": "shen chen", "石": "shi dan", "车": "che ju",
    "宿": "su xiu", "行": "hang xing heng", "重": "chong zhong", "朝": "chao zhao", "都": "du dou",
    "会": "hui kuai", "大": "da dai", "传": "chuan zhuan", "参": "can shen", "藏": "zang cang",
    "弹": "dan tan", "省": "sheng xing", "厦": "xia sha", "校": "xiao jiao", "卡": "ka qia",
    "便": "bian pian", "降": "jiang xiang", "强": "qiang jiang", "蔚": "wei yu", "茜": "qian xi",
    "莘": "xin shen", "晟": "sheng cheng", "娜": "na nuo", "仔": "zi zai", "堡": "bao pu",
    "埔": "pu bu", "蚌": "bang beng", "六": "liu lu", "铅": "qian yan", "柏": "bai bo",
    "泊": "bo po", "率": "lv shuai", "奇": "qi ji", "系": "xi ji", "调": "diao tiao",
    "和": "he huo", "给": "gei ji", "了": "liao le", "没": "mo mei", "说": "shuo yue",
    "荥": "xing ying", "番": "fan pan", "圩": "wei xu", "浚": "jun xun", "歙": "she xi",
    "涡": "wo guo", "莞": "guan wan", "筠": "yun jun", "珲": "hui hun", "什": "shi shen",
    "枞": "zong cong", "浒": "hu xu", "佛": "fo",
}  # fmt: skip


@cache
def readings(character: str) -> tuple[str, ...]:
    """How a character is read, in plain letters, ü as v (and u, as many type it); nothing for what is not Chinese.

    >>> readings("张"), readings("曾"), readings("吕"), readings("a")
    (('zhang',), ('zeng', 'ceng'), ('lv', 'lu'), ())
    """
    if character in _SEVERAL:
        found = _SEVERAL[character].split()
    else:
        found = [_plain(str(_dictionary().get(ord(character), "")).partition(",")[0])]
    found += [one.replace("v", "u") for one in found if one in ("lv", "nv")]
    return tuple(dict.fromkeys(one for one in found if one))


def _plain(reading: str) -> str:
    """Without its tone: ``lǚ`` becomes ``lv``."""
    apart = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(c for c in apart if c.isascii() and c.isalpha())


@cache
def _dictionary() -> dict[int, Any]:
    """{code point: readings}. Only the characters: the phrases would be four times the memory and start for little."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    found: dict[int, Any] = importlib.import_module("pypinyin.pinyin_dict").pinyin_dict
    return found
