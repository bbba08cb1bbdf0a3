"""Why this date and this light."""

from __future__ import annotations

from duban.api.bodies import Id
from duban.api.context import AsOf, Ctx, Who
from duban.api.problems import documented
from duban.api.routing import router_of
from duban.services.queries.explain import ItemExplained, explain_item

router = router_of(prefix="/items", tags=["items"], responses=documented(401, 403, 404, 422, 429))


@router.get("/{item_id}/explain", summary="Why this date and this light")
def get_explanation(item_id: Id, context: Ctx, caller: Who, as_of: AsOf) -> ItemExplained:
    """The days counted, skipped and why, paused, rolled; the rungs sent, held and to come. In Chinese, line by line."""
    return explain_item(context.database, item_id=item_id, scope=caller.scope, as_of=as_of)
