"""Five hundred documents, each with an error of one cause at most: all are told, and what each stage costs."""

import random
import string
from collections import Counter

import pytest
from attrs import define, field
from glinker_eval.causes import ATTRIBUTED, CAUSES
from glinker_eval.counting import Counts
from glinker_eval.evaluation import evaluate
from glinker_eval.gold import gold_of
from glinker_eval.ladder import ACCURACY

from glinker_core import DAGExecutor
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Row
from glinker_core.model import Candidate, Document, Entity
from glinker_core.testing.store import FakeStore
from tests.fake_plugins import fakes, node, pipeline

SIZE = 500
#: The step of the ladder at which an error of a cause is made good.
MENDED = {
    "failed": "failed", "not_detected": "l1", "wrong_span": "l1", "spurious": "l1", "not_retrieved": "l2",
    "cut_off": "l2", "ranked_l2": "l2", "ranked_l3": "l3", "ranked_l4": "l4", "dropped": "l0",
    "below_threshold": "l0", "nil_wrong": "l0", "kb_gap": "kb",
}  # fmt: skip
#: The only node that can be to blame.
BLAMED = {
    "failed": "", "not_detected": "l1", "wrong_span": "l1", "spurious": "l1", "not_retrieved": "l2", "cut_off": "l2",
    "ranked_l2": "l2", "ranked_l3": "l3", "ranked_l4": "l4", "dropped": "", "below_threshold": "l0",
    "nil_wrong": "l0", "kb_gap": "",
}  # fmt: skip


@define
class InitialGate:
    """Lets through mentions that begin with one of some letters, or with none of them."""

    letters: str
    only: bool

    def select(self, texts, candidates):
        return [[item for item in items if (item.mention.text[0] in self.letters) == self.only] for items in candidates]


@define
class IndexedStore(FakeStore):
    """The same store, quick enough for a thousand entities."""

    _named: dict = field(factory=dict, init=False)

    def search(self, names, search):
        if not self._named:
            for entity in self.entities():
                for name in entity.names:
                    self._named.setdefault(name, []).append(Candidate(entity, name, "exact", {"l2": 1.0}))
            for found in self._named.values():
                found.sort(key=lambda candidate: -candidate.entity.popularity)
        return [tuple(self._named.get(name, ())[: search.limit]) for name in names]


class Seeds:
    """A gate and a store of its own, and an L3 that fails on texts with a word."""

    @hookimpl
    def glinker_stores(self):
        yield Component("indexed", f"{__name__}:IndexedStore", "by name")

    @hookimpl
    def glinker_gates(self):
        yield Component("gate_initial", f"{__name__}:InitialGate", "by letter")

    @hookimpl(wrapper=True)
    def glinker_run_node(self, call):
        if call.node.id == "l3" and any("BOOM" in text for text in call.arguments["texts"]):
            raise ValueError("boom")
        return (yield)


class Corpus:
    """Documents with entities of their own, made so that the pipeline errs in one way; names with R skip L3 and L4.

    The fakes score by words: L3 by those of the description, L4, for the two best, by those of label and description.
    """

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.known, self.entities, self.documents, self.seeded = [], [], [], {}
        causes = [CAUSES[number % len(CAUSES)] if number % 4 else "" for number in range(SIZE)]
        self.rng.shuffle(causes)
        for number, cause in enumerate(causes):
            self.id = f"d{number}"
            self.seeded[self.id] = cause
            text, *mentions = getattr(self, f"_{cause or 'right'}")()
            made = [{"start": text.index(name), "end": text.index(name) + len(name), "entity_id": entity_id}
                    for name, entity_id in mentions]  # fmt: skip
            self.documents.append(Row(number + 1, Document(text, self.id, tuple(made))))

    def _word(self, first=string.ascii_lowercase[:12]):
        return self.rng.choice(first) + "".join(self.rng.choices(string.ascii_lowercase, k=9))

    def _name(self, first="ABCDE", known=True):
        name = self._word(first)
        self.known += [name] * known
        return name

    def _entity(self, label, description="", *aliases, popularity=0.0):
        entity = Entity(f"e{len(self.entities)}", label, aliases, description, "", popularity)
        self.entities.append(entity)
        return entity.entity_id

    def _right(self, name=None):
        name, one, two = name or self._name(), self._word(), self._word()
        return f"{one} {name} {two}.", (name, self._entity(name, f"{one} {two}"))

    def _failed(self):
        text, mention = self._right()
        return f"{text} BOOM", mention

    def _not_detected(self):
        return self._right(self._name(known=False))

    def _wrong_span(self):
        part, one = self._name(), self._word()
        self._entity(part, one)
        whole = f"{part} {self._word('FGH')}"
        return f"{whole} {one}.", (whole, self._entity(whole, one))

    def _spurious(self):
        text, mention = self._right()
        name, one = self._name(), self._word()
        self._entity(name, one)
        return f"{text} {name} {one}", mention

    def _not_retrieved(self):
        name, one, two = self._name(), self._word(), self._word()
        self._entity(name, self._word())
        return f"{one} {name} {two}", (name, self._entity(self._word("F"), f"{one} {two}"))

    def _cut_off(self):
        name, one, two = self._name(), self._word(), self._word()
        for popularity in (30, 20, 10):
            self._entity(name, f"{one} {self._word()}", popularity=popularity)
        return f"{one} {name} {two}", (name, self._entity(name, f"{one} {two}", popularity=5))

    def _dropped(self):
        return self._right(self._name("Q"))

    def _ranked_l2(self):
        name, one = self._name("R"), self._word()
        self._entity(name, popularity=9)
        return f"{name} {one}", (name, self._entity(name, one, popularity=5))

    def _ranked_l3(self):
        name, one, label = self._name(), self._word(), f"{self._word()} {self._word()} {self._word()} {self._word()}"
        for _ in range(2):
            self._entity(name, f"{one} {self._word()}")
        return f"{label} {name} {one}", (name, self._entity(label, self._word(), name))

    def _ranked_l4(self):
        name, one = self._name(), self._word()
        self._entity(name, f"{one} {self._word()} {self._word()}")
        label = f"{self._word()} {self._word()} {self._word()}"
        return f"{one} {name}", (name, self._entity(label, one, name))

    def _below_threshold(self):
        name, label = self._name(), f"{self._word()} {self._word()} {self._word()}"
        return f"{self._word()} {name}", (name, self._entity(label, f"{self._word()} {self._word()}", name))

    def _nil_wrong(self):
        text, (name, _) = self._right()
        return text, (name, None)

    def _kb_gap(self):
        text, (name, _) = self._right()
        return text, (name, f"no entity {name}")


@pytest.fixture(scope="module", params=[1, 2])
def seeded(request):
    corpus = Corpus(request.param)
    nodes = [
        node("l1", "l1_fake", names=corpus.known),
        node("l2", "l2_chain", layers=[{"type": "indexed", "search_mode": ["exact"]}], max_candidates=3),
        node("past", "gate_initial", {"candidates": "l2"}, letters="R", only=True),
        node("main", "gate_initial", {"candidates": "l2"}, letters="QR", only=False),
        node("l3", "l3_fake", {"candidates": "main"}),
        node("l4", "l4_fake", {"candidates": "l3"}),
        node("l0", "l0_aggregator", {"mentions": "l1", "candidates": ["past", "l4"]}),
    ]
    with DAGExecutor(pipeline(*nodes), plugins=fakes(seeds=Seeds())) as executor:
        executor.load_entities(corpus.entities)
        yield corpus, evaluate(executor, gold_of(corpus.documents, "seeded"), on_error="skip")


def test_each_cause_is_seeded_many_times(seeded):
    corpus, _ = seeded
    counts = Counter(corpus.seeded.values())
    assert min(counts[cause] for cause in CAUSES) >= 25
    assert counts.keys() - {""} == set(CAUSES)


def test_every_error_has_the_cause_that_was_seeded_and_the_node_that_is_to_blame(seeded):
    corpus, done = seeded
    assert [(e.document, e.cause, e.node) for e in done.errors] == [
        (e.document, corpus.seeded[e.document], BLAMED[corpus.seeded[e.document]]) for e in done.errors
    ]
    assert {e.document for e in done.errors} == {name for name, cause in corpus.seeded.items() if cause}


def test_the_causes_add_up_to_all_errors_in_each_class_of_annotations(seeded):
    _, done = seeded
    for scope in ATTRIBUTED:
        counts, total = done.scores[scope].counts, sum(done.causes[scope].values(), Counts())
        assert (total.fp, total.fn) == (counts.fp, counts.fn)


def test_each_step_of_the_ladder_mends_the_errors_of_its_stage_and_nothing_else(seeded):
    _, done = seeded
    counts = done.scores["all"].counts
    for step in done.ladder:
        mended = [cause for cause, stage in MENDED.items() if stage == step.stage]
        gone = sum((done.causes["all"][cause] for cause in mended), Counts())
        counts = Counts(counts.tp + gone.fn, counts.fp - gone.fp, counts.fn - gone.fn)
        assert step.figures["all"] == pytest.approx(counts.f1)
    assert [step.stage for step in done.ladder] == ["own", "failed", "l1", "l2", "l3", "l4", "l0", "kb"]


def test_the_gaps_add_up_to_the_whole(seeded):
    _, done = seeded
    own = done.ladder[0].figures
    assert set(own) == {*ATTRIBUTED, ACCURACY}
    for name, figure in own.items():
        assert sum(step.gaps[name] for step in done.ladder) == pytest.approx(1 - figure)
    assert own[ACCURACY] == done.accuracy.of_all
    assert own["in_kb"] == done.scores["in_kb"].micro.f1
