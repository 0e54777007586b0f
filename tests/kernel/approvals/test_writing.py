"""APR-1: a flow's document survives being written as JSON and read again; anything else is refused by its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.approvals.rules.document import (
    Branch,
    Deadline,
    Document,
    End,
    Find,
    Kind,
    Nobody,
    Rule,
    Sign,
    Starts,
    Step,
    Then,
    Within,
)
from app.approvals.rules.writing import ACCESS, ACTS, OUTCOMES, UNITS, BadDocument, read_document, write_document

_NAMES = st.sampled_from(["", "a", "部门负责人审批", "x" * 100])
_VALUES = st.dictionaries(
    _NAMES, st.none() | st.booleans() | st.integers(-5, 5) | _NAMES | st.lists(_NAMES), max_size=2
)
_RULES = st.builds(
    Rule,
    st.sampled_from(Find),
    employees=st.lists(st.integers(1, 10**12), max_size=3).map(tuple),
    role=_NAMES,
    within=st.sampled_from(Within),
    level=st.integers(0, 5),
    only_last=st.booleans(),
    expression=_NAMES,
)
_STEPS = st.builds(
    Step,
    _NAMES.map(lambda name: name[:40]),
    st.sampled_from(Kind),
    name=_NAMES,
    assignees=st.lists(_RULES, max_size=2).map(tuple),
    sign=st.sampled_from(Sign),
    share=st.none() | st.fractions(0, 1, max_denominator=50),
    count=st.none() | st.integers(1, 200),
    nobody=st.sampled_from(Nobody),
    deadline=st.none() | st.builds(Deadline, st.integers(0, 99), st.sampled_from(UNITS), st.sampled_from(Then)),
    fields=st.dictionaries(_NAMES, st.sampled_from(ACCESS), max_size=2),
    may=st.frozensets(st.sampled_from(ACTS)),
    values=_VALUES,
)


def _branched(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    lists = st.lists(steps, max_size=2).map(tuple)
    branches = st.lists(st.builds(Branch, name=_NAMES, when=_NAMES, steps=lists), max_size=2).map(tuple)
    return st.builds(lambda step, ways: replace(step, branches=ways), _STEPS, branches)


_DOCUMENTS = st.builds(
    Document,
    st.lists(_STEPS | _branched(_STEPS) | _branched(_branched(_STEPS)), max_size=3).map(tuple),
    starts=st.builds(Starts, st.booleans(), st.booleans(), st.lists(_NAMES, max_size=2).map(tuple), when=_NAMES),
    locked=st.lists(_NAMES, max_size=2).map(tuple),
    ends=st.dictionaries(st.sampled_from(OUTCOMES), st.builds(End, _VALUES, _NAMES), max_size=2),
    repeated_pass=st.booleans(),
    batch_below=_NAMES,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(_DOCUMENTS)
def test_a_document_written_and_read_is_the_same(document: Document) -> None:
    assert read_document(json.loads(json.dumps(write_document(document)))) == document


def test_defaults_are_left_out_and_shares_stay_fractions() -> None:
    share = read_document({"steps": [{"id": "a", "kind": "approve", "sign": "all", "share": "2/3"}]})
    assert write_document(share) == {"steps": [{"id": "a", "kind": "approve", "sign": "all", "share": "2/3"}]}
    assert share.steps[0].needed(3) == 2


def _nested(depth: int) -> dict[str, Any]:
    step: dict[str, Any] = {"id": "a", "kind": "approve"}
    for _ in range(depth):
        step = {"id": "a", "kind": "choice", "branches": [{"steps": [step]}]}
    return {"steps": [step]}


STEP = {"id": "a", "kind": "approve"}


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        ([], "", "not_an_object"),
        ({}, "steps", "missing"),
        ({"steps": [], "colour": 1}, "colour", "unknown_key"),
        ({"steps": [{**STEP, "do": 1}]}, "steps.0.do", "unknown_key"),
        ({"steps": [{"id": "a"}]}, "steps.0.kind", "missing"),
        ({"steps": [{**STEP, "kind": "walk"}]}, "steps.0.kind", "not_allowed"),
        ({"steps": [{**STEP, "share": "1/0"}]}, "steps.0.share", "not_a_share"),
        ({"steps": [{**STEP, "share": 0.67}]}, "steps.0.share", "not_a_share"),
        ({"steps": [{**STEP, "count": 0}]}, "steps.0.count", "not_allowed"),
        ({"steps": [{**STEP, "count": "2"}]}, "steps.0.count", "not_a_number"),
        ({"steps": [{**STEP, "deadline": {"amount": True}}]}, "steps.0.deadline.amount", "not_a_number"),
        ({"steps": [{**STEP, "name": "x" * 101}]}, "steps.0.name", "too_long"),
        ({"steps": [{**STEP, "values": {"amount": 1.5}}]}, "steps.0.values.amount", "not_a_value"),
        ({"steps": [STEP] * 61}, "steps", "too_many"),
        (_nested(4), "steps.0.branches.0.steps.0.branches.0.steps.0.branches.0.steps.0.branches.0.steps", "too_deep"),
        ({"steps": [{**STEP, "kind": "choice", "branches": [{}] * 11}]}, "steps.0.branches", "too_many"),
        ({"steps": [STEP], "withdraw": "sometimes"}, "withdraw", "not_allowed"),
    ],
)
def test_what_is_no_document_is_refused_by_its_place(raw: object, path: str, code: str) -> None:
    with pytest.raises(BadDocument) as bad:
        read_document(raw)
    assert (bad.value.path, bad.value.code) == (path, code)


def test_the_deepest_document_that_is_allowed_is_read() -> None:
    assert len(list(read_document(_nested(3)).walk())) == 4
