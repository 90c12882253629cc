"""What every stage made of a text, and where an entity that is wanted was lost."""

import json

import glinker_eval
import pytest
from attrs import define
from glinker_eval.explaining import explain

from glinker_core import DAGExecutor
from glinker_core.errors import InputError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.model import Entity, MentionCandidates
from tests.cli_runs import glinker, write_lines
from tests.fake_plugins import fakes, node, pipeline

ENTITIES = [
    Entity("fr", "Paris", (), "capital of France", "city", 90),
    Entity("tx", "Paris", (), "town in Texas", "city", 20),
    Entity("troy", "Paris", (), "prince", "person", 1),
    Entity("ulm", "Ulm", (), "seat of a minster", "town"),
    Entity("ulm2", "Neu Ulm", (), "", "town"),
]
TEXT = "Paris and Ulm met Paris of Troy."


@define(frozen=True)
class Given:
    """A reason as components give it."""

    feature: str
    value: float
    contribution: float


@define(frozen=True)
class Said:
    """An explanation as components give it."""

    bias: float
    reasons: tuple
    words: tuple


@define
class Talkative:
    """An L3 that likes short descriptions, and says so, with how many mentions there are."""

    threshold: float = 0.3

    def link(self, texts, candidates):
        return [[self._scored(item) for item in items] for items in candidates]

    def _scored(self, item):
        scored = [c.scored(l3=1 / (1 + len(c.entity.description.split()))) for c in item.candidates]
        return MentionCandidates(item.mention, tuple(sorted(scored, key=lambda c: -c.score)), self.threshold, "brief")

    def explain(self, text, item, items=()):
        return [
            Said(-1.0, (Given("words", len(c.entity.description.split()), 0.5), Given("mentions", len(items), 0.0)),
                 (("of", 0.25),))
            for c in item.candidates
        ]  # fmt: skip


class Talkers:
    """Declares it."""

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_talkative", f"{__name__}:Talkative", "short descriptions")


NODES = [
    node("l1", "l1_fake", names=["Paris", "Ulm", "met Paris"]),
    node("l2", "l2_chain", layers=[{"type": "fake", "search_mode": ["exact"]}], max_candidates=2),
    node("l3", "l3_talkative"),
    node("gate", "gate_uncertain"),
    node("l4", "l4_fake"),
    node("l0", "l0_aggregator", {"mentions": "l1", "candidates": ["l3", "l4"]}),
]


def executor(nodes):
    made = DAGExecutor(pipeline(*nodes), plugins=fakes(talkers=Talkers()))
    made.load_entities(ENTITIES)
    return made


@pytest.fixture(scope="module")
def opened():
    with executor(NODES) as made:
        yield made


def stage(one, name):
    return next(seen for seen in one.stages if seen.node == name)


def test_every_mention_has_every_stage_with_every_candidate_and_score(opened):
    paris, ulm, met = explain(opened, TEXT)
    assert [(one.text, one.start, one.found_by) for one in (paris, ulm, met)] == [
        ("Paris", 0, ("l1",)), ("Ulm", 10, ("l1",)), ("met Paris", 14, ("l1",)),
    ]  # fmt: skip
    assert [(seen.node, seen.processor, seen.passed) for seen in paris.stages] == [
        ("l2", "l2_chain", True), ("l3", "l3_talkative", True), ("gate", "gate_uncertain", True),
        ("l4", "l4_fake", True),
    ]  # fmt: skip
    assert [(c.entity_id, dict(c.scores)) for c in stage(paris, "l2").candidates] == [
        ("fr", {"l2": 1.0}), ("tx", {"l2": 1.0}),
    ]  # fmt: skip
    assert (stage(paris, "l3").threshold, stage(paris, "l3").note, stage(paris, "l3").new) == (0.3, "brief", ("l3",))
    assert [c.scores["l4"] for c in stage(paris, "l4").candidates] == [0.5, 0.25]
    assert (paris.output, paris.linked.entity_id, paris.linked.score) == ("l0", "fr", 0.5)
    assert (ulm.linked, ulm.reason) == (None, "best candidate ulm has 0.200, below 0.3; brief")
    assert not stage(ulm, "l4").passed
    assert (met.linked, met.reason) == (None, "no candidates; brief")


def test_a_component_says_why_by_itself_with_all_mentions_of_the_text(opened):
    why = stage(explain(opened, TEXT)[0], "l3").why
    assert list(why) == ["fr", "tx"]
    assert (why["tx"].bias, why["tx"].words) == (-1.0, {"of": 0.25})
    assert [(r.feature, r.value, r.contribution) for r in why["tx"].reasons] == [
        ("words", 3, 0.5),
        ("mentions", 3, 0.0),
    ]
    assert stage(explain(opened, TEXT)[0], "l4").why == {}


def causes(opened, *args):
    return [[(loss.cause, loss.node) for loss in one.lost] for one in explain(opened, TEXT, *args)]


def test_why_a_mention_is_not_linked_to_an_entity_is_told_by_the_causes_of_the_evaluation(opened):
    assert causes(opened, (0, 5), "fr") == [[]]
    assert causes(opened, (0, 5), "tx") == [[("ranked_l4", "l4")]]
    assert causes(opened, (0, 5), "troy") == [[("cut_off", "l2")]]
    assert causes(opened, "Ulm", "ulm") == [[("below_threshold", "l0")]]
    assert causes(opened, "Ulm", "ulm2") == [[("not_retrieved", "l2")]]
    assert [one.wanted for one in explain(opened, TEXT, "Paris", "tx")] == ["tx", None, "tx"]


def test_a_mention_that_is_not_found_is_given_to_see_what_would_become_of_it(opened):
    troy = explain(opened, TEXT, "Troy", "fr")
    assert [(one.text, one.found_by) for one in troy] == [("Troy", ())]
    assert [loss.cause for loss in troy[0].lost] == ["not_detected", "not_retrieved"]
    assert stage(explain(opened, TEXT, (18, 23))[1], "l3").why["fr"].reasons[1].value == 3  # with those beside it
    met, paris = explain(opened, TEXT, (18, 23), "fr")
    assert (met.text, met.wanted, paris.text, paris.found_by, paris.linked.entity_id) == (
        "met Paris", None, "Paris", (), "fr",
    )  # fmt: skip
    assert [loss.cause for loss in paris.lost] == ["wrong_span"]


def test_a_mention_that_another_one_displaced_is_shown_with_what_became_of_it():
    nodes = [NODES[0], node("short", "l1_fake", names=["met"], label="verb"), *NODES[1:-1]]
    nodes[2] = {**nodes[2], "inputs": {"mentions": ["l1", "short"]}}
    with executor([*nodes, node("l0", "l0_aggregator", {"mentions": ["l1", "short"], "candidates": "l3"})]) as made:
        dropped, kept = explain(made, TEXT, "met")
        assert (kept.text, kept.reason) == ("met Paris", "no candidates; brief")
        assert (dropped.found_by, dropped.linked) == (("short",), None)
        assert dropped.reason == "dropped for another mention that overlaps it"


def test_a_pipeline_that_takes_mentions_is_given_the_one_that_is_named():
    with executor([node("l1", "l1_external"), *NODES[1:3], node("l0", "l0_aggregator")]) as made:
        assert [one.reason for one in explain(made, TEXT, (0, 5))] == ["best candidate fr has 0.250, below 0.3; brief"]
        with pytest.raises(InputError, match="finds no mentions, it takes them; name one with --mention"):
            explain(made, TEXT)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("Rome",), "mention 'Rome': does not stand in the text"),
        (("",), "mention '': does not stand in the text"),
        (((3, 99),), "mention 3:99: lies outside the text of 32 characters"),
        (((5, 5),), "mention 5:5: is empty"),
        (("Ulm", "nobody"), "entity 'nobody': the knowledge base has none of that id"),
        ((None, "fr"), "entity 'fr': there are 3 mentions; name one with --mention: 0:5 'Paris', 10:13 'Ulm', 14:23"),
    ],
)
def test_what_cannot_be_explained_is_refused(opened, args, message):
    with pytest.raises(InputError, match=f"^{message}"):
        explain(opened, TEXT, *args)


def test_a_text_without_mentions_has_nothing_to_explain(opened):
    assert explain(opened, "Nothing.") == ()
    with pytest.raises(InputError, match="no mention is found; name the one you mean"):
        explain(opened, "Nothing.", None, "fr")
    assert [one.wanted for one in explain(opened, "Ulm.", None, "ulm")] == ["ulm"]


# -- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = "entity_id", "label", "description", "entity_type", "popularity"
    write_lines(tmp_path / "kb.jsonl", [{name: getattr(entity, name) for name in names} for entity in ENTITIES])
    (tmp_path / "p.yaml").write_text(json.dumps(pipeline(*NODES)))
    plugins = fakes(talkers=Talkers(), eval=glinker_eval)
    return lambda *args: glinker("explain", *args, "--pipeline", "p.yaml", "--kb", "kb.jsonl", plugins=plugins)


def test_the_command_shows_stages_reasons_and_the_decision(call):
    lines = call(TEXT, "--mention", "0:5", "--gold", "tx").stdout.splitlines()
    assert [line.rstrip() for line in lines] == [
        "'Paris' 0:5 thing, found by l1 with 1.000",
        "  l2 (l2_chain): 2 candidates",
        "     entity  label  name   match     l2",
        "  1  fr      Paris  Paris  exact  1.000",
        "  2  tx      Paris  Paris  exact  1.000",
        "  l3 (l3_talkative): 2 candidates, 0.3 needed; brief",
        "     entity  label  name   match     l3  why",
        "  1  fr      Paris  Paris  exact  0.250  -1.00 words +0.50 (words: of 0.25)",
        "  2  tx      Paris  Paris  exact  0.250  -1.00 words +0.50 (words: of 0.25)",
        "  gate (gate_uncertain): 2 candidates, 0.3 needed",
        "     entity  label  name   match",
        "  1  fr      Paris  Paris  exact",
        "  2  tx      Paris  Paris  exact",
        "  l4 (l4_fake): 2 candidates, 0.3 needed",
        "     entity  label  name   match     l4",
        "  1  fr      Paris  Paris  exact  0.500",
        "  2  tx      Paris  Paris  exact  0.250",
        "  l0: linked to fr 'Paris' with 0.500; brief",
        "  tx was lost at l4: ranked by L4, L4 puts another entity first",
    ]


def test_the_command_shows_what_held_a_mention_back_and_what_is_given(call):
    shown = call("Ulm in Troy", "-m", "Ulm").stdout
    assert "  l4 (l4_fake): did not get to see it, or held it back\n" in shown
    assert "  l0: NIL; best candidate ulm has 0.200, below 0.3; brief\n" in shown
    shown = call("Ulm in Troy", "-m", "Troy", "-g", "ulm").stdout
    assert shown.startswith("'Troy' 7:11, given\n")
    assert "  ulm was lost at l1: not detected, no mention was found there\n" in shown
    assert "  ulm would have been lost at l2: not retrieved, no retriever gives the right entity\n" in shown
    assert call("Nothing.").stdout == "no mentions\n"


def test_the_command_writes_json(call):
    (record,) = json.loads(call(TEXT, "--mention", "0:5", "--gold", "troy", "--json").stdout)
    assert record["lost"] == [
        {"cause": "cut_off", "meaning": "a retriever has the right entity, but behind its limit", "node": "l2"}
    ]
    best = record["stages"][0]["candidates"][0]
    assert (best["entity_id"], best["scores"], "entity" in best) == ("fr", {"l2": 1.0}, False)
    assert record["stages"][1]["why"]["fr"]["reasons"][0] == {"feature": "words", "value": 3, "contribution": 0.5}
    assert record["linked"]["entity_id"] == "fr"


def test_the_command_refuses_what_makes_no_sense(call):
    done = call(TEXT, "--mention", "4:70")
    assert (done.exit_code, done.stderr) == (2, "mention 4:70: lies outside the text of 32 characters\n")
