"""What a run came to: how much text, what was found in it, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Mapping

from attrs import define, field

from glinker_core.cli.console import many
from glinker_core.model import LinkedDocument


@define
class Tally:
    """Counts documents as they come; time goes from its making to `stop`, without what was `aside`."""

    documents: int = 0
    size: int = 0
    mentions: int = 0
    linked: int = 0
    processor: float = 0.0
    elapsed: float = 0.0
    _started: tuple[float, float] = field(factory=lambda: (time.process_time(), time.perf_counter()), init=False)

    def add(self, document: LinkedDocument) -> None:
        self.documents += 1
        self.size += len(document.text.encode("utf-8", "surrogatepass"))
        self.mentions += len(document.entities)
        self.linked += sum(mention.is_linked for mention in document.entities)

    def stop(self, aside: float = 0.0) -> None:
        """Take the time: of all threads together, less the seconds of processor time given, and by the clock."""
        processor, clock = self._started
        self.processor, self.elapsed = time.process_time() - processor - aside, time.perf_counter() - clock

    def summary(self, counters: Mapping[str, int], linking: bool = True) -> str:
        """One line; kB are thousands of bytes of UTF-8, kB/s is by processor time, so of one core."""
        size = self.size / 1000
        links = f", {self.linked:,} linked, {self.mentions - self.linked:,} NIL" if linking else ""
        found = many(self.mentions, "mention")
        speed = f" ({size / self.processor:,.0f} kB/s)" if self.processor > 0 else ""
        pace = f"{self.processor:.2f} s of processor time{speed}, {self.elapsed:.2f} s elapsed"
        lost = "".join(f"; {what}: {times:,}" for what, times in sorted(counters.items()) if times)
        return f"{many(self.documents, 'document')}, {size:,.1f} kB of text: {found}{links}; {pace}{lost}"
