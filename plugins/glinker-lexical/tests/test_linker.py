import random

import pytest
from glinker_lexical.described import content_words
from glinker_lexical.features import LATER, overlap, shared_words
from glinker_lexical.linker import LexicalLinker, Weights
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.combine import combine, logistic, priors, reasons
from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention, MentionCandidates, evolve

JORDANS = (
    Entity("country", "Jordan", description="country in the Middle East, its capital is Amman", popularity=500),
    Entity("player", "Jordan", description="American basketball player of the Chicago Bulls", popularity=400),
    Entity("river", "Jordan", description="river that leaves Galilee for the Dead Sea", popularity=80),
)


FEATURES = ["name", "case", "label", "prior", "usage", "overlap", "document", "type", "mentions", "coherence"]


def candidate(entity, quality=1.0, name=None):
    return Candidate(entity, name or entity.label, "exact" if quality == 1 else "fuzzy", {"l2": quality})


def item(text, surface, entities, quality=1.0, label=""):
    start = text.index(surface)
    mention = Mention(start, start + len(surface), surface, label)
    return MentionCandidates(mention, tuple(candidate(entity, quality) for entity in entities))


def link(text, *items, **settings):
    (linked,) = LexicalLinker(**settings).link([text], [items])
    return linked


def best(text, surface="Jordan", entities=JORDANS, **more):
    (linked,) = link(text, item(text, surface, entities, **more))
    return linked.candidates[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jordan was there", "country"),
        ("From Amman we saw Jordan", "country"),
        ("In basketball the Bulls of Chicago had Jordan", "player"),
        ("They bathed in Galilee, in the Jordan", "river"),
    ],
)
def test_three_homonyms_are_told_apart_by_context_and_without_it_by_prior(text, expected):
    chosen = best(text)
    assert chosen.entity_id == expected
    assert chosen.score >= 0.5


def test_every_candidate_is_kept_with_readable_features_and_the_score_last():
    text = "From Amman we saw Jordan"
    (linked,) = link(text, item(text, "Jordan", JORDANS))
    assert sorted(c.entity_id for c in linked.candidates) == ["country", "player", "river"]
    for one in linked.candidates:
        assert list(one.scores) == ["l2", *FEATURES, "l3"]
        assert all(0 <= score <= 1 for score in one.scores.values())
    assert linked.threshold == 0.5


@pytest.mark.parametrize("popularity", [0, 0.001, 1, 1e9])
def test_a_single_entity_of_the_name_is_linked_without_any_context(popularity):
    assert best("Oder", "Oder", [Entity("oder", "Oder", popularity=popularity)]).score > 0.7


@pytest.mark.parametrize(("quality", "linked"), [(1.0, True), (0.95, True), (0.85, False), (0.75, False)])
def test_a_name_that_is_only_similar_needs_context(quality, linked):
    entities = [Entity("szczecin", "Szczecin", description="port of Pomerania at the estuary of the Oder")]
    assert (best("in Szczecim", "Szczecim", entities, quality=quality).score >= 0.5) == linked
    context = "in Szczecim, at the estuary of the Oder in Pomerania"
    assert best(context, "Szczecim", entities, quality=quality).score >= 0.5


def test_without_a_score_of_the_retriever_names_are_compared():
    mention = Mention(0, 8, "Szczecim")
    given = tuple(Candidate(Entity(name, name), name, "other") for name in ("Szczecin", "SZCZECIM", "Stettin"))
    (linked,) = link("Szczecim", MentionCandidates(mention, given))
    assert {c.entity_id: round(c.scores["name"], 3) for c in linked.candidates} == {
        "Szczecin": 0.875,
        "SZCZECIM": 1.0,
        "Stettin": 0.25,
    }


def test_a_name_written_as_in_the_knowledge_base_is_better_than_the_same_in_another_case():
    us, magazine = Entity("us", "US"), Entity("magazine", "Us")
    assert best("then Us came", "Us", [us, magazine], quality=0.95).entity_id == "magazine"


def test_type_agreement_tells_homonyms_apart_where_both_types_are_given():
    entities = [evolve(JORDANS[0], entity_type="Country"), evolve(JORDANS[2], entity_type="river"), JORDANS[1]]
    text = "Jordan again"
    for label, expected in [("country", [1, 0, 0.5]), ("", [0.5, 0.5, 0.5])]:
        (linked,) = link(text, item(text, "Jordan", entities, label=label))
        got = {c.entity_id: c.scores["type"] for c in linked.candidates}
        assert [got[e.entity_id] for e in entities] == expected
    even = [evolve(entity, popularity=1) for entity in entities]
    assert best(text, entities=even, label="river").entity_id == "river"


def test_words_that_few_candidates_have_weigh_more_ordinary_ones_little_and_own_ones_nothing():
    described = [content_words(f"{e.description}, Jordan of papyrus") for e in JORDANS]
    context = content_words("Jordan is a country of papyrus, with basketball and the Dead Sea, and a lot of it")
    shared = shared_words({"jordan"}, context, described)
    assert [list(words) for words in shared] == [
        ["country", "papyrus"],
        ["basketball", "papyrus"],
        ["dead", "papyrus", "sea"],
    ]
    rare, common, ordinary = shared[1]["basketball"], shared[1]["papyrus"], shared[0]["country"]
    assert rare > common > ordinary > 0
    assert shared[2]["papyrus"] == common
    assert overlap({}) == 0 < overlap({"country": ordinary}) < overlap(shared[0]) < overlap(shared[1]) < 1


def test_an_ordinary_word_decides_between_candidates_that_are_otherwise_alike():
    entities = [Entity("singer", "Mercury", description="singer"), Entity("planet", "Mercury", description="planet")]
    assert best("They saw Mercury again", "Mercury", entities).entity_id == "singer"
    assert best("They saw the planet Mercury", "Mercury", entities).entity_id == "planet"


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=40))
def test_priors_are_in_0_to_1_in_the_order_of_popularity_whatever_its_unit(popularity):
    def of(scale):
        return priors([candidate(Entity("e", "x", popularity=one * scale)) for one in popularity])

    assert all(0 <= prior <= 1 for prior in of(1))
    order = sorted(range(len(popularity)), key=popularity.__getitem__)
    assert sorted(of(1)) == [of(1)[index] for index in order]
    assert of(1024) == pytest.approx(of(1), abs=1e-6) or not max(popularity) > 1e-290


def test_mentions_of_one_surface_are_scored_by_their_own_candidates():
    text = "Jordan, Jordan and Jordan of Galilee"
    whole, few = item(text, "Jordan", JORDANS), item(text, "Jordan", JORDANS[:2])
    labelled = item(text, "Jordan", JORDANS, label="river")
    alone = [link(text, one)[0] for one in (whole, few, whole, labelled)]
    assert list(link(text, whole, few, whole, labelled)) == alone
    assert [len(one.candidates) for one in alone] == [3, 2, 3, 3]


def test_an_entity_with_a_new_description_is_read_anew():
    text = "They bathed in Galilee, in the Jordan"
    linker = LexicalLinker()
    (before,) = linker.link([text], [[item(text, "Jordan", JORDANS)]])[0]
    changed = [evolve(e, description="canal" if e.entity_id == "river" else e.description) for e in JORDANS]
    (after,) = linker.link([text], [[item(text, "Jordan", changed)]])[0]
    assert [before.candidates[0].entity_id, after.candidates[0].entity_id] == ["river", "country"]


def test_the_order_of_candidates_changes_no_score_and_decides_ties_only():
    text = "From Amman over Galilee to Jordan"
    twins = [Entity(f"twin-{n}", "Jordan", description="country south of Galilee", popularity=7) for n in range(4)]
    entities = [*JORDANS, *twins]
    (expected,) = link(text, item(text, "Jordan", entities))
    scores = {c.entity_id: c.scores for c in expected.candidates}
    for seed in range(5):
        random.Random(seed).shuffle(entities)
        (linked,) = link(text, item(text, "Jordan", entities))
        assert {c.entity_id: c.scores for c in linked.candidates} == scores
        ties = [c.entity_id for c in linked.candidates if c.entity_id.startswith("twin")]
        assert ties == [e.entity_id for e in entities if e in twins]


def test_a_whole_text_is_no_mention_of_any_entity():
    text = "In basketball the Bulls of Chicago had Jordan"
    (linked,) = link(text, MentionCandidates(Mention(0, len(text), text, WHOLE_TEXT), tuple(map(candidate, JORDANS))))
    assert len(linked.candidates) == 3
    assert linked.candidates[0].score < linked.threshold


def test_an_explanation_adds_up_to_the_score_and_names_the_words():
    text = "In basketball the Bulls of Chicago had Jordan"
    linker = LexicalLinker()
    before = item(text, "Jordan", JORDANS)
    (after,) = linker.link([text], [[before]])[0]
    explained = {e.candidate.entity_id: e for e in linker.explain(text, before)}
    for one, again in zip(after.candidates, linker.explain(text, after), strict=True):
        explanation = explained[one.entity_id]
        assert (explanation.score, explanation.reasons) == (again.score, again.reasons)
        assert explanation.score == one.score
        assert logistic(explanation.bias + sum(r.contribution for r in explanation.reasons)) == pytest.approx(one.score)
        assert {r.feature: r.value for r in explanation.reasons} == {k: one.scores[k] for k in list(one.scores)[1:-1]}
        assert overlap(dict(explanation.words)) == one.scores["overlap"]
    assert [word for word, _ in explained["player"].words] == ["basketball", "bulls", "chicago"]
    assert explained["country"].words == ()


def test_weights_and_threshold_can_be_set():
    text = "In basketball the Bulls of Chicago had Jordan"
    (linked,) = link(text, item(text, "Jordan", JORDANS), weights=Weights(overlap=0), threshold=0.9)
    assert (linked.candidates[0].entity_id, linked.threshold) == ("country", 0.9)
    with pytest.raises(ValueError, match="threshold"):
        LexicalLinker(threshold=2)


def test_combining_is_a_logistic_sum_of_weighted_features():
    assert combine({"name": 1.0, "prior": 0.5}, {"name": 2.0, "prior": 4.0}, bias=-4.0) == 0.5
    assert [(r.feature, r.contribution) for r in reasons({"a": 0.5, "b": 0.0}, {"b": 9, "a": -2})] == [
        ("a", -1),
        ("b", 0),
    ]
    with pytest.raises(KeyError, match="unknown"):
        combine({"unknown": 1.0}, {"name": 1.0}, 0)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_logistic_function_never_overflows_and_never_falls(one, other):
    low, high = logistic(min(one, other)), logistic(max(one, other))
    assert 0 <= low <= high <= 1
    assert logistic(one) + logistic(-one) == pytest.approx(1)


OBAMAS = (
    Entity("city", "Obama", description="city in the prefecture of Fukui", popularity=30),
    Entity("president", "Barack Obama", description="president of the United States", popularity=900),
    Entity("onitsha", "Obama Beach", description="beach", popularity=1),
)


def several(text, *asked):
    return link(text, *(item(text, surface, entities) for surface, entities in asked))


def test_a_name_stands_for_the_entity_of_a_longer_mention_that_contains_it():
    text = "Barack Obama came; later Obama left"
    mention = Mention(25, 30, "Obama")
    shorter = MentionCandidates(mention, tuple(candidate(entity) for entity in OBAMAS))
    (alone,) = link("Then Obama left", MentionCandidates(Mention(5, 10, "Obama"), shorter.candidates))
    _, together = link(text, item(text, "Barack Obama", OBAMAS[1:2]), shorter)
    scores = [{c.entity_id: c.scores["document"] for c in one.candidates} for one in (alone, together)]
    assert scores == [{"city": 0, "president": 0, "onitsha": 0}, {"city": 0, "president": 1, "onitsha": 0}]
    assert together.candidates[0].entity_id == "president"


def of_president(text, surface="Obama"):
    """What the document says for the president behind a mention."""
    (linked,) = link(text, item(text, surface, OBAMAS))
    return {c.entity_id: c.scores["document"] for c in linked.candidates}["president"]


def test_a_longer_name_says_less_where_it_only_follows():
    assert of_president("Barack Obama came, then Obama left") == 1
    assert of_president("Obama left. Barack Obama had come") == LATER


def test_a_common_noun_is_short_for_no_longer_name():
    assert of_president("Barack Obama came; an obama is a beach", "obama") == 0
    assert of_president("barack obama came; later obama left", "obama") == 1


def test_an_abbreviation_stands_for_the_name_whose_initials_it_has_if_the_text_has_that_name():
    factor = Entity("factor", "Tumour necrosis factor")
    other = Entity("other", "Trans-national freight")
    text = "the tumour necrosis factor (TNF)"
    given = tuple(Candidate(e, e.label, "initials", {"l2": 0.7}) for e in (other, factor))
    (linked,) = link(text, MentionCandidates(Mention(28, 31, "TNF"), given))
    assert [(c.entity_id, c.scores["document"]) for c in linked.candidates] == [("factor", 1.0), ("other", 0.0)]


def test_places_of_one_region_support_each_other_if_two_agree():
    def places(name, *regions):
        return [Entity(f"{name}-{r}", name, description=f"town in {r}", popularity=9) for r in regions]

    names = {"Troy": ("Kansas", "Ohio"), "Lima": ("Peru", "Ohio"), "Toledo": ("Spain", "Ohio")}
    text = "Troy, Lima, Toledo"
    found = several(text, *((name, places(name, *regions)) for name, regions in names.items()))
    assert [one.candidates[0].entity_id for one in found] == ["Troy-Ohio", "Lima-Ohio", "Toledo-Ohio"]
    pair = several(text, *((name, places(name, *names[name])) for name in ("Troy", "Lima")))
    assert [one.candidates[0].scores["coherence"] for one in pair] == [0, 0]


def test_the_order_and_the_number_of_mentions_of_a_string_change_nothing():
    text = "Jordan of Galilee, Amman, Jordan"
    river, capital = item(text, "Jordan", JORDANS), item(text, "Amman", [Entity("amman", "Amman")])
    expected = {one.mention.text: one.candidates for one in link(text, river, capital)}
    for items in ((capital, river), (river, river, capital, river)):
        assert {one.mention.text: one.candidates for one in link(text, *items)} == expected


def test_a_description_with_the_name_of_another_mention_counts_more_where_few_have_it():
    text = "Jordan, Amman, Galilee"
    linked, *_ = several(text, ("Jordan", JORDANS), ("Amman", [Entity("amman", "Amman")]))
    told = {c.entity_id: c.scores["mentions"] for c in linked.candidates}
    assert told["country"] > told["player"] == told["river"] == 0


def test_what_a_name_was_used_for_before_goes_before_how_well_known_an_entity_is():
    used = evolve(JORDANS[2], metadata={"priors": {"jordan": 9}})
    rarely = evolve(JORDANS[0], metadata={"priors": {"jordan": 1, "hashemite kingdom": 5}})
    text = "Jordan again"
    (linked,) = link(text, item(text, "Jordan", [rarely, JORDANS[1], used]))
    assert {c.entity_id: round(c.scores["usage"] ** 2, 3) for c in linked.candidates} == {
        "river": 0.9,
        "country": 0.1,
        "player": 0,
    }
    assert linked.candidates[0].entity_id == "river"


@pytest.mark.parametrize("priors", [None, [1], {"jordan": "many"}, {"jordan": -1}, {"jordan": float("nan")}])
def test_priors_that_are_none_say_nothing(priors):
    (linked,) = link("Jordan", item("Jordan", "Jordan", [evolve(JORDANS[0], metadata={"priors": priors})]))
    assert linked.candidates[0].scores["usage"] == 0


def test_an_explanation_with_the_other_mentions_adds_up_to_the_score_too():
    text = "Jordan, Amman, Galilee"
    items = [item(text, "Jordan", JORDANS), item(text, "Amman", [Entity("amman", "Amman")])]
    (after, _) = link(text, *items)
    scores = {one.candidate.entity_id: one.score for one in LexicalLinker().explain(text, items[0], items)}
    assert scores == {one.entity_id: one.score for one in after.candidates}


def test_a_label_of_which_the_mention_is_the_initials_is_as_near_as_one_that_contains_it():
    entities = [Entity("health", "World Health Organization"), Entity("band", "The Who"), Entity("owl", "Owl")]
    (linked,) = link("then WHO came", item("then WHO came", "WHO", entities))
    near = {c.entity_id: c.scores["label"] for c in linked.candidates}
    assert near["health"] == near["band"] == 1 > near["owl"]


def test_an_abbreviation_that_was_looked_up_by_its_long_form_has_one_in_the_document():
    given = Candidate(
        Entity("factor", "Tumour necrosis factors"), "Tumour necrosis factors", "abbreviation", {"l2": 0.9}
    )
    (linked,) = link("TNF", MentionCandidates(Mention(0, 3, "TNF"), (given,)))
    assert linked.candidates[0].scores["document"] == 1
