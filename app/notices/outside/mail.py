"""Mails over the site's own mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from app.db import now
from app.host.outgoing import Mail
from app.notices.outside.faults import NotSent
from app.notices.rules import one_line, shortened

LONGEST_SUBJECT = 180


@contextmanager
def mailbox(mail: Mail) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server, encrypted and logged in as the site says. Raises `NotSent`."""
    try:
        connection = _connect(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{mail.host}:{mail.port}: {_told(error)}") from error
    try:
        yield connection
    finally:
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


def _connect(mail: Mail) -> smtplib.SMTP:
    if mail.tls == "tls":
        trust = ssl.create_default_context(cafile=mail.ca_file)
        connection: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout_seconds, context=trust)
    else:
        connection = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout_seconds)
    try:
        if mail.tls == "starttls":
            connection.starttls(context=ssl.create_default_context(cafile=mail.ca_file))
        if mail.username:
            connection.login(mail.username, mail.password)
    except BaseException:
        connection.close()
        raise
    return connection


def letter(mail: Mail, address: str, subject: str, body: str, key: str) -> EmailMessage:
    """A mail. `key` makes its Message-ID: the same mail sent again has the same, and servers drop the second."""
    made = EmailMessage()
    made["From"] = mail.sender
    made["To"] = one_line(address)
    made["Subject"] = shortened(one_line(subject), LONGEST_SUBJECT)
    made["Date"] = format_datetime(now())
    made["Message-ID"] = f"<{key}@{parseaddr(mail.sender)[1].rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(body)
    return made


def send_letter(connection: smtplib.SMTP, made: EmailMessage) -> None:
    """Hand a mail to the server. Raises `NotSent`; for good when the server will never take it."""
    try:
        connection.send_message(made)
    except smtplib.SMTPRecipientsRefused as refused:
        code, text = next(iter(refused.recipients.values()))
        raise NotSent(f"{code} {_plain(text)}", for_good=code >= 500) from refused
    except smtplib.SMTPDataError as refused:
        raise NotSent(_told(refused), for_good=refused.smtp_code >= 500) from refused
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotSent(_told(error)) from error


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_plain(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _plain(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


__all__ = ["letter", "mailbox", "send_letter"]
