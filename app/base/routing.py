"""URL rules that are read once per process, and learn to write their URLs when one is first asked for.

Werkzeug takes each rule's text apart and compiles two functions for it, in each app anew: most of the time of building
an app of eight hundred rules, and most of what has to be tidied away after it. What a text says is the same in every
app, and the URLs of most rules are written by no page of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.routing.rules import RulePart

#: Texts and functions kept: some sites' worth of rules.
KEPT = 8192
Builder = Callable[..., tuple[str, str]]
Converters = tuple[tuple[str, type[BaseConverter]], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule's text says: its parts, its trace, and how the converters of its variables are made."""

    parts: tuple[RulePart, ...]
    trace: tuple[tuple[bool, str], ...]
    variables: tuple[tuple[Any, ...], ...]


class LateRule(Rule):
    """A rule like any other; its text is read once for all apps, its URL builders are compiled late and shared."""

    def _parse_rule(self, rule: str) -> Iterable[RulePart]:
        reading = _read(rule, tuple(self.map.converters.items()))
        self._trace.extend(reading.trace)
        for name, *made in reading.variables:
            self._converters[name] = self.get_converter(name, *made)
            self.arguments.add(name)
        return reading.parts

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        return _build_unknown if append_unknown else _build

    def builder(self, append_unknown: bool) -> Builder:
        """The function Werkzeug compiles for a rule; a rule with defaults has one of its own."""
        if self.defaults:
            return super()._compile_builder(append_unknown)
        return _compiled(self.rule, tuple(self._trace), append_unknown)


def _build(rule: LateRule, /, **values: object) -> tuple[str, str]:
    rule._build = rule.builder(False).__get__(rule)
    return rule._build(**values)


def _build_unknown(rule: LateRule, /, **values: object) -> tuple[str, str]:
    rule._build_unknown = rule.builder(True).__get__(rule)
    return rule._build_unknown(**values)


class _Reader(Rule):
    """A rule of no map that notes how its converters are made."""

    def __init__(self, converters: Converters) -> None:
        super().__init__("/")
        self.map = Map(converters=dict(converters))
        self.variables: list[tuple[Any, ...]] = []

    def get_converter(self, variable_name: str, *made: Any) -> BaseConverter:
        self.variables.append((variable_name, *made))
        return super().get_converter(variable_name, *made)

    def read(self, text: str) -> Reading:
        parts = tuple(super()._parse_rule(text))
        return Reading(parts, tuple(self._trace), tuple(self.variables))


class _Compiler(Rule):
    """A rule without defaults that compiles its functions from a trace."""

    def compiled(self, trace: Iterable[tuple[bool, str]], append_unknown: bool) -> Builder:
        self._trace = list(trace)
        return super()._compile_builder(append_unknown)


@lru_cache(KEPT)
def _read(text: str, converters: Converters) -> Reading:
    return _Reader(converters).read(text)


@lru_cache(KEPT)
def _compiled(text: str, trace: tuple[tuple[bool, str], ...], append_unknown: bool) -> Builder:
    return _Compiler(text).compiled(trace, append_unknown)


__all__ = ["LateRule"]
