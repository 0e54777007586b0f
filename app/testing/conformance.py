"""What every module must hold to; run over each module found (`tests/kernel/host/test_conformance.py`).

A module outside this repository runs the same over itself: `RULES` take what was found, `SITE_RULES` a site
with the kernel's tables besides. Each raises `AssertionError` naming what is wrong and where.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import BuildError

from app import hookspecs
from app.base.permissions import needed_pairs
from app.base.security.roles.matrix import ACTS, FURTHER
from app.host.context import context
from app.host.discovery import Found
from app.host.migrations import differences, downgrade, line_of, migrating, revision_of, upgrade
from app.host.modules import disable_module, enable_module, installed_modules
from app.host.sites import Site
from app.testing.inspection import (
    all_grants,
    fill,
    hookimpls,
    imported_names,
    module_tables,
    requirements,
    rows_of,
    running,
    sources,
    words_without_chinese,
)

DOOR = ("app.api", "app.types", "app.testing")
IMPURE = ("flask", "sqlalchemy", "redis", "rq")

# --- what can be seen without a database --------------------------------------------------------------------


def manifest_is_readable(found: Found) -> None:
    """The manifest names the module in both languages and fits this kernel."""
    assert found.manifest is not None, found.problem
    assert found.manifest.fits_kernel(), f"it needs kernel {found.manifest.kernel}"
    for what, texts in (("name", found.manifest.name), ("description", found.manifest.description)):
        assert {"zh", "en"} <= set(texts), f"manifest.toml: '{what}' needs zh and en"


def has_a_readme(found: Found) -> None:
    """README.md says what the module does and what it adds."""
    readme = found.folder / "README.md"
    assert readme.is_file(), f"{readme} is missing"
    assert len(readme.read_text("utf-8")) > 200, f"{readme} says next to nothing"


def imports_only_through_the_door(found: Found) -> None:
    """Of the kernel only app.api, app.types, app.testing; of other modules and Flask-AppBuilder nothing."""
    family = found.package.rpartition(".")[0]
    wrong = []
    for path in sources(found):
        for name in imported_names(path):
            own = name == found.package or name.startswith(f"{found.package}.")
            sibling = bool(family) and name.startswith(f"{family}.")
            kernel = name.split(".")[0] == "app" and not name.startswith(DOOR)
            if not own and (kernel or sibling or name.startswith("flask_appbuilder")):
                wrong.append(f"{path.relative_to(found.folder)}: {name}")
    assert not wrong, "imports past the door: " + ", ".join(wrong)


def hooks_are_known(found: Found) -> None:
    """Every hook is in hooks.py, exists, and asks only for what the kernel passes."""
    for path in sources(found):
        for hook in hookimpls(path):
            assert path == found.folder / "hooks.py", f"{path.name}: hooks belong into hooks.py"
            assert hook.name in hookspecs.POLICY, f"hooks.py: there is no hook '{hook.name}'"
            passed = inspect.signature(getattr(hookspecs, hook.name)).parameters
            strange = {each.arg for each in hook.args.args} - set(passed)
            assert not strange, f"hooks.py: {hook.name} is not passed {sorted(strange)}"


def rules_are_pure(found: Found) -> None:
    """rules.py imports nothing that talks to a database, a queue or a browser."""
    for path in (found.folder / "rules.py", *(found.folder / "rules").glob("**/*.py")):
        names = list(imported_names(path)) if path.exists() else []
        impure = [name for name in names if name.split(".")[0] in IMPURE]
        impure += [name for name in names if name.startswith("app.") and not name.startswith("app.types")]
        assert not impure, f"{path.name} imports {', '.join(impure)}"


def speaks_chinese(found: Found) -> None:
    """Every message has its Chinese words, in the module's own catalogue or the kernel's."""
    assert not (missing := words_without_chinese(found)), f"no Chinese for {missing}"


# --- what a site shows --------------------------------------------------------------------------------------


def boots_alone(found: Found, site: Site) -> None:
    """It boots with what it requires and nothing else; what it brings is its own, what it names exists."""
    with running(site, requirements(found)) as app:
        hooks = context().hooks
        assert hooks.quarantined == {}
        assert found.slug in hooks.modules
        _names_begin_with_its_slug(found)
        _tables_refer_to_the_kernel(found)
        _menu_leads_somewhere(found, app)
        pairs = needed_pairs(app)
        _permissions_have_names(app, pairs)
        for slug, template in hooks.boot("role_templates"):
            if slug == found.slug:
                asked = {(act, view) for view, acts in template.permissions.items() for act in acts}
                assert asked <= pairs, f"role template {template.slug} names {sorted(asked - pairs)}"
                # A module may let roles scope a view of its own that is no entity, under its slug.
                unknown = set(template.scopes) - set(context().entities) - {found.slug}
                assert not unknown, f"role template {template.slug} names the entities {unknown}"


def _permissions_have_names(app: Flask, pairs: Iterable[tuple[str, str]]) -> None:
    """The matrix of roles calls each permission by words; `permission_labels` of a view names its own."""
    labels = {type(view).__name__: getattr(view, "permission_labels", {}) for view in app.appbuilder.baseviews}  # type: ignore[attr-defined]
    known = {*ACTS, *FURTHER}
    bare = [pair for pair in pairs if pair[0] not in known and pair[0] not in labels.get(pair[1], {})]
    assert not bare, f"permissions without a name: {sorted(bare)}"


def _names_begin_with_its_slug(found: Found) -> None:
    hooks = context().hooks
    for kind in ("entities", "jobs", "settings", "metrics", "notice_kinds", "flow_definitions"):
        items = [item for slug, item in hooks.boot(kind) if slug == found.slug]
        called = {"entities": "slug", "flow_definitions": "code"}.get(kind, "name")
        names = [getattr(item, called) for item in items]
        strange = [name for name in names if not name.startswith((f"{found.slug}_", f"{found.slug}."))]
        assert not strange, f"{kind} that do not begin with '{found.slug}': {strange}"
        assert len(set(names)) == len(names), f"{kind} named twice: {names}"


def _tables_refer_to_the_kernel(found: Found) -> None:
    others = [slug for slug in installed_modules() if slug not in requirements(found)]
    for table in module_tables(found):
        for key in table.foreign_keys:
            target = key.target_fullname.partition(".")[0]
            foreign = [slug for slug in others if target.startswith(f"{slug}_")]
            assert not foreign, f"{table.name} refers to {target}, a table of another module"


def _menu_leads_somewhere(found: Found, app: Flask) -> None:
    pairs = needed_pairs(app)
    with app.test_request_context():
        for slug, group in context().hooks.boot("menu"):
            for item in group.items if slug == found.slug else ():
                assert item.endpoint in app.view_functions, f"menu line {item.name}: no {item.endpoint}"
                assert (item.permission, item.view) in pairs, f"menu line {item.name}: no {item.permission}"
                try:
                    app.url_for(item.endpoint, **item.args)
                except BuildError as wrong:
                    raise AssertionError(f"menu line {item.name}: {wrong}") from wrong


def data_and_grants_outlive_switching_off(found: Found, site: Site) -> None:
    """Switched on, off and on again: screens go and come, rows and grants stay as they were."""
    with running(site):
        for slug in requirements(found):
            enable_module(slug)
    with running(site):
        fill(found)
        before = rows_of(found), all_grants()
        assert all(before[0].values())
        disable_module(found.slug)
    with running(site):
        assert found.slug not in context().hooks.modules
        assert found.slug not in context().owners.values()
        assert (rows_of(found), all_grants()) == before
        enable_module(found.slug)
    with running(site):
        assert found.slug in context().hooks.modules
        assert (rows_of(found), all_grants()) == before


def migrates_up_down_and_up(found: Found, site: Site) -> None:
    """Its migrations make exactly its models' tables, and take them away without a trace."""
    line, slugs = line_of(found), set(installed_modules())
    with running(site, requirements(found)):
        pass  # its models are known from here on
    assert line.head() is not None or not module_tables(found), f"{line.versions} has no migration"
    with migrating(site.database_url) as connection:
        _drop(connection, module_tables(found), line.version_table)
    for _round in range(2):
        with migrating(site.database_url) as connection:
            upgrade(connection, line)
            assert revision_of(connection, line) == line.head()
            assert differences(connection, line, slugs) == []
        with migrating(site.database_url) as connection:
            downgrade(connection, line)
            names = sa.inspect(connection).get_table_names()
            left = [name for name in names if name.startswith(f"{found.slug}_") and name != line.version_table]
            assert left == [], f"left after going down: {left}"


def _drop(connection: sa.Connection, tables: Iterable[sa.Table], version_table: str) -> None:
    for table in reversed(list(tables)):
        table.drop(connection, checkfirst=True)
    connection.execute(sa.text(f'DROP TABLE IF EXISTS "{version_table}"'))


RULES: tuple[Callable[[Found], None], ...] = (
    manifest_is_readable,
    has_a_readme,
    imports_only_through_the_door,
    hooks_are_known,
    rules_are_pure,
    speaks_chinese,
)
SITE_RULES: tuple[Callable[[Found, Site], None], ...] = (
    boots_alone,
    data_and_grants_outlive_switching_off,
    migrates_up_down_and_up,
)
