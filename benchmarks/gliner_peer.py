"""GLiNKER in an interpreter of its own, which need not have ours: a child process that speaks JSON lines.

Each request names a method of `Peer` and its arguments; the answer has the seconds the call took there, and its value.
Nothing here imports what the child may not have.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

TEMPLATE = "{label}: {description}"
NOTHING_PASSES = 0.99  # a threshold that no random score reaches, so that nobody's decoding counts


class Seconds(NamedTuple):
    """By the clock on the wall, and of the processor: others on the machine lengthen the first."""

    wall: float
    cpu: float

    def times(self, factor: float) -> Seconds:
        """What so many times the work would take."""
        return Seconds(self.wall * factor, self.cpu * factor)


class Peer:
    """GLiNKER 0.1.1 as its pipelines call it."""

    def __init__(self, threads: int) -> None:
        import torch
        from glinker.core import ConfigBuilder, ProcessorFactory, processor_registry
        from glinker.l1.models import L1Entity
        from glinker.l2.models import DatabaseRecord
        from transformers.initialization import no_init_weights

        torch.set_num_threads(threads)
        self._builder, self._factory, self._registry = ConfigBuilder, ProcessorFactory, processor_registry
        self._span, self._record = L1Entity, DatabaseRecord
        self._quick = no_init_weights  # weights are read from the file anyway; this saves waiting, not measured time
        self._layers: dict[str, Any] = {}
        self._records: list[Any] = []
        self._work: dict[str, Any] = {}

    def open_l1(self, model: str, labels: list[str]) -> None:
        """Its recogniser."""
        config = {"model": model, "labels": labels, "threshold": NOTHING_PASSES, "max_length": 512}
        with self._quick():
            layer = self._layers["l1"] = self._registry.get("l1_gliner")({**config, "use_precomputed_embeddings": True})
        self._embeddings = layer.component._label_embeddings

    def l1(self, texts: list[str], precomputed: bool) -> None:
        """Mentions of texts, with the embeddings of the labels, or as it does by default."""
        self._layers["l1"].component._label_embeddings = self._embeddings if precomputed else None
        self._layers["l1"](texts=texts)

    def open_linker(self, name: str, processor: str, model: str, things: list[Any], embed: bool) -> None:
        """Its L3 or L4; the entities get their embeddings here, each padded to its own length and not as by default."""
        config = {"model_name": model, "threshold": NOTHING_PASSES, "max_length": 512}
        with self._quick():
            layer = self._layers[name] = self._registry.get(processor)(config)
        layer.schema = {"template": TEMPLATE}
        self._records = [self._record(entity_id=i, label=a, aliases=b, description=c) for i, a, b, c in things]
        if embed:
            tokenizer = layer.component.model.data_processor.labels_tokenizer
            length, tokenizer.model_max_length = tokenizer.model_max_length, 48
            texts = [TEMPLATE.format(**record.model_dump()) for record in self._records]
            vectors = layer.component.encode_labels(texts, batch_size=64).tolist()
            tokenizer.model_max_length = length
            for record, vector in zip(self._records, vectors, strict=True):
                record.embedding, record.embedding_model_id = vector, model

    def work(self, key: str, texts: list[str], spans: list[Any], pools: list[list[list[int]]]) -> None:
        """Texts with mentions and candidates as its L1 and L2 hand them on, kept for later calls."""
        self._work[key] = (
            texts,
            [[self._records[number] for pool in of_text for number in pool] for of_text in pools],
            [
                [self._span(text=text[a:b], label="", start=a, end=b, left_context="", right_context="") for a, b in of]
                for text, of in zip(texts, spans, strict=True)
            ],
        )

    def link(self, name: str, key: str, precomputed: bool = False) -> None:
        """Its L3 or L4 over kept work."""
        texts, candidates, spans = self._work[key]
        layer = self._layers[name]
        if hasattr(layer.config, "use_precomputed_embeddings"):
            layer.config.use_precomputed_embeddings = precomputed
        layer(texts=texts, candidates=candidates, l1_entities=spans)

    def open_pipeline(
        self, name: str, model: str, labels: list[str], things: list[Any], threshold: float, precomputed: bool
    ) -> None:
        """A pipeline of L1, L2, L3 and L0, with its entities."""
        builder = self._builder(name="speed")
        builder.l1.gliner(model=model, labels=labels, threshold=threshold, use_precomputed_embeddings=precomputed)
        builder.l2.add("dict", search_mode=["exact"])
        builder.l3.configure(model=model, threshold=NOTHING_PASSES, use_precomputed_embeddings=precomputed)
        config = builder.get_config()
        config["nodes"][1]["config"]["max_candidates"] = 30
        with self._quick():
            pipeline = self._layers[name] = self._factory.create_from_dict(config)
        pipeline.load_entities([{"entity_id": i, "label": a, "aliases": b, "description": c} for i, a, b, c in things])
        if precomputed:
            pipeline.processors["l3"].component.model.data_processor.labels_tokenizer.model_max_length = 48
            pipeline.precompute_embeddings()

    def pipeline(self, name: str, texts: list[str]) -> list[int]:
        """How many mentions it found, and how many candidates they had."""
        context = self._layers[name].execute({"texts": texts})
        mentions = sum(map(len, context.get("l1_result").entities))
        return [mentions, sum(map(len, context.get("l2_result").candidates))]


class Child:
    """The other end: calls of `Peer`, each answered with its seconds."""

    def __init__(self, python: Path, threads: int) -> None:
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", __file__, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("GLINER_SPEED_VERBOSE") else None,
            text=True,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"},
        )
        self.version = self._read()["value"]

    def call(self, method: str, *arguments: Any) -> Seconds:
        """Call it there; how long that took."""
        return self.ask(method, *arguments)[0]

    def ask(self, method: str, *arguments: Any) -> tuple[Seconds, Any]:
        """Call it there; how long that took, and what it returned."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        return Seconds(answer["wall"], answer["cpu"]), answer["value"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            sys.exit(f"GLiNKER: {answer['error']}; its output: set GLINER_SPEED_VERBOSE=1")
        return answer


def _serve() -> None:
    """The child: what GLiNKER prints goes to stderr, so that only answers reach the other end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        peer = Peer(int(sys.argv[1]))
        from importlib.metadata import version

        answer(value=f"GLiNKER {version('glinker')} with gliner {version('gliner')}")
        for line in sys.stdin:
            method, *arguments = json.loads(line)
            wall, cpu = time.perf_counter(), time.process_time()
            value = getattr(peer, method)(*arguments)
            answer(value=value, wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    _serve()
