"""Where a store is that the command line names."""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

_TYPES = {"": "sqlite", "postgresql": "postgres", "postgres": "postgres"}


@frozen
class Place:
    """A file, or an address such as `postgresql://user@host/database`; it is shown without a password."""

    given: str

    @property
    def scheme(self) -> str:
        """What the address starts with; empty for a file."""
        return self.given.partition("://")[0] if "://" in self.given else ""

    @property
    def store_type(self) -> str:
        """The type of store that is kept there."""
        kind = self.scheme.partition("+")[0]  # postgresql+psycopg:// names the driver as well
        return _TYPES.get(kind, kind)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.given)

    def __str__(self) -> str:
        shown = re.sub(r"(?<=://)([^/:@]*):.*@", r"\1@", self.given)
        return re.sub(r"(?<=password=)[^&]*", "***", shown)
