"""One evaluation: a pipeline, a gold standard and how to count, and the record of everything that came out."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

from attrs import frozen

from glinker_core.entities import OnError
from glinker_core.errors import InputError
from glinker_core.executor import DAGExecutor
from glinker_eval.calibrating import Judged, Reliability, judged, reliability
from glinker_eval.causes import ATTRIBUTED, Attribution, Cause, Error, tally
from glinker_eval.counting import SCOPES, Counts, Match, Scope, Scores, Task, counts_of, macro, micro
from glinker_eval.gold import Finding, Gold, GoldMention
from glinker_eval.ladder import Ladder, Step
from glinker_eval.measures import (
    FINAL,
    Accuracy,
    Found,
    Group,
    accuracy,
    by_ambiguity,
    by_type,
    found_by,
    found_of,
    recall,
)
from glinker_eval.running import MentionSource, Outcome, nobody, run
from glinker_eval.stages import SecondLook


@frozen
class Setup:
    """How to count: what is to be found, when it counts as found, and who finds the mentions."""

    task: Task = "el"
    match: Match = "strong"
    mentions: MentionSource = "own"

    def __attrs_post_init__(self) -> None:
        if self.task == "ed" and self.match == "weak":
            raise InputError("task ed looks at the spans of the gold standard alone; match is strong")
        if self.task == "md" and self.mentions == "gold":
            raise InputError("task md asks which mentions are found; give the pipeline none")


@frozen
class Settings:
    """What the figures depend on; they cannot be compared with others without it.

    `nil_answers`: whether a mention that is not linked counts as an answer, as the pipeline shows them or not. Nothing
    is filtered: an entity where the gold standard says NIL is wrong. `warm`: all that is loaded at the first text was
    loaded before time was taken.
    """

    task: Task
    match: Match
    mentions: MentionSource
    nil_answers: bool
    gold: str
    gold_hash: str
    pipeline: str
    pipeline_hash: str
    nodes: Mapping[str, str]
    kb_revision: str
    kb_entities: int
    batch_size: int
    warm: bool
    versions: Mapping[str, str]
    machine: Mapping[str, Any]


@frozen
class Size:
    """What a gold standard holds: of its mentions those in the KB, linked but absent from it, NIL, and optional."""

    documents: int
    mentions: int
    in_kb: int
    absent: int
    nil: int
    optional: int


@frozen
class ScopeScores:
    """The measures of one class of annotations: counts over all documents, and both ways to average."""

    counts: Counts
    micro: Scores
    macro: Scores


@frozen
class Speed:
    """How fast the documents were linked; kB are thousands of bytes of UTF-8, seconds those by the clock."""

    documents: int
    kilobytes: float
    seconds: float
    processor_seconds: float

    @property
    def documents_per_second(self) -> float:
        return self.documents / self.seconds

    @property
    def kilobytes_per_second(self) -> float:
        return self.kilobytes / self.seconds


@frozen
class Evaluation:
    """Everything that was measured. Classes of annotations without any on either side are left out of `scores`.

    `recall`, `found_by`: by source, the retrievers by their ids and `final`, what L0 decided among. `calibration` is
    that of all links. `causes` counts by class what is missed and extra, `errors` has each of it; `ladder` tells what
    each stage costs, where that is wanted. `documents` has the counts of each document by class, which is what two runs
    are compared by. `found` has each mention.
    """

    settings: Settings
    gold: Size
    scores: Mapping[Scope, ScopeScores]
    accuracy: Accuracy | None
    recall: Mapping[str, Mapping[str, float]]
    found_by: Mapping[str, Mapping[str, int]]
    by_type: Mapping[str, Group]
    by_ambiguity: Mapping[str, Group]
    calibration: Reliability | None
    speed: Speed
    findings: tuple[Finding, ...]
    counters: Mapping[str, int]
    causes: Mapping[Scope, Mapping[Cause, Counts]]
    ladder: tuple[Step, ...]
    errors: tuple[Error, ...]
    documents: Mapping[str, Mapping[Scope, Counts]]
    found: tuple[Found, ...]
    outcome: Outcome


def evaluate(
    executor: DAGExecutor,
    gold: Gold,
    setup: Setup = Setup(),
    *,
    batch_size: int = 32,
    on_error: OnError = "raise",
    gaps: bool = True,
    pipeline_hash: str = "",
    tell: Callable[[int], None] = nobody,
) -> Evaluation:
    """Run the pipeline over the gold standard, whose ids are looked up in its KB, and measure what comes out."""
    kb = executor.resources.kb
    digest = gold.digest
    gold = gold.against(kb)
    outcome = run(executor, gold, setup.mentions, batch_size, on_error, tell)
    scopes: tuple[Scope, ...] = ("all",) if setup.task == "md" else SCOPES
    documents = {
        traced.gold.id: counts_of(
            traced.gold, traced.linked.entities, setup.task, setup.match, scopes, outcome.answers_nil
        )
        for traced in outcome.documents
    }
    counters = dict(sorted((+executor.counters).items()))  # of the run that is measured, not of those that explain it
    retrievers = [node.id for node in executor.graph.nodes if node.layer.name == "retriever"]
    found = tuple(found_of(outcome.documents, retrievers, setup.match))
    sources = [*retrievers, FINAL] if retrievers and setup.task != "md" else []
    scores = _scores(documents.values(), scopes)
    attribution = Attribution(executor.graph, SecondLook(executor), setup.task, setup.match, outcome.answers_nil)
    errors = tuple(error for traced in outcome.documents for error in attribution.errors(traced))
    classes = tuple(scope for scope in scores if scope in ATTRIBUTED)
    ladder = Ladder(executor, setup.task, setup.match, classes, outcome.answers_nil, batch_size, on_error, tell)
    return Evaluation(
        settings=Settings(
            setup.task,
            setup.match,
            setup.mentions,
            outcome.answers_nil,
            gold.name,
            digest,
            executor.graph.name,
            pipeline_hash,
            {node.id: node.processor for node in executor.graph.nodes},
            kb.revision,
            kb.count(),
            batch_size,
            True,
            _versions(executor),
            _machine(),
        ),
        gold=_size(gold, tuple(gold.mentions)),
        scores=scores,
        accuracy=accuracy(found) if sources else None,
        recall={source: shares for source in sources if (shares := recall(found, source))},
        found_by={source: found_by(found, source) for source in retrievers if sources},
        by_type=by_type(found),
        by_ambiguity=by_ambiguity(found, retrievers) if sources else {},
        calibration=reliability(links_of(outcome, setup)) if sources else None,
        speed=Speed(len(gold.documents), outcome.kilobytes, outcome.elapsed, outcome.processor),
        findings=gold.findings,
        counters=counters,
        causes=tally(errors),
        ladder=ladder.steps(outcome.documents, setup.mentions) if gaps else (),
        errors=errors,
        documents=documents,
        found=found,
        outcome=outcome,
    )


def links_of(outcome: Outcome, setup: Setup) -> list[Judged]:
    """The links of a run, right or wrong; with task ed those of other spans than the gold standard's do not count."""
    mentions = "gold" if setup.task == "ed" else setup.mentions
    return [item for item in judged(outcome.documents, mentions, setup.match) if item.linked]


def _scores(documents: Any, scopes: Sequence[Scope]) -> dict[Scope, ScopeScores]:
    made: dict[Scope, ScopeScores] = {}
    for scope in scopes:
        counts = [document[scope] for document in documents]
        total = sum(counts, Counts())
        if scope == "all" or not total.nothing:
            made[scope] = ScopeScores(total, micro(counts), macro(counts))
    return made


def _size(gold: Gold, mentions: Sequence[GoldMention]) -> Size:
    wanted = [mention for mention in mentions if not mention.optional]
    return Size(
        len(gold.documents),
        len(wanted),
        sum(mention.in_kb for mention in wanted),
        sum(mention.absent for mention in wanted),
        sum(not mention.entity_ids for mention in wanted),
        len(mentions) - len(wanted),
    )


def _versions(executor: DAGExecutor) -> dict[str, str]:
    """The versions of Python and of the distributions whose components ran."""
    plugins = executor.plugins.plugins
    names = {plugins[node.offer.plugin].distribution for node in executor.graph.nodes if node.offer.plugin in plugins}
    versions = {"python": platform.python_version()}
    for name in sorted({"glinker-core", "glinker-eval", *filter(None, names)}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # a plugin that was registered by hand
            versions[name] = ""
    return versions


def _machine() -> dict[str, Any]:
    return {"system": platform.system(), "machine": platform.machine(), "processors": os.cpu_count() or 0,
            "implementation": sys.implementation.name}  # fmt: skip
