import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.builtin.shortened import abbreviations, joined, longer_names
from glinker_core.model import Candidate, Entity, Mention
from glinker_core.testing.store import store_of
from tests.chains import opened

FACTOR = Entity("factor", "Tumour necrosis factor", popularity=1)
FREIGHT = Entity("freight", "TNF", popularity=5)
PRESIDENT = Entity("president", "Barack Obama", popularity=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the tumour necrosis factor (TNF) is", {"TNF": "tumour necrosis factor"}),
        ("heparin-induced thrombocytopenia (HIT).", {"HIT": "heparin-induced thrombocytopenia"}),
        ("The WHO (World Health Organization) said", {"WHO": "World Health Organization"}),
        ("streptozotocin (STZ, 50 mg)", {"STZ": "streptozotocin"}),
        ("intravenous thyroxine (T4) and carbon dioxide (CO2)", {"T4": "thyroxine", "CO2": "carbon dioxide"}),
        ("testosterone propionate [(TP) 57-85-2]", {"TP": "testosterone propionate"}),
        ("a tall man (T4)", {}),
        ("Paris (France), 12 men (P < 0.05), (see above) and ()", {}),
        ("necrosis factor (TNF)", {}),
        ("(TNF)", {}),
        ("", {}),
    ],
)
def test_abbreviations_are_those_whose_letters_their_long_form_has_in_order(text, expected):
    assert abbreviations(text) == expected


@given(st.text(alphabet="aAbB ()[],\n\u00e9", max_size=60))
def test_a_long_form_is_longer_than_its_abbreviation_and_has_its_first_letter(text):
    for short, long in abbreviations(text).items():
        assert len(long) > len(short)
        assert short[0].lower() in long.lower()


def mentions(text, *names):
    return [Mention(text.index(name), text.index(name) + len(name), name) for name in names]


def test_a_mention_is_called_in_full_by_mentions_with_all_its_words_and_more():
    text = "Obama and Barack Obama, not Obamacare"
    assert longer_names(text, mentions(text, "Obama", "Barack Obama", "Obamacare")) == {"Obama": ("Barack Obama",)}


@pytest.mark.parametrize("name", ["TNF receptor", "anti-TNF", "TNFs"])
def test_a_mention_with_an_abbreviation_in_it_is_written_out(name):
    text = f"tumour necrosis factor (TNF) and {name}"
    (full,) = longer_names(text, mentions(text, name))[name]
    assert full == name.replace("TNFs", "TNF").replace("TNF", "tumour necrosis factor")


def test_an_abbreviation_that_is_explained_in_the_plural_is_so_in_the_singular():
    text = "benign prostate tumours (BPTs): a BPT"
    assert longer_names(text, [Mention(34, 37, "BPT")]) == {"BPT": ("benign prostate tumours",)}


def found(text, *names, **settings):
    chain, _ = opened({"a": store_of([FACTOR, FREIGHT, PRESIDENT])}, **settings)
    (items,) = chain.retrieve([text], [mentions(text, *names)])
    return {item.mention.text: [(c.entity_id, c.match, c.score) for c in item.candidates] for item in items}


def test_an_abbreviation_is_looked_up_by_its_long_form_too():
    text = "The tumour necrosis factor (TNF)"
    assert [one[0] for one in found(text, "TNF")["TNF"]] == ["freight"]
    matches = {entity: match for entity, match, _ in found(text, "TNF", longer_names=True)["TNF"]}
    assert matches["factor"] == "abbreviation"
    assert set(matches) == {"factor", "freight"}


def test_what_only_resembles_an_abbreviation_is_left_out_where_its_long_form_is_known():
    alike, same = (
        Candidate(FREIGHT, "TNT", "fuzzy", {"l2": 0.75}),
        Candidate(PRESIDENT, "tnf", "normalised", {"l2": 0.99}),
    )
    full = Candidate(FACTOR, "Tumour necrosis factor", "exact", {"l2": 1.0})
    known = {"TNF": (same, alike), "tumour necrosis factor": (full,), "unknown factor": ()}
    assert [(c.entity_id, c.match) for c in joined("TNF", ["tumour necrosis factor"], known, 9)] == [
        ("factor", "abbreviation"),
        ("president", "normalised"),
    ]
    assert joined("TNF", ["unknown factor"], known, 9) == (same, alike)


def test_a_name_is_looked_up_by_a_longer_mention_of_its_text_and_of_no_other():
    text = "Barack Obama came, Obama left"
    assert found(text, "Barack Obama", "Obama")["Obama"] == []
    (one,) = found(text, "Barack Obama", "Obama", longer_names=True)["Obama"]
    assert (one[0], one[1]) == ("president", "part")
    assert one[2] == pytest.approx(0.9)
    assert found("Obama left", "Obama", longer_names=True)["Obama"] == []


def test_no_more_than_max_candidates_are_given():
    assert len(found("tumour necrosis factor (TNF)", "TNF", longer_names=True, max_candidates=1)["TNF"]) == 1
