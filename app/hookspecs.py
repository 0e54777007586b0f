"""Every hook of the kernel: what a module may add to the product, and when it is asked.

A hook has one of four policies, kept by `app.host.policies.Hooks`:

- *boot*: asked once while a site's app is built; an error quarantines the module, the rest runs.
- *gate*: asked before an act; an error or a `Veto` refuses the act.
- *render*: asked while a page is made; on an error the piece is left out and the error logged.
- *event*: told after the commit; an error is logged and the others are still told.

`POLICY` names each hook's policy; a test fails when a hook has none, no docstring or no type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from app.types import (
        Action,
        Actor,
        AddedFields,
        ApprovalAct,
        AssigneeRule,
        Begun,
        Card,
        Entity,
        FlowDefinition,
        Held,
        Holding,
        JobSpec,
        Lock,
        MenuGroup,
        Metric,
        NoticeKind,
        Place,
        Placement,
        RoleTemplate,
        ScopeFilter,
        Setting,
        Tab,
        TimelineItem,
        Veto,
        Write,
    )

PROJECT = "qiao"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

POLICY: dict[str, str] = {
    "entities": "boot",
    "added_fields": "boot",
    "views": "boot",
    "menu": "boot",
    "role_templates": "boot",
    "jobs": "boot",
    "settings": "boot",
    "metrics": "boot",
    "notice_kinds": "boot",
    "approval_acts": "boot",
    "assignee_rules": "boot",
    "flow_definitions": "boot",
    "placements": "gate",
    "scope_filters": "gate",
    "assignable": "gate",
    "before_assign": "gate",
    "before_write": "gate",
    "customers_changed": "gate",
    "locks": "gate",
    "before_transition": "gate",
    "assignees": "gate",
    "holdings": "gate",
    "assigned": "event",
    "transitioned": "event",
    "case_ended": "event",
    "activity_recorded": "event",
    "home_cards": "render",
    "record_tabs": "render",
    "record_actions": "render",
    "timeline": "render",
    "demo_data": "boot",
}


@hookspec
def entities() -> Sequence[Entity]:
    """The entities the module brings: list, form, detail, REST, import, export, scope and audit follow.

    Policy: boot. Slugs and view names are unique in a site; a clash quarantines the later module.
    """


@hookspec
def added_fields() -> Sequence[AddedFields]:
    """Fields the module adds to records of the kernel's entities: columns of lists, filters, lines of detail pages.

    Policy: boot. Read only and within the field permissions of roles like any other field; read for a whole page in
    one statement; and the words for what the module writes into choice fields of the kernel (why an owner changed,
    say). An entity whose table cannot have them, or a name without the module's slug, quarantines the module.
    """


@hookspec
def views() -> Sequence[type]:
    """Screens and REST resources beyond the generated ones: subclasses of `app.api` base views.

    Policy: boot. A view whose name equals an entity's `view_name` replaces the generated screens.
    """


@hookspec
def menu() -> Sequence[MenuGroup]:
    """The module's group in the left rail. Items without the person's permission are not shown.

    Policy: boot. Groups of the same name are merged; `order` sorts groups and items.
    """


@hookspec
def role_templates() -> Sequence[RoleTemplate]:
    """Roles to clone from on the matrix screen; created by `qiao sync`, later edits are the admin's.

    Policy: boot. A template of a slug another module ships is merged into it (a module adds its own
    permissions and scopes to the kernel's ``account_manager``).
    """


@hookspec
def jobs() -> Sequence[JobSpec]:
    """Background handlers with their schedules. Names are unique and begin with the module's slug.

    Policy: boot.
    """


@hookspec
def settings() -> Sequence[Setting]:
    """The module's settings with type, default and limits, edited on screen per site.

    Policy: boot. Read with `app.api.setting("pools.claim_limit")`.
    """


@hookspec
def metrics() -> Sequence[Metric]:
    """Facts that can be ranked and charted: one row per event with employee, moment and value.

    Policy: boot. Credit goes to who owned the customer when it happened, so facts carry the employee.
    """


@hookspec
def notice_kinds() -> Sequence[NoticeKind]:
    """Kinds of notice the module tells people, with `app.api.notify`. Names are unique and begin with its slug.

    Policy: boot. Each person chooses per kind by which ways to be told; a mandatory one stays in the product.
    """


@hookspec
def approval_acts() -> Sequence[ApprovalAct]:
    """Acts the end or an automatic step of an approval may call. Names are unique and begin with the module's slug.

    Policy: boot. A handler runs in the transaction of the step, as the product itself.
    """


@hookspec
def assignee_rules() -> Sequence[AssigneeRule]:
    """The rules of who is asked that the module brings to approval flows. Names are unique and begin with its slug.

    Policy: boot. The designer offers them, and a flow that names another is not published; `assignees` answers them.
    """


@hookspec
def flow_definitions() -> Sequence[FlowDefinition]:
    """Approval flows the module ships. `qiao sync` publishes those the site does not have yet.

    Policy: boot. Codes are unique in a site. What an admin has changed since is never overwritten: a newer
    flow of the module is offered as a draft, once.
    """


@hookspec
def placements(user_id: int) -> Sequence[Placement]:
    """Where a login stands in the organisation: employee, unit, roles held there.

    Policy: gate. An error means the person cannot act; no placement means no rows in unit scopes.
    """


@hookspec
def scope_filters(entity: str, actor: Actor, write: bool) -> Sequence[ScopeFilter]:
    """Conditions a module adds to an entity's row scope, for this actor.

    Policy: gate (an error shows no rows). `also` widens what role scope gives, `only` narrows it.
    """


@hookspec
def assignable() -> Sequence[Any]:
    """SQL conditions on the table of customers without which no assignment rule takes one that nobody looks after.

    Policy: gate. A pool keeps what lies in it this way; `before_assign` is asked all the same.
    """


@hookspec
def before_assign(customer_ids: Sequence[int], employee_id: int | None, cause: str, actor: Actor) -> Veto | None:
    """Asked before customers change owner (`employee_id` None: they lose their owner).

    Policy: gate. Return a `Veto` to refuse the whole act; limits and locks live here. A reason given lazily
    (`lazy_gettext`) is read in each reader's language where it is kept, as by a nightly run.
    """


@hookspec
def locks(entity: str, ids: Sequence[int]) -> Mapping[int, Lock]:
    """The fields of these records nobody may write at the moment, for the acting person; others have none.

    Policy: gate. Asked once for a record or a whole chunk, before it is written and where a form is shown; a locked
    record is not deleted either.
    """


@hookspec
def before_write(entity: str, act: str, writes: Sequence[Write], actor: Actor) -> Mapping[int, Veto | Held | Begun]:
    """Asked before records are written by any door, once for one or for a whole chunk; `act`: create, update, delete.

    Also before records leave the product in a file (``export``): one write without a record, whose values are the
    request (query, format, columns, reason), how many ``rows`` it has and which ``personal`` columns. And before
    what is no record changes: a role or who holds it (entity ``role``, act ``grant``), the site by a document
    (``blueprint``, ``apply``); the values are its ``number``, its ``title`` and the change as plain data (``payload``).

    Policy: gate. The values are checked already. The answer names places in `writes`: a `Veto` refuses that record
    alone, `Held` says that something else was opened in its stead (in the running transaction), `Begun` lets it be
    written and is told its id. Places it does not name are written.
    """


@hookspec
def customers_changed(customer_ids: Sequence[int], what: str) -> Veto | None:
    """Told of customers while their change is being written, to keep what follows from them true at every moment.

    `what` says what changed: ``created``; ``owner`` (who owns them, or the unit they count for); ``follow_up`` (one was
    recorded, changed or removed); ``fields`` (any other value of theirs, closing and reopening too).

    Policy: gate, in the transaction of the change and after it was written: what a module writes is kept or undone
    together with it, and an error or a `Veto` refuses the change. Asked once for a whole import: think in sets.
    """


@hookspec
def before_transition(entity: str, record: Any, transition: str, actor: Actor) -> Veto | None:
    """Asked before a record changes its stage or state. `transition` is ``from>to``.

    Policy: gate. The guard rules of the entity itself have already agreed. An act of an approval asks as
    ``approvals.start``, ``approvals.approve``, ``approvals.refuse`` and so on; `record` is None where there is none.
    """


@hookspec
def assignees(rule: str, entity: str, record: Any, applicant_id: int) -> Sequence[int] | None:
    """Who is asked by a rule the module brings to approval flows: ids of employees, in their order.

    Policy: gate. None: the rule is not this module's; the first that answers is believed. An empty answer means
    nobody, and the step falls back as it says. `record` is None where it is still to be made.
    """


@hookspec
def holdings(employee_id: int) -> Sequence[Holding | Place]:
    """What an employee holds that can be handed over, and the places besides colleagues it can go to.

    Policy: gate (an error hands nothing over). A `Holding` counts by its SELECT and moves in chunks of
    `app.types.Handing` inside the handover's job; a `Place` takes records of a holding another module brings.
    """


@hookspec
def assigned(customer_ids: Sequence[int], employee_id: int | None, cause: str) -> None:
    """Told after customers changed owner. Policy: event."""


@hookspec
def transitioned(entity: str, record_id: int, transition: str) -> None:
    """Told after a record changed its stage or state. Policy: event."""


@hookspec
def case_ended(case_id: int, entity: str, record_id: int | None, outcome: str) -> None:
    """Told after an approval has ended: approved, refused, withdrawn or cancelled.

    Policy: event. Each module is told by a background job of its own: one that raises is told again, keeps no other
    from being told, and never undoes the decision. What it writes commits together with the job's end.
    """


@hookspec
def activity_recorded(customer_ids: Sequence[int], at: datetime, effective: bool) -> None:
    """Told after follow-ups were recorded, one or a whole import. Policy: event."""


@hookspec
def home_cards(actor: Actor) -> Sequence[Card]:
    """Cards for the home page. Policy: render. Cards the person may not see are left out."""


@hookspec
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    """Tabs on the page of a record of `entity` (``customer``: the 360° page). Policy: render."""


@hookspec
def record_actions(entity: str, actor: Actor, record: Any) -> Sequence[Action]:
    """Buttons on the page of a record of `entity`, or in the bulk bar of its list, where `record` is None.

    Policy: render. What makes no sense for the record now is left out; the server checks again.
    """


@hookspec
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """A record's events, newest first, at most `limit`, older than `before` when given.

    Policy: render. What comes back is already within the actor's scope.
    """


@hookspec
def demo_data(random: Any, progress: Callable[[str], None]) -> None:
    """Write the module's demonstration records, deterministic from `random` (a seeded `random.Random`).

    Policy: boot. Called once by `qiao demo`, in a transaction of its own, after the modules it requires.
    """
