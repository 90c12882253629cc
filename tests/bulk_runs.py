"""Runs into a folder, for tests: what they link, with a recogniser that fails on demand, and what they have written."""

from pathlib import Path

from attrs import define

from glinker_core.hookspecs import Component, hookimpl
from tests.cli_runs import lines

TEXTS = ["The Seine flows through Paris.", "Paris, Texas has ranches.", "Nothing here.", ""]


@define
class Moody:
    """A recogniser that cannot stand a word while a file is not there."""

    friend: str = ""

    def recognize(self, texts):
        if any("bad" in text for text in texts) and not Path(self.friend).exists():
            raise ValueError("there is 'bad'")
        return [()] * len(texts)


class MoodyPlugin:
    """Declares it."""

    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_moody", "tests.bulk_runs:Moody", "fails")


def written(folder, pattern="part-*"):
    """All records in the files of a folder, in their order."""
    return [record for path in sorted(folder.glob(pattern)) for record in lines(path.read_text(encoding="utf-8"))]


def ids(folder):
    """The ids of those records."""
    return [record["id"] for record in written(folder)]
