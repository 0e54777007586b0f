"""SEC-5: the log is sealed into a file outside the database, which tells what the database alone does not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, func, select, text, update

from app.access.actors import acting_as
from app.access.audit import Act, entry_hash, record_acts, verify
from app.access.audit.seals import NotSealed, check_seals, read_seals, seal_log, seals_path
from app.access.jobs import seal_job
from app.access.models import AuditEntry, AuditHead
from app.cli import qiao
from app.db import db, session, transaction
from app.host.context import context
from app.types import SYSTEM


def write(count: int = 3) -> None:
    with acting_as(SYSTEM):
        for number in range(count):
            with transaction() as current:
                record_acts(current, [Act("tested", "customer", str(number), f"第{number}条")])


def tamper(*statements: Any) -> None:
    """Change the log as someone with full rights on the database would: without the triggers."""
    session.rollback()
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            for table in ("access_audit", "access_audit_head"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            for name in ("access_audit_no_update", "access_audit_no_delete", "access_audit_head_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        for statement in statements:
            connection.execute(statement)


def head() -> dict[str, Any]:
    row = dict(session.execute(select(AuditHead.__table__)).mappings().one())
    session.rollback()
    return row


def sealed() -> Any:
    made = seal_log(session())
    session.rollback()
    return made


def problem() -> str:
    session.rollback()
    return check_seals(session(), read_seals())


def run(*arguments: str) -> Any:
    session.commit()
    return CliRunner().invoke(qiao, ["audit", *arguments])


@pytest.fixture
def console(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    site = context().site
    monkeypatch.setattr("app.access.commands.chosen_sites", lambda slug: [site])


def test_a_seal_is_a_line_in_a_file_that_only_its_owner_reads(app: Flask) -> None:
    assert sealed() is None  # an empty log
    write(2)
    first = sealed()
    assert (first.number, sealed()) == (2, None)  # nothing new
    write(3)
    second = sealed()
    assert second.number == 5
    assert [seal.number for seal in read_seals()] == [2, 5]
    lines = seals_path().read_text().splitlines()
    assert lines == [seal.line.strip() for seal in read_seals()]
    assert lines[0].split()[1:3] == ["2", session.scalar(select(AuditEntry.hash).where(AuditEntry.id == 2))]
    assert stat.S_IMODE(os.stat(seals_path()).st_mode) == 0o600
    assert problem() == ""


def test_newest_entries_cut_off_with_the_head_put_back_are_found_by_the_file_alone(app: Flask) -> None:
    """The earlier head row carries a seal of this site, so that the database by itself is whole."""
    write(3)
    earlier = head()
    write(3)
    sealed()
    tamper(delete(AuditEntry).where(AuditEntry.id > 3), update(AuditHead).values(**earlier))
    assert verify(session()) == (3, "")
    assert "6" in problem()
    with pytest.raises(NotSealed, match="6"):
        sealed()
    write(4)  # grown beyond the sealed number with other entries: still found
    assert verify(session()) == (7, "")
    assert problem()
    with pytest.raises(NotSealed):
        seal_job(None)
    assert len(read_seals()) == 1


REWRITES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an edited text": lambda row: row.update(label="别的"),
    "an edited author": lambda row: row.update(user_name="别人"),
    "edited changes": lambda row: row.update(changes={"a": [1, 2]}),
}


@pytest.mark.parametrize("how", REWRITES)
def test_a_chain_written_anew_does_not_fit_its_seals(app: Flask, how: str) -> None:
    """Even with the head sealed anew, as someone who has the program and the secret but not the file could."""
    write(4)
    sealed()
    rows = [dict(row) for row in session.execute(select(AuditEntry.__table__).order_by(AuditEntry.id)).mappings()]
    REWRITES[how](rows[1])
    link, changed = "", []
    for row in rows:
        row["previous"], link = link, entry_hash(link, row)
        changed.append(update(AuditEntry).where(AuditEntry.id == row["id"]).values(**{**row, "hash": link}))
    tamper(*changed, update(AuditHead).values(hash=link))
    assert verify(session(), sealed=False) == (4, "")
    assert "4" in problem()


def test_what_the_chain_finds_is_found_before_it_is_sealed(app: Flask) -> None:
    write(2)
    sealed()
    write(3)
    tamper(update(AuditEntry).where(AuditEntry.id == 4).values(label="别的"))
    with pytest.raises(NotSealed, match="4"):
        sealed()
    tamper(delete(AuditEntry).where(AuditEntry.id == 4))
    with pytest.raises(NotSealed, match="4"):
        sealed()
    assert [seal.number for seal in read_seals()] == [2]


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace("2026", "2016").replace("2025", "2015"), *lines[1:]],
        lambda lines: [lines[1], lines[2]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [*lines, lines[2]],
        lambda lines: [lines[0].replace(" 1 ", " 2 "), *lines[1:]],
        lambda lines: [*lines, "nonsense"],
        lambda lines: [*lines[:2], lines[2][:40]],
    ],
)
def test_a_file_of_seals_that_was_changed_is_found(app: Flask, change: Callable[[list[str]], list[str]]) -> None:
    for _each in range(3):
        write(1)
        sealed()
    lines = seals_path().read_text().splitlines()
    seals_path().write_text("\n".join(change(lines)) + "\n")
    with pytest.raises(NotSealed, match=r"line|行"):
        read_seals()
    write(1)
    with pytest.raises(NotSealed):
        sealed()


def test_the_job_seals_what_is_new(app: Flask) -> None:
    write(2)
    assert seal_job(None) == {"sealed": 2}
    session.rollback()
    assert seal_job(None) == {"sealed": 0}
    assert context().jobs["access.seal"].schedule


@pytest.mark.usefixtures("console")
def test_the_commands_seal_and_compare(app: Flask) -> None:
    write(3)
    assert "never sealed" in run("verify").output
    earlier = head()
    write(2)
    done = run("seal")
    number = session.scalar(select(func.max(AuditEntry.id)))
    assert (done.exit_code, f"sealed at entry {number}" in done.output) == (0, True)
    assert f"1 seals up to entry {number}" in run("verify").output
    assert "nothing new" in run("seal").output
    tamper(delete(AuditEntry).where(AuditEntry.id > 3), update(AuditHead).values(**earlier))
    broken, refused = run("verify"), run("seal")
    assert (broken.exit_code, refused.exit_code) == (1, 1)
    assert "is gone" in broken.output
    assert "is gone" in refused.output


@pytest.mark.usefixtures("console")
def test_a_file_that_is_gone_or_shorter_is_missed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    write(2)
    sealed()
    short = seals_path().read_bytes()
    write(1)
    sealed()
    seals_path().write_bytes(short)
    assert "the seal of entry 3 is missing" in run("verify").output
    seals_path().unlink()
    for command in ("verify", "seal", "verify"):  # sealing does not begin a new file by itself
        answer = run(command)
        assert answer.exit_code == 1 and "up to entry 3" in answer.output
        assert "file of seals is missing" in answer.output
    monkeypatch.setattr("app.access.commands.chosen_site", lambda slug: context().site)
    assert run("reseal", "--yes").exit_code == 0
    assert "1 seals up to entry 3" in run("verify").output


def test_after_a_change_of_the_secret_the_log_is_sealed_anew(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    write(3)
    sealed()
    site = replace(context().site, secret="another secret of the site, as long as it must be")
    monkeypatch.setattr("app.access.commands.chosen_sites", lambda slug: [site])
    monkeypatch.setattr("app.access.commands.chosen_site", lambda slug: site)
    assert run("verify").exit_code == 1
    done = run("reseal", "--yes")
    assert done.exit_code == 0, done.output
    assert len(list(site.folder.glob("audit-*.seals"))) == 1
    assert "1 seals up to entry 3" in run("verify").output
