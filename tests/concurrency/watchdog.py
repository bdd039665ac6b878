"""A task that comes round all the time, and notes the longest time it did not."""

from __future__ import annotations

import asyncio
from time import perf_counter
from types import TracebackType
from typing import Self


class Watchdog:
    """Measure for how long at most an event loop does not come round."""

    longest = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self) -> None:
        before = perf_counter()
        while True:
            await asyncio.sleep(0)
            now = perf_counter()
            self.longest = max(self.longest, now - before)
            before = now
