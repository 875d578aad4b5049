"""Bytes on their way: the time they take, and the progress of a task that has several parts."""

from xensim.ops.locks import STEPS, work
from xensim.registry import Call

RATE = 200 << 20  # bytes a second
LEAST_S = 1.0
STEP_S = 0.5  # of simulated time, between two reports of progress


async def carry(call: Call, size: int, *, start: float = 0.0, end: float = 0.9, least_s: float = LEAST_S) -> None:
    """Take the time of `size` bytes; the task's progress goes from `start` to `end`. Raises TASK_CANCELLED."""
    seconds = max(least_s, size / RATE)
    steps = max(STEPS, round(seconds / STEP_S)) if call.pool.pace else STEPS
    await work(call, seconds, steps=steps, start=start, end=end)
