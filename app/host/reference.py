"""The reference pages of docs/, written from the hook specifications, the settings and the manifests."""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path

from flask_babel import force_locale

from app import create_app, hookspecs
from app.host.context import Context, context
from app.host.modules import installed_modules
from app.host.sites import create_site
from app.types import Setting

NOTE = "<!-- Written by `qiao docs`; a test fails when it is stale. -->"
POLICIES = {
    "boot": "asked once while a site's app is built; an error quarantines the module, the rest runs",
    "gate": "asked before an act; an error or a `Veto` refuses the act",
    "render": "asked while a page is made; on an error the piece is left out and the error logged",
    "event": "told after the commit; an error is logged and the others are still told",
}


def write_reference(folder: Path) -> list[Path]:
    """Write hooks.md, settings.md and modules.md into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in reference_pages().items():
        (folder / name).write_text(text, "utf-8")
        written.append(folder / name)
    return written


def reference_pages() -> dict[str, str]:
    """The text of each page by file name, with every installed module switched on."""
    with tempfile.TemporaryDirectory() as scratch:
        app = create_app(create_site(Path(scratch), "docs"), only=set(installed_modules()))
        with app.app_context(), force_locale("en"):
            return {
                "hooks.md": hooks_page(),
                "settings.md": settings_page(context()),
                "modules.md": modules_page(context()),
            }


def hooks_page() -> str:
    """Every hook with its signature, policy and text."""
    lines = ["# Hooks", "", NOTE, ""]
    lines.append(
        "What a module may add to the product. A module's `hooks.py` holds one function per hook, marked "
        "with `@hookimpl` from `app.api`; it may leave out arguments it does not need. Each has a policy:"
    )
    lines += ["", *(f"- **{name}**: {text}." for name, text in POLICIES.items()), ""]
    for name, policy in hookspecs.POLICY.items():
        specification = getattr(hookspecs, name)
        signature = str(inspect.signature(specification)).replace("'", "")
        text = inspect.getdoc(specification) or ""
        lines += [
            f"## `{name}`",
            "",
            f"*{policy}*",
            "",
            "```python",
            f"def {name}{signature}",
            "```",
            "",
            text,
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def settings_page(carried: Context) -> str:
    """Every setting of the kernel and the modules, with kind, default and limits."""
    lines = ["# Settings", "", NOTE, ""]
    lines.append(
        "Edited on *System › Modules*, per site, and read with `app.api.setting(name)`. What the "
        "installation decides (`QIAO_…` variables) is in `config.py`, what a site is (host names, database) "
        "in its `site.toml`."
    )
    groups: dict[str, list[Setting]] = {}
    for setting in carried.settings.values():
        groups.setdefault(setting.name.partition(".")[0], []).append(setting)
    for slug, settings in groups.items():
        lines += [
            "",
            f"## {slug}",
            "",
            "| name | meaning | kind | default | limits |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_setting_line(setting) for setting in settings]
    return "\n".join(lines) + "\n"


def _setting_line(setting: Setting) -> str:
    meaning = f"{setting.label}. {setting.help}".strip() if setting.help else str(setting.label)
    limits = ", ".join(choice.value for choice in setting.choices)
    if setting.minimum is not None or setting.maximum is not None:
        low = "" if setting.minimum is None else setting.minimum
        high = "" if setting.maximum is None else setting.maximum
        limits = f"{low} … {high}"
    cells = (f"`{setting.name}`", meaning, setting.kind.value, str(setting.default), limits)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def modules_page(carried: Context) -> str:
    """Every installed module: what its manifest says and what it brings."""
    lines = ["# Modules", "", NOTE, ""]
    lines.append("What `qiao module list` knows of this installation, and what each module brings when it is on.")
    for slug, found in carried.installed.items():
        if found.manifest is None:
            continue
        manifest = found.manifest
        lines += ["", f"## {manifest.label('en')} (`{slug}` {manifest.version}, {manifest.label('zh')})", ""]
        lines.append(manifest.description.get("en", ""))
        brought = {
            "requires": list(manifest.requires),
            "entities": [name for name, owner in carried.owners.items() if owner == slug],
            "jobs": [name for name in carried.jobs if name.startswith(f"{slug}.")],
            "settings": [name for name in carried.settings if name.startswith(f"{slug}.")],
            "metrics": [name for name in carried.metrics if name.startswith(f"{slug}.")],
            "notices": [name for name in carried.notice_kinds if name.startswith(f"{slug}.")],
            "hooks": _hooks_of(carried, slug),
        }
        lines += [
            "",
            *(f"- {what}: " + ", ".join(f"`{n}`" for n in names) for what, names in brought.items() if names),
        ]
    return "\n".join(lines) + "\n"


def _hooks_of(carried: Context, slug: str) -> list[str]:
    relay = carried.hooks.manager.hook
    return [
        name
        for name in hookspecs.POLICY
        if any(impl.plugin_name == slug for impl in getattr(relay, name).get_hookimpls())
    ]
