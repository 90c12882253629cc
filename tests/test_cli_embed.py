import json

from attrs import define

from glinker_core.hookspecs import Component, hookimpl
from tests.cli_runs import glinker
from tests.fake_plugins import fakes, node, pipeline


@define
class Embedder:
    def link(self, texts, candidates):
        return candidates

    def precompute_embeddings(self, stores, batch_size, progress):
        for _ in range(2):
            progress(2, 4)
        return dict.fromkeys(stores, batch_size)


class EmbedderPlugin:
    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_embedder", f"{__name__}:Embedder", "")


def file(tmp_path, *more):
    layers = [{"type": "fake", "name": name} for name in ("kb", "other")]
    nodes = node("l1", "l1_fake"), node("l2", "l2_chain", layers=layers), *more, node("l0", "l0_aggregator")
    path = tmp_path / "pipeline.yaml"
    path.write_text(json.dumps(pipeline(*nodes)))
    return path


def test_every_node_that_embeds_says_how_many_entities_of_which_store(tmp_path):
    path = file(tmp_path, node("l3", "l3_embedder"))
    done = glinker("embed", path, plugins=fakes(more=EmbedderPlugin()))
    assert done.exit_code == 0
    assert done.stdout == "l3: 64 entities of store 'kb' embedded\nl3: 64 entities of store 'other' embedded\n"
    done = glinker("embed", path, "--store", "other", "--batch-size", "1", plugins=fakes(more=EmbedderPlugin()))
    assert done.stdout == "l3: 1 entity of store 'other' embedded\n"


def test_a_pipeline_in_which_nothing_embeds_is_told_what_to_install(tmp_path):
    done = glinker("embed", file(tmp_path), plugins=fakes())
    assert done.exit_code == 2
    assert "no node of this pipeline embeds entities; run: pip install glinker-gliner" in done.stderr
