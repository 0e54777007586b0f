"""The document as text: YAML that is read without trusting it, and written so that two sites' compare line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from flask_babel import gettext as _

from app.blueprint.rules import Path, Problem, Unfit

#: The version of the format; a later one may hold what this Qiao would lose without saying so.
VERSION = 1
#: A document larger than this is none: two hundred fields on ten entities take half of it.
MOST_BYTES = 1_000_000
#: Nothing a blueprint says lies deeper: the rules of a step in the innermost branch of an approval flow.
DEEPEST = 32
HEAD = ("blueprint", "title", "about")
LONGEST = {"title": 120, "about": 2000}


@dataclass(frozen=True, slots=True)
class Document:
    """What a blueprint says: its parts by name, as plain data. A part that is not in it is left as it is."""

    parts: Mapping[str, Any]
    title: str = ""
    about: str = ""
    source: str = field(default="", compare=False, repr=False)


class _Repeated(yaml.YAMLError):
    def __init__(self, key: str, line: int):
        self.key, self.line = key, line
        super().__init__(key)


class _Reader(yaml.SafeLoader):
    """Plain data only: no tags, no aliases (a few lines of them can stand for gigabytes), no key twice."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent) or getattr(self.peek_event(), "anchor", None):
            raise yaml.composer.ComposerError(None, None, "alias", self.peek_event().start_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, "depth", self.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if key.value in seen:
                raise _Repeated(str(key.value), key.start_mark.line + 1)
            if isinstance(key.value, str):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# Days and moments stay text: a default is written as one would type it. `<<` is a key like any other, and refused.
_Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":merge", ":value"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_document(source: str | bytes, known: Iterable[str]) -> Document:
    """The document in a text. Raises `Unfit` for what is no blueprint of this version, and for parts nobody knows."""
    content = _parse(source)
    if not isinstance(content, dict) or "blueprint" not in content:
        raise Unfit([Problem(("blueprint",), _("This is no blueprint: it says no version of the format"))])
    if type(content["blueprint"]) is not int or content["blueprint"] != VERSION:
        text = _("This Qiao reads version %(version)s of the format", version=VERSION)
        raise Unfit([Problem(("blueprint",), text)])
    names = [*HEAD, *known]
    problems = [
        Problem((str(key),), _("This is not known; a blueprint has: %(names)s", names=", ".join(names)))
        for key in content
        if key not in names
    ]
    for name, most in LONGEST.items():
        if not isinstance(content.get(name, ""), str) or len(content.get(name, "")) > most:
            problems.append(Problem((name,), _("Give a text of at most %(count)s characters", count=most)))
    problems += [problem for key in content for problem in _not_plain((str(key),), content[key])]
    if problems:
        raise Unfit(problems)
    text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
    parts = {name: content[name] for name in known if name in content}
    return Document(parts, content.get("title", ""), content.get("about", ""), text)


def _parse(source: str | bytes) -> Any:
    raw = source.encode(errors="replace") if isinstance(source, str) else source
    if len(raw) > MOST_BYTES:
        text = _("A blueprint has at most %(size)s kB", size=f"{MOST_BYTES // 1000:,}")
        raise Unfit([Problem((), text)])
    try:
        return yaml.load(raw.decode("utf-8-sig"), Loader=_Reader)  # noqa: S506 - a SafeLoader of our own
    except UnicodeDecodeError:
        raise Unfit([Problem((), _("This is no text in UTF-8"))]) from None
    except _Repeated as twice:
        text = _("Line %(line)s: “%(key)s” stands twice", line=twice.line, key=twice.key[:60])
        raise Unfit([Problem((), text)]) from None
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        if wrong.problem == "alias":
            raise Unfit([Problem((), _("Line %(line)s: anchors and aliases are not allowed", line=line))]) from None
        if wrong.problem == "depth":
            raise Unfit([Problem((), _("Line %(line)s: this lies too deep", line=line))]) from None
        raise Unfit([Problem((), _("Line %(line)s cannot be read as YAML", line=line))]) from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        raise Unfit([Problem((), _("This cannot be read as YAML"))]) from None


def _not_plain(path: Path, value: Any) -> Iterable[Problem]:
    """Whatever YAML can say and a blueprint cannot: keys that are no text, binary data, sets, infinite numbers."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield Problem((*path, str(key)), _("Write this name in quotation marks"))
            else:
                yield from _not_plain((*path, key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _not_plain((*path, str(number)), inner)
    elif value is not None and type(value) not in (str, int, bool):
        yield Problem(path, _("Write this value in quotation marks"))


class _Writer(yaml.SafeDumper):
    """Lists stand under their name, texts of several lines as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _list(writer: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    short = all(isinstance(item, str) and item.isidentifier() for item in items)
    return writer.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


_Writer.add_representer(str, _text)
_Writer.add_representer(list, _list)


def write_document(parts: Mapping[str, Any], title: str = "", about: str = "") -> str:
    """The text of a document."""
    content: dict[str, Any] = {"blueprint": VERSION}
    content |= {name: text for name, text in (("title", title), ("about", about)) if text}
    blocks = [{name: value} for name, value in {**content, **parts}.items()]
    return "\n".join(
        yaml.dump(block, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=110) for block in blocks
    )
