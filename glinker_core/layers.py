"""What a component of each layer must do: one Protocol each, with one method that takes whole batches.

A component is an attrs class. Its fields are its `config` in a pipeline file; `open(resources)` loads whatever is
heavy and `close()` frees it (both may be left out). The argument names of the method are its ports: `texts`,
`entities` (what the caller knows), `mentions`, `candidates`. A port with a default may stay unconnected. Whatever
goes in, one item per text comes out, the same under any batch size and order of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from attrs import field, frozen

from glinker_core.model import Candidate, Document, Entity, LinkedDocument, Mention, MentionCandidates

Texts = Sequence[str]
Mentions = Sequence[Sequence[Mention]]
Candidates = Sequence[Sequence[MentionCandidates]]


@runtime_checkable
class Recognizer(Protocol):
    """L1: finds mentions."""

    def recognize(self, texts: Texts) -> Mentions:
        """One sequence of mentions per text, in order of position, with `text[m.start:m.end] == m.text`."""


@runtime_checkable
class Retriever(Protocol):
    """L2: finds candidates."""

    def retrieve(self, texts: Texts, mentions: Mentions | None = None) -> Candidates:
        """One `MentionCandidates` per mention, in the order of the mentions; no candidates is an empty tuple.

        Without mentions, each text that is not empty becomes one mention labelled `WHOLE_TEXT` whose candidates are
        the store's entities: for linkers that find mentions themselves.

        A retriever that cuts its answers off may have `unlimited()`, which gives the same one without a limit, still
        to be opened: evaluation asks it what was cut off.
        """


@runtime_checkable
class Linker(Protocol):
    """L3: scores the candidates of each mention in its context."""

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions with the same candidates, each with one more score in 0..1, best first.

        `threshold` of each `MentionCandidates` is set to the score below which NIL is meant.
        """


@runtime_checkable
class Reranker(Protocol):
    """L4: scores the best candidates again, at more cost."""

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:
        """As `Linker.link`; candidates that are not scored again keep their order behind those that are."""


@runtime_checkable
class Gate(Protocol):
    """Lets through the mentions that need more work; the rest reaches L0 by another input."""

    def select(self, texts: Texts, candidates: Candidates) -> Candidates:
        """A subset of the mentions of each text, unchanged and in order."""


@runtime_checkable
class Aggregator(Protocol):
    """L0: decides what is linked, what is NIL and what the caller sees."""

    def aggregate(
        self, texts: Texts, mentions: Mentions | None = None, candidates: Candidates | None = None
    ) -> Sequence[LinkedDocument]:
        """One document per text."""


@frozen
class Search:
    """How a store is asked: the modes in the order they are tried, and what is cut off.

    | mode | finds names |
    |---|---|
    | `exact` | that are equal, or equal once normalised |
    | `variant` | with the same words in another order, with other spaces, or in the plural |
    | `fuzzy` | at most `max_distance` edits away, and similar enough |
    | `partial` | that have all words of the mention, and more |
    | `initials` | whose initials the mention is |
    | `similar` | whose character 3-grams point in a similar direction: tf-idf cosine of at least `min_cosine` |
    | `prefix` | that start with the mention |
    | `text` | of entities whose description has all words of the mention |

    An edit is an insertion, a deletion, a substitution or a swap of neighbours; 2 are allowed at most, as long as
    1 - edits / length of the longer key reaches `min_similarity` and the first `prefix_length` letters agree. A mode is
    asked for the names that have no candidate yet; with `fill`, for those that have less than `limit`, but `fuzzy` for
    those alone that no mode before it found as they are, or but for spaces, order and number: they are no typos.
    An entity below `min_popularity`, or not of one of `types` where types are given, is not there for a search.
    """

    modes: tuple[str, ...] = ("exact", "fuzzy")
    limit: int = 30
    max_distance: int = 2
    min_similarity: float = 0.75
    prefix_length: int = 0
    min_popularity: float = 0
    min_cosine: float = 0.35
    types: tuple[str, ...] = ()
    fill: bool = False


class Name(NamedTuple):
    """One name of one entity, as a gazetteer reads it."""

    surface: str
    entity_id: str
    entity_type: str
    popularity: float


@frozen
class Upserted:
    """What a write did: entities `added`, `replaced` by other content, `kept` against other content, `unchanged`."""

    added: int = 0
    replaced: int = 0
    kept: int = 0
    unchanged: int = 0

    def __add__(self, other: Upserted) -> Upserted:
        return Upserted(
            self.added + other.added,
            self.replaced + other.replaced,
            self.kept + other.kept,
            self.unchanged + other.unchanged,
        )


@runtime_checkable
class Store(Protocol):
    """What `l2_chain` chains: entities by id and by name.

    A store is an attrs class whose fields are its settings; `open()` connects, `close()` (twice is once) lets go.
    The class has a tuple `modes` with the search modes it knows. Writes are transactions: when the iterable of an
    `upsert` raises, the store stays as it was. `revision` moves with each write that changes something.
    """

    @property
    def revision(self) -> str: ...

    def open(self) -> None: ...

    def search(self, names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
        """Per name its candidates, every homonym among them, ordered by match quality, then popularity, then id.

        `Candidate.scores["l2"]` is the quality of the match in 0..1, 1.0 for an equal name.
        """

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]: ...

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        """Add or replace entities; an id that is there with other content is an `error`, or what is there is
        `keep`, `replace`, or `merge` with what is given (`Entity.merged`)."""

    def delete(self, entity_ids: Iterable[str]) -> int:
        """Remove entities with all their names; says how many there were."""

    def clear(self) -> None: ...

    def count(self) -> int: ...

    def entities(self) -> Iterator[Entity]:
        """All entities in order of their ids (code points)."""

    def names(self) -> Iterator[Name]:
        """All names of all entities, in any order."""

    def close(self) -> None: ...


@frozen
class Space:
    """What vectors of entities were made with: those of one space can be compared, and no others.

    `model` names the model with its revision, `template` the text that was made of an entity, `dimension` the numbers
    of a vector.
    """

    model: str
    template: str
    dimension: int


@runtime_checkable
class VectorStore(Protocol):
    """A store that keeps vectors of its entities: each as the bytes of `dimension` little-endian 16-bit floats.

    The vectors of an entity go with its content: an entity that is replaced or removed has none. The revision does not
    move with them.
    """

    def spaces(self) -> list[Space]:
        """The spaces there are vectors in, in order of model and template."""

    def vectors(self, space: Space, entity_ids: Sequence[str]) -> list[bytes | None]:
        """Per id the vector of its entity, or None."""

    def add_vectors(self, space: Space, vectors: Iterable[tuple[str, bytes]]) -> int:
        """Keep vectors, in the place of those that were there; says how many, since entities may have gone meanwhile.

        InputError for a vector of another size, and for another `dimension` than the space has.
        """

    def drop_vectors(self, space: Space) -> None:
        """Forget all vectors of a space."""


@runtime_checkable
class NumbersContent(Protocol):
    """A store that tells cheaply which content it has, so that what is derived of each entity is made anew of few."""

    def numbers(self) -> Iterator[tuple[str, int, str]]:
        """The id of each entity, a number of 64 bits (signed) that another content would not have, and its type."""


@runtime_checkable
class CandidateCache(Protocol):
    """What remembers whole answers of slower stores; a store may be one as well.

    A cache by itself is declared through the hook of stores and is an attrs class like them, but holds no entities.
    `open()` waits for no server: one that is down is a `StoreError` of `recall`, `remember` and `clear`, where it can
    be done without. `scope` names what the answers depend on beside the name: revisions of the slower stores and the
    search. Answers of another scope are never recalled.
    """

    def open(self) -> None: ...

    def recall(self, names: Sequence[str], scope: str) -> list[tuple[Candidate, ...] | None]:
        """Per name the remembered answer, or None where there is none; an empty answer is an answer."""

    def remember(self, answers: Mapping[str, tuple[Candidate, ...]], scope: str) -> None: ...

    def clear(self) -> None:
        """Forget all answers; a store that is a cache as well also loses its entities."""

    def close(self) -> None: ...


@frozen
class StoreSpec:
    """A store or cache as a pipeline declares it: a name of its own, its type and its settings.

    `ttl` reaches those that have such a setting. Of the stores of one component, those with the higher `priority` are
    asked first.
    """

    name: str
    type: str
    config: Mapping[str, Any] = field(factory=dict, hash=False)
    field_mapping: Mapping[str, str] = field(factory=dict, hash=False)
    write: bool = True
    ttl: int | None = None
    priority: int = field(default=0, eq=False)


@runtime_checkable
class DeclaresStores(Protocol):
    """A component that brings stores of its own, as `l2_chain` does with its `layers`."""

    def declared_stores(self) -> Sequence[StoreSpec]:
        """The stores to open before this component; a spec without a `type` refers to one declared elsewhere."""


class Row(NamedTuple):
    """One record of a file: its line, and either the record or the problem with it.

    `file` is for what is made of several files: the one the line is in.
    """

    line: int
    item: Entity | Document | None
    problem: str = ""
    file: str = ""


@runtime_checkable
class EntityReader(Protocol):
    """Reads entities from a file format."""

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per record, good or bad; never raises for what a file holds."""


@runtime_checkable
class EntityPathReader(EntityReader, Protocol):
    """Reads entities from a path as well: a folder, files that belong together, or a file that is not made of lines."""

    def entities_from(self, path: Path) -> Iterator[Row]:
        """As `entities`, which is not called where there is a path."""


@runtime_checkable
class DocumentReader(Protocol):
    """Reads documents from a file format."""

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]: ...


@runtime_checkable
class DocumentPathReader(DocumentReader, Protocol):
    """Reads documents from a path as well: a file that is not made of lines."""

    def documents_from(self, path: Path) -> Iterator[Row]:
        """As `documents`, which is not called where there is a path."""


@runtime_checkable
class DocumentWriter(Protocol):
    """Writes linked documents in a file format; one object writes one file, and can be made without arguments.

    A setting `all_candidates`, if there is one, is true where all candidates are wanted rather than the link only.
    """

    def write(self, document: LinkedDocument) -> bytes:
        """What can be written now; a format that must see all documents first keeps what it needs, and gives b""."""

    def end(self) -> bytes:
        """The rest, once there are no more documents."""


@frozen
class Layer:
    """A layer as the graph knows it: where components are declared, what they are called with, what they make."""

    name: str
    prefix: str
    hook: str
    protocol: type
    method: str
    makes: str


LAYERS: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer("recognizer", "l1", "glinker_recognizers", Recognizer, "recognize", "mentions"),
        Layer("retriever", "l2", "glinker_retrievers", Retriever, "retrieve", "candidates"),
        Layer("linker", "l3", "glinker_linkers", Linker, "link", "candidates"),
        Layer("reranker", "l4", "glinker_rerankers", Reranker, "rerank", "candidates"),
        Layer("gate", "gate", "glinker_gates", Gate, "select", "candidates"),
        Layer("aggregator", "l0", "glinker_aggregators", Aggregator, "aggregate", "documents"),
    )
}
