"""From the text of an expression to its tree: the part of CEL that has a meaning over one record's fields.

Left out of CEL: lists of computed length, maps, indexes, macros, bytes, raw and triple-quoted texts. All that remains
takes time in proportion to the text, so bounds on text and depth bound the run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

LONGEST_TEXT = 2000
DEEPEST = 60
#: Precedence of the operators between two operands, loosest first.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("<", "<=", ">=", ">", "==", "!=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<decimal>\d+\.\d+)|(?P<integer>\d+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<sign>\|\||&&|<=|>=|==|!=|[-+*/%<>!?:(),.\[\]])""",
    re.VERBOSE,
)
#: What an input method for Chinese writes instead of the signs of the language.
FULL_WIDTH = dict(zip("（），：？！＝＋－＊／＜＞“”‘’。．％＆｜", "(),:?!=+-*/<>\"\"''..%&|", strict=True))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?"}
_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
        *("package", "namespace", "return", "var", "void", "while"),
    )
)


class BadExpression(ValueError):
    """An expression that cannot be used: `code` is a key of `messages.TEXTS`, `at` the place (from 0) in the text."""

    def __init__(self, code: str, at: int, **details: Any):
        self.code, self.at, self.details = code, at, details
        super().__init__(f"{code} at {at}: {details}")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text: text, whole number, decimal, true, false or null."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A field of the record."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator and what it works on; operators go by their sign, the minus before a number by ``neg``."""

    function: str
    arguments: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Several:
    """A list of values, at the right of ``in``."""

    items: tuple[Node, ...]
    at: int


Node = Literal | Name | Call | Several


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def read(text: str) -> Node:
    """The tree of an expression. Raises `BadExpression`.

    >>> read("1 + x_rate").function
    '+'
    """
    if len(text) > LONGEST_TEXT:
        raise BadExpression("long", LONGEST_TEXT, most=LONGEST_TEXT)
    if not text.strip():
        raise BadExpression("nothing", 0)
    return _Reader(_tokens(text), len(text)).whole()


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            character = text[at]
            if character in FULL_WIDTH:
                raise BadExpression("full_width", at, found=character, meant=FULL_WIDTH[character])
            if character in "\"'":
                raise BadExpression("open_text", at)
            raise BadExpression("character", at, found=character)
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(_Token(kind, match.group(), at))
        at = match.end()
    return found


class _Reader:
    """Reads tokens by descent; `depth` counts what is open."""

    def __init__(self, tokens: list[_Token], end: int):
        self.tokens, self.place, self.depth = tokens, 0, 0
        self.end = _Token("end", "", end)

    @property
    def next(self) -> _Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else self.end

    def take(self, *texts: str) -> _Token | None:
        """The next token if it is one of these signs or words."""
        token = self.next
        if token.kind in ("sign", "name") and token.text in texts:
            self.place += 1
            return token
        return None

    def need(self, text: str) -> None:
        if self.take(text) is None:
            raise self._unexpected(wanted=text)

    def _unexpected(self, wanted: str = "") -> BadExpression:
        token = self.next
        if token.kind == "end":
            return BadExpression("end", token.at, wanted=wanted)
        return BadExpression("unexpected", token.at, found=token.text)

    def whole(self) -> Node:
        made = self.choice()
        if self.next.kind != "end":
            raise self._unexpected()
        return made

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression("deep", self.next.at, most=DEEPEST // 2)
        made = self.between(0)
        if token := self.take("?"):
            first = self.choice()
            self.need(":")
            made = Call("?:", (made, first, self.choice()), token.at)
        self.depth -= 1
        return made

    def between(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        made, length = self.between(level + 1), 0
        while token := self.take(*_LEVELS[level]):
            length += 1
            if length > 2 * DEEPEST:
                raise BadExpression("deep", token.at, most=2 * DEEPEST)
            made = Call(token.text, (made, self.between(level + 1)), token.at)
        return made

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression("deep", self.next.at, most=DEEPEST // 2)
        if token := self.take("!"):
            made: Node = Call("!", (self.unary(),), token.at)
        elif token := self.take("-"):
            made = Call("neg", (self.unary(),), token.at)
        else:
            made = self.member()
        self.depth -= 1
        return made

    def member(self) -> Node:
        made = self.primary()
        while token := self.take(".", "["):
            name = self.next
            if token.text == "[" or name.kind != "name":
                raise BadExpression("unsupported", token.at, found=token.text)
            self.place += 1
            if self.take("(") is None:
                raise BadExpression("unsupported", token.at, found=f".{name.text}")
            made = Call(name.text, (made, *self.several(")")), name.at)
        return made

    def primary(self) -> Node:
        token = self.next
        self.place += 1
        if token.kind == "integer":
            if len(token.text) > 15:
                raise BadExpression("number", token.at)
            return Literal(int(token.text), token.at)
        if token.kind == "decimal":
            if len(token.text) > 24:
                raise BadExpression("number", token.at)
            return Literal(Decimal(token.text), token.at)
        if token.kind == "text":
            return Literal(_unescaped(token), token.at)
        if token.kind == "name":
            return self.word(token)
        if token.text == "(" and token.kind == "sign":
            made = self.choice()
            self.need(")")
            return made
        if token.text == "[" and token.kind == "sign":
            return Several(self.several("]"), token.at)
        self.place -= 1
        raise self._unexpected()

    def word(self, token: _Token) -> Node:
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[token.text], token.at)
        if token.text in _RESERVED:
            raise BadExpression("unexpected", token.at, found=token.text)
        if self.take("("):
            return Call(token.text, self.several(")"), token.at)
        return Name(token.text, token.at)

    def several(self, closing: str) -> tuple[Node, ...]:
        if self.take(closing):
            return ()
        items = [self.choice()]
        while self.take(","):
            items.append(self.choice())
        self.need(closing)
        return tuple(items)


def _unescaped(token: _Token) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise BadExpression("escape", token.at + match.start() + 1, found=match[0])
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", one, token.text[1:-1])


__all__ = ["BadExpression", "Call", "Literal", "Name", "Node", "Several", "read"]
