"""Whether what is measured gives the same scores as the library's own path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliner_bench import entity_of, written
from gliner_work import Text, Thing
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer

from glinker_core.model import Candidate, Mention, MentionCandidates


def difference_of_mentions(library: Any, ours: GlinerRecognizer, texts: Sequence[Text]) -> float:
    """The greatest difference of scores of all spans and labels above a half; 1 where only one of both has a span."""
    least, ours.threshold, ours.flat_ner, ours.multi_label, ours.min_entity_length = ours.threshold, 0.5, False, True, 1
    found = ours.recognize([text.text for text in texts])
    ours.threshold = least
    worst = 0.0
    for text, mentions in zip(texts, found, strict=True):
        given = {"threshold": 0.5, "flat_ner": False, "multi_label": True}
        (theirs,) = library.inference([text.text], list(ours.labels), **given)
        mine = {(one.start, one.end, one.label): one.score for one in mentions}
        other = {(one["start"], one["end"], one["label"]): one["score"] for one in theirs}
        worst = max(worst, *(abs(mine.get(key, 2.0) - other.get(key, 3.0)) for key in mine.keys() | other.keys()))
    return worst


def difference_of_linkers(
    library: Any, ours: GlinerLinker, work: Sequence[tuple[Text, list[list[int]]]], things: Sequence[Thing]
) -> tuple[int, float]:
    """How many pairs of mention and candidate were compared, and the greatest difference of their scores."""
    count, worst = 0, 0.0
    for text, pools in work:
        candidates = [
            MentionCandidates(
                Mention(start, end, text.text[start:end]),
                tuple(Candidate(entity_of(things[number]), "", "exact") for number in pool),
            )
            for (start, end), pool in zip(text.spans, pools, strict=True)
        ]
        (linked,) = ours.link([text.text], [candidates])
        labels = {written(things[number]): things[number].entity_id for pool in pools for number in pool}
        spans = [[{"start": start, "end": end} for start, end in text.spans]]
        given = {"threshold": 0.0, "flat_ner": False, "multi_label": True, "input_spans": spans}
        (found,) = library.inference([text.text], list(labels), **given)
        theirs = {(one["start"], one["end"], labels[one["label"]]): one["score"] for one in found}
        for item in linked:
            for candidate in item.candidates:
                other = theirs[item.mention.start, item.mention.end, candidate.entity_id]
                count, worst = count + 1, max(worst, abs(candidate.score - other))
    return count, worst
