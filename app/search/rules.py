"""How text and search terms are cut, so that any part of a name is one look into an index.

A name is cut into runs of letters and digits. Of every place in a run the next three characters are a token; a longer
run is a token, too. A term of up to three characters begins a token, a longer one has tokens for all its triples.
What is heard (pinyin) is cut by syllables: from the beginning, from every later place, and by initials.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

#: Longer terms say nothing more; it also bounds the work a hostile term can cause.
TERM_LENGTH = 60
#: Text beyond this is not looked at.
TEXT_LENGTH = 10_000
#: Longer runs are kept in overlapping pieces: no index takes a word of any length.
RUN_LENGTH = 180
GRAM = 3
#: Only so many characters of a run are kept as they are read: names, not essays.
HEARD_LENGTH = 30
#: So many syllables are kept from a place inside a name, and so many initials.
HEARD, INITIALS = 5, 8
#: So many ways of reading the same characters are kept.
READINGS = 4
#: The last characters of a number by which people ask for it.
TAIL = 4
#: A syllable as long as it can be, and letters that begin some more.
_SYLLABLE = re.compile(r"([bcdfghjklmnpqrstwxyz]{0,2}[aeiouv]++(?:ng|n|r)?+)([bcdfghjklmnpqrstwxyz]{2,})")
_PLAIN = re.compile(r"[0-9a-z]+")
_LETTERS = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"\+?[0-9][0-9\s()-]*[0-9x]", re.ASCII)

#: A token, and whether a longer one that begins with it will do.
Probe = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the tokens of a text must have: of every run one of its ways; or they begin with `joined`."""

    runs: tuple[tuple[tuple[Probe, ...], ...], ...]
    #: All runs as one spelled word: ``zhang san``.
    joined: str = ""
    #: Runs that must be there in one piece, which triples alone do not say.
    whole: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs)


def folded(text: str) -> str:
    """Lower case, full-width forms half-width.

    >>> folded("１３８ＡＢ")
    '138ab'
    """
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """The runs of letters and digits, folded.

    >>> runs("桥江（ABC）公司")
    ['桥江', 'abc', '公司']
    """
    plain = folded(text)
    if plain.isalnum():
        return [plain]
    return "".join(c if c.isalnum() else " " for c in plain).split()


def written(run: str) -> Iterator[str]:
    """The tokens of a run as it is written.

    >>> list(written("张三丰")), list(written("acme"))
    (['张三丰', '三丰', '丰'], ['acm', 'cme', 'me', 'e', 'acme', 'a'])
    """
    for place in range(len(run)):
        yield run[place : place + GRAM]
    if len(run) > GRAM:
        step = RUN_LENGTH - TERM_LENGTH
        for place in range(0, max(len(run) - TERM_LENGTH, 1), step):
            yield run[place : place + RUN_LENGTH]
    if run[0].isascii():
        yield run[0]


def heard(syllables: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The tokens of a run of characters as they are read; of each the readings there are.

    >>> list(heard((("zhang",), ("san",), ("feng",))))
    ['zhangsanfeng', 'sanfeng', 'zsf']
    >>> list(heard((("shan", "dan"), ("li",))))
    ['shanli', 'danli', 'sl', 'dl']
    """
    count = len(syllables)
    for place in range(max(count - 1, 1)):
        here = syllables[place : place + HEARD] if place else syllables
        for spelled in islice(product(*here), READINGS):
            yield "".join(spelled)
    # A name of a person is asked for from its beginning, a company also by what makes it known.
    for place in range(count - 2 if count > GRAM else 1):
        initials = [tuple(dict.fromkeys(one[0] for one in here)) for here in syllables[place : place + INITIALS]]
        for letters in islice(product(*initials), READINGS):
            yield "".join(letters)


def number_token(value: str) -> str:
    """A phone or document number as a token that the end of the number begins; empty for one too short.

    >>> number_token("138 0013-8000")
    'z00083100831'
    """
    plain = "".join(_PLAIN.findall(folded(value)))
    return f"z{plain[::-1]}" if len(plain) >= TAIL else ""


def number_typed(term: str) -> str:
    """The digits of a term that can only be a number or its end, four at least; else nothing.

    Blanks, dashes, full-width digits and the country code do no harm; an ID number may end with X.

    >>> number_typed("+86 138 0013 8000"), number_typed("１２３x"), number_typed("12"), number_typed("8000 a")
    ('13800138000', '123x', '', '')
    """
    plain = folded(term).strip()[:TERM_LENGTH]
    if _NUMBER.fullmatch(plain) is None:
        return ""
    digits = "".join(_PLAIN.findall(plain.removeprefix("+86")))
    return digits if len(digits) >= TAIL else ""


def wanted(term: str) -> Wanted:
    """What the tokens of a text must have to contain the term or be read like it.

    >>> wanted("李小龙").runs, wanted("'; --").runs
    (((( ('李小龙', True),),),), ())
    """
    found = runs(term[:TERM_LENGTH])
    ways = tuple(tuple(_ways(run)) for run in found)
    letters = len(found) > 1 and all(_LETTERS.fullmatch(run) for run in found)
    whole = tuple(run for run in found if len(run) > GRAM and _SYLLABLE.fullmatch(run) is None)
    return Wanted(ways, "".join(found) if letters else "", whole)


def _ways(run: str) -> Iterator[tuple[Probe, ...]]:
    if len(run) <= GRAM:
        # One letter would begin half of all tokens: it is asked for at the beginning of a word.
        yield ((run, len(run) > 1 or not run.isascii()),)
        return
    yield tuple((run[place : place + GRAM], False) for place in range(len(run) - GRAM + 1))
    if _LETTERS.fullmatch(run):
        yield ((run, True),)
        if mixed := _SYLLABLE.fullmatch(run):  # zhangsf: the surname in full, the rest by initials
            yield ((mixed[1], True), (run[0] + mixed[2], True))


def unique(found: Iterable[str]) -> str:
    """Tokens as the index keeps them: each once, separated by blanks."""
    return " ".join(dict.fromkeys(found))
