"""The threads of the store: where what they have to compute is done."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.push.rig import on_loop

from credit_sanction_service.push import session


@on_loop
async def test_what_a_turn_computes_is_done_by_the_loop_unless_that_has_no_time() -> None:
    aside = session.on_loop(asyncio.get_running_loop())
    with ThreadPoolExecutor(max_workers=1) as threads:
        loops = threads.submit(aside, threading.get_ident)
        assert await asyncio.wrap_future(loops) == threading.get_ident()
        held_up = threads.submit(aside, threading.get_ident)
        assert held_up.result(timeout=10) not in {threading.get_ident(), None}  # nobody but the loop waits here
        with pytest.raises(ZeroDivisionError):
            await asyncio.wrap_future(threads.submit(aside, lambda: 1 // 0))
