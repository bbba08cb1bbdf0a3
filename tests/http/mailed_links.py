"""The links in the mails that a night wrote into a folder."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

LINK = re.compile(r"http://127\.0\.0\.1:8300(/link/[\w.-]+)")


def links_of(folder: Path, address: str) -> list[str]:
    found: list[str] = []
    for file in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, email.message.EmailMessage)
        body = mail.get_body(("plain",))
        if mail["To"].addresses[0].addr_spec == address and body is not None:
            found += LINK.findall(body.get_content())
    return found
