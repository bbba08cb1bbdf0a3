"""常用视图: one's own filters of the list of items, under a name; and the page of everything that there is to do."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from duban.api.bodies import Id, ViewFilters
from duban.api.problems import Invalid, from_validation
from duban.services.saved_views import delete_view, save_view
from duban.web.session import Form, Visit, field

router = APIRouter()


@router.get("/more")
def get_more(visit: Visit) -> Response:
    """Everything that can be done here, each with one line that says when one needs it."""
    return visit.render("more.html")


@router.get("/views")
def get_views(visit: Visit, done: str = "") -> Response:
    """One's views, each with its address to pass on."""
    return visit.render("views.html", public_url=visit.context.settings.public_url.rstrip("/"), done=done)


@router.post("/views")
def post_view(visit: Visit, form: Form) -> Response:
    """Keeps the filters of the page that the form stands on."""
    given = dict(parse_qsl(field(form, "filters", most=2000).removeprefix("?"), max_num_fields=30))
    known = {name: value for name, value in given.items() if name in ViewFilters.model_fields}
    try:
        filters = ViewFilters.model_validate(known)
    except ValidationError as error:
        raise from_validation([dict(one) for one in error.errors()]) from None
    name = field(form, "name", most=100)
    if not name:
        raise Invalid(problems="name: 请给视图起个名称")
    entry = save_view(
        visit.context.database,
        user_id=visit.caller.identity.user_id,
        name=name,
        filters=filters.model_dump(exclude_defaults=True),
        now=visit.context.now(),
    )
    return RedirectResponse(entry.path, 303)


@router.post("/views/{view_id}/delete")
def post_deletion(view_id: Id, visit: Visit, _form: Form) -> Response:
    """Takes one of one's own away."""
    delete_view(visit.context.database, user_id=visit.caller.identity.user_id, view_id=view_id)
    return RedirectResponse("/views?done=1", 303)
