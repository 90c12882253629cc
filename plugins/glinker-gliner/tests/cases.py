"""What the layers are called with: entities, mentions with candidates, and texts that are hard on a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention, MentionCandidates

from .tiny import LABELS, SENTENCES

MAIN_KINDS = ("bi", "bi_token", "uni", "uni_token")

TEXT = SENTENCES[2]  # "Freddie Mercury sang with Queen at Wembley in 1985."
MERCURY = TEXT.index("Mercury"), TEXT.index("Mercury") + len("Mercury")
QUEEN = TEXT.index("Queen"), TEXT.index("Queen") + len("Queen")

#: Entities whose label is what the model reads, under the template "{label}".
ENTITIES = tuple(Entity(f"e{number}", label) for number, label in enumerate(LABELS))

#: Texts without an ordinary word, by what they hold instead.
ODD_TEXTS = {
    "one word": "Paris",
    "one letter": "x",
    "emoji": "👩\u200d👩\u200d👧\u200d👦🇫🇷",
    "lone surrogates": "\ud83d\udfff \udc00",
    "control characters": "\x00\x01\x07\x1b",
    "zero width": "\u200b\u2060",
    "punctuation": "?!...",
    "unknown script": "ꦗꦮ",
}


def mention(text: str, start: int, end: int) -> Mention:
    """The mention of a span."""
    return Mention(start, end, text[start:end])


def item(text: str, span: tuple[int, int], entities: Iterable[Entity] = ENTITIES) -> MentionCandidates:
    """A span with candidates, as a retriever gives them."""
    return MentionCandidates(
        mention(text, *span), tuple(Candidate(one, one.label, "exact", {"l2": 1.0}) for one in entities)
    )


def whole(text: str, entities: Iterable[Entity] = ENTITIES) -> MentionCandidates:
    """A text as a retriever gives it where no recogniser ran."""
    return MentionCandidates(
        Mention(0, len(text), text, WHOLE_TEXT),
        tuple(Candidate(one, one.label, "all", {"l2": 1.0}) for one in entities),
    )


def scores(linked: MentionCandidates) -> dict[str, float]:
    """`{entity id: score of the last stage}` of a mention."""
    return {candidate.entity_id: candidate.score for candidate in linked.candidates}


def rows(linked: Sequence[MentionCandidates], entities: Sequence[Entity] = ENTITIES) -> Iterator[list[float]]:
    """Per mention the scores of the entities, in the order of the entities."""
    for one in linked:
        found = scores(one)
        yield [found[entity.entity_id] for entity in entities]


def long_text(words: int) -> str:
    """A text of so many words, most of them of the sentences that tiny models know."""
    every = " ".join(SENTENCES).replace(".", "").replace(",", "").replace(";", "").replace("!", "").split()
    return " ".join(every[number * 7 % len(every)] for number in range(words))
