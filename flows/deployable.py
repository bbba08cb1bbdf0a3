"""The item flow as prefect.yaml names it: whoever loads it under this name finds both work pools made.

`prefect deploy` asks for a deployment's work pool before it runs any step of prefect.yaml, and ends where the server
has none. The one thing of ours that it does before is to load the flow of the first deployment, so that is where a
fresh server gets its pools. Items run in the engine, which never loads their flow by this name.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prefect import Flow, get_client

from flows.item import item_life as _item_life
from flows.work_pools import ensure_pools


def __getattr__(name: str) -> Flow[[int], Any]:
    """`item_life`, with the pools made on the server that this process deploys to."""
    if name != "item_life":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with ThreadPoolExecutor(1) as aside:  # whoever deploys is within an event loop
        aside.submit(asyncio.run, _make_pools()).result()
    return _item_life


async def _make_pools() -> None:
    async with get_client() as client:
        await ensure_pools(client)
