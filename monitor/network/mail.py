"""Mail by SMTP: one message to one server."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid

from monitor.settings.mail import MailServer


def send(
    server: MailServer,
    receivers: str,
    *,
    subject: str,
    text: str,
    timeout_s: float,
    context: ssl.SSLContext,
) -> None:
    """Blocks. Raises smtplib.SMTPException and OSError."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        server.sender,
        receivers,
    )
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with _connected(server, timeout_s, context) as connection:
        if not server.is_tls and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
        if server.username is not None:
            connection.login(server.username, server.password or "")
        connection.send_message(message)


def _connected(
    server: MailServer, timeout_s: float, context: ssl.SSLContext
) -> smtplib.SMTP:
    made: smtplib.SMTP
    if server.is_tls:
        made = smtplib.SMTP_SSL(
            server.host, server.port, timeout=timeout_s, context=context
        )
    else:
        made = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    made.ehlo()
    return made
