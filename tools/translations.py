"""The message catalogues of the rooms and modules: compile, extract, find what lacks a translation.

    .venv/bin/python tools/translations.py compile    every messages.po that is newer than its messages.mo
    .venv/bin/python tools/translations.py extract    babel/messages.pot from the source (babel/babel.cfg)
    .venv/bin/python tools/translations.py check      each message without a Chinese one; exit code 1 if any

A catalogue lies in the room or module whose words it holds, `translations/zh/LC_MESSAGES/messages.po`; at run
time they are merged, so a message is translated when any of them has it. The source speaks English.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "_l": None, "lazy_gettext": None,
    "ngettext": (1, 2), "lazy_ngettext": (1, 2), "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip


def catalogues() -> list[Path]:
    """Every messages.po of the kernel and of the modules in this folder."""
    return sorted(path for room in ("app", "plugins") for path in (ROOT / room).rglob("LC_MESSAGES/*.po"))


def read_catalogue(path: Path) -> Catalog:
    """Read one .po file; a broken one ends the run with its place."""
    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.parts[-3], abort_invalid=True)
    except (PoFileError, ValueError) as error:
        sys.exit(f"qiao: {path.relative_to(ROOT)} is no valid message catalogue: {error}")


def compile_all() -> int:
    """Write the .mo beside every .po that is newer than it; returns how many were written."""
    written = 0
    for path in catalogues():
        compiled = path.with_suffix(".mo")
        if compiled.is_file() and compiled.stat().st_mtime >= path.stat().st_mtime:
            continue
        new = compiled.with_suffix(f".{os.getpid()}.new")
        with new.open("wb") as file:
            write_mo(file, read_catalogue(path))
        new.replace(compiled)
        written += 1
    return written


def extracted() -> Iterator[tuple[str, str | tuple[str, ...], list[str], str | None]]:
    """File, message, comments and context of every message in the source."""
    with (ROOT / "babel" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    for room in ("app", "plugins"):
        found = extract_from_dir(ROOT / room, methods, options, keywords=KEYWORDS, comment_tags=("i18n:",))
        for name, _line, message, comments, context in found:
            yield f"{room}/{name}", message, comments, context


def extract() -> Catalog:
    """All messages of the source as one template catalogue."""
    template = Catalog(project="Qiao", charset="utf-8")
    for name, message, comments, context in extracted():
        template.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return template


def missing(locale: str = "zh") -> list[str]:
    """`file: message` for each message of the source that no catalogue of this locale translates."""
    done: set[tuple[str | None, str]] = set()
    for path in catalogues():
        if path.parts[-3] == locale:
            for entry in read_catalogue(path):
                texts = entry.string if isinstance(entry.string, (list, tuple)) else (entry.string,)
                if entry.id and all(texts) and not entry.fuzzy:
                    done.add(
                        (entry.context, entry.id[0] if isinstance(entry.id, (list, tuple)) else entry.id)
                    )
    lines = set()
    for name, message, _comments, context in extracted():
        first = message[0] if isinstance(message, tuple) else message
        if first and (context, first) not in done:
            lines.add(f"{name}: {first}")
    return sorted(lines)


def main(verb: str) -> int:
    """Carry out one verb; returns the exit code."""
    if verb == "compile":
        written = compile_all()
        if written:
            print(f"qiao: {written} message catalogues compiled", flush=True)
        return 0
    if verb == "extract":
        with (ROOT / "babel" / "messages.pot").open("wb") as file:
            # Without line numbers: the file changes only when the words do.
            write_po(file, extract(), width=110, sort_output=True, include_lineno=False)
        return 0
    lines = missing()
    print("\n".join(lines) or "Every message has its Chinese translation.")
    return 1 if lines else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {"compile", "extract", "check"}:
        sys.exit("usage: translations.py compile | extract | check")
    sys.exit(main(sys.argv[1]))
