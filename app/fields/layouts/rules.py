"""Layouts as plain data: reading a document, choosing what counts for somebody, fitting it to the fields there are.

A document holds arrangements of the form and page (`pages`) and of the list (`lists`). Each is for a role, for a value
of the choice field `by` (the type of a customer), for both, or for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_SECTIONS, MOST_FIELDS, MOST_TABS, MOST_ARRANGEMENTS = 60, 400, 40, 200
LONGEST_TITLE, LONGEST_NAME = 60, 80
OWN_TAB = re.compile(r"[a-z][a-z0-9]{0,19}")
#: The part of a page's address an own tab has, so that it is never taken for a module's.
OWN = "own."
FILTER_KEY = re.compile(r"(f|op)\.[A-Za-z0-9_]{1,60}(\.(from|to))?")


class BadLayout(ValueError):
    """A document that cannot be read: `code` says why, `details` where."""

    def __init__(self, code: str, **details: Any):
        super().__init__(code)
        self.code, self.details = code, details


@dataclass(frozen=True, slots=True)
class Title:
    """A text of the admin's in both languages; empty for the built-in one."""

    zh: str = ""
    en: str = ""

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A section: `of` names the built-in one it stands for (by its source text), else it is the admin's own."""

    of: str = ""
    title: Title = Title()
    columns: int = 2
    collapsed: bool = False
    #: The own tab of the detail page it stands on; empty for the first one.
    tab: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TabPlan:
    """A tab of the detail page: an own one with its title, or a module's by name (`history` is the kernel's)."""

    name: str
    own: bool = False
    title: Title = Title()


@dataclass(frozen=True, slots=True)
class PagePlan:
    """An arrangement of form and page."""

    role: str | None = None
    value: str | None = None
    sections: tuple[SectionPlan, ...] = ()
    hidden: tuple[str, ...] = ()
    tabs: tuple[TabPlan, ...] = ()
    hidden_tabs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListPlan:
    """An arrangement of the list: its columns (none: the built-in ones), and the filter it opens with."""

    role: str | None = None
    columns: tuple[str, ...] = ()
    filter: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything arranged for one entity. Of several roles of a person the first in `roles` counts."""

    by: str = ""
    roles: tuple[str, ...] = ()
    pages: tuple[PagePlan, ...] = ()
    lists: tuple[ListPlan, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pages or self.lists)


EMPTY = Layout()


# Reading ------------------------------------------------------------------------------------------------------------


def read_layout(data: Any) -> Layout:
    """The layout a document holds. Raises `BadLayout` for anything not understood: a layout never guesses."""
    given = _mapping(data, {"by", "roles", "pages", "lists"}, "document")
    pages = tuple(read_page(one) for one in _items(given, "pages", MOST_ARRANGEMENTS))
    lists = tuple(read_list(one) for one in _items(given, "lists", MOST_ARRANGEMENTS))
    by = _word(given, "by")
    for page in pages:
        if page.value is not None and not by:
            raise BadLayout("by")
    _once([(page.role, page.value) for page in pages], "pages")
    _once([one.role for one in lists], "lists")
    named = _names(given, "roles", MOST_ARRANGEMENTS)
    roles = [*(page.role for page in pages), *(one.role for one in lists)]
    used = [role for role in roles if role is not None]
    return Layout(by, tuple(dict.fromkeys((*named, *used))), pages, lists)


def read_page(data: Any) -> PagePlan:
    """One arrangement of form and page. Raises `BadLayout`."""
    given = _mapping(data, {"role", "value", "sections", "hidden", "tabs", "hidden_tabs"}, "pages")
    tabs = tuple(_tab(one) for one in _items(given, "tabs", MOST_TABS))
    _once([(tab.own, tab.name) for tab in tabs], "tabs")
    sections = tuple(_section(one) for one in _items(given, "sections", MOST_SECTIONS))
    _once([section.of for section in sections if section.of], "sections")
    own = {tab.name for tab in tabs if tab.own}
    for section in sections:
        if section.tab and section.tab not in own:
            raise BadLayout("tab", name=section.tab)
    hidden = _names(given, "hidden", MOST_FIELDS)
    _once([*(name for section in sections for name in section.fields), *hidden], "fields")
    return PagePlan(
        _word(given, "role") or None,
        _word(given, "value") or None,
        sections,
        hidden,
        tabs,
        _names(given, "hidden_tabs", MOST_TABS),
    )


def read_list(data: Any) -> ListPlan:
    """One arrangement of the list. Raises `BadLayout`."""
    given = _mapping(data, {"role", "columns", "filter"}, "lists")
    pairs = []
    for one in _items(given, "filter", MOST_FIELDS):
        if not isinstance(one, list | tuple) or len(one) != 2 or not all(isinstance(part, str) for part in one):
            raise BadLayout("shape", where="filter")
        key, text = one
        if not FILTER_KEY.fullmatch(key) or len(text) > 200 or "\x00" in text:
            raise BadLayout("shape", where="filter")
        pairs.append((key, text))
    return ListPlan(_word(given, "role") or None, _names(given, "columns", MOST_FIELDS), tuple(pairs))


def _section(data: Any) -> SectionPlan:
    given = _mapping(data, {"of", "zh", "en", "columns", "collapsed", "tab", "fields"}, "sections")
    columns, collapsed = given.get("columns", 2), given.get("collapsed", False)
    if type(columns) is not int or columns not in (1, 2) or type(collapsed) is not bool:
        raise BadLayout("shape", where="sections")
    of, title = _word(given, "of"), _title(given)
    if not of and not title:
        raise BadLayout("title")
    return SectionPlan(of, title, columns, collapsed, _word(given, "tab"), _names(given, "fields", MOST_FIELDS))


def _tab(data: Any) -> TabPlan:
    given = _mapping(data, {"name", "own", "zh", "en"}, "tabs")
    name, own, title = _word(given, "name"), given.get("own", False), _title(given)
    if type(own) is not bool or not name or (own and not OWN_TAB.fullmatch(name)):
        raise BadLayout("shape", where="tabs")
    if own and not title:
        raise BadLayout("title")
    return TabPlan(name, own, title)


def _title(given: Mapping[str, Any]) -> Title:
    return Title(_word(given, "zh", LONGEST_TITLE), _word(given, "en", LONGEST_TITLE))


def _mapping(data: Any, keys: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not set(data) <= keys:
        raise BadLayout("shape", where=where)
    return data


def _items(given: Mapping[str, Any], key: str, most: int) -> Sequence[Any]:
    found = given.get(key, [])
    if not isinstance(found, list | tuple):
        raise BadLayout("shape", where=key)
    if len(found) > most:
        raise BadLayout("many", count=most)
    return found


def _names(given: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
    found = _items(given, key, most)
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_NAME and "\x00" not in one for one in found):
        raise BadLayout("shape", where=key)
    _once(found, key)
    return tuple(found)


def _word(given: Mapping[str, Any], key: str, longest: int = LONGEST_NAME) -> str:
    text = given.get(key)
    if text is None:
        return ""
    if not isinstance(text, str) or "\x00" in text:
        raise BadLayout("shape", where=key)
    if len(text.strip()) > longest:
        raise BadLayout("long", text=text.strip()[:20], count=longest)
    return text.strip()


def _once(found: Sequence[Any], where: str) -> None:
    if len(set(found)) != len(found):
        twice = next(one for number, one in enumerate(found) if one in found[:number])
        raise BadLayout("twice", where=where, name=str(twice))


# Writing ------------------------------------------------------------------------------------------------------------


def layout_data(layout: Layout) -> dict[str, Any]:
    """The document of a layout, as `read_layout` reads it; what goes without saying is left out."""
    pages = [page_data(one) for one in layout.pages]
    lists = [
        _said(role=one.role, columns=list(one.columns), filter=[list(pair) for pair in one.filter])
        for one in layout.lists
    ]
    return _said(by=layout.by, roles=list(layout.roles), pages=pages, lists=lists)


def page_data(page: PagePlan) -> dict[str, Any]:
    """The document of one arrangement of form and page."""
    sections = [
        _said(of=one.of, zh=one.title.zh, en=one.title.en, columns=one.columns, collapsed=one.collapsed, tab=one.tab)
        | {"fields": list(one.fields)}
        for one in page.sections
    ]
    tabs = [_said(name=one.name, own=one.own, zh=one.title.zh, en=one.title.en) for one in page.tabs]
    return _said(
        role=page.role, value=page.value, sections=sections, hidden=list(page.hidden), tabs=tabs,
        hidden_tabs=list(page.hidden_tabs),
    )  # fmt: skip


def _said(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value}
