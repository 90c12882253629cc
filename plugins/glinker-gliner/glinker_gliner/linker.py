"""L3: scores the candidates of each mention in its context, each mention with its own candidates only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define

from glinker_core.layers import Candidates, Texts
from glinker_core.model import WHOLE_TEXT, Candidate, Mention, MentionCandidates, evolve
from glinker_gliner.greedy import greedy
from glinker_gliner.layer import ScoringLayer

if TYPE_CHECKING:
    from glinker_gliner.windows import Words

_SHOWN = 30  # candidates of a mention that was found among all entities


@define(kw_only=True)
class GlinerLinker(ScoringLayer):
    """Scores every candidate of every mention with a GLiNER model, as `l3`.

    A mention that the model cannot see as it is, because it ends within a word or is too wide, is scored by the words
    it has in the text, and counted. Where no recogniser ran, mentions are found among all entities of the stores: what
    reaches the `threshold` for one of them, and with `flat_ner` does not overlap.
    """

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions with the same candidates, best first; or those that are found, where there were none."""
        words = [self.loaded.words(text) for text in texts]
        items = [list(some) for some in candidates]
        whole = [index for index, some in enumerate(items) if _is_whole(texts[index], some)]
        with self.loaded.keeping():
            for pool, indices in _by_pool(whole, items):
                for index, found in zip(indices, self._found([words[index] for index in indices], pool), strict=True):
                    items[index] = found
            linked = list(self.score("l3", words, items))
        for index in whole:
            linked[index] = tuple(evolve(item, candidates=item.candidates[:_SHOWN]) for item in linked[index])
        return linked

    def _found(self, texts: Sequence[Words], pool: Sequence[Candidate]) -> Iterator[list[MentionCandidates]]:
        """Mentions of the candidates' entities in each text, each with the whole pool to choose from."""
        from glinker_gliner.finding import find

        entities = [candidate.entity for candidate in pool]
        vectors = self._vectors.of(entities) if self._vectors is not None and entities else None
        labels = self.read(entities) if vectors is None else []
        for words, found in zip(texts, find(self, texts, labels, vectors, [self.threshold] * len(pool)), strict=True):
            spans = [(words.starts[one.first], words.ends[one.last]) for one in greedy(found, self.flat_ner, False)]
            yield [MentionCandidates(Mention(start, end, words.text[start:end]), pool) for start, end in spans]


def _is_whole(text: str, items: Sequence[MentionCandidates]) -> bool:
    """Whether what came is a whole text, as a retriever gives it where no recogniser ran."""
    return len(items) == 1 and items[0].mention == Mention(0, len(text), text, WHOLE_TEXT)


def _by_pool(
    indices: Sequence[int], items: Sequence[Sequence[MentionCandidates]]
) -> list[tuple[Sequence[Candidate], list[int]]]:
    """Texts that choose from the same candidates, together."""
    pools: dict[int, tuple[Sequence[Candidate], list[int]]] = {}
    for index in indices:
        pool = items[index][0].candidates
        pools.setdefault(id(pool), (pool, []))[1].append(index)
    return list(pools.values())
