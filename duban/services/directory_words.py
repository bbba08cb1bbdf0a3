"""A directory in words: every known party's columns, as a file would have them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Party, PartyAlias, PartyKind, PartyMember, Plan

KIND_ZH = {PartyKind.PERSON: "领导", PartyKind.UNIT: "单位", PartyKind.COLLECTIVE: "集体", PartyKind.OFFICE: "督查室"}


def words_of(session: Session, plan: Plan) -> dict[str, dict[str, str]]:
    """Every known party's columns as words, by its name."""
    parties = session.scalars(select(Party).where(Party.plan_id == plan.id).order_by(Party.id)).all()
    names = {p.id: p.name for p in parties}
    aliases: dict[int, list[str]] = {}
    for alias in session.scalars(select(PartyAlias).where(PartyAlias.plan_id == plan.id).order_by(PartyAlias.id)):
        aliases.setdefault(alias.party_id, []).append(alias.name)
    members: dict[int, list[str]] = {}
    for row in session.scalars(select(PartyMember).where(PartyMember.collective_id.in_(names))):
        members.setdefault(row.collective_id, []).append(names[row.member_id])
    return {
        p.name: {
            "kind": "总负责人" if p.is_plan_head else KIND_ZH[p.kind],
            "post": p.post or "",
            "email": p.email or "",
            "superior": names.get(p.superior_id or 0, ""),
            "substitute": names.get(p.substitute_id or 0, ""),
            "head": names.get(p.head_id or 0, ""),
            "members": "、".join(sorted(members.get(p.id, []))),
            "aliases": "、".join(aliases.get(p.id, [])),
            "valid_from": p.valid_from.isoformat() if p.valid_from else "",
            "valid_to": p.valid_to.isoformat() if p.valid_to else "",
        }
        for p in parties
        if p.known
    }
