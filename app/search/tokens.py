"""What the index keeps of a text, and which part of a text a term means: as it is written and as it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.search.pinyin import readings
from app.search.rules import (
    GRAM,
    HEARD_LENGTH,
    RUN_LENGTH,
    TERM_LENGTH,
    TEXT_LENGTH,
    folded,
    heard,
    runs,
    unique,
    written,
)

#: Where there may be Chinese characters in a run.
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def tokens(*texts: str | None) -> str:
    """The tokens of all the texts, each once, separated by blanks: what the index holds.

    >>> tokens("张三"), tokens("Acme")
    ('张三 三 zhangsan zs', 'acm cme me e acme a')
    """
    if len(texts) == 1 and texts[0] and len(texts[0]) <= GRAM and _BEYOND_ASCII.fullmatch(texts[0]):
        return _of_person(texts[0])
    return unique(token for text in texts if text for run in runs(text[:TEXT_LENGTH]) for token in _of(run))


def _of(run: str) -> Iterator[str]:
    yield from written(run)
    for part in _BEYOND_ASCII.findall(run):
        syllables = [read for read in map(readings, part[:HEARD_LENGTH]) if read]
        if syllables:
            yield from heard(syllables)


def _of_person(name: str) -> str:
    """The short way for what an import brings by the hundred thousand: two or three characters, read in one way."""
    read = [*map(readings, name)]
    if [*map(len, read)] == [1, 1, 1]:
        (first,), (second,), (third,) = read
        given, initials = second + third, first[0] + second[0] + third[0]
        return f"{name} {name[1:]} {name[2]} {first}{given} {given} {initials}"
    if [*map(len, read)] == [1, 1]:
        (first,), (second,) = read
        return f"{name} {name[1]} {first}{second} {first[0]}{second[0]}"
    return unique(token for run in runs(name) for token in _of(run))


def marked(text: str, term: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether the term means it: contained, read like it, or by initials.

    >>> marked("王张三丰", "zhangs"), marked("Acme Ltd", "acm")
    ([('王', False), ('张三', True), ('丰', False)], [('Acm', True), ('e Ltd', False)])
    """
    plain = "".join(one if len(one := folded(c)) == 1 else c for c in text)
    spans = [span for run in _looked_for(term) if (span := _span(plain, run)) is not None]
    inside = [any(start <= place < end for start, end in spans) for place in range(len(text))]
    pieces: list[tuple[str, bool]] = []
    for character, hit in zip(text, inside, strict=True):
        if pieces and pieces[-1][1] is hit:
            pieces[-1] = (pieces[-1][0] + character, hit)
        else:
            pieces.append((character, hit))
    return pieces


def means(text: str, term: str) -> bool:
    """Whether a short text is meant by a term: all its words are in it or read like a part of it.

    >>> means("客户池", "khc"), means("客户池", "客户 池"), means("客户池", "客户 表")
    (True, True, False)
    """
    plain, words = folded(text), runs(term[:TERM_LENGTH])
    if not words or all(len(word) == 1 and word.isascii() for word in words):
        return False
    return all(_span(plain, word) for word in words) or _span(plain, "".join(words)) is not None


def _looked_for(term: str) -> list[str]:
    found = runs(term[:TERM_LENGTH])
    return [*found, "".join(found)] if len(found) > 1 else found


def _span(text: str, run: str) -> tuple[int, int] | None:
    """Where a run is in the text, first as it is written."""
    place = text.find(run)
    if place >= 0:
        return place, place + len(run)
    if not (run.isascii() and len(run) >= GRAM - 1):
        return None
    read = [readings(c) for c in text[:RUN_LENGTH]]
    for start in range(len(read)):
        if (end := _read_to(read, start, run)) is not None:
            return start, end
    return None


def _read_to(read: list[tuple[str, ...]], start: int, run: str) -> int | None:
    """The end of the characters that read like `run`: by whole syllables, the last one begun, or by initials."""
    done = {0}
    for place in range(start, len(read)):
        following = set()
        for rest, behind in ((run[count:], count) for count in done):
            for syllable in read[place]:
                if syllable.startswith(rest):
                    return place + 1
                if rest.startswith(syllable):
                    following.add(behind + len(syllable))
                if rest[0] == syllable[0]:
                    following.add(behind + 1)
        done = following
    return None
