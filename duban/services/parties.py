"""The parties of a plan: what the directory knows, and what the text names beside it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.reading.directory import DirectoryInvalid, Entry, Listed
from duban.reading.namesakes import holders, parted
from models import ItemParty, Party, PartyAlias, PartyKind, PartyMember, Plan


class PartyBook:
    """Finds, or makes, the party that a name in the text means; one plan's parties in memory while it is registered."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session = session
        self._plan = plan
        self._by_name: dict[str, Party] = {}
        self._people: dict[str, dict[str, Party]] = {}  # by the bare name, made when it is first asked for
        self.unknown: dict[str, Party] = {}
        self.posts: Mapping[str, str] = {}  # the posts that the document prints beside people's names (`Reading.posts`)
        for party in session.scalars(select(Party).where(Party.plan_id == plan.id)):
            self._by_name[party.name] = party
        aliases = select(PartyAlias.name, Party).join(Party, Party.id == PartyAlias.party_id)
        for name, party in session.execute(aliases.where(PartyAlias.plan_id == plan.id)).tuples():
            # A name that the text alone knew gives way to the party that the directory lists under it.
            if name not in self._by_name or not self._by_name[name].known:
                self._by_name[name] = party

    def add_directory(self, entries: list[Entry]) -> None:
        """Enters a directory's rows: first all names, then what they say of each other."""
        for entry in entries:
            self._by_name[entry.name] = self._enter(entry)
        self._session.flush()
        self._drop_aliases(entries)
        for entry in entries:
            self._relate(entry)
        self._session.flush()

    def ensure_office(self, name: str, email: str) -> Party:
        """The supervision office: the directory's, or one by the settings; it always has an address."""
        found = next((p for p in self._by_name.values() if p.kind is PartyKind.OFFICE), None)
        if found is None:
            found = self._by_name.get(name)
            if found is None:
                found = Party(plan_id=self._plan.id, name=name, kind=PartyKind.OFFICE)
                self._session.add(found)
                self._by_name[name] = found
            found.kind = PartyKind.OFFICE
        found.email = found.email or email
        self._session.flush()
        return found

    def find(self, name: str) -> Party | None:
        """The party that a name or alias means; None where nobody is called so, or several people are.

        Of several people of one name it is the one whose post is printed with it. Who has handed over is the one that
        goes on.
        """
        return self._going_on(self._meant(name))

    def _going_on(self, party: Party | None) -> Party | None:
        while party is not None and party.successor_id is not None:
            party = self._session.get_one(Party, party.successor_id)
        return party

    def _meant(self, name: str) -> Party | None:
        exact = self._by_name.get(name)
        if exact is not None and exact.kind is not PartyKind.PERSON:
            return exact
        same = self.namesakes(name)
        if len(same) > 1 or exact is None:
            post = parted(name)[1] or self.posts.get(name, "")
            meant = holders(post, {key: one.post or parted(key)[1] for key, one in same.items()})
            if len(same) == 1 or len(meant) == 1:
                return next(iter(same.values())) if len(same) == 1 else same[meant[0]]
        return exact

    def namesakes(self, name: str) -> dict[str, Party]:
        """The people of the directory who bear a name, with or without a post, by what they are called."""
        if not self._people:
            for party in self._by_name.values():
                if party.known and party.kind is PartyKind.PERSON:
                    self._people.setdefault(parted(party.name)[0], {})[party.name] = party
        return self._people.get(parted(name)[0], {})

    def party(self, name: str, kind: PartyKind) -> Party:
        """The party of a name in the text; one that nobody knows yet is entered without an address."""
        found = self.find(name)
        if found is None:
            post = self.posts.get(name)
            found = Party(plan_id=self._plan.id, name=name[:200], kind=kind, known=False, post=post and post[:200])
            self._session.add(found)
            self._session.flush()
            self._by_name[name] = found
            self.unknown[name] = found
        return found

    def listed(self) -> dict[str, Listed]:
        """Every name and alias that the plan's directory has, with whose it is."""
        return {
            name: Listed(party.name, party.post or "", party.kind is PartyKind.PERSON)
            for name, party in self._by_name.items()
            if party.known
        }

    def similar(self, name: str) -> list[str]:
        """Names of the directory that look like this one: proposed to a person, never assumed; namesakes first."""
        if same := self.namesakes(name):
            return list(same)
        known = [n for n, party in self._by_name.items() if party.known and n not in self.unknown]
        return difflib.get_close_matches(name, known, n=3, cutoff=0.6)

    def update(self, entries: list[Entry]) -> dict[str, Party]:
        """Enters a newer directory; names of the text that it explains become their party's.

        A party that the text named and the directory now lists under an alias hands its items over to that party.
        Returns the names that are explained now, with their parties.
        """
        strangers = {n: p for n, p in self._by_name.items() if not p.known and p.kind is not PartyKind.OFFICE}
        explained = {e.name: strangers[e.name] for e in entries if e.name in strangers}
        for entry in entries:
            for alias in entry.aliases:
                if alias in strangers and alias != entry.name:
                    self._by_name.pop(alias)
        self.add_directory(entries)
        for name, stranger in strangers.items():
            if self._by_name.get(name) is stranger and not stranger.known:
                explained |= self._recognised(name, stranger)
        for entry in entries:
            for alias in entry.aliases:
                if alias in strangers and alias != entry.name:
                    self._hand_over(strangers[alias], self._by_name[entry.name])
                    explained[alias] = self._by_name[entry.name]
        self._session.flush()
        return explained

    def _recognised(self, name: str, stranger: Party) -> dict[str, Party]:
        """A person whom the text named, and whom the directory now has under a name with a post, or without it."""
        same = self.namesakes(name)
        post = parted(name)[1] or stranger.post or ""
        meant = list(same) if len(same) == 1 else holders(post, {key: one.post or "" for key, one in same.items()})
        if stranger.kind is not PartyKind.PERSON or len(meant) != 1:
            return {}
        self._hand_over(stranger, same[meant[0]])
        return {name: same[meant[0]]}

    def _hand_over(self, stranger: Party, party: Party) -> None:
        rows = self._session.scalars(select(ItemParty).where(ItemParty.party_id == stranger.id)).all()
        for row in rows:
            if self._session.get(ItemParty, (row.item_id, row.role, party.id)) is None:
                moved = ItemParty(item_id=row.item_id, role=row.role, party_id=party.id, position=row.position)
                self._session.add(moved)
            self._session.delete(row)

    def _enter(self, entry: Entry) -> Party:
        """What a column says is taken over, an empty cell clears; a column that the file lacks says nothing."""
        self._people = {}
        party = self._by_name.get(entry.name)
        if party is None and entry.continues:
            party = self._by_name.pop(entry.continues)
            party.name = entry.name
        if entry.kind == PartyKind.OFFICE:
            party = self._office_called(entry.name, party)
        if party is None:
            party = Party(plan_id=self._plan.id, name=entry.name, kind=PartyKind(entry.kind))
            self._session.add(party)
        is_office = party.kind is PartyKind.OFFICE  # somebody always answers: it stays one, and keeps an address
        if (entry.says("kind") or not party.known) and not is_office:
            party.kind, party.is_plan_head = PartyKind(entry.kind), entry.plan_head
        for column in ("post", "email", "valid_from", "valid_to"):
            value = getattr(entry, column)
            if entry.says(column) and not (is_office and column == "email" and value is None):
                setattr(party, column, value)
        if entry.says("valid_to") and entry.valid_to is None:
            party.successor_id = None  # it has come back
        party.known = True
        return party

    def _office_called(self, name: str, listed: Party | None) -> Party | None:
        """A plan has one supervision office: the one that stands takes the name that the directory gives it."""
        standing = next((p for p in self._by_name.values() if p.kind is PartyKind.OFFICE), None)
        if standing is None or standing is listed:
            return listed
        if listed is not None:
            standing.kind, listed.kind = PartyKind.UNIT, PartyKind.UNIT
            self._session.flush()
            listed.kind, listed.email = PartyKind.OFFICE, listed.email or standing.email
            return listed
        self._session.add(PartyAlias(plan_id=self._plan.id, party_id=standing.id, name=standing.name))
        standing.name = name
        self._by_name[name] = standing
        return standing

    def _relate(self, entry: Entry) -> None:
        party = self._by_name[entry.name]
        self._name_also(party, entry)
        for column in ("superior", "substitute", "head"):
            if entry.says(column):
                setattr(party, f"{column}_id", self._id(getattr(entry, column)))
        if entry.says("members") and entry.members:
            wanted = {self._by_name[m].id for m in entry.members}
            for row in self._session.scalars(select(PartyMember).where(PartyMember.collective_id == party.id)):
                if row.member_id not in wanted:
                    self._session.delete(row)
        for member in entry.members:
            if self._session.get(PartyMember, (party.id, self._by_name[member].id)) is None:
                self._session.add(PartyMember(collective_id=party.id, member_id=self._by_name[member].id))

    def _name_also(self, party: Party, entry: Entry) -> None:
        """Enters a row's aliases. Raises DirectoryInvalid for one that is another's: nothing is dropped in silence."""
        for alias in entry.aliases:
            holder = self._by_name.get(alias)
            if holder is not None and holder.known and holder is not party:
                raise DirectoryInvalid(file="", problems=f"{entry.name}：别名“{alias}”已是名录中“{holder.name}”的")
            if alias != entry.name and holder is not party:
                self._session.add(PartyAlias(plan_id=self._plan.id, party_id=party.id, name=alias))
                self._by_name[alias] = party

    def _drop_aliases(self, entries: list[Entry]) -> None:
        """Aliases that a row does not say any more are its party's no longer: another row may have them."""
        for entry in entries:
            if not entry.says("aliases") or entry.kind == PartyKind.OFFICE:
                continue
            party = self._by_name[entry.name]
            for row in self._session.scalars(select(PartyAlias).where(PartyAlias.party_id == party.id)).all():
                if row.name not in entry.aliases:
                    self._session.delete(row)
                    self._by_name.pop(row.name, None)
        self._session.flush()

    def _id(self, name: str | None) -> int | None:
        return self._by_name[name].id if name else None


def unknown_detail(book: PartyBook, name: str) -> str:
    """What the doubt about a name says that the directory lacks: `unknown_name` finds the name in it again."""
    if same := book.namesakes(name):
        return f"名录中没有「{name}」,有关通知将发送督查室代转;名录中同名的有:{'、'.join(same)},请更正为其中一位"
    similar = book.similar(name)
    proposal = f";名录中相近的有:{'、'.join(similar)},如是同一单位(人),请在名录别名中注明" if similar else ""
    return f"名录中没有「{name}」,有关通知将发送督查室代转{proposal}"


def unknown_name(detail: str) -> str:
    """The name that a doubt about an unknown name speaks of."""
    return detail.partition("「")[2].partition("」")[0]
