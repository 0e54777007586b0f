"""Regions of China by their codes (GB/T 2260): province, city, county, read by code or by name, found by typing.

`divisions.csv` holds the codes of the National Bureau of Statistics as of 30 June 2023 in six digits, and the three
provinces it does not number below. A province ends in ``0000``, a city in ``00``; a city that only gathers others
(市辖区, 省直辖县级行政区划 …) has a code and no place in a path.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import islice, product

from app.fields.rules import BadValue
from app.search.pinyin import readings

#: How many a picker offers at once.
OFFERED = 20
_GATHERING = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_CODE = re.compile(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}")
_BETWEEN = re.compile(r"[\s/／·,，>\-]+")
#: What people leave out of the name of a province or a city.
_TAIL = re.compile(r"(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市|地区|盟)$")


@lru_cache(maxsize=1)
def divisions() -> dict[str, str]:
    """{code: name} of all, ascending: a province comes before its cities, a city before its counties."""
    table = files("app.fields").joinpath("divisions.csv").read_text(encoding="utf-8")
    return {row["code"]: row["name"] for row in csv.DictReader(table.splitlines())}


def prefix_of(code: str) -> str:
    """The digits all regions inside begin with.

    >>> prefix_of("330000"), prefix_of("330200"), prefix_of("330203")
    ('33', '3302', '330203')
    """
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def path_of(code: str) -> str:
    """The names down to a region; a code nobody knows (any more) stays as it is.

    >>> path_of("330203"), path_of("110101"), path_of("990000")
    ('浙江省/宁波市/海曙区', '北京市/东城区', '990000')
    """
    return "/".join(_names(code)) or code


def _names(code: str) -> tuple[str, ...]:
    known = divisions()
    if code not in known:
        return ()
    above = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    return tuple(name for one in above if (name := known[one]) not in _GATHERING or one == code)


def read_region(text: str) -> str:
    """The code of a region given by its code (of two to twelve digits) or its names. Raises `BadValue`.

    A name alone does where only one region has it, and what goes without saying may be left out.
    >>> read_region("3302"), read_region("浙江 宁波 海曙区"), read_region("海曙区")
    ('330200', '330203', '330203')
    """
    plain = text.strip()
    if _CODE.fullmatch(plain):
        code = plain[:6].ljust(6, "0")
        if code in divisions():
            return code
        raise BadValue("region", value=plain)
    found = _by_name().get(_BETWEEN.sub("", plain))
    if not found:
        raise BadValue("region", value=plain[:40])
    return found


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str | None]:
    """{names written together: code}, None where several regions are called so."""
    found: dict[str, str | None] = {}
    alone: dict[str, str | None] = {}
    known = divisions()
    for code in known:
        above = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
        spelled = [_spelled(one, known[one], last=one == code) for one in above]
        for parts in product(*spelled):
            _note(found, "".join(parts), code)
        for name in spelled[-1]:
            _note(alone, name, code)
    return {**alone, **found}


def _spelled(code: str, name: str, *, last: bool) -> set[str]:
    """How people write one name of a path; only the last cannot go without saying."""
    if name in _GATHERING:
        return {name} if last else {name, ""}
    return {name, _TAIL.sub("", name)} if code.endswith("00") else {name}


def _note(known: dict[str, str | None], name: str, code: str) -> None:
    known[name] = code if known.get(name, code) == code else None


def find_regions(words: str) -> tuple[list[tuple[str, str]], bool]:
    """([(code, path)], whether there are more) of the regions with these words in their path, code or pinyin.

    The widest come first, so that a province is followed by its cities; without words all provinces.
    """
    wanted = _BETWEEN.sub("", words).lower()
    if not wanted:
        return [(code, path_of(code)) for code in divisions() if code.endswith("0000")], False
    hits = sorted(_matching(wanted), key=lambda hit: (hit[0], len(prefix_of(hit[1])), hit[1]))
    return [(code, path_of(code)) for _rank, code in hits[:OFFERED]], len(hits) > OFFERED


def _matching(wanted: str) -> Iterator[tuple[int, str]]:
    """(rank, code): those called so come before those inside them and those only spelled so."""
    for code, path, name, sounds in _searchable():
        if name.startswith(wanted) or code.startswith(wanted):
            yield 0, code
        elif wanted in path:
            yield 1, code
        elif any(sound.startswith(wanted) for sound in sounds):
            yield 2, code


@lru_cache(maxsize=1)
def _searchable() -> list[tuple[str, str, str, frozenset[str]]]:
    """(code, path written together, name, its pinyin and initials) of all that can stand in a path."""
    known = divisions()
    return [
        (code, "".join(_names(code)), name, frozenset(_sounds(name)))
        for code, name in known.items()
        if name not in _GATHERING
    ]


def _sounds(name: str) -> Iterator[str]:
    """How a name is spelled: at most eight ways, in full and by its initials."""
    spoken = [readings(character)[:2] or (character,) for character in name]
    for parts in islice(product(*reversed(spoken)), 8):  # the first characters tell most
        yield "".join(reversed(parts))
        yield "".join(part[0] for part in reversed(parts))


__all__ = ["OFFERED", "divisions", "find_regions", "path_of", "prefix_of", "read_region"]
