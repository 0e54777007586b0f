"""What the screens of an entity share: permissions from its description, finding a record, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import abort, url_for
from flask_appbuilder import BaseView
from sqlalchemy import case, select

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.access.scope import UNSCOPED, scope_condition
from app.base.marked import Marked
from app.base.views.acts import optional_url
from app.base.views.titles import record_title
from app.db import session
from app.fields.layouts.describing import list_columns
from app.host.context import context
from app.types import Entity, Text

#: The routes each screen act brings; an entity without the act has none of them.
ROUTES = {
    "list": ("list", "chart", "board", "board_cards", "ids", "filters"),
    "show": ("show", "tab", "timeline"),
    "add": ("add",),
    "edit": ("edit", "cell"),
    "delete": ("delete", "delete_many"),
}
#: Acts on lists whose screens live in other rooms; the permission belongs to the view.
ELSEWHERE = ("export", "import")


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure in a record's header. `title` is its exact value on hover; `tone` a colour of state."""

    label: Text
    text: str
    title: str = ""
    tone: str = ""
    url: str | None = None
    #: The fields it tells about: it is shown only to those who may read all of them.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A further button above a list."""

    label: Text
    url: str
    icon: str = "link"


class EntityScreen(Marked, BaseView):
    """The base of the screens; what a module may override is at the top."""

    entity: ClassVar[Entity]
    default_view = "list"
    route_base: str | None = None
    exclude_route_methods: set[str] = set()
    base_permissions: Any = None

    # What a module's own view says differently -------------------------------------------------------

    def list_fields(self) -> tuple[str, ...]:
        """The columns of the list, by field name."""
        seen = self.seen()
        arranged = list_columns(seen, require_actor())
        return arranged or seen.list_fields or tuple(field.name for field in seen.fields)[:6]

    def list_links(self) -> Sequence[Link]:
        """Further buttons above the list."""
        return ()

    def mark(self, record: Any) -> str:
        """How a row of the list is marked: ``danger`` (标红), ``warning`` or nothing."""
        return ""

    def offers(self, record: Any, act: str) -> bool:
        """Whether an act (``edit``, ``delete``, a module's action by name) makes sense for the record now.

        Only its button follows from this; the verb behind it checks by itself.
        """
        return True

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """The choice fields shown as badges beside the title of a record's page."""
        from_list = [self.seen().field(name) for name in self.seen().list_fields]
        return tuple(field.name for field in from_list if field is not None and field.choices)[:4]

    def figures(self, record: Any) -> Sequence[Figure]:
        """The three or four figures that matter, in the header of a record's page."""
        return ()

    # What the screens use -------------------------------------------------------------------------------

    def __init__(self) -> None:
        # as this site knows it: with the verbs the module attached in its hooks
        self.entity = context().entities.get(self.entity.slug, self.entity)  # type: ignore[misc]
        missing = {
            route for act, routes in ROUTES.items() if act not in self.entity.actions for route in routes
        }
        if not {"add", "edit"} & self.entity.actions:
            missing.add("form_state")
        if not any(field.mask for field in self.entity.fields):
            missing.add("unmask")
        self.route_base = self.route_base or f"/{self.entity.slug}"
        self.exclude_route_methods = set(self.exclude_route_methods) | missing
        super().__init__()
        granted = {f"can_{act}" for act in (*ROUTES, *ELSEWHERE) if act in self.entity.actions}
        foreign = {f"can_{act}" for act in (*ROUTES, *({"unmask"} & missing))} - granted
        self.base_permissions = sorted((set(self.base_permissions or ()) - foreign) | granted)

    def seen(self) -> Entity:
        """The entity as the actor sees it: without hidden fields, the others with what may be done with them."""
        return seen_by(self.entity, require_actor())

    def url(self, route: str, **arguments: Any) -> str:
        """The address of one of this view's routes."""
        return url_for(f"{self.endpoint}.{route}", **arguments)

    def can(self, act: str) -> bool:
        """Whether the entity has the act (list, show, add …) and the actor may do it here."""
        return act in self.entity.actions and require_actor().can(f"can_{act}", self.class_permission_name)

    def find(self, pk: int) -> tuple[Any, bool]:
        """(record, whether the actor may change it), in one statement. Outside the scope: the 404 page."""
        entity, actor = self.entity, require_actor()
        if not 0 < pk < 2**63:
            abort(404)
        writable = case((scope_condition(entity, actor, write=True), 1), else_=0)
        row = session.execute(
            select(entity.model, writable.label("writable"))
            .where(entity.model.id == pk, scope_condition(entity, actor))
            .execution_options(**{UNSCOPED: True})
        ).one_or_none()
        if row is None:
            abort(404)
        return row[0], bool(row[1])

    def render(self, template: str, **values: Any) -> str:
        """A page or fragment with what every template of the screens needs."""
        values.setdefault("cells_url", self.url("cell", pk=0, field="-") if self.can("edit") else "")
        return self.render_template(template, entity=self.entity, heading=self.heading(), **values)

    def title(self, record: Any) -> str:
        """The name of a record."""
        return record_title(self.entity, record)

    def heading(self) -> str:
        """What the list is called: as in the menu, else the entity's label."""
        address = f"{self.endpoint}.list"
        named = (item.label for group in context().menu for item in group.items if item.endpoint == address)
        return str(next(named, self.entity.label))

    def home_url(self, record_id: int | None = None) -> str:
        """Where one goes on: the record's page if there is one, else the list, else the start page."""
        if record_id is not None and self.can("show"):
            return self.url("show", pk=record_id)
        return self.url("list") if self.can("list") else optional_url("HomeView.index") or "/"
