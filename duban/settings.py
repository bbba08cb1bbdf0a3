"""Settings: environment variables `DUBAN_*`, or `duban.toml` in the working folder; the environment wins.

`DUBAN_CONFIG` names another file than that: a service keeps its secrets there, and its environment holds none.

A wrong value is refused at start with its name and what would be right. Secrets are never printed.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from duban.domain.parties import usable
from duban.errors import WrongSetting

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "DUBAN_CONFIG"
"""The variable that names the file of settings."""


class Settings(BaseSettings):
    """Every setting, with its default for one machine."""

    model_config = SettingsConfigDict(env_prefix="DUBAN_", toml_file="duban.toml", extra="forbid", frozen=True)

    data_dir: Path = Field(ROOT / "var", description="folder for the SQLite ledger, mails and evidence on one machine")
    database_url: SecretStr | None = Field(
        None, description="ledger: sqlite:///path or postgresql://user:password@host/name; default SQLite in data_dir"
    )
    mail_url: SecretStr | None = Field(
        None, description="eml:folder, smtp://user:password@host:port?tls=starttls, smtps://…; default eml in data_dir"
    )
    mail_sender: str = Field("督查室 <duban@example.org>", description="From of every mail")
    mails_an_hour: int = Field(60, ge=0, description="mails to one address an hour through a server; 0: no limit")
    mails_a_minute: int = Field(3000, ge=0, description="mails a minute through a server in all; 0: no limit")
    robot_url: SecretStr | None = Field(
        None,
        description="chat robot that repeats the office's mail: wecombot://, dingtalk://, feishu://, lark://; or an "
        "SMS gateway that gets a short line of it: json://, jsons://",
    )
    prefect_api_url: str = Field("http://127.0.0.1:4200/api", description="the Prefect server's API")
    prefect_auth: SecretStr | None = Field(
        None, description="user:password that the Prefect API asks for; default made in data_dir by `duban up`"
    )
    time_zone: str = Field("Asia/Shanghai", description="where a business day begins and ends")
    policy: Path = Field(ROOT / "policies" / "default.toml", description="rules for plans that name none of their own")
    calendar: Path | None = Field(
        None, description="the office's own days and newer holiday notices; `duban calendar apply` puts it in force"
    )
    templates: Path = Field(
        ROOT / "templates", description="folder of the office's own notices/ and pages/; what it lacks is as shipped"
    )
    lexicon: Path | None = Field(None, description="the office's own label words, beside the ones that ship")
    public_url: str = Field("http://127.0.0.1:8300", description="address of the board as readers of a mail reach it")
    office_name: str = Field("区政府督查室", description="the supervision office where the directory names none")
    office_email: str = Field("duban@example.org", description="its address: the rung that always resolves")
    session_secret: SecretStr | None = Field(
        None, description="signs links in mails; several parted by blanks: the first signs; default made in data_dir"
    )
    link_days: int = Field(30, ge=1, le=366, description="days that a link in a mail works")
    evidence_dir: Path | None = Field(
        None, description="folder of evidence files, outside any web root; default evidence in data_dir"
    )
    witness_dir: Path | None = Field(
        None,
        description="folder where the ends of the event log are noted, best elsewhere; default witness in data_dir",
    )
    scanner: str | None = Field(
        None,
        description="virus scanner for evidence: clamd://127.0.0.1:3310, clamd:///run/clamav/clamd.ctl, or a command",
    )
    scanner_away: Literal["refuse", "accept"] = Field(
        "refuse", description="what becomes of a file while the scanner gives no answer"
    )
    oidc_issuer: str | None = Field(
        None, description="the office's own identity provider (OpenID Connect): its exact issuer address"
    )
    oidc_client_id: str | None = Field(None, description="what the provider knows duban as")
    oidc_client_secret: SecretStr | None = Field(None, description="its secret there; none for a public client")
    oidc_scope: str = Field("openid email profile", description="what is asked of the provider; openid and email")
    oidc_label: str = Field("单位统一认证登录", description="words on the button of the sign-in page")
    host: str = Field("127.0.0.1", description="where API and board listen")
    port: int = Field(8300, ge=1, le=65535, description="their port")
    workers: int = Field(1, ge=1, le=64, description="processes that serve them side by side")
    engine_concurrency: int = Field(4, ge=1, le=64, description="item runs that one engine advances at a time")
    night_by: dt.time = Field(dt.time(6, 0), description="local time by which the night is done, else it is an alarm")
    engine_host: str = Field("127.0.0.1", description="where an engine tells its health")
    engine_port: int = Field(8301, ge=0, le=65535, description="its port (/health, /metrics); 0: it tells nobody")
    night_batch: int = Field(500, ge=1, le=10_000, description="clocks that one transaction of the night decides")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        file = os.environ.get(CONFIG, settings_cls.model_config.get("toml_file"))
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file))

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("no such time zone; give an IANA name such as Asia/Shanghai")
        return value

    @field_validator("office_email")
    @classmethod
    def _has_address(cls, value: str) -> str:
        if not usable(value):
            raise ValueError("an e-mail address such as duban@example.org: it answers for everybody who has none")
        return value

    @field_validator("mail_sender")
    @classmethod
    def _sends_from_an_address(cls, value: str) -> str:
        if not usable(parseaddr(value)[1]):
            raise ValueError("an e-mail address, with or without a name: 督查室 <duban@example.org>")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_over_tls(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and not (
            parts.hostname
            and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")))
        ):
            raise ValueError("the issuer's https:// address, exactly as its own configuration gives it")
        return value

    @model_validator(mode="after")
    def _whole_provider(self) -> Settings:
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("DUBAN_OIDC_ISSUER and DUBAN_OIDC_CLIENT_ID belong together: set both or neither")
        return self

    @field_validator("policy")
    @classmethod
    def _policy_exists(cls, value: Path) -> Path:
        if not value.is_file():
            raise ValueError(f"there is no file {value}; give the path of a policy such as policies/default.toml")
        return value

    @field_validator("templates")
    @classmethod
    def _templates_folder(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():  # one that is still to come is made by `duban template save`
            raise ValueError(f"{value} is no folder; give the folder that holds notices/ or pages/")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The authority's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def ledger_url(self) -> str:
        """The ledger's database URL; SQLite in `data_dir` unless another is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'duban.db'}"

    @property
    def evidence_folder(self) -> Path:
        """Where evidence files lie; in `data_dir` unless another folder is set."""
        return self.evidence_dir or self.data_dir / "evidence"

    @property
    def witness_folder(self) -> Path:
        """Where the witness of the event log is kept; in `data_dir` unless another folder is set."""
        return self.witness_dir or self.data_dir / "witness"

    @property
    def transport_url(self) -> str:
        """The mail transport's URL; a folder of .eml files in `data_dir` unless another is set."""
        return self.mail_url.get_secret_value() if self.mail_url is not None else f"eml:{self.data_dir / 'mail'}"


#: Variables that only tests and benchmarks read.
NOT_SETTINGS = frozenset({"DUBAN_DOCUMENTS", "DUBAN_GOLDEN", "DUBAN_MACHINE_EXAMPLES"})


def load_settings() -> Settings:
    """The settings of this process; raises WrongSetting with every wrong name and what would be right."""
    _refuse_unknown(os.environ)
    if (file := os.environ.get(CONFIG)) is not None and not Path(file).is_file():
        raise WrongSetting(name=CONFIG, reason=f"there is no file {file}", remedy="Give the path of a duban.toml.")
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors()
        names = ", ".join("DUBAN_" + (".".join(str(p) for p in e["loc"]).upper() or "OIDC_*") for e in wrong)
        reasons = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in wrong)
        raise WrongSetting(
            name=names, reason=reasons, remedy="`duban settings` lists every setting with its meaning and default."
        ) from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt name would be passed over in silence, and the default taken for what the office meant."""
    known = {f"DUBAN_{name}".upper() for name in Settings.model_fields}
    for name in sorted(n.upper() for n in environment if n.upper().startswith("DUBAN_")):
        if name not in known | NOT_SETTINGS | {CONFIG}:
            near = difflib.get_close_matches(name, known, n=1)
            remedy = f"Did you mean {near[0]}? " if near else ""
            raise WrongSetting(
                name=name, reason="there is no such setting", remedy=f"{remedy}`duban settings` lists all of them."
            )
