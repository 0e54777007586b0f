"""How text is cut into tokens, so that two Chinese characters anywhere in a name are one index probe.

A name is cut into runs of letters and digits. Of each run every pair of neighbours is a token, every
triple of Latin letters or digits, every single character outside ASCII, the first letter, and the run
itself. A search term is cut the same way; what it needs is a subset of what the name has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: Longer terms say nothing more; it also bounds the work a hostile term can cause.
TERM_LENGTH = 60
_ASCII = re.compile(r"[\x00-\x7f]")


def runs(text: str) -> list[str]:
    """The runs of letters and digits in lower case, full-width forms made half-width.

    >>> runs("桥江（ABC）公司")
    ['桥江', 'abc', '公司']
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    if plain.isalnum():
        return [plain]
    return "".join(c if c.isalnum() else " " for c in plain).split()


def tokens(*texts: str | None) -> str:
    """The tokens of all the texts, each once, separated by blanks: what the index holds.

    >>> tokens("张三")
    '张三 张 三'
    >>> tokens("Acme")
    'ac cm me acm cme a acme'
    """
    found: dict[str, None] = {}
    for text in texts:
        for run in runs(text or ""):
            found.update(dict.fromkeys(_of_name(run)))
    return " ".join(found)


def wanted(term: str) -> list[str]:
    """The tokens a name must have to contain the term; empty when the term has no letter or digit.

    >>> wanted("李小龙"), wanted("acme"), wanted("ac"), wanted("'; --")
    (['李小', '小龙'], ['acm', 'cme'], ['ac'], [])
    """
    found: dict[str, None] = {}
    for run in runs(term[:TERM_LENGTH]):
        found.update(dict.fromkeys(_of_term(run)))
    return list(found)


def _of_name(run: str) -> Iterable[str]:
    if _ASCII.search(run) is None:  # a Chinese name: an import cuts a hundred thousand of them
        return (*_grams(run, 2), *run, run)
    triples = [gram for gram in _grams(run, 3) if gram.isascii()]
    return (*_grams(run, 2), *triples, *(character for character in run if not character.isascii()), run[0], run)


def _of_term(run: str) -> Iterable[str]:
    if len(run) <= 2:
        return (run,)
    triples = [gram for gram in _grams(run, 3) if gram.isascii()]
    return [*(gram for gram in _grams(run, 2) if not gram.isascii()), *triples] or _grams(run, 2)


def _grams(run: str, size: int) -> list[str]:
    return [run[place : place + size] for place in range(len(run) - size + 1)]
