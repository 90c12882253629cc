"""`ConfigBuilder`: what it saves is read back the same, and holds no values of variables."""

from pathlib import Path

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

import glinker_core.builtin
from glinker_core import ConfigBuilder, ConfigError, Plugins
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.source import Source, load_source
from tests.builders import config
from tests.stand_ins import StandIns


@define
class FileRecognizer:
    path: Path

    def recognize(self, texts):
        return [() for _ in texts]


class Files:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_file", f"{__name__}:FileRecognizer", "reads a file")


def full(builder):
    builder.l1.gliner(model="m", labels=("NO", "1e-3", "gene"), token="${TOKEN}")
    builder.l2.add("redis", priority=1, password="${PASSWORD}").l2.add("dict").l2.embeddings()
    builder.l3.configure(model="x", threshold=1e-5).l4.configure(model="012").l0.configure(min_confidence=0.5)
    return builder.set_schema_template("{label} — {description}")


def test_what_is_saved_is_read_back_the_same(builder, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "hf_hunter2")
    monkeypatch.setenv("PASSWORD", "hunter2")
    path = tmp_path / "p.yaml"
    full(builder).save(path)
    assert load_source(path).data == builder.get_config()
    saved, built = build(load_source(path), builder.plugins), build(Source(builder.get_config()), builder.plugins)
    assert [node.component for node in saved.nodes] == [node.component for node in built.nodes]
    assert built.node("l1").component.token == "hf_hunter2"
    builder.save(str(path))
    assert [part.name for part in tmp_path.iterdir()] == ["p.yaml"]


def test_values_of_variables_are_neither_saved_nor_shown(builder, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.setenv("PASSWORD", "hunter2")
    full(builder).save(tmp_path / "p.yaml")
    assert "hunter2" not in (tmp_path / "p.yaml").read_text(encoding="utf-8")
    assert "hunter2" not in repr(builder.get_config())
    for call in (
        lambda: builder.l3.configure(model="x", threshold="${TOKEN}"),
        lambda: builder.l2.add("redis", port="${PASSWORD}"),
        lambda: builder.l2.add("redis", priority="${PASSWORD}"),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert "hunter2" not in str(caught.value)


def test_the_builder_keeps_its_own_copy_of_what_it_is_given_and_gives(builder):
    labels = ["gene"]
    builder.l1.gliner(model="m", labels=labels)
    labels.append("drug")
    given = builder.get_config()
    given["nodes"][0]["config"]["labels"].append("person")
    given["nodes"][1]["config"]["layers"].clear()
    assert config(builder, "l1")["labels"] == ["gene"]
    assert config(builder, "l2")["layers"] == [{"type": "dict", "search_mode": ["exact", "fuzzy"]}]


def test_paths_are_saved_as_strings(builder, tmp_path):
    builder.plugins.register("files", Files())
    builder.l1.file(path=Path("a") / "b")
    assert config(builder, "l1") == {"path": "a/b"}
    builder.save(tmp_path / "p.yaml")
    assert load_source(tmp_path / "p.yaml").data == builder.get_config()


@settings(max_examples=15)
@given(st.lists(st.text(min_size=1), max_size=3), st.floats(0, 1), st.text())
def test_any_settings_survive_a_file(tmp_path_factory, labels, threshold, name):
    plugins = Plugins({"builtin": glinker_core.builtin, "stand-ins": StandIns()})
    builder = ConfigBuilder(name, plugins=plugins)
    builder.l1.gliner(model="m", labels=[label.replace("${", "") for label in labels], threshold=threshold)
    path = tmp_path_factory.mktemp("saved") / "p.yaml"
    builder.save(path)
    assert load_source(path).data == builder.get_config()
