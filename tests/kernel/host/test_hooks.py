"""Every hook is documented and typed; each policy is kept: a failing module never takes others along."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pluggy
import pytest
from flask import Flask

from app import hookspecs
from app.hookspecs import POLICY, hookimpl
from app.host.adding import misfit, with_fields
from app.host.context import context
from app.host.policies import BootError, Hooks
from app.types import AddedFields, Choice, Field, Kind, Refused, Veto

NAMES = sorted(name for name, each in vars(hookspecs).items() if hasattr(each, "qiao_spec"))


def module(name: str, hook: str, answer: Callable[[], Any]) -> ModuleType:
    """A module whose only hook takes no arguments and answers what `answer` does."""
    made = ModuleType(name)

    def implementation() -> Any:
        return answer()

    implementation.__name__ = hook
    setattr(made, hook, hookimpl(implementation))
    return made


def breaks() -> Any:
    raise RuntimeError("it broke")


def hooks_with(hook: str, broken: Callable[[], Any], sound: Callable[[], Any]) -> Hooks:
    """A first module that breaks, a second that works."""
    hooks = Hooks()
    hooks.register("broken", module("broken", hook, broken))
    hooks.register("sound", module("sound", hook, sound))
    return hooks


def arguments(hook: str) -> dict[str, Any]:
    return dict.fromkeys(inspect.signature(getattr(hookspecs, hook)).parameters)


def test_each_hook_has_a_policy_and_no_policy_lacks_its_hook() -> None:
    assert sorted(POLICY) == NAMES
    assert set(POLICY.values()) == {"boot", "gate", "render", "event"}


@pytest.mark.parametrize("name", NAMES)
def test_each_hook_is_documented_and_typed(name: str) -> None:
    specification = getattr(hookspecs, name)
    text = inspect.getdoc(specification) or ""
    assert text, f"{name} has no docstring"
    assert f"Policy: {POLICY[name]}" in text, f"{name} does not say its policy"
    signature = inspect.signature(specification)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, f"{name}: {parameter.name} has no type"


@pytest.mark.parametrize("name", [name for name in NAMES if POLICY[name] == "boot"])
def test_an_error_while_booting_quarantines_the_module_only(name: str) -> None:
    hooks = hooks_with(name, breaks, lambda: ("item",))
    assert hooks.boot(name, **arguments(name)) == [("sound", "item")]
    assert set(hooks.quarantined) == {"broken"}
    assert "it broke" in str(hooks.quarantined["broken"])
    assert list(hooks.modules) == ["sound"]


@pytest.mark.parametrize("name", [name for name in NAMES if POLICY[name] == "gate"])
def test_a_gate_refuses_on_an_error_and_on_a_veto(name: str) -> None:
    with pytest.raises(RuntimeError):
        hooks_with(name, breaks, lambda: None).gate(name, **arguments(name))
    with pytest.raises(RuntimeError):
        hooks_with(name, breaks, lambda: ()).gather(name, **arguments(name))
    with pytest.raises(Refused, match="not today"):
        hooks_with(name, lambda: Veto("not today"), lambda: None).gate(name, **arguments(name))
    passing = hooks_with(name, lambda: None, lambda: ("item",))
    passing.gate(name, **arguments(name))
    assert passing.gather(name, **arguments(name)) == ["item"]


@pytest.mark.parametrize("name", [name for name in NAMES if POLICY[name] == "render"])
def test_a_piece_of_a_page_that_fails_is_left_out(name: str, caplog: pytest.LogCaptureFixture) -> None:
    hooks = hooks_with(name, breaks, lambda: ("item",))
    assert hooks.render(name, **arguments(name)) == ["item"]
    assert hooks.quarantined == {}
    assert "it broke" in caplog.text


@pytest.mark.parametrize("name", [name for name in NAMES if POLICY[name] == "event"])
def test_an_event_reaches_the_others_after_an_error(name: str, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    hooks_with(name, breaks, lambda: told.append("sound")).event(name, **arguments(name))
    assert told == ["sound"]
    assert "it broke" in caplog.text


def test_an_unknown_hook_is_refused_and_leaves_nothing() -> None:
    hooks = Hooks()
    with pytest.raises(pluggy.PluginValidationError):
        hooks.register("odd", module("odd", "entitees", lambda: ()))
    assert hooks.modules == {}
    hooks.register("odd", module("odd", "entities", lambda: ("item",)))
    assert hooks.boot("entities") == [("odd", "item")]


def test_an_unknown_argument_is_refused() -> None:
    odd = ModuleType("odd")

    @hookimpl
    def timeline(entity: str, colour: str) -> Any:
        return ()

    odd.timeline = timeline  # type: ignore[attr-defined]
    with pytest.raises(pluggy.PluginValidationError):
        Hooks().register("odd", odd)


def test_a_room_of_the_kernel_that_fails_stops_the_boot() -> None:
    hooks = Hooks()
    hooks.register("access", module("access", "entities", breaks), is_room=True)
    with pytest.raises(BootError, match="access"):
        hooks.boot("entities")


def test_a_module_cannot_take_the_name_of_a_room() -> None:
    hooks = Hooks()
    hooks.register("access", module("access", "entities", tuple), is_room=True)
    with pytest.raises(ValueError, match="access"):
        hooks.register("access", module("other", "entities", tuple))


# --- fields a module adds to others' records ------------------------------------------------------------------


def _more(name: str = "notes_age", entity: str = "customer", **given: Any) -> AddedFields:
    field = Field(name, "Age", Kind.INTEGER, **{"computed": True, "expression": lambda model: model.id, **given})
    return AddedFields(entity, "Notes", (field,), list_fields=(name,))


def test_added_fields_stand_at_the_end_in_a_section_of_their_own(app: Flask) -> None:
    before = context().entities["customer"]
    after = with_fields(before, _more())
    assert misfit(context(), "notes", _more()) == ""
    assert after.fields[-1].name == "notes_age"
    assert after.list_fields == (*before.list_fields, "notes_age")
    between = with_fields(before, replace(_more(), behind="lifecycle")).list_fields
    assert between.index("notes_age") == between.index("lifecycle") + 1
    assert (after.sections[-1].label, after.sections[-1].fields) == ("Notes", ("notes_age",))


def _causes(value: str, name: str = "cause") -> AddedFields:
    return AddedFields("customer_ownership", choices={name: (Choice(value, "Sold"),)})


def test_added_choices_stand_after_those_of_the_kernel(app: Flask) -> None:
    before = context().entities["customer_ownership"]
    assert misfit(context(), "notes", _causes("notes.sold")) == ""
    after = with_fields(before, _causes("notes.sold"))
    assert [choice.label for choice in getattr(after.field("cause"), "choices", ())][-1] == "Sold"
    assert after.sections == before.sections


@pytest.mark.parametrize(
    "more",
    [
        _causes("sold"),
        _causes("notes.sold", "reason"),
        _more("age"),
        _more("name"),
        _more(computed=False),
        _more(expression=None),
        _more(entity="pools_pool"),
    ],
)
def test_what_cannot_be_added_is_said(app: Flask, more: AddedFields) -> None:
    assert "added_fields" in misfit(context(), "notes", more)


def test_fields_for_an_entity_nobody_has_are_left_out(app: Flask) -> None:
    assert misfit(context(), "notes", _more(entity="ship")) == ""
