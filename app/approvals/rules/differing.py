"""How one version of a flow differs from another, step by step."""

from __future__ import annotations

from dataclasses import dataclass, fields

from app.approvals.rules.document import Branch, Document, Step


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: added, removed, moved, changed (then `parts` names the properties), or options of the flow."""

    what: str
    step: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()


def compare(before: Document, after: Document) -> list[Difference]:
    """What is different, in the order of the newer version; what is gone comes last."""
    old, new = ({step.id: step for step in one.walk()} for one in (before, after))
    where_old, where_new = (_places(one) for one in (before, after))
    found = []
    for name, step in new.items():
        if name not in old:
            found.append(Difference("added", name, _name(step)))
            continue
        if parts := _parts(old[name], step):
            found.append(Difference("changed", name, _name(step), parts))
        if _moved(where_old[name], where_new[name], set(old), set(new)):
            found.append(Difference("moved", name, _name(step)))
    found += [Difference("removed", name, _name(step)) for name, step in old.items() if name not in new]
    options = tuple(
        part.name
        for part in fields(Document)
        if part.name != "steps" and getattr(before, part.name) != getattr(after, part.name)
    )
    return [*found, Difference("options", parts=options)] if options else found


def _parts(old: Step, new: Step) -> tuple[str, ...]:
    changed = [
        part.name
        for part in fields(Step)
        if part.name not in ("id", "branches") and getattr(old, part.name) != getattr(new, part.name)
    ]
    if _heads(old.branches) != _heads(new.branches):
        changed.append("branches")
    return tuple(changed)


def _heads(branches: tuple[Branch, ...]) -> list[tuple[str, str, str]]:
    return [(branch.name, branch.name_en, branch.when) for branch in branches]


def _places(document: Document) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The list a step lies in, and the steps before it there."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}

    def place(steps: tuple[Step, ...], home: str) -> None:
        for number, step in enumerate(steps):
            found[step.id] = (home, tuple(one.id for one in steps[:number]))
            for branch_number, branch in enumerate(step.branches):
                place(branch.steps, f"{step.id}.{branch_number}")

    place(document.steps, "")
    return found


def _moved(old: tuple[str, tuple[str, ...]], new: tuple[str, tuple[str, ...]], there: set[str], here: set[str]) -> bool:
    """Whether it lies in another list, or after other steps of those both versions have."""
    both = there & here
    before, after = ([one for one in steps if one in both] for steps in (old[1], new[1]))
    return old[0] != new[0] or before != after


def _name(step: Step) -> str:
    return step.name or step.name_en


__all__ = ["Difference", "compare"]
