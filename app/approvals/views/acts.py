"""The acts on a case as short dialogs: what each asks for, what it is called, which verb does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage, MultiDict

from app.approvals import services
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.types import Field, Kind, Refused, Text

#: People named at once, things asked for, signs of a comment.
MOST_PEOPLE, MOST_ITEMS, LONGEST = 20, 20, 2_000
_DAY = Field("due_on", _l("Needed by"), Kind.DATE)


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: `parts` are the inputs of its dialog, `verb` does it with what was typed."""

    name: str
    label: Text
    icon: str
    said: Text
    verb: Callable[[int, int, Given], object]
    parts: tuple[str, ...] = ("comment",)
    needed: tuple[str, ...] = ()
    note: Text = ""
    danger: bool = False
    #: About a seat of the case, about an open supplement, or about the case as a whole.
    about: str = "seat"


@dataclass(slots=True)
class Given:
    """What was typed into a dialog."""

    comment: str = ""
    people: tuple[int, ...] = ()
    to: str = ""
    straight: bool = False
    where: str = "before"
    items: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    due_on: date | None = None
    files: tuple[tuple[Any, str], ...] = ()
    texts: Mapping[str, Any] = field(default_factory=dict)


def read_given(form: MultiDict[str, str], act: ActForm, files: Sequence[FileStorage] = ()) -> Given:
    """What was typed, as values. Raises `Refused` by input."""
    errors: dict[str, Any] = {}
    comment = form.get("comment", "").replace("\x00", "").strip()
    people = [text for text in form.getlist("people") if text]
    known = [int(text) for text in people if text.isascii() and text.isdecimal() and len(text) < 10]
    items = tuple(line.strip()[:200] for line in form.get("items", "").splitlines() if line.strip())
    if len(comment) > LONGEST:
        errors["comment"] = _("At most %(count)s characters", count=LONGEST)
    elif "comment" in act.needed and not comment:
        errors["comment"] = _("Say why")
    if "people" in act.parts or "person" in act.parts:
        if len(known) != len(people) or len(known) > MOST_PEOPLE or not known:
            errors["people"] = _("Name at least one person, at most %(count)s", count=MOST_PEOPLE)
        elif "person" in act.parts and len(known) != 1:
            errors["people"] = _("Name one person")
    if "items" in act.parts and not 0 < len(items) <= MOST_ITEMS:
        errors["items"] = _("Name one thing a line, at most %(count)s", count=MOST_ITEMS)
    due: date | None = None
    try:
        due = read_value(_DAY, form.get("due_on", "")) if "due_on" in act.parts else None
    except BadValue:
        errors["due_on"] = _("This is not a day, e.g. 2026-03-31")
    if errors:
        raise Refused(errors=errors)
    return Given(
        comment, tuple(dict.fromkeys(known)), form.get("to", "")[:40], form.get("straight") == "1",
        "after" if form.get("where") == "after" else "before", items, tuple(form.getlist("waits")[:100]), due,
        tuple((one.stream, one.filename) for one in files if one.filename) if "files" in act.parts else (),
    )  # fmt: skip


def _decide(act: str) -> Callable[[int, int, Given], object]:
    return lambda case, seat, given: services.decide(case, seat, act, given.comment)


_ALL: Sequence[ActForm] = (
    ActForm("approve", _l("Approve"), "check", _l("Approved"), _decide("approve")),
    ActForm(
        "refuse", _l("Turn down"), "x", _l("Turned down"), _decide("refuse"), needed=("comment",), danger=True,
    ),
    ActForm("abstain", _l("Abstain"), "circle-minus", _l("You abstained"), _decide("abstain")),
    ActForm(
        "return", _l("Send back"), "arrow-back-up", _l("Sent back"),
        lambda case, seat, given: services.give_back(case, seat, given.to, given.comment, straight=given.straight),
        ("to", "straight", "comment"), ("comment",),
    ),
    ActForm(
        "transfer", _l("Transfer"), "user-share", _l("Handed to a colleague"),
        lambda case, seat, given: services.transfer(case, seat, given.people[0], given.comment),
        ("person", "comment"), note=_l("A colleague decides in your place."),
    ),
    ActForm(
        "add_signers", _l("Add a signer"), "user-plus", _l("They are asked to sign"),
        lambda case, seat, given: services.add_signers(case, seat, given.people, given.where, given.comment),
        ("people", "where", "comment"),
    ),
    ActForm(
        "remove_signer", _l("Remove this signer"), "user-x", _l("The signer is asked no more"),
        lambda case, seat, given: services.remove_signer(case, seat), (),
        note=_l("Whoever you asked to sign is asked no more."), danger=True, about="signer",
    ),
    ActForm(
        "ask_material", _l("Ask for material"), "paperclip", _l("The applicant was asked"),
        lambda case, seat, given: services.ask_material(
            case, seat, given.items, given.waits, given.due_on, given.comment
        ),
        ("items", "waits", "due_on", "comment"),
        note=_l("The approval goes on meanwhile; only the steps you name wait for the material."),
    ),
    ActForm(
        "give_material", _l("The material is there"), "circle-check", _l("Whoever asked is told"),
        lambda case, number, given: services.give_material(case, number, given.comment, given.files),
        ("comment", "files"), about="supplement",
    ),
    ActForm(
        "resubmit", _l("Submit again"), "send", _l("Submitted again"),
        lambda case, seat, given: services.resubmit(case, given.comment), about="case",
    ),
    ActForm(
        "urge", _l("Urge"), "bell", _l("Those asked were urged"),
        lambda case, seat, given: services.urge(case, given.comment), about="case",
    ),
    ActForm(
        "comment", _l("Comment"), "message-circle", _l("Your comment is there"),
        lambda case, seat, given: services.comment_case(case, given.comment, given.files), ("comment", "files"),
        ("comment",), about="case",
    ),
    ActForm(
        "copy", _l("Let others know"), "share", _l("They were told"),
        lambda case, seat, given: services.copy_to(case, given.people), ("people",), about="case",
        note=_l("They may read this approval from now on."),
    ),
    ActForm(
        "withdraw", _l("Take the request back"), "arrow-back-up", _l("The applicant took it back"),
        lambda case, seat, given: services.withdraw(case, given.comment), danger=True, about="case",
    ),
    ActForm(
        "cancel", _l("Cancel the approval"), "ban", _l("Ended by an administrator"),
        lambda case, seat, given: services.cancel_case(case, given.comment), needed=("comment",), danger=True,
        about="case", note=_l("You end it as an administrator; the reason stays in its history."),
    ),
    ActForm(
        "finish", _l("Try again now"), "refresh", _l("What was to follow is done"),
        lambda case, seat, given: services.finish_now(case), (), about="case",
        note=_l("The decision stands. What was to follow from it is tried once more."),
    ),
)  # fmt: skip
ACTS = {act.name: act for act in _ALL}

__all__ = ["ACTS", "ActForm", "Given", "read_given"]
