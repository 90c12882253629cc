"""The pipe `glinker`: entities of a `Doc` linked by a pipeline of ours, or found and linked by it.

Components are set up by `nlp.add_pipe("glinker", config={...})`. Nothing is opened before the first document, or
`nlp.initialize()`, and nothing that is open goes to another process, which opens its own.
Annotations are not deferred here: spaCy 3.7 checks the config by them, and cannot read those that are.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from attrs import asdict, evolve
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import SimpleFrozenList

from glinker_core import DAGExecutor
from glinker_core.errors import NodeError, StoreError
from glinker_core.model import Document, LinkedDocument, LinkedMention
from glinker_spacy.docs import entity_id, keep_records, label_of, place, register
from glinker_spacy.model import ENTS, OWN, Model, Settings, open_executor

_DEFAULTS = asdict(Settings())


@Language.factory(
    "glinker",
    assigns=["doc.ents", "token.ent_kb_id", "token.ent_type", "span._.glinker"],
    requires=["doc.ents"],
    default_config=_DEFAULTS,
)
def make_pipe(
    nlp: Language,
    name: str,
    pipeline: str | dict[str, Any] | None,
    kb: str | None,
    mentions: str,
    labels: dict[str, str],
    overwrite_labels: bool,
    kb_url: str | None,
    batch_size: int | None,
    kb_in_model: Literal["reference", "copy"],
) -> "GlinkerPipe":
    """A pipe that links; see `GlinkerPipe`."""
    settings = Settings(pipeline, kb, mentions, labels, overwrite_labels, kb_url, batch_size, kb_in_model)
    return GlinkerPipe(nlp.lang or "", name, settings)


class GlinkerPipe(Pipe):
    """Links the mentions of documents: `ent.kb_id_` is the id of an entity, empty for NIL; `span._.glinker` the rest.

    Settings are those of `Settings`. A document that fails goes to the error handler of spaCy, alone; what is wrong
    with the pipeline or the knowledge base is raised.
    """

    name: str

    def __init__(self, lang: str, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._lang = lang
        self._model = Model(settings)
        self._executor: DAGExecutor | None = None
        self._owner = 0  # the process that opened the executor
        self._inherited: list[DAGExecutor] = []  # of the process this one was forked from: to close them is its matter
        register()

    def __reduce__(self) -> tuple[Any, ...]:
        handler = getattr(self, "error_handler", None)
        return _remade, (self._lang, self.name, self.settings, self._model, handler)

    # -- linking -----------------------------------------------------------------------------------------------

    def __call__(self, doc: Doc) -> Doc:
        """Link one document."""
        self._link([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Link documents, as many at a time as spaCy hands on, or `batch_size` of the settings if that is less."""
        size, docs = min(batch_size, self.settings.batch_size or batch_size), iter(stream)
        for batch in iter(lambda: list(islice(docs, size)), []):
            self.open()
            yield from self._linked(batch)

    def _linked(self, docs: Sequence[Doc]) -> Iterator[Doc]:
        """The documents that could be linked; if not all of them together, then each alone."""
        linked, handle = list(docs), cast("Callable[..., None]", self.get_error_handler())
        try:
            self._link(docs)
        except Exception as error:  # noqa: BLE001  # the handler of spaCy decides; by default it raises again
            linked = []
            if len(docs) > 1 and not (isinstance(error, NodeError) and isinstance(error.cause, StoreError)):
                linked = [doc for one in docs for doc in self._linked([one])]
            else:
                handle(self.name, self, list(docs), error)
        yield from linked

    def _link(self, docs: Sequence[Doc]) -> None:
        """Link all documents in one batch of the executor, or none of them."""
        mentions = [self._mentions(doc) for doc in docs]
        given = [document for documents in mentions for document in documents]
        executor = self.open()
        found = executor.stream(given, batch_size=max(1, len(given))) if given else iter(())
        results = [[next(found) for _ in documents] for documents in mentions]
        next(found, None)
        for doc, documents in zip(docs, results, strict=True):
            self._write(doc, documents)

    def _mentions(self, doc: Doc) -> list[Document]:
        """What the executor is given for a document: as often the text as mentions lie on each other."""
        if self.settings.mentions == OWN:
            return [Document(doc.text)]
        return [Document(doc.text, entities=tuple(map(self._given, spans))) for spans in _apart(self._spans(doc))]

    def _given(self, span: Span) -> dict[str, Any]:
        return {"start": span.start_char, "end": span.end_char, "label": self._type(span)}

    def _type(self, span: Span) -> str:
        """What the label of a mention is called in the knowledge base."""
        return self.settings.labels.get(span.label_, span.label_)

    def _spans(self, doc: Doc) -> Sequence[Span]:
        key = self.settings.mentions
        if key == ENTS:
            return doc.ents
        if key not in doc.spans:
            groups = ", ".join(map(repr, doc.spans)) or "none"
            raise ValueError(f"{self.name}: the doc has no span group '{key}'; there are: {groups}")
        return list(doc.spans[key])

    def _write(self, doc: Doc, documents: Sequence[LinkedDocument]) -> None:
        overwrite = self.settings.overwrite_labels
        found = [mention for document in documents for mention in document.entities]
        if self.settings.mentions == OWN:
            placed = place(doc, found, overwrite)
            self._count("mentions moved to the borders of tokens", placed.moved)
            self._count("mentions dropped that share a token with another", placed.dropped)
            return
        decided = {(mention.start, mention.end, mention.label): mention for mention in found}
        pairs = [
            (span, _called(span.label_, decided.get((span.start_char, span.end_char, self._type(span)))))
            for span in self._spans(doc)
        ]
        keep_records(doc, pairs)
        if self.settings.mentions == ENTS:
            for ent, mention in pairs:
                _set_entity(ent, mention, overwrite)
        else:
            group = doc.spans[self.settings.mentions]
            made = [_with_link(span, mention, overwrite) for span, mention in pairs]
            doc.spans[self.settings.mentions] = SpanGroup(doc, name=group.name, attrs=dict(group.attrs), spans=made)

    def _count(self, what: str, times: int) -> None:
        if times:
            self.open().resources.count(what, times)

    # -- what is open ------------------------------------------------------------------------------------------

    def open(self) -> DAGExecutor:
        """The executor, opened now if it is not open in this process."""
        if self._executor is not None and self._owner != os.getpid():
            self._inherited.append(self._executor)
            self._executor = None
        if self._executor is None:
            self._executor = open_executor(self.name, self._model, own=self.settings.mentions == OWN)
            self._owner = os.getpid()
        return self._executor

    def close(self) -> None:
        """Close stores and models; the next document opens them again."""
        if self._executor is not None and self._owner == os.getpid():
            self._executor.close()
        self._executor = None

    def initialize(self, get_examples: Callable[[], Iterable[Any]], *, nlp: Language | None = None) -> None:  # noqa: ARG002
        """Open all there is to open, so that what is wrong with it is said now."""
        self.open()

    @property
    def counters(self) -> Counter[str]:
        """What was moved, dropped or done without, by name."""
        return self._executor.counters if self._executor is not None else Counter()

    @property
    def displacy_options(self) -> dict[str, str]:
        """Options with which displaCy makes links: `displacy.render(doc, style="ent", options=...)`."""
        url = self.settings.kb_url
        return {} if url is None else {"kb_url_template": url.replace("{entity_id}", "{}")}

    # -- saving ------------------------------------------------------------------------------------------------

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = SimpleFrozenList()) -> None:  # noqa: ARG002
        """Save the pipeline and, as the settings say, where the knowledge base is or a copy of it, in a folder."""
        self._model.to_disk(Path(path), self._lang)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = SimpleFrozenList()) -> "GlinkerPipe":  # noqa: ARG002
        """Take what was saved, but for what the settings of this pipe name otherwise."""
        model = Model.from_disk(self.settings, Path(path), self.name, self._lang)
        self.close()
        self._model = model
        return self

    def to_bytes(self, *, exclude: Iterable[str] = SimpleFrozenList()) -> bytes:  # noqa: ARG002
        """As `to_disk`, in bytes."""
        return self._model.to_bytes(self._lang)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = SimpleFrozenList()) -> "GlinkerPipe":  # noqa: ARG002
        """As `from_disk`, of bytes; a copy of a knowledge base lies in a temporary folder as long as the pipe lives."""
        model = Model.from_bytes(self.settings, data, self.name, self._lang)
        self.close()
        self._model = model
        return self


def _remade(lang: str, name: str, settings: Settings, model: Model, handler: Any) -> "GlinkerPipe":
    pipe = GlinkerPipe(lang, name, settings)
    pipe._model = model
    if handler is not None:
        pipe.set_error_handler(handler)
    return pipe


def _called(label: str, mention: LinkedMention | None) -> LinkedMention | None:
    """The mention under the label that spaCy gave it."""
    return mention if mention is None or mention.label == label else evolve(mention, label=label)


def _apart(spans: Iterable[Span]) -> list[list[Span]]:
    """The spans in as few lists as it takes for no two of a list to overlap; spans without a token are in none."""
    lists: list[list[Span]] = []
    for span in sorted((span for span in spans if len(span)), key=lambda s: (s.start, -s.end, s.label_)):
        free = next((kept for kept in lists if kept[-1].end <= span.start), None)
        if free is None:
            lists.append([span])
        else:
            free.append(span)
    return lists


def _set_entity(ent: Span, mention: LinkedMention | None, overwrite: bool) -> None:
    name = entity_id(mention)
    label = label_of(mention, overwrite) if mention is not None else ""
    for token in ent:
        token.ent_kb_id_ = name
        if label and label != ent.label_:
            token.ent_type_ = label


def _with_link(span: Span, mention: LinkedMention | None, overwrite: bool) -> Span:
    label = (label_of(mention, overwrite) if mention is not None else "") or span.label_
    return Span(span.doc, span.start, span.end, label=label, kb_id=entity_id(mention), span_id=span.id_)
