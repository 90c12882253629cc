"""`glinker link --into FOLDER --engine ray`: parts linked by actors, each with a pipeline of its own.

The folder, the knowledge base and the models must be reachable from every machine under the same path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ray as _ray
from ray.exceptions import RayActorError, RayTaskError

from glinker_core.bulk.engines import WorkerError
from glinker_core.bulk.manifest import Done
from glinker_core.bulk.parts import Part
from glinker_core.bulk.worker import Job, Worker
from glinker_core.plugins import Plugins

_AHEAD = 2  # parts an actor has at a time, so that it need not wait for the next
_ATTEMPTS = 3  # at a part whose actor dies, which may be the fault of the part


def ray(job: Job, parts: Iterator[Part], workers: int, plugins: Plugins) -> Iterator[Done]:  # noqa: ARG001  # each actor finds its own plugins
    """Actors that come back when they die, with the parts they were at; a part that is written twice is the same."""
    begun_here = connect()
    actor: Any = _ray.remote(max_restarts=-1, max_task_retries=_ATTEMPTS)(_Linker)
    actors = [actor.remote(job) for _ in range(workers)]
    try:
        yield from _spread(actors, parts)
    finally:
        for one in actors:
            _ray.kill(one)
        if begun_here:
            _ray.shutdown()


def connect() -> bool:
    """Connect to the cluster that RAY_ADDRESS names, or begin one here; whether it was not connected before."""
    if _ray.is_initialized():
        return False
    _ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    return True


class _Linker:
    """A worker in an actor."""

    def __init__(self, job: Job) -> None:
        self._worker = Worker(job)

    def link(self, part: Part) -> Done:
        return self._worker.link(part)


def _spread(actors: list[Any], parts: Iterator[Part]) -> Iterator[Done]:
    """Parts to whichever actor has the fewest; results as they come."""
    live: dict[Any, int] = {}  # what is awaited, and by which actor
    loads = [0] * len(actors)
    waiting = next(parts, None)
    while waiting is not None or live:
        while waiting is not None and min(loads) < _AHEAD:
            index = loads.index(min(loads))
            live[actors[index].link.remote(waiting)] = index
            loads[index] += 1
            waiting = next(parts, None)
        (ready, *_), _rest = _ray.wait(list(live), num_returns=1)
        loads[live.pop(ready)] -= 1
        try:
            yield _ray.get(ready)
        except RayTaskError as error:
            raise error.cause from error
        except RayActorError as error:
            raise WorkerError(
                f"an actor died {_ATTEMPTS + 1} times at the same part, or could not begin: {error}; what is done is "
                "kept, go on with --resume"
            ) from error
