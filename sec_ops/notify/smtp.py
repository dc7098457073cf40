"""Notices as mail. The message id is made of the notice's, so that a mail told twice is seen once."""

import hashlib
import smtplib
import socket
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sec_ops.model.errors import AuthenticationFailed, ConnectionLost, EngineError, HostUnreachable, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.notice import SmtpNotifier
from sec_ops.model.values import is_loopback
from sec_ops.notify.notifiers import Deliver, NotifierDoors
from sec_ops.notify.spoken import Spoken
from sec_ops.transport.deadline import Deadline

__all__ = ["deliverer", "mail"]

_DEADLINE_SECONDS = 30.0
_WHOLE_SECONDS = 120.0


def deliverer(settings: SmtpNotifier, doors: NotifierDoors) -> Deliver:
    """Return what sends mail; raises TransportError, EngineError for a refusal, UsageError without TLS."""

    def deliver(spoken: Spoken) -> None:
        letter = mail(spoken, settings, format_datetime(doors.clock.now()))
        try:
            with Deadline(_WHOLE_SECONDS) as deadline, _session(settings, doors, deadline) as session:
                refused = session.send_message(letter, settings.sender, settings.recipients)
        except smtplib.SMTPAuthenticationError as error:
            what = message("the mail server {host} did not let {user} in", host=settings.host, user=settings.username)
            raise AuthenticationFailed(what, where=_where(settings), why=_said(error)) from error
        except smtplib.SMTPResponseException as error:
            raise EngineError(_refused(settings), where=_where(settings), why=_said(error)) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise EngineError(_refused(settings), where=_where(settings), why=str(error.recipients)[:500]) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLost(_lost(settings), where=_where(settings), why=str(error)) from error
        if refused:
            raise EngineError(_refused(settings), where=_where(settings), why=str(refused)[:500])

    return deliver


def mail(spoken: Spoken, settings: SmtpNotifier, date: str) -> EmailMessage:
    """Return the mail of a notice; header injection is what the standard library's policy refuses."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = settings.sender
    letter["To"] = ", ".join(settings.recipients)
    letter["Subject"] = spoken.title
    letter["Date"] = date
    domain = Address(addr_spec=settings.sender).domain or "localhost"
    letter["Message-ID"] = f"<{hashlib.sha256(f'{spoken.site}/{spoken.notice.id}'.encode()).hexdigest()[:40]}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Sec-Ops-Kind"] = spoken.notice.kind
    letter.set_content(f"{spoken.title}\n\n{spoken.text}\n", charset="utf-8")
    return letter


def _session(settings: SmtpNotifier, doors: NotifierDoors, deadline: Deadline) -> smtplib.SMTP:
    """Return a signed-in session; the name in the server's certificate is verified."""
    if settings.security == "none" and not is_loopback(settings.host):
        what = message("mail to {host} without TLS would show everybody what is sent", host=settings.host)
        raise UsageError(what, where=_where(settings), advice=message("set security to tls or starttls"))
    context = ssl.create_default_context(cafile=str(doors.root / settings.ca) if settings.ca else None)
    try:
        if settings.security == "tls":
            session: smtplib.SMTP = _Secured(deadline, settings, context=context)
        else:
            session = _Plain(deadline, settings)
    except (ConnectionRefusedError, TimeoutError) as error:
        what = message("{host}: no mail server answers there", host=settings.host)
        raise HostUnreachable(what, where=_where(settings), why=str(error)) from error
    try:
        if settings.security == "starttls":
            session.starttls(context=context)
            if session.sock is not None:
                deadline.watch(session.sock)
        if settings.password is not None:
            session.login(settings.username, doors.read_secret(settings.password).get_secret_value())
    except BaseException:
        session.close()
        raise
    return session


class _Plain(smtplib.SMTP):
    """A session whose socket the deadline watches from before the greeting."""

    def __init__(self, deadline: Deadline, settings: SmtpNotifier) -> None:
        self._deadline = deadline
        super().__init__(settings.host, settings.port, timeout=_DEADLINE_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        channel: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(channel)
        return channel


class _Secured(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, deadline: Deadline, settings: SmtpNotifier, *, context: ssl.SSLContext) -> None:
        self._deadline = deadline
        super().__init__(settings.host, settings.port, timeout=_DEADLINE_SECONDS, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        channel: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(channel)
        return channel


def _where(settings: SmtpNotifier) -> str:
    return f"{settings.host} port {settings.port}"


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"


def _refused(settings: SmtpNotifier) -> Message:
    return message("the mail server {host} refused the mail", host=settings.host)


def _lost(settings: SmtpNotifier) -> Message:
    return message("the mail server {host} could not be spoken to", host=settings.host)
