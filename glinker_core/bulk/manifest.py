"""What a run into a folder is, and which of its parts are done: lines of JSON that are only ever added."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field, frozen

from glinker_core.errors import DataError, InputError, Problem
from glinker_core.files import json_line
from glinker_core.timing import NodeTimes

NAME = "manifest.jsonl"
_FILES = ("part-*", "failed-*", ".part-*", ".failed-*")


@frozen
class Identity:
    """What the result of a run depends on: where it differs, a run is another one.

    `inputs`: per file its size and a digest of how it begins and ends.
    """

    pipeline: str
    kb_revision: str
    inputs: Mapping[str, str]
    writer: str
    all_candidates: bool
    part_size: int
    versions: Mapping[str, str]

    def differences(self, other: Identity) -> list[str]:
        """Each thing that differs, as a sentence about this one and the other."""
        names = [one.name for one in attrs.fields(Identity)]
        return [
            f"{name.replace('_', ' ')} was {_short(ours)}, is {_short(theirs)}"
            for name in names
            if (ours := getattr(self, name)) != (theirs := getattr(other, name))
        ]


@frozen
class Done:
    """A part that is written: its file, how many documents and mentions are in it, and what failed.

    `failed` documents stand in `failed_file`. A part of which failed documents were linked again has a file for each
    time; `retry` says which. `kilobytes` are thousands of bytes of text. What each of the `nodes` took is not kept.
    """

    part: int
    file: str
    size: int
    documents: int
    mentions: int
    linked: int
    kilobytes: float
    failed: int = 0
    failed_file: str = ""
    retry: int = 0
    nodes: NodeTimes = field(factory=dict, eq=False)


@define
class Manifest:
    """The manifest of a folder; `done` has the lines of each part, in order of their retries."""

    folder: Path
    identity: Identity
    done: dict[int, list[Done]] = field(factory=dict)
    ended: bool = False

    @classmethod
    def begin(cls, folder: Path, identity: Identity) -> Manifest:
        """A new run in a folder that is made, or is there and has nothing of a run in it."""
        if (folder / NAME).exists():
            raise InputError(f"{folder}: has a run in it already; go on with it by --resume, or name another folder")
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file, not a folder; name a folder for the parts")
        if folder.is_dir() and (others := sorted(path.name for pattern in _FILES for path in folder.glob(pattern))):
            raise InputError(f"{folder}: holds '{others[0]}' and no {NAME}; name an empty folder")
        folder.mkdir(exist_ok=True)
        manifest = cls(folder, identity)
        manifest._write({"run": attrs.asdict(identity)})
        return manifest

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """The manifest in a folder; a last line that was not written to its end is none."""
        path = folder / NAME
        if not path.is_file():
            raise InputError(f"{folder}: has no run to go on with (no {NAME}); leave out --resume to begin one")
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with path.open("r+b") as stream:
                stream.truncate(len(whole))
        try:
            first, *rest = [json.loads(line) for line in whole.splitlines()]
            manifest = cls(folder, Identity(**first["run"]))
            for record in rest:
                manifest._read(record)
        except (ValueError, KeyError, TypeError) as error:
            problem = Problem(str(path), f"cannot be read: {error}; start again in another folder")
            raise DataError("manifest", [problem]) from error
        return manifest

    def _read(self, record: Mapping[str, Any]) -> None:
        if "run" in record:
            self.identity = Identity(**record["run"])
        elif "ended" in record:
            self.ended = True
        else:
            self._take(Done(**record))

    def change(self, identity: Identity) -> None:
        """Go on as another run, which what is done was not."""
        self.identity = identity
        self._write({"run": attrs.asdict(identity)})

    def add(self, done: Done) -> None:
        """A part is done: its files are on the disk."""
        self._take(done)
        self._write(attrs.asdict(done, filter=lambda one, _: one.name != "nodes"))

    def end(self) -> None:
        """All parts are done."""
        if not self.ended:
            self.ended = True
            self._write({"ended": len(self.done)})

    def has(self, part: int) -> bool:
        """Whether a part is done, and its files are as long as they were written."""
        return part in self.done and all(_size(self.folder / done.file) == done.size for done in self.done[part])

    def tidy(self) -> None:
        """Remove what a run that was stopped left behind: files that no line names."""
        named = {name for lines in self.done.values() for done in lines for name in (done.file, done.failed_file)}
        for pattern in _FILES:
            for path in self.folder.glob(pattern):
                if path.name not in named:
                    path.unlink()

    def _take(self, done: Done) -> None:
        self.done[done.part] = [*self.done.get(done.part, ()), done] if done.retry else [done]

    def _write(self, record: Mapping[str, Any]) -> None:
        with (self.folder / NAME).open("ab") as stream:
            stream.write(json_line(record).encode())
            stream.flush()
            os.fsync(stream.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _short(value: Any) -> str:
    shown = str(dict(value) if isinstance(value, Mapping) else value)
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
