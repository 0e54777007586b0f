"""What is said about a case without deciding it: a comment, material that is there; files may come with either."""

from __future__ import annotations

from collections.abc import Sequence

from app.approvals.rules.flowing import Illegal
from app.approvals.services.acting import Moment, on_case, seen
from app.approvals.services.attaching import Sent, attach_to_last, kept_with_the_act


def comment_case(case_id: int, comment: str, files: Sequence[Sent] = ()) -> None:
    """Say something about a case one may see, also after its end. Raises `Refused`."""

    def do(it: Moment) -> None:
        seen(it)
        if not comment.strip():
            raise Illegal("comment_needed")
        it.play.remember("commented", it.by.employee, comment=comment)
        paths.extend(attach_to_last(it, files))

    with kept_with_the_act() as paths:
        on_case(case_id, "comment", do)


def give_material(case_id: int, number: int, comment: str = "", files: Sequence[Sent] = ()) -> None:
    """Say that the material of a supplement is there, or that one does without. Raises `Refused`."""

    def do(it: Moment) -> None:
        it.play.give_material(it.by, number, comment)
        paths.extend(attach_to_last(it, files))

    with kept_with_the_act() as paths:
        on_case(case_id, "give_material", do)


__all__ = ["comment_case", "give_material"]
