import pytest
from glinker_lexical.gazetteer import GazetteerRecognizer
from glinker_lexical.words import CAPITALISED_WORDS, FUNCTION_WORDS, ORDINARY_WORDS

from glinker_core.model import Entity
from glinker_core.resources import Resources
from glinker_core.testing.store import store_of

KB = (
    Entity("reading", "Reading", popularity=100),
    Entity("us", "United States", ("US", "U.S."), popularity=9000),
    Entity("magazine", "Us", popularity=5),
    Entity("it", "Italy", ("IT",), popularity=8000),
    Entity("nato", "NATO", popularity=700),
    Entity("aspirin", "aspirin", popularity=3),
    Entity("lead", "lead", popularity=3),
    Entity("march", "March", popularity=20),
    Entity("henry", "Henry", popularity=2),
    Entity("turkey", "Turkey", popularity=6000),
    Entity("bath", "Bath", popularity=90),
    Entity("fort", "Fort Worth", popularity=90),
    Entity("the-end", "The End", popularity=1),
    Entity("year", "1984", popularity=1),
    Entity("tokyo", "東京", popularity=5000),
    Entity("kraken", "Kraken", popularity=1),
)


def found(text, **settings):
    recognizer = GazetteerRecognizer(**{"trusted_share": 0.0, **settings})
    recognizer.open(Resources({"kb": store_of(KB)}))
    (mentions,) = recognizer.recognize([text])
    return [(m.text, m.score) for m in mentions]


SURE = {
    "capitals inside a sentence": ("the train to Reading left", "Reading"),
    "capitals of an acronym": ("the US was there", "US"),
    "capitals of an acronym at the start": ("US troops left", "US"),
    "a word that is not ordinary, at the start": ("Turkey won the game", "Turkey"),
    "the same in a line of capitals": ("KRAKEN SEEN AGAIN OFF BATH", "KRAKEN"),
    "an acronym written as a word": ("the Nato summit was long", "Nato"),
    "a name in lower case, in any case": ("Aspirin helps him", "Aspirin"),
    "a name in lower case as it is": ("he took aspirin then", "aspirin"),
    "several words in any case": ("he went to Fort worth again", "Fort worth"),
    "ordinary words with the capitals of the name": ("they saw The End together", "The End"),
    "a name between ordinary words with capitals": ("the old Henry County Court", "Henry"),
    "script without case": ("他住在東京。", "東京"),
}

REFUSED = {
    "lower case": "He was reading in the bath, said us and them",
    "lower case of a word that is not ordinary": "We ate turkey and woke the kraken",
    "an ordinary word at the start": "Reading is fun",
    "an ordinary word after a full stop": 'He stopped. "Reading is fun," he said',
    "an ordinary word at the start of a line": "Hobbies\nReading is one of them",
    "an ordinary word in capitals": "READING IS FUN FOR ALL",
    "an acronym in a line of capitals": "TELL US WHAT HAPPENED",
    "an ordinary word in a title": "\nWhy Good Schools Teach Reading Every Morning\n",
    "an ordinary word before a capital": "the town's Reading Room was closed",
    "an ordinary word after a capital": "in the Roman Bath we sat",
    "an acronym as an ordinary word": "what is It to him",
    "months": "on the last of March he left",
    "a word that the text writes in lower case": "Kraken attack! A kraken was seen",
    "the end of a longer name": "then Thierry Henry scored",
    "ordinary words in lower case": "He saw the end of it",
    "numbers": "in 1984 he left",
    "an ordinary word that is a name in lower case": "they lead the race",
}


@pytest.mark.parametrize("case", SURE)
def test_a_name_is_taken_for(case):
    text, name = SURE[case]
    assert found(text) == [(name, 1.0)]


@pytest.mark.parametrize("case", REFUSED)
def test_refused_is(case):
    text = REFUSED[case]
    assert found(text) == []
    assert found(text, guard="off"), "the text holds no name, so it proves nothing"


def test_a_high_prior_speaks_for_ordinary_words_but_not_for_words_of_grammar():
    texts = [
        "Reading is fun",
        "READING IS FUN FOR ALL",
        "March came",
        "TELL US AND IT WHAT HAPPENED",
        "It is fun",
        "Us too",
    ]
    everything = {"trusted_share": 1.0}
    assert [found(text, **everything) for text in texts] == [
        [("Reading", 0.5)],
        [],  # no name of the key is written in capitals
        [("March", 0.5)],
        [],
        [],
        [],
    ]


def test_only_the_best_known_names_are_trusted():
    text = "Turkey again. So they ate turkey"
    assert found(text, trusted_share=0.5) == [("Turkey", 0.5)]
    assert found(text, trusted_share=0.05) == []


def test_words_of_ones_own_are_ordinary_in_any_case_and_with_diacritics():
    assert found("Kraken was here") == [("Kraken", 1.0)]
    assert found("Kraken was here", ordinary_words=("KRÄKEN",)) == []
    assert found("the huge Kraken was here", ordinary_words=("KRÄKEN",)) == [("Kraken", 1.0)]


def test_a_text_without_capitals_is_judged_by_its_words_alone():
    assert found("they saw the kraken off turkey while reading in bath") == [("kraken", 0.5), ("turkey", 0.5)]
    assert found("They saw the kraken off turkey") == []


def test_case_is_ignored_for_vocabularies_whose_names_all_have_capitals():
    assert found("He ate turkey in the bath, reading about the kraken", guard="words") == [
        ("turkey", 1.0),
        ("kraken", 1.0),
    ]
    assert found("the train to Reading", guard="words") == []


def test_evidence_never_crosses_texts():
    recognizer = GazetteerRecognizer()
    recognizer.open(Resources({"kb": store_of(KB)}))
    texts = ["Kraken attack", "a kraken was seen by Henry"]
    assert [[m.text for m in mentions] for mentions in recognizer.recognize(texts)] == [["Kraken"], ["Henry"]]


def test_word_lists_are_in_the_form_of_tokens():
    assert FUNCTION_WORDS | CAPITALISED_WORDS <= ORDINARY_WORDS
    assert {word for word in ORDINARY_WORDS if not (word.isascii() and word.isalpha() and word.islower())} == set()
