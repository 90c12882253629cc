"""Evaluations as JSON: written for machines, and read again to be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from glinker_core.errors import DataError, Problem
from glinker_eval.counting import Counts, Scope
from glinker_eval.evaluation import Evaluation, Speed
from glinker_eval.measures import Accuracy, Found, Group

_SHOWN = 20  # places of a finding


@frozen
class Answer:
    """A gold mention in a record: whether an entity of the KB is meant, what the system says, and if that is right.

    `ranks`: where each source has a right entity, from 1. `said` is None for NIL, and where nothing is found.
    """

    document: str
    start: int
    end: int
    text: str
    entity_ids: tuple[str, ...]
    in_kb: bool
    detected: bool
    said: str | None
    right: bool
    ranks: Mapping[str, int | None]

    @classmethod
    def of(cls, found: Found) -> Answer:
        """What is kept of a mention."""
        link = found.mention.linked_entity if found.mention is not None else None
        return cls(
            found.document,
            found.gold.start,
            found.gold.end,
            found.gold.text,
            found.gold.entity_ids,
            found.gold.in_kb,
            found.mention is not None,
            link.entity_id if link is not None else None,
            found.answered,
            {source: place.rank for source, place in found.places.items()},
        )


@frozen
class Record:
    """What two evaluations are compared by."""

    name: str
    settings: Mapping[str, Any]
    documents: Mapping[str, Mapping[Scope, Counts]]
    answers: tuple[Answer, ...]


def plain(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON can hold it: all but texts and candidates."""
    record: dict[str, Any] = {
        field.name: as_plain(getattr(evaluation, field.name))
        for field in attrs.fields(Evaluation)
        if field.name not in ("found", "outcome", "findings")
    }
    record["findings"] = [
        {"what": one.what, "count": one.count, "kept": one.kept, "places": [str(p) for p in one.problems[:_SHOWN]]}
        for one in evaluation.findings
    ]
    record["failed"] = list(evaluation.outcome.failed)
    record["answers"] = [as_plain(Answer.of(one)) for one in evaluation.found]
    return record


#: Measures that are derived, beside the fields of their records.
_DERIVED: Mapping[type, tuple[str, ...]] = {
    Accuracy: ("normalised", "unnormalised", "of_all"),
    Group: ("accuracy",),
    Speed: ("documents_per_second", "kilobytes_per_second"),
}


def as_plain(value: Any) -> Any:
    """Records as mappings, with the measures that follow from them."""
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value))]
        return {name: as_plain(getattr(value, name)) for name in (*names, *_DERIVED.get(type(value), ()))}
    if isinstance(value, Mapping):
        return {str(key): as_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(one) for one in value]
    return value


def record_of(evaluation: Evaluation) -> Record:
    """The same of an evaluation that is at hand."""
    answers = tuple(map(Answer.of, evaluation.found))
    return Record(evaluation.settings.pipeline, as_plain(evaluation.settings), evaluation.documents, answers)


def read_record(path: Path) -> Record:
    """Read what `glinker eval --json` wrote; raises `DataError` if it is something else."""
    try:
        data = json.loads(path.read_bytes())
        documents = {
            name: {
                scope: Counts(**{kind: int(number) for kind, number in counts.items()})
                for scope, counts in scopes.items()
            }
            for name, scopes in data["documents"].items()
        }
        if not documents:
            raise ValueError("no documents")
        settings = {**{key: data["settings"][key] for key in ("task", "match", "gold_hash")}, **data["settings"]}
        answers = tuple(Answer(**{**one, "entity_ids": tuple(one["entity_ids"])}) for one in data["answers"])
        if strange := {answer.document for answer in answers} - documents.keys():
            raise ValueError(f"mentions of documents that are not there: {sorted(strange)}")
        return Record(str(path), settings, documents, answers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        wrong = f"is no record of an evaluation ({type(error).__name__}: {error}); write one with glinker eval --json"
        raise DataError("comparison", [Problem(str(path), wrong)]) from error
