"""Who may import what, where import-linter cannot say it: rules are pure, modules use the front door."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOORS = ("app.api", "app.types", "app.testing")


def python_files(*rooms: str) -> list[Path]:
    return sorted(
        path for room in rooms for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts
    )


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, source: str | None = None) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, wherever in the file and however it is written."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(source if source is not None else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{prefix}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and is_literal_import(node):
            yield node.lineno, str(ast.literal_eval(node.args[0]))


def is_literal_import(call: ast.Call) -> bool:
    """`import_module("…")`; a name that is only known at run time is no import of the file's own."""
    called = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return (
        called in {"import_module", "__import__"}
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
    )


def is_within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def impure(path: Path, source: str | None = None) -> list[str]:
    """What a rules file imports beyond the standard library, `app.types` and its own folder."""
    own = [module_name(path.parent)] if path.parent.name == "rules" else []
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imported(path, source)
        if name.split(".")[0] not in sys.stdlib_module_names and not is_within(name, "app.types", *own)
    ]


def past_the_door(path: Path, source: str | None = None) -> list[str]:
    """What a module's file imports of the kernel besides its doors, and what of another module."""
    slug = path.relative_to(ROOT / "plugins").parts[0]
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imported(path, source)
        if (is_within(name, "app", "config") and not is_within(name, *DOORS))
        or (is_within(name, "plugins") and not is_within(name, f"plugins.{slug}"))
    ]


RULES = [
    path for path in python_files("app", "plugins") if path.name == "rules.py" or path.parent.name == "rules"
]


@pytest.mark.parametrize("path", RULES, ids=module_name)
def test_rules_are_pure(path: Path) -> None:
    assert impure(path) == []


def test_modules_use_the_front_door() -> None:
    files = [path for path in python_files("plugins") if path.parent.name != "plugins"]
    assert [line for path in files for line in past_the_door(path)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import decimal\nfrom app.types import Actor\n", []),
        ("from app.types import Actor as A\n", []),
        ("import sqlalchemy as sa\n", ["plugins/pools/rules.py:1 imports sqlalchemy"]),
        ("def f():\n    from app.db import session\n", ["plugins/pools/rules.py:2 imports app.db.session"]),
        ("from .models import Pool\n", ["plugins/pools/rules.py:1 imports plugins.pools.models.Pool"]),
    ],
)
def test_an_impure_rule_would_be_seen(source: str, found: list[str]) -> None:
    assert impure(ROOT / "plugins/pools/rules.py", source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from app.api import Model\nfrom app.testing import conformance\nfrom .models import Pool\n", []),
        ("from plugins.pools.models import Pool\n", []),
        ("from app import db\n", ["plugins/pools/services.py:1 imports app.db"]),
        (
            "from app.customers.models import Customer\n",
            ["plugins/pools/services.py:1 imports app.customers.models.Customer"],
        ),
        ("from ..loans import models\n", ["plugins/pools/services.py:1 imports plugins.loans.models"]),
        (
            "import importlib\nimportlib.import_module('app.db')\n",
            ["plugins/pools/services.py:2 imports app.db"],
        ),
    ],
)
def test_a_way_past_the_door_would_be_seen(source: str, found: list[str]) -> None:
    assert past_the_door(ROOT / "plugins/pools/services.py", source) == found
