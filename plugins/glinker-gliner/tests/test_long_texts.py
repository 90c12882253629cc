"""Long texts are seen in windows: nothing is cut off, and where the windows see enough the answer is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer

from glinker_core.errors import DataError
from glinker_core.resources import Resources

from .cases import ENTITIES, MAIN_KINDS, item, long_text, rows, scores
from .conftest import TinyModel
from .tiny import LABELS

Opened = Callable[..., Any]

# without its last layer, an encoder that looks 8 tokens to each side, twice
LOCAL = {
    "model_type": "modernbert",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "local_attention": 16,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
    "max_position_embeddings": 512,
}
QUICK = {"model_type": "bert", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}


def spans_of(text: str, count: int, seed: int = 0) -> list[tuple[int, int]]:
    """Spans of one to four words anywhere in a text of single blanks, the last word among them."""
    chosen, words = random.Random(seed), text.split(" ")
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    firsts = [*(chosen.randrange(len(words) - 4) for _ in range(count - 1)), len(words) - 1]
    return [(starts[a], starts[min(a + chosen.randrange(1, 5), len(words))] - 1) for a in firsts]


@pytest.mark.parametrize("max_length", [100, 150, 299])
def test_windows_say_what_the_whole_text_says_where_they_see_enough(
    max_length: int, tiny_model: TinyModel, opened: Opened
) -> None:
    """Whichever word has 16 tokens around it, which is less than half the overlap, is none the wiser."""
    folder, text = str(tiny_model("bi", encoder_config=LOCAL)), long_text(300)

    def nearsighted(layer: Any, most: int) -> Any:
        opened(layer)
        del layer.loaded._core.token_rep_layer.bert_layer.model.layers[2]
        count = len(layer.windows([layer.loaded.words(text)])[0])
        assert (count == 1) == (most == 300)
        return layer

    def recognized(most: int) -> Any:
        layer = GlinerRecognizer(
            model=folder, labels=LABELS[:5], threshold=0.6, max_length=most, window_overlap=80, min_entity_length=1
        )
        return {(m.start, m.end, m.label): m.score for m in nearsighted(layer, most).recognize([text])[0]}

    def linked(most: int) -> list[list[float]]:
        layer = GlinerLinker(model=folder, template="{label}", max_length=most, window_overlap=80)
        items = [[item(text, span) for span in spans_of(text, 40)]]
        return list(rows(nearsighted(layer, most).link([text], items)[0]))

    expected = recognized(300)
    assert len(expected) > 50
    assert recognized(max_length) == pytest.approx(expected, abs=1e-5)
    for mine, other in zip(linked(max_length), linked(300), strict=True):
        assert mine == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("kind", MAIN_KINDS)
@pytest.mark.parametrize("settings", [{"max_len": 30}, {"window": 48}])
def test_every_word_of_a_long_text_is_seen(
    kind: str, settings: dict[str, int], tiny_model: TinyModel, opened: Opened
) -> None:
    """Where every span passes, mentions that do not overlap leave no word out; whether words or tokens run out."""
    text = long_text(300)
    recognizer = GlinerRecognizer(
        model=str(tiny_model(kind, **settings)), labels=["city"], threshold=0.0, window_overlap=16, min_entity_length=1
    )
    (mentions,) = opened(recognizer).recognize([text])
    covered = "".join(text[one.start : one.end] for one in mentions)
    assert covered.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_mentions_at_the_end_of_a_long_text_are_found(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    text = long_text(400)
    recognizer = GlinerRecognizer(model=str(tiny_model(kind, window=64)), labels=LABELS[:3], threshold=0.6)
    (mentions,) = opened(recognizer).recognize([text])
    for quarter in range(4):
        low, high = quarter * len(text) // 4, (quarter + 1) * len(text) // 4
        assert any(low <= one.start < high for one in mentions), f"nothing in quarter {quarter}"
    assert mentions[-1].end > len(text) - 60


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_every_mention_of_a_long_text_has_scores_of_its_own(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    text = long_text(500)
    resources = Resources()
    linker = opened(GlinerLinker(model=str(tiny_model(kind, window=64)), template="{label}"), resources)
    entities = ENTITIES[:2]
    (linked,) = linker.link([text], [[item(text, span, entities) for span in spans_of(text, 25)]])
    assert len(linked) == 25
    assert all(0 < score < 1 for one in linked for score in scores(one).values())
    assert len({tuple(row) for row in rows(linked, entities)}) > 20
    assert not resources.counters


def test_a_text_of_a_hundred_thousand_words_is_seen_to_its_end(tiny_model: TinyModel, opened: Opened) -> None:
    text = long_text(100_000)
    folder = str(tiny_model("bi", encoder_config=QUICK | {"num_attention_heads": 2}, max_len=128))
    resources = Resources()
    recognizer = GlinerRecognizer(
        model=folder, labels=["city"], threshold=0.9, window_overlap=24, batch_size=64, min_entity_length=1
    )
    (mentions,) = opened(recognizer, resources).recognize([text])
    assert len(mentions) > 1000
    assert mentions[-1].end > len(text) - 2000
    linker = opened(GlinerLinker(model=folder, template="{label}", window_overlap=24, batch_size=64), resources)
    (linked,) = linker.link([text], [[item(text, span, ENTITIES[:3]) for span in spans_of(text, 300)]])
    assert all(0 < score < 1 for one in linked for score in scores(one).values())
    assert not resources.counters


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_texts_that_overflow_are_refused_when_that_is_asked(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    folder = str(tiny_model(kind, max_len=20))
    texts = ["Paris", long_text(21), long_text(20), long_text(50)]
    recognizer = opened(GlinerRecognizer(model=folder, labels=["city"], on_overflow="error"))
    with pytest.raises(DataError, match="texts too long for one window: 2 problems") as refused:
        recognizer.recognize(texts)
    assert [problem.place for problem in refused.value.problems] == ["text 1", "text 3"]
    assert "21 words" in str(refused.value)
    assert "set on_overflow: window" in str(refused.value)
    assert recognizer.recognize(texts[:1] + texts[2:3])
    linker = opened(GlinerLinker(model=folder, template="{label}", on_overflow="error"))
    with pytest.raises(DataError, match="too long for one window"):
        linker.link([texts[1]], [[item(texts[1], (0, 4))]])


def test_a_mention_across_the_border_of_its_window_is_scored_by_what_is_within(
    tiny_model: TinyModel, opened: Opened
) -> None:
    text, resources = long_text(200), Resources()
    layer = GlinerLinker(model=str(tiny_model("bi", max_len=40)), template="{label}", window_overlap=8)
    linker = opened(layer, resources)
    (linked,) = linker.link([text], [[item(text, (0, len(text))), item(text, (0, text.index(" ")))]])
    assert set(scores(linked[0])) == {entity.entity_id for entity in ENTITIES}
    assert all(0 < score < 1 for score in scores(linked[0]).values())
    assert linked[0].note == "reaches beyond its window: scored by the words within"
    assert linked[1].note == ""
    assert resources.counters == {"mentions: reaches beyond its window: scored by the words within": 1}


@pytest.mark.parametrize("max_length", [0, -1])
def test_windows_of_no_words_are_refused(max_length: int) -> None:
    with pytest.raises(ValueError, match="max_length must be at least 1 word"):
        GlinerRecognizer(model="x", labels=["city"], max_length=max_length)


@pytest.mark.parametrize("kind", ["bi", "uni"])
@pytest.mark.parametrize(("max_length", "overlap"), [(1, 0), (1, 64), (3, 1), (10, 1000)])
def test_any_window_and_overlap_gives_an_answer(
    kind: str, max_length: int, overlap: int, tiny_model: TinyModel, opened: Opened
) -> None:
    text = long_text(25)
    layer = {"model": str(tiny_model(kind)), "max_length": max_length, "window_overlap": overlap}
    recognizer = GlinerRecognizer(labels=["city"], threshold=0.0, min_entity_length=1, **layer)
    (mentions,) = opened(recognizer).recognize([text])
    assert "".join(one.text for one in mentions).replace(" ", "") == text.replace(" ", "")
    (linked,) = opened(GlinerLinker(template="{label}", **layer)).link([text], [[item(text, (0, len(text)))]])
    assert all(0 < score < 1 for score in scores(linked[0]).values())
