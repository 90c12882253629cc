from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from glinker_spacy.recognizer import SpacyRecognizer
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from glinker_core.errors import DataError, GlinkerError, InputError
from glinker_core.model import Mention
from glinker_core.resources import Resources

TEXT = "Paris Hilton flew from Paris to Springfield."
RIVER = "an old bridge crosses the river ."

Opened = Callable[..., Any]


@Language.component("test_spans_of_words", assigns=["doc.spans"])
def spans_of_words(doc: Doc) -> Doc:
    """Each word is a span, as is each pair; the first of the text twice."""
    spans = [Span(doc, at, end, "X") for at in range(len(doc)) for end in (at + 1, at + 2) if end <= len(doc)]
    scores = [1 / (2 + at) for at in range(len(spans))]
    doc.spans["scored"] = SpanGroup(doc, spans=[*spans, *spans[:1]], attrs={"scores": [*scores, 0.25]})
    doc.spans["plain"] = spans[:2]
    return doc


@Language.component("test_blanks_are_entities", assigns=["doc.ents"])
def blanks_are_entities(doc: Doc) -> Doc:
    """Entities with blanks around them, and of nothing else."""
    ends = {token.i: token.i + (token.text == "Paris") + 1 for token in doc if token.text == "Paris" or token.is_space}
    doc.ents = [Span(doc, at, end, "X") for at, end in ends.items() if ends.get(at - 1, 0) <= at]
    return doc


def saved(folder: Path, *pipes: str) -> str:
    nlp = spacy.blank("en")
    for pipe in pipes:
        nlp.add_pipe(pipe)
    nlp.to_disk(folder)
    return str(folder)


def found(component: SpacyRecognizer, text: str) -> list[tuple[str, str]]:
    return [(mention.text, mention.label) for mention in component.recognize([text])[0]]


def test_labels_are_those_of_the_pipeline(ruler: str, opened: Opened) -> None:
    component = opened(SpacyRecognizer(model=ruler))
    assert component.recognize([TEXT])[0] == (
        Mention(0, 12, "Paris Hilton", "PERSON"),
        Mention(23, 28, "Paris", "GPE"),
        Mention(32, 43, "Springfield", "GPE"),
    )


def test_labels_can_be_mapped_and_others_stay(ruler: str, opened: Opened) -> None:
    component = opened(SpacyRecognizer(model=ruler, labels={"GPE": "place"}))
    assert found(component, TEXT) == [("Paris Hilton", "PERSON"), ("Paris", "place"), ("Springfield", "place")]


def test_excluded_labels_are_those_of_the_pipeline(ruler: str, opened: Opened) -> None:
    component = opened(SpacyRecognizer(model=ruler, labels={"GPE": "place"}, exclude_labels=["GPE"]))
    assert found(component, TEXT) == [("Paris Hilton", "PERSON")]


def test_short_names_are_left_out(ruler: str, opened: Opened) -> None:
    component = opened(SpacyRecognizer(model=ruler, min_entity_length=6))
    assert found(component, TEXT) == [("Paris Hilton", "PERSON"), ("Springfield", "GPE")]


def test_noun_chunks_are_mentions_too(trained: str, opened: Opened) -> None:
    assert found(opened(SpacyRecognizer(model=trained)), RIVER) == []
    component = opened(SpacyRecognizer(model=trained, include_noun_chunks=True))
    assert found(component, RIVER) == [("an old bridge", "NOUN_CHUNK"), ("the river", "NOUN_CHUNK")]
    component = opened(SpacyRecognizer(model=trained, include_noun_chunks=True, exclude_labels=["NOUN_CHUNK"]))
    assert found(component, RIVER) == []


def test_noun_chunks_do_not_double_entities(trained: str, opened: Opened) -> None:
    text = "Emmy Noether works for Acme Steel ."
    entities = [("Emmy Noether", "PERSON"), ("Acme Steel", "ORG")]
    assert found(opened(SpacyRecognizer(model=trained)), text) == entities
    assert found(opened(SpacyRecognizer(model=trained, include_noun_chunks=True)), text) == entities
    without = SpacyRecognizer(model=trained, include_noun_chunks=True, exclude_labels=["PERSON"])
    assert found(opened(without), text) == entities[1:]


def test_blanks_around_entities_are_not_theirs(tmp_path: Path, opened: Opened) -> None:
    component = opened(SpacyRecognizer(model=saved(tmp_path, "test_blanks_are_entities")))
    text = "in  Paris\n and   "
    assert component.recognize([text])[0] == (Mention(4, 9, "Paris", "X"),)


def test_patterns_make_a_blank_pipeline_useful(opened: Opened) -> None:
    patterns = [{"label": "river", "pattern": "Ur"}, {"label": "city", "pattern": [{"LOWER": "ur"}, {"LOWER": "city"}]}]
    component = opened(SpacyRecognizer(model="blank:de", patterns=patterns))
    assert found(component, "Ur, Ur City, UR.") == [("Ur", "river"), ("Ur City", "city")]


def test_patterns_can_be_in_a_file(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "GPE", "pattern": "Zürich"}\n\n{"label": "GPE", "pattern": "東京"}\n', encoding="utf-8")
    component = opened(SpacyRecognizer(model="blank:en", patterns=path))
    assert found(component, "From Zürich to 東京 .") == [("Zürich", "GPE"), ("東京", "GPE")]


def test_patterns_go_before_what_the_pipeline_finds(trained: str, opened: Opened) -> None:
    patterns = [{"label": "SHIP", "pattern": "Noether works"}]
    component = opened(SpacyRecognizer(model=trained, patterns=patterns))
    assert found(component, "Emmy Noether works for Acme Steel .") == [("Noether works", "SHIP"), ("Acme Steel", "ORG")]


def test_spans_of_a_group_come_with_their_scores(tmp_path: Path, opened: Opened) -> None:
    model = saved(tmp_path, "test_spans_of_words")
    component = opened(SpacyRecognizer(model=model, spans_key="scored", min_entity_length=1))
    assert component.recognize(["ab c"])[0] == (
        Mention(0, 2, "ab", "X", 0.5),
        Mention(0, 4, "ab c", "X", round(1 / 3, 6)),
        Mention(3, 4, "c", "X", 0.25),
    )
    plain = opened(SpacyRecognizer(model=model, spans_key="plain"))
    assert plain.recognize(["ab c", ""]) == [(Mention(0, 2, "ab", "X"), Mention(0, 4, "ab c", "X")), ()]
    assert opened(SpacyRecognizer(model=model, spans_key="none")).recognize(["ab c"]) == [()]


def test_two_processes_find_what_one_does(trained: str, opened: Opened) -> None:
    texts = [f"{name} visited Rome ." for name in ("Ada Lovelace", "Helen", "\ud83d", "")] * 3
    resources = Resources()
    one = opened(SpacyRecognizer(model=trained, include_noun_chunks=True), resources)
    two = opened(SpacyRecognizer(model=trained, include_noun_chunks=True, n_process=2, batch_size=4), resources)
    assert any(one.recognize(texts))
    assert two.recognize(texts) == one.recognize(texts)


def test_a_pipeline_is_loaded_once(ruler: str, opened: Opened) -> None:
    resources = Resources()
    one, two = (opened(SpacyRecognizer(model=ruler, min_entity_length=length), resources) for length in (2, 3))
    other = opened(SpacyRecognizer(model=ruler, patterns=[{"label": "A", "pattern": "b"}]), resources)
    assert one._loaded is two._loaded
    assert one._loaded is not other._loaded
    assert found(one, "b") == []


MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "package": (
        {"model": "en_core_web_sm"},
        "model 'en_core_web_sm': is not there; run: python -m spacy download en_core_web_sm",
    ),
    "scispacy": (
        {"model": "en_core_sci_sm"},
        "model 'en_core_sci_sm': is not there; it is one of scispaCy's; run: pip install URL, with its URL from "
        "https://allenai.github.io/scispacy",
    ),
    "folder": (
        {"model": "./nowhere"},
        "model './nowhere': is not there; give the folder of a pipeline, the name of an installed one, or blank:en",
    ),
    "language": ({"model": "blank:qq"}, "model 'blank:qq': cannot be loaded: [E048] Can't import language qq"),
    "nothing finds": (
        {"model": "blank:en"},
        "model 'blank:en' has no pipes, so it cannot find entities; name one with 'ner', or give patterns",
    ),
    "label": (
        {"patterns": [{"label": "GPE", "pattern": "x"}], "labels": {"GEP": "place"}},
        "labels: model 'blank:en' has no label 'GEP'; did you mean 'GPE'?",
    ),
    "excluded": (
        {"patterns": [{"label": "GPE", "pattern": "x"}], "exclude_labels": ["DATE"]},
        "exclude_labels: model 'blank:en' has no label 'DATE'; known are GPE, NOUN_CHUNK",
    ),
    "keep": (
        {"patterns": [{"label": "GPE", "pattern": "x"}], "keep": ["parser"]},
        "keep: model 'blank:en' has no pipe 'parser'",
    ),
    "patterns": (
        {"patterns": [{"label": "A", "pattern": "x"}, {"label": "B"}, {"label": 1, "pattern": "x"}]},
        "patterns of an entity ruler: 2 problems\n"
        "  patterns[1]: needs a 'label' and a 'pattern', got {'label': 'B'}\n"
        "  patterns[2]: needs a 'label' and a 'pattern', got {'label': 1, 'pattern': 'x'}",
    ),
    "pattern": (
        {"patterns": [{"label": "A", "pattern": [{"LOWR": "x"}]}]},
        "patterns: Invalid token patterns for matcher rule 'A'",
    ),
    "file": ({"patterns": Path("nowhere.jsonl")}, "patterns: nowhere.jsonl cannot be read: "),
    "device": ({"device": "tpu"}, "device 'tpu': there is no such kind; use cpu, cuda, cuda:1, mps or auto"),
    "spans": (
        {"patterns": [{"label": "A", "pattern": "x"}], "keep": []} | {"include_noun_chunks": True},
        "include_noun_chunks: model 'blank:en' has glinker_patterns, which set no token.dep, token.pos; "
        "name one with a parser",
    ),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_what_cannot_be_is_said_with_what_to_do(what: str) -> None:
    config, message = MESSAGES[what]
    with pytest.raises(GlinkerError) as raised:
        SpacyRecognizer(**{"model": "blank:en", **config}).open(Resources())
    assert str(raised.value).startswith(message)


def test_a_language_without_noun_chunks_is_said() -> None:
    with pytest.raises(InputError, match="spaCy knows no noun chunks of 'xx'"):
        SpacyRecognizer(model="blank:xx", include_noun_chunks=True).open(Resources())


def test_no_gpu_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: int) -> None:
        raise ValueError("Cannot use GPU, CuPy is not installed")

    monkeypatch.setattr(spacy, "require_gpu", none)
    with pytest.raises(InputError, match=r"device 'cuda:1': Cannot use GPU.*; run: pip install 'spacy\[cuda12x\]'"):
        SpacyRecognizer(model="blank:en", device="cuda:1").open(Resources())


def test_a_gpu_is_chosen_in_each_thread_that_runs(monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    chosen: list[int] = []
    monkeypatch.setattr(spacy, "require_gpu", chosen.append)
    patterns = [{"label": "GPE", "pattern": "Paris"}]
    component = opened(SpacyRecognizer(model="blank:en", device="cuda:1", patterns=patterns))
    assert found(component, TEXT) == [("Paris", "GPE")] * 2
    assert chosen == [1, 1]


def test_a_damaged_pipeline_is_said(tmp_path: Path) -> None:
    folder = Path(saved(tmp_path / "it"))
    (folder / "config.cfg").write_text("[nlp", encoding="utf-8")
    with pytest.raises(InputError, match=r"model '.*it': cannot be loaded: "):
        SpacyRecognizer(model=str(folder)).open(Resources())


def test_all_bad_lines_of_a_file_of_patterns_are_said(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"label": "A", "pattern": "x"}\n{"label": "A"}\nlabel\n' + json.dumps(["A"]), encoding="utf-8")
    with pytest.raises(DataError) as raised:
        SpacyRecognizer(model="blank:en", patterns=path).open(Resources())
    assert [problem.place for problem in raised.value.problems] == [f"{path}:{line}" for line in (2, 3, 4)]


def test_patterns_do_not_find_spans() -> None:
    with pytest.raises(ValueError, match="patterns find entities, and spans_key asks for spans"):
        SpacyRecognizer(model="blank:en", patterns=[], spans_key="sc")


@pytest.mark.parametrize("setting", [{"n_process": 0}, {"batch_size": 0}, {"min_entity_length": 0}, {"max_length": 99}])
def test_numbers_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        SpacyRecognizer(model="blank:en", **setting)  # type: ignore[arg-type]


def test_recognising_needs_open() -> None:
    with pytest.raises(RuntimeError, match="open"):
        SpacyRecognizer(model="blank:en").recognize(["Paris"])
