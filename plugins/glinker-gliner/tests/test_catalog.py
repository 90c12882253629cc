from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from glinker_gliner import catalog, glinker_presets
from glinker_gliner.catalog import BI_EDGE, LINKER_BASE, MODELS, PRESETS, Preset
from glinker_gliner.cli import HEADS, app, cells
from typer.testing import CliRunner

from glinker_core import ConfigBuilder, ConfigError, Plugins
from glinker_core.cli.ner import MODEL
from glinker_core.graph import build
from glinker_core.hookspecs import Component
from glinker_core.source import Source

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "choosing-a-model.md"

by_name = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)


def rows(*, page: str) -> list[list[str]]:
    """The cells of all tables of a page, without marks of code."""
    lines = [line for line in page.splitlines() if line.startswith("|") and not line.startswith("|--")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_seven_models_each_have_an_id_and_a_role() -> None:
    assert [card.role for card in MODELS] == ["ner"] * 4 + ["linker"] * 2 + ["reranker"]
    assert len({card.id for card in MODELS}) == 7
    assert all(re.fullmatch(r"knowledgator/gliner-(bi|linker)-\w+-v\d\.0", card.id) for card in MODELS)


def test_larger_recognisers_are_better_and_slower() -> None:
    ner = [card for card in MODELS if card.role == "ner"]
    for figure, rising in (("parameters", True), ("cross_ner", True), ("speed", False), ("speed_precomputed", False)):
        figures = [getattr(card, figure) for card in ner]
        assert figures == sorted(figures, reverse=not rising)
    assert all(card.speed_precomputed and card.speed and card.speed_precomputed > card.speed for card in ner)


def test_the_smallest_recogniser_is_what_the_command_line_takes_by_itself() -> None:
    assert BI_EDGE.id == MODEL


@by_name
def test_a_preset_is_a_pipeline_without_problems(preset: Preset) -> None:
    graph = build(Source(preset()), Plugins.installed())
    roles = {"ner": "l1_gliner", "linker": "l3_batch", "reranker": "l4_reranker"}
    models = [roles[card.role] for card in preset.models]
    assert [node.processor for node in graph.nodes if node.processor in roles.values()] == models
    assert graph.warnings == ()


@by_name
def test_a_preset_is_declared_under_its_name(preset: Preset) -> None:
    (component,) = [component for component in _declared() if component.name == preset.name]
    module, _, attribute = component.target.partition(":")
    assert (module, getattr(catalog, attribute)) == (catalog.__name__, preset)


@by_name
def test_builder_and_preset_agree_on_all_settings(preset: Preset) -> None:
    built = build(Source(ConfigBuilder("x").preset(preset.name, labels=["city"]).get_config()), Plugins.installed())
    written = build(Source(preset(["city"])), Plugins.installed())
    assert [node.component for node in built.nodes] == [node.component for node in written.nodes]


def test_labels_may_have_descriptions_and_are_no_string() -> None:
    described = {"person": "a human being", "city": "a large town"}
    assert ConfigBuilder().preset("edge", labels=described).get_config()["nodes"][0]["config"]["labels"] == described
    with pytest.raises(ConfigError, match="labels"):
        ConfigBuilder().preset("edge", labels="person")


def test_models_are_listed_with_what_is_unknown_as_a_dash() -> None:
    done = CliRunner().invoke(app, [], catch_exceptions=False)
    lines = done.stdout.splitlines()
    assert lines[0].split("  ")[0] == HEADS[0]
    for line, card in zip(lines[1:8], MODELS, strict=True):
        assert line.split() == [card.id.removeprefix("knowledgator/"), *cells(card)[1:]]
    assert cells(LINKER_BASE)[3:] == ("-",) * 5
    for preset in PRESETS:
        assert any(line.startswith(preset.name) for line in lines[8:])


def test_models_are_listed_as_json_with_what_is_unknown_as_null() -> None:
    data = json.loads(CliRunner().invoke(app, ["--json"], catch_exceptions=False).stdout)
    assert data["models"][0] == {
        "id": "knowledgator/gliner-bi-edge-v2.0", "role": "ner", "text_encoder": "ettin-encoder-32m",
        "label_encoder": "all-MiniLM-L6-v2", "parameters": 60, "cross_ner": 54.0, "speed": 13.64,
        "speed_precomputed": 24.62,
    }  # fmt: skip
    assert data["models"][-1]["parameters"] is None
    assert data["presets"][-1] == {
        "name": "max-accuracy", "summary": PRESETS[-1].summary, "ner": "knowledgator/gliner-bi-large-v2.0",
        "linker": "knowledgator/gliner-linker-large-v1.0", "reranker": "knowledgator/gliner-linker-rerank-v1.0",
    }  # fmt: skip


def test_the_page_on_choosing_has_the_same_tables() -> None:
    found = rows(page=PAGE.read_text(encoding="utf-8"))
    assert [row for row in found if row[0].startswith("knowledgator/")] == [list(cells(card)) for card in MODELS]
    short = {preset.name: [card.id.partition("/")[2] for card in preset.models] for preset in PRESETS}
    presets = {row[0]: [cell for cell in row[1:4] if cell != "-"] for row in found if row[0] in short}
    assert presets == short


def test_models_are_listed_without_loading_anything_heavy() -> None:
    code = "import sys, glinker_gliner.cli; sys.exit('torch' in sys.modules or 'gliner' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _declared() -> list[Component]:
    return list(glinker_presets())
