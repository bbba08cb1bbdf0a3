"""From settings to the parts that use cases work with: the composition root of every door."""

from __future__ import annotations

import datetime as dt
import time

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.mail import Mailbox, transport_from_url
from duban.adapters.migrations import check_migrated
from duban.adapters.prefect_api import PATIENCE, PrefectApi
from duban.adapters.prefect_env import prefect_password
from duban.adapters.scanner import scanner_from
from duban.notices.rendering import Renderer
from duban.notices.throttle import Throttle
from duban.services.deliver import ROBOT, UNLIMITED, Delivered, deliver
from duban.services.evidence_files import EvidenceStore
from duban.services.link_keys import link_maker
from duban.services.night import NightTools
from duban.services.notice_rows import Office
from duban.services.pace import throttle_of
from duban.services.registration import OfficeRules
from duban.services.robot import robot_from_url
from duban.services.template_shelf import own_folder
from duban.settings import Settings


def prefect_server(settings: Settings, *, patience: float = PATIENCE) -> PrefectApi:
    """The Prefect server over plain HTTP, with the password that it asks for."""
    return PrefectApi(settings.prefect_api_url, prefect_password(settings), patience=patience)


def utc_now() -> dt.datetime:
    """The present instant."""
    return dt.datetime.now(dt.UTC)


def open_ledger(settings: Settings) -> Database:
    """The ledger, if it stands at the revision that this duban needs; raises NotMigrated otherwise."""
    database = Database(settings.ledger_url)
    check_migrated(database)
    return database


def evidence_store(settings: Settings) -> EvidenceStore:
    """Where evidence files are kept, and the scanner that looks at them first. Raises WrongSetting."""
    unscanned_too = settings.scanner_away == "accept"
    return EvidenceStore(EvidenceFolder(settings.evidence_folder), scanner_from(settings.scanner), unscanned_too)


def night_tools(settings: Settings, database: Database) -> NightTools:
    """What a night works with, by the settings."""
    sender = Mailbox.parse(settings.mail_sender)
    return NightTools(
        database=database,
        transport=transport_from_url(settings.transport_url, sender),
        renderer=Renderer(own_folder(settings)),
        office=Office(email=settings.office_email, public_url=settings.public_url.rstrip("/")),
        clock=utc_now,
        domain=sender.address.rpartition("@")[2],
        batch=settings.night_batch,
        links=link_maker(settings),
        throttle=_throttle(settings),
        pause=time.sleep,
        robot=robot_from_url(settings.robot_url.get_secret_value()) if settings.robot_url else None,
    )


def _throttle(settings: Settings) -> Throttle:
    """The settings' limits; a folder of files takes whatever comes."""
    if settings.transport_url.lower().startswith("eml:"):
        return UNLIMITED
    return throttle_of(settings.mails_an_hour, settings.mails_a_minute)


def send_waiting(tools: NightTools) -> Delivered:
    """One pass over the outbox, the robot's after the mails; the counts are those of the mails."""
    done = deliver(tools.database, tools.transport, clock=tools.clock, throttle=tools.throttle, pause=tools.pause)
    if tools.robot is not None:
        deliver(tools.database, tools.robot, clock=tools.clock, channel=ROBOT)
    return done


def office_rules(settings: Settings) -> OfficeRules:
    """The rules that a plan is registered under where it names none of its own."""
    return OfficeRules(
        policy_name=settings.policy.stem,
        policy_text=settings.policy.read_text(encoding="utf-8-sig"),
        office_name=settings.office_name,
        office_email=settings.office_email,
    )
