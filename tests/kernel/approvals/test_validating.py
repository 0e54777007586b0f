"""APR-1, APR-2: what is wrong with a flow is found before it is published, each by its place; what is well is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.approvals.checking.covering import holding, otherwise
from app.approvals.checking.validating import Finding, Known, validate
from app.approvals.rules.writing import read_document
from app.fields.expressions.compiling import Surroundings, compile_condition
from app.types import Choice, Field, Kind

FIELDS = {
    one.name: one
    for one in (
        Field("amount", "金额", Kind.MONEY),
        Field("grade", "等级", Kind.CHOICE, choices=(Choice("a", "A"), Choice("b", "B"), Choice("c", "C"))),
        Field("signed_on", "签约日", Kind.DATE),
        Field("vip", "重点", Kind.BOOLEAN),
        Field("total", "合计", Kind.MONEY, computed=True),
        Field("owner_id", "归属人", Kind.LINK, target="employee"),
        Field("product_id", "产品", Kind.LINK, target="product"),
    )
}
KNOWN = Known(
    FIELDS, frozenset({1, 2}), frozenset({"risk_officer"}), frozenset({"branch_1"}), frozenset({"notify"}),
    frozenset({"test.committee"}),
)  # fmt: skip
PEOPLE: dict[str, Any] = {"find": "people", "employees": [1]}
ASK: dict[str, Any] = {"id": "ask", "kind": "approve", "name": "审批", "assignees": [PEOPLE]}


def _found(*steps: dict[str, Any], **options: Any) -> list[Finding]:
    return validate(read_document({"steps": list(steps), **options}), KNOWN)


def _codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in findings]


def _choice(*conditions: str, **inside: Any) -> dict[str, Any]:
    ways = [{"name": str(n), "when": when, "steps": [{**ASK, "id": f"b{n}"}]} for n, when in enumerate(conditions)]
    for number, steps in inside.items():
        ways[int(number[1:])]["steps"] = steps
    return {"id": "choose", "kind": "choice", "branches": ways}


def test_a_flow_that_is_well_has_no_findings() -> None:
    assert not _found(
        {**ASK, "sign": "vote", "share": "2/3", "deadline": {"amount": 2}, "fields": {"amount": "write"}},
        _choice("amount < 50000", "amount >= 50000 && grade in ['a', 'b']", ""),
        {"id": "set", "kind": "automatic", "values": {"grade": "a"}},
        batch_field="amount",
        batch_below="50000.00",
    )


def _ask(**changed: Any) -> dict[str, Any]:
    return {**ASK, **changed}


def _ruled(**rule: Any) -> dict[str, Any]:
    return _ask(assignees=[rule])


@pytest.mark.parametrize(
    ("step", "path", "code"),
    [
        (_ask(assignees=[]), "steps.0.assignees", "nobody_named"),
        (_ruled(find="people"), "steps.0.assignees.0.employees", "rule_incomplete"),
        (_ruled(find="people", employees=[1, 7]), "steps.0.assignees.0.employees", "no_employee"),
        (_ruled(find="role", role="pirate"), "steps.0.assignees.0.role", "no_role"),
        (_ruled(find="unit_head", level=0), "steps.0.assignees.0.level", "rule_incomplete"),
        (_ruled(find="unit_head", unit_level="moon"), "steps.0.assignees.0.unit_level", "no_unit_level"),
        (_ruled(find="field", field="product_id"), "steps.0.assignees.0.field", "names_nobody"),
        (_ruled(find="field", field="gone"), "steps.0.assignees.0.field", "no_field"),
        (_ruled(find="expression", expression="amount"), "steps.0.assignees.0.expression", "no_code"),
        (_ruled(find="expression", expression="amount +"), "steps.0.assignees.0.expression", "bad_expression"),
        (_ask(sign="vote", share="3/2"), "steps.0.share", "impossible_share"),
        (_ask(sign="vote", share="0/3"), "steps.0.share", "impossible_share"),
        (_ask(sign="vote", share="1/2", count=1), "steps.0.count", "two_shares"),
        (_ask(sign="in_order", count=1), "steps.0.count", "share_unused"),
        (_ruled(find="module", name="test.gone"), "steps.0.assignees.0.name", "no_rule"),
        (_ruled(find="module"), "steps.0.assignees.0.name", "rule_incomplete"),
        (_ask(deadline={"amount": 0}), "steps.0.deadline.amount", "no_amount"),
        (_ask(fields={"gone": "read"}), "steps.0.fields.gone", "no_field"),
        (_ask(fields={"total": "write"}), "steps.0.fields.total", "computed_field"),
        ({"id": "set", "kind": "automatic"}, "steps.0.values", "does_nothing"),
        ({"id": "set", "kind": "automatic", "values": {"total": "1"}}, "steps.0.values.total", "computed_field"),
        ({"id": "set", "kind": "automatic", "values": {"grade": "z"}}, "steps.0.values.grade", "no_choice"),
        ({"id": "set", "kind": "automatic", "act": "explode"}, "steps.0.act", "no_act"),
        ({"id": "all", "kind": "parallel", "branches": [{"steps": [ASK]}]}, "steps.0.branches", "too_few_branches"),
        (
            {"id": "all", "kind": "parallel", "branches": [{"steps": [ASK]}, {}]},
            "steps.0.branches.1",
            "empty_branch",
        ),
        (_choice(), "steps.0.branches", "no_branches"),
        (_choice("", "amount > 1"), "steps.0.branches.1", "after_otherwise"),
        (_choice("amount >", ""), "steps.0.branches.0.when", "bad_condition"),
        (_choice("amount", ""), "steps.0.branches.0.when", "bad_condition"),
        (_choice("grade == 'z'", ""), "steps.0.branches.0.when", "bad_condition"),
        (_choice("true", ""), "steps.0.branches.0.when", "always_holds"),
        (_choice("false", ""), "steps.0.branches.0.when", "never_holds"),
        (_choice("amount > 5 && amount < 3", ""), "steps.0.branches.0.when", "never_holds"),
        (_choice("grade == 'a' && grade != 'a'", ""), "steps.0.branches.0.when", "never_holds"),
        (_choice("amount >= 10", "amount > 20", ""), "steps.0.branches.1.when", "covered"),
        (
            _choice("signed_on < date('2024-01-01')", "signed_on >= date('2024-01-01')", "signed_on != null", ""),
            "",
            "",
        ),
        (_choice("grade in ['a', 'b']", "grade == 'b'", ""), "steps.0.branches.1.when", "covered"),
        (
            _choice("amount > 9", "", _0=[_choice("amount < 5", "") | {"id": "inner"}]),
            "steps.0.branches.0.steps.0.branches.0.when",
            "contradicts",
        ),
    ],
)
def test_what_is_wrong_is_found_by_its_place(step: dict[str, Any], path: str, code: str) -> None:
    found = [one for one in _found(step) if one.stops and one.code != "id_twice"]
    assert _codes(found) == ([(path, code)] if code else [])


def test_a_number_beyond_those_named_is_told_and_stops_nothing() -> None:
    (found,) = _found(_ask(sign="all", count=3))
    assert (found.code, found.values, found.stops) == ("more_than_named", {"count": 3, "named": 1}, False)


def test_a_field_that_may_change_on_the_way_contradicts_nothing() -> None:
    inner = _choice("amount < 5", "") | {"id": "inner"}
    writes = {**ASK, "id": "w", "fields": {"amount": "write"}}
    assert "contradicts" not in {one.code for one in _found(writes, _choice("amount > 9", "", _0=[inner]))}


def test_a_step_hides_no_figure_in_sight() -> None:
    found = _found(_ask(fields={"amount": "hidden", "grade": "hidden"}), figures=["amount"])
    assert _codes(found) == [("steps.0.fields.amount", "hidden_figure")] and found[0].stops


def test_the_whole_and_its_options_are_looked_at() -> None:
    assert _codes(_found()) == [("steps", "no_steps")]
    assert ("steps", "id_twice") in _codes(_found(ASK, ASK))
    assert ("steps", "no_id") in _codes(_found({**ASK, "id": ""}))
    assert ("steps", "bad_id") in _codes(_found({**ASK, "id": "applicant"}))
    found = _codes(
        _found(
            ASK,
            starts={"change": ["gone"], "when": "amount > 1 && amount < 1"},
            locked=["gone"],
            batch_field="grade",
            ends={"approved": {"values": {"gone": 1}}},
        )
    )
    assert {path for path, _code in found} == {
        "starts.change.0", "starts.when", "locked.0", "ends.approved.values.gone", "batch_below", "batch_field",
    }  # fmt: skip


ATOMS = st.sampled_from(
    ["amount < 5", "amount >= 5", "amount == 3", "amount != 7", "grade == 'a'", "grade in ['a', 'b']", "vip",
     "grade != 'c'", "amount == null", "amount in [1, 3, 5]", "true", "5 > amount"]
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda three: "({} {} {})".format(*three)),
    ),
    max_leaves=5,
)
RECORDS = [
    {"amount": amount, "grade": grade, "vip": vip}
    for amount in (None, 1, 3, 4, 5, 7, 9)
    for grade in (None, "a", "b", "c")
    for vip in (None, True, False)
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(CONDITIONS, CONDITIONS)
def test_no_branch_is_called_unreachable_that_a_record_reaches(first: str, second: str) -> None:
    """Held against the conditions as they run, for every kind of record."""
    around = Surroundings(None, None)  # type: ignore[arg-type]  # nothing here asks for the day
    before, then = (compile_condition(text, FIELDS) for text in (first, second))
    findings = [one.code for one in _found(_choice(first, second, "")) if one.path == "steps.0.branches.1.when"]
    if {"never_holds", "covered"} & set(findings):
        assert not any(then.run(record, around) and not before.run(record, around) for record in RECORDS)
    if not holding(before.tree):
        assert not any(before.run(record, around) for record in RECORDS)
    if not otherwise(holding(before.tree)):
        assert all(before.run(record, around) for record in RECORDS)
