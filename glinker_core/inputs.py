"""What callers give to a pipeline, checked: the input of one batch, and documents in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import Any

from attrs import evolve

from glinker_core.errors import InputError, near
from glinker_core.model import Document


def check_documents(documents: object) -> None:
    """Refuse one text where a list of them belongs, and what has no order."""
    if isinstance(documents, (str, bytes, Document)):
        raise InputError(f"texts: expected a list of texts, got one; write [{str(documents)[:20]!r}]")
    if isinstance(documents, (Mapping, Set)):
        raise InputError(f"texts: expected a list of texts, got {type(documents).__name__}; its order is not yours")


def batches(items: Iterable[str | Document], size: int) -> Iterator[tuple[int, list[Document]]]:
    """Numbered batches of documents; a document without an id is called by its position."""
    documents = (document_at(item, position) for position, item in enumerate(items))
    return enumerate(iter(lambda: list(islice(documents, size)), []))


def document_at(item: object, position: int) -> Document:
    """A text or document as a document; one without an id is called by its position."""
    if isinstance(item, Document):
        return item if item.id else evolve(item, id=str(position))
    if not isinstance(item, str):
        got = f"{type(item).__name__} {item!r:.60}"
        raise InputError(f"texts: text {position}: expected a string or a Document, got {got}")
    return Document(item, str(position))


def texts_of(data: Mapping[str, Any]) -> list[str]:
    """The texts of the input of one batch."""
    if not isinstance(data, Mapping) or "texts" not in data:
        raise InputError(f"input: expected {{'texts': [...]}}, got {type(data).__name__} {data!r:.60}")
    if unknown := [key for key in data if key not in ("texts", "entities")]:
        raise InputError(f"input: unknown key '{unknown[0]}'{near(str(unknown[0]), ('texts', 'entities'))}")
    texts = data["texts"]
    if isinstance(texts, (str, bytes, Mapping, Set)) or not isinstance(texts, Iterable):
        got = f"{type(texts).__name__} {texts!r:.60}"
        raise InputError(f"texts: expected a list of texts, got {got}; put a single text into a list")
    texts = list(texts)
    wrong = [f"text {index} is {type(text).__name__}" for index, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        raise InputError(f"texts: expected strings: {', '.join(wrong)}")
    return texts
