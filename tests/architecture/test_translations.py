"""Every word of the screens has its Chinese, in the catalogue of its room or module, the same everywhere."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message
from flask import Flask
from flask_babel import force_locale, gettext

ROOT = Path(__file__).resolve().parents[2]
#: Named and positional placeholders, in either spelling.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@cache
def tool() -> Any:
    """tools/translations.py, which `make translations` runs."""
    spec = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def home(path: str) -> str:
    """The room or module of a file: ``app/customers``, ``plugins/pools``."""
    return "/".join(Path(path).parts[:2])


@cache
def entries() -> tuple[tuple[Path, Message], ...]:
    """Every entry of every Chinese catalogue."""
    found = []
    for path in tool().catalogues():
        if path.parts[-3] == "zh":
            found += [(path.relative_to(ROOT), entry) for entry in tool().read_catalogue(path) if entry.id]
    return tuple(found)


@cache
def asked() -> tuple[tuple[str, str, str | None], ...]:
    """File, message and context of every message in the source, read once."""
    return tuple((name, first(message), context) for name, message, _comments, context in tool().extracted())


def texts(entry: Message) -> tuple[str, ...]:
    return tuple(entry.string) if isinstance(entry.string, (list, tuple)) else (entry.string,)


def first(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def test_every_message_is_translated_in_its_own_room() -> None:
    done = {
        (home(str(path)), entry.context, first(entry.id))
        for path, entry in entries()
        if all(texts(entry)) and not entry.fuzzy
    }
    missing = {
        f"{name}: {message}"
        for name, message, context in asked()
        if message and (home(name), context, message) not in done
    }
    assert sorted(missing) == []


def test_a_message_reads_the_same_wherever_it_is_translated() -> None:
    """The catalogues are merged when the product runs: two translations of one message are a lottery."""
    known: dict[tuple[str | None, str], dict[tuple[str, ...], Path]] = {}
    for path, entry in entries():
        known.setdefault((entry.context, first(entry.id)), {}).setdefault(texts(entry), path)
    torn = {
        message: [f"{path}: {said[0]}" for said, path in places.items()]
        for (_context, message), places in known.items()
        if len(places) > 1
    }
    assert torn == {}


def test_placeholders_survive_translation() -> None:
    wrong = []
    for path, entry in entries():
        for said in texts(entry):
            if sorted(PLACEHOLDER.findall(first(entry.id))) != sorted(PLACEHOLDER.findall(said)):
                wrong.append(f"{path}: {first(entry.id)} → {said}")
    assert wrong == []


def test_nothing_is_left_behind_or_unfinished() -> None:
    known = {(context, message) for _name, message, context in asked()}
    idle = [f"{path}: {entry.id}" for path, entry in entries() if (entry.context, first(entry.id)) not in known]
    assert idle == []
    assert [f"{path}: {entry.id}" for path, entry in entries() if entry.fuzzy] == []


def test_the_running_product_speaks_both_languages(app: Flask) -> None:
    with force_locale("zh"):
        assert gettext("Log in") == "登录"
    with force_locale("en"):
        assert gettext("Log in") == "Log in"


def test_no_message_hides_in_an_f_string() -> None:
    """What stands inside one is not found by the extraction, and stays English."""
    hidden = re.compile(r"""f(["'])(?:(?!\1).)*\{_l?\(""")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ("app", "plugins")
        for path in sorted((ROOT / room).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if hidden.search(line)
    ]
    assert found == []
