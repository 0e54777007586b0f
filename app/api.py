"""The one door: everything a module may use of the kernel, besides `app.types` and `app.testing`."""

from __future__ import annotations

from app.access.actors import acting_as, current_actor, load_actor, require_actor
from app.access.audit import Act, record_acts
from app.access.models import BigId
from app.access.policy import as_seen, may_ask, readable, title_text
from app.access.preferences import preference, set_preference
from app.access.scope import UNSCOPED, held_condition, scope_condition
from app.activities.models import Activity
from app.activities.services import record_activities, record_activity
from app.approvals import services as approvals
from app.base.errors import answer, toast_event
from app.base.page import PageView, expose, has_access
from app.base.rest.access import api_needs
from app.base.rest.entity import EntityApi
from app.base.rest.records import read_asked
from app.base.runs import RunLine, RunRow
from app.base.views.acts import chosen_ids
from app.base.views.cells import cell
from app.base.views.conditions import (
    check_condition,
    condition_as_seen,
    condition_builder,
    condition_of,
    condition_text,
)
from app.base.views.dialogs import asking, form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.formats import (
    date_text,
    mask_bank_card,
    mask_id_number,
    mask_phone,
    moment_text,
    money_short,
    money_text,
    number_text,
    percent_text,
    range_text,
)
from app.base.views.guard import needs, own_path
from app.base.views.related import related_list, related_tab
from app.base.views.replies import dialog, done, linked
from app.base.views.saving import posted_values
from app.base.views.screen import Figure, Link
from app.base.views.titles import links_of, read_titles, record_url
from app.calendar.services import add_working_days, deadline, is_working_day, worked_days
from app.charts import line_chart, ranked_bars, upright_bars
from app.customers.models import Contact, Customer, CustomerOwnership, CustomerShare
from app.customers.schemas import KINDS as CUSTOMER_KINDS
from app.customers.schemas import LEVELS as CUSTOMER_LEVELS
from app.customers.schemas import SOURCES as CUSTOMER_SOURCES
from app.customers.services import (
    ANYBODY,
    Move,
    assign_customers,
    close_customers,
    create_customer,
    create_customers,
    move_customers,
    move_set,
    reopen_customers,
    share_customer,
    unshare_customer,
    vetoes,
)
from app.db import Model, Money, UtcDateTime, after_commit, execute_on, extra_ddl, now, reading, session, transaction
from app.fields.bulk import ArrayText, among, as_table, insert_rows, next_ids
from app.fields.custom.stored import Extensible
from app.fields.gate import locks_of, refuse_locked
from app.fields.records import check_links, create_record, delete_record, find_record, update_record
from app.fields.values import read_values
from app.hookspecs import hookimpl
from app.host.context import context, entity, hooks
from app.host.settings import setting
from app.jobs.services import Cancelled, LostLease, Run, enqueue, find_job
from app.notices.sayings import kept as keep_text
from app.notices.sayings import kept_in_each as keep_in_each
from app.notices.sayings import said as say_text
from app.notices.services import Telling, notify, notify_each
from app.organisation.models import Employee, Unit
from app.search.terms import forget_terms, index_entity, index_rows, index_terms
from app.transfer.services.control import note_file
from app.transfer.services.sheets import FIGURES, Sheet, export_sheets
from app.transfer.services.writing import savepoint
from app.transfer.views import attachments_tab

__all__ = [
    "ANYBODY",
    "CUSTOMER_KINDS",
    "CUSTOMER_LEVELS",
    "CUSTOMER_SOURCES",
    "UNSCOPED",
    "Act",
    "Activity",
    "ArrayText",
    "BigId",
    "Cancelled",
    "Contact",
    "Customer",
    "CustomerOwnership",
    "CustomerShare",
    "Employee",
    "EntityApi",
    "EntityView",
    "Extensible",
    "FIGURES",
    "Figure",
    "Link",
    "LostLease",
    "Model",
    "Move",
    "Money",
    "PageView",
    "Run",
    "RunLine",
    "RunRow",
    "Sheet",
    "Telling",
    "Unit",
    "UtcDateTime",
    "acting_as",
    "add_working_days",
    "after_commit",
    "among",
    "answer",
    "approvals",
    "api_needs",
    "as_seen",
    "as_table",
    "asking",
    "assign_customers",
    "attachments_tab",
    "cell",
    "chosen_ids",
    "close_customers",
    "check_condition",
    "check_links",
    "condition_as_seen",
    "condition_builder",
    "condition_of",
    "condition_text",
    "context",
    "create_customer",
    "create_customers",
    "create_record",
    "current_actor",
    "date_text",
    "deadline",
    "delete_record",
    "dialog",
    "done",
    "enqueue",
    "entity",
    "execute_on",
    "extra_ddl",
    "export_sheets",
    "expose",
    "find_job",
    "find_record",
    "forget_terms",
    "form_dialog",
    "has_access",
    "held_condition",
    "hookimpl",
    "hooks",
    "index_entity",
    "index_rows",
    "index_terms",
    "insert_rows",
    "is_working_day",
    "keep_in_each",
    "keep_text",
    "line_chart",
    "linked",
    "links_of",
    "load_actor",
    "locks_of",
    "mask_bank_card",
    "mask_id_number",
    "mask_phone",
    "may_ask",
    "moment_text",
    "money_short",
    "money_text",
    "move_customers",
    "move_set",
    "needs",
    "next_ids",
    "note_file",
    "notify",
    "notify_each",
    "now",
    "number_text",
    "own_path",
    "percent_text",
    "posted_values",
    "preference",
    "range_text",
    "ranked_bars",
    "read_asked",
    "read_dialog",
    "read_titles",
    "read_values",
    "readable",
    "reading",
    "record_activities",
    "record_activity",
    "record_acts",
    "record_url",
    "refuse_locked",
    "related_list",
    "related_tab",
    "reopen_customers",
    "require_actor",
    "savepoint",
    "say_text",
    "scope_condition",
    "session",
    "set_preference",
    "setting",
    "share_customer",
    "toast_event",
    "title_text",
    "transaction",
    "unshare_customer",
    "update_record",
    "upright_bars",
    "vetoes",
    "worked_days",
]
