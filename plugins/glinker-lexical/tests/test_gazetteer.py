import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from glinker_lexical.gazetteer import GazetteerRecognizer
from glinker_lexical.index import build_index
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.errors import InputError
from glinker_core.layers import Name
from glinker_core.model import Entity
from glinker_core.names import join, normalise, tokens
from glinker_core.resources import Resources
from glinker_core.testing.store import store_of

NAMES = (
    "New York",
    "York",
    "New York City",
    "Zürich",
    "東京",
    "東京都",
    "京都",
    "U.S.",
    "Yahoo!",
    "Paris (Texas)",
    "👩‍🚀 Day",
)


class FakeKnowledgeBase:
    """Names whose revision the test moves, and how often they were read."""

    def __init__(self, *entities):
        self.listed, self.revision, self.read = list(entities), "1", 0

    def names(self):
        self.read += 1
        for entity in self.listed:
            for name in entity.names:
                yield Name(name, entity.entity_id, entity.entity_type, entity.popularity)


def gazetteer(*names, **settings):
    """A gazetteer over names, or over entities."""
    entities = [name if isinstance(name, Entity) else Entity(f"e{i}", name) for i, name in enumerate(names)]
    recognizer = GazetteerRecognizer(**settings)
    recognizer.open(Resources({"kb": store_of(entities)}))
    return recognizer


def found(recognizer, text):
    (mentions,) = recognizer.recognize([text])
    assert all(text[m.start : m.end] == m.text for m in mentions)
    return [m.text for m in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from New York City to York", ["New York City", "York"]),
        ("in New York, near York", ["New York", "York"]),
        ("NEW-YORK and new york", ["NEW-YORK", "new york"]),
        ("in Newyork or Yorkshire", []),
        ("Zu\u0308rich, ZÜRICH, Zurich", ["Zu\u0308rich", "ZÜRICH", "Zurich"]),
        ("我住在東京都，不是京都。", ["東京都", "京都"]),
        ("the U.S. and the U.S.A", ["U.S.", "U.S."]),
        ("Yahoo! and Yahoo", ["Yahoo!", "Yahoo"]),
        ("to Paris (Texas) once", ["Paris (Texas)"]),
        ("\ud83d Zürich\x00York \udfff", ["Zürich", "York"]),
        ("an 👩‍🚀 York 👩🏽‍🚀 Zürich", ["York", "Zürich"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_finds_the_leftmost_longest_names_between_borders_of_words(text, expected):
    assert found(gazetteer(*NAMES), text) == expected


def test_the_longest_name_gives_way_to_a_shorter_one_when_it_does_not_fit():
    assert found(gazetteer("San Juan del Sur", "San Juan", "del Mar"), "San Juan del Mar") == ["San Juan", "del Mar"]


def test_label_is_the_type_that_all_entities_of_a_name_share():
    recognizer = gazetteer(
        Entity("1", "Springfield", entity_type="city"),
        Entity("2", "SPRINGFIELD", entity_type="city"),
        Entity("3", "Jordan", entity_type="river"),
        Entity("4", "Jordan", entity_type="country"),
        Entity("5", "Amazon", entity_type="river"),
        Entity("6", "Amazon"),
    )
    (mentions,) = recognizer.recognize(["from Springfield past Jordan to Amazon"])
    assert [(m.text, m.label) for m in mentions] == [("Springfield", "city"), ("Jordan", ""), ("Amazon", "")]


def test_short_names_are_left_out_by_letters_and_digits_of_their_key():
    text = "then U.K. and LA and F-1"
    assert found(gazetteer("U.K.", "LA", "F-1", min_length=2), text) == ["U.K.", "LA", "F-1"]
    assert found(gazetteer("U.K.", "LA", "F-1", min_length=3), text) == []


def test_index_is_built_once_per_revision_and_follows_the_knowledge_base():
    kb = FakeKnowledgeBase(Entity("1", "Zürich"))
    recognizer = GazetteerRecognizer()
    resources = Resources()
    resources.kb = kb
    recognizer.open(resources)
    assert kb.read == 0, "opening reads no names: entities are loaded later"
    text = "from Zürich to Basel"
    assert [found(recognizer, text) for _ in range(2)] == [["Zürich"]] * 2
    kb.listed.append(Entity("2", "Basel"))
    assert found(recognizer, text) == ["Zürich"], "the revision has not moved"
    kb.revision = "2"
    assert [found(recognizer, text) for _ in range(2)] == [["Zürich", "Basel"]] * 2
    assert kb.read == 2


def test_threads_that_ask_at_once_share_one_index():
    kb = FakeKnowledgeBase(*(Entity(str(n), f"Name{n}") for n in range(2_000)))
    recognizer = GazetteerRecognizer()
    resources = Resources()
    resources.kb = kb
    recognizer.open(resources)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: found(recognizer, f"see Name{n}"), range(40)))
    assert answers == [[f"Name{n}"] for n in range(40)]
    assert kb.read == 1


def test_the_order_of_names_changes_nothing():
    names = [
        Name("Jordan", "1", "river", 3),
        Name("jordan", "2", "country", 9),
        Name("U.S.", "3", "country", 5),
        Name("US", "3", "country", 5),
        Name("Us!", "4", "magazine", 1),
    ]
    index = build_index(names, 2, 0.5)
    assert build_index(reversed(names), 2, 0.5) == index
    assert {key: info.label for key, info in index.names.items()} == {"jordan": "", "u s": "country", "us": ""}
    assert {key: info.trusted for key, info in index.names.items()} == {"jordan": True, "u s": False, "us": False}


@pytest.mark.parametrize(("share", "trusted"), [(0, 0), (0.02, 0), (0.5, 2), (1, 5)])
def test_only_the_best_known_names_are_trusted_and_ties_at_the_border_are_not(share, trusted):
    names = [Name(f"Name {n}", str(n), "", popularity) for n, popularity in enumerate([7, 7, 5, 5, 0])]
    assert sum(info.trusted for info in build_index(names, 2, share).names.values()) == trusted


def test_nothing_is_trusted_where_all_are_equally_unknown():
    names = [Name(f"Name {n}", str(n), "", 0) for n in range(50)]
    assert not any(info.trusted for info in build_index(names, 2, 0.5).names.values())


def test_an_empty_knowledge_base_is_told_and_nothing_is_found(caplog):
    with caplog.at_level(logging.WARNING):
        assert found(gazetteer(), "Zürich") == []
    assert "no names to look for" in caplog.text


def test_recognising_without_a_knowledge_base_says_what_to_do():
    recognizer = GazetteerRecognizer()
    with pytest.raises(InputError, match=r"call open\(resources\) first"):
        recognizer.recognize(["Zürich"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_length": 0}, "min_length"),
        ({"guard": "on"}, "guard"),
        ({"trusted_share": 1.5}, "trusted_share"),
        ({"ordinary_words": ("fine", "New York")}, "ordinary_words: 'New York' is not one word; give single words"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GazetteerRecognizer(**settings)


PIECES = st.sampled_from(
    [
        *NAMES,
        "New",
        "City",
        "都",
        "Zu\u0308rich",
        "the",
        "👩‍🚀",
        "\x00",
        "\ud83d",
        " ",
        "\n",
        ". ",
        "-",
        "\u0301",
        "Ǆ",
        "ﬁn",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=25).map("".join)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_any_texts_give_spans_in_order_that_do_not_overlap_in_a_batch_as_alone(texts):
    recognizer = gazetteer(*NAMES)
    keys = set(map(normalise, NAMES))
    batch = recognizer.recognize(texts)
    for text, mentions in zip(texts, batch, strict=True):
        assert recognizer.recognize([text]) == [mentions]
        end = 0
        for mention in mentions:
            assert end <= mention.start < mention.end <= len(text)
            assert text[mention.start : mention.end] == mention.text
            assert join(token for token, _, _ in tokens(mention.text)) in keys
            end = mention.end


@settings(deadline=None)
@given(TEXTS)
def test_without_guard_exactly_the_leftmost_longest_names_are_found(text):
    keys, pieces = set(map(normalise, NAMES)), tokens(text)
    expected, first = [], 0
    while first < len(pieces):
        ends = [end for end in range(len(pieces), first, -1) if join(t for t, _, _ in pieces[first:end]) in keys]
        if ends:
            expected.append(pieces[first][1])
        first = ends[0] if ends else first + 1
    (mentions,) = gazetteer(*NAMES, guard="off").recognize([text])
    assert [mention.start for mention in mentions] == expected


def test_offsets_hold_at_the_end_of_five_megabytes():
    text = "Die Züge fuhren nicht, and nobody said why. " * 120_000 + "Only in Zürich."
    assert len(text) > 5_000_000
    (mentions,) = gazetteer(*NAMES).recognize([text])
    assert [(m.start, m.text) for m in mentions] == [(len(text) - 7, "Zürich")]
