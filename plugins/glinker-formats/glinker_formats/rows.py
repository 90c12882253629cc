"""What the readers share: checked rows, lines as text, and a word about what was left out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glinker_core.builtin.records import entity_of
from glinker_core.layers import Row

log = logging.getLogger(__name__)


def row_of(line: int, record: Mapping[str, Any], file: str = "") -> Row:
    """A row with the entity of a record under our field names, or with what is wrong with it."""
    try:
        return Row(line, entity_of(record), "", file)
    except ValueError as error:
        return Row(line, None, str(error), file)


def decoded(lines: Iterable[bytes]) -> Iterator[tuple[int, str, str]]:
    """Number and text of each line without its end, and the problem with it if it is not UTF-8."""
    for number, line in enumerate(lines, 1):
        try:
            yield number, line.decode("utf-8").rstrip("\r\n"), ""
        except UnicodeDecodeError as error:
            yield number, "", f"not UTF-8: byte {error.start}: {error.reason}"


def names(label: str, others: Iterable[str]) -> list[str]:
    """Aliases to a label: the others in order, each once, without the label and what is blank."""
    return [name for name in dict.fromkeys(others) if name != label and name.strip()]


def tell(left_out: Counter[str]) -> None:
    """Log what was left out on purpose, with the numbers; nothing is lost in silence."""
    for what in sorted(+left_out):
        log.warning("left out: %s: %s", what, f"{left_out[what]:,}")
