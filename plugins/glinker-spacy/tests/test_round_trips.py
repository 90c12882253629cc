"""A pipeline that links is saved, loaded, assembled and run in other processes, and says the same."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from glinker_core import DAGExecutor

from .linking import TEXTS, ids, linking, ruled, shown, write_entities

CONFIG = """
[nlp]
lang = "en"
pipeline = ["glinker"]

[components]

[components.glinker]
factory = "glinker"
mentions = "own"
kb_in_model = "copy"
kb = "{kb}"
"""


@pytest.fixture
def entities(tmp_path):
    folder = tmp_path / "kb"
    folder.mkdir()
    return write_entities(folder)


@pytest.fixture
def store(entities):
    path = entities.parent / "kb.db"
    layer = {"type": "sqlite", "config": {"path": str(path)}}
    nodes = [
        {"id": "l2", "processor": "l2_chain", "config": {"layers": [layer]}},
        {"id": "l0", "processor": "l0_aggregator"},
    ]
    with DAGExecutor({"name": "kb", "nodes": nodes}) as executor:
        executor.load_entities(entities)
    return path


@pytest.fixture(params=["entities", "store"])
def kb(request):
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def expected(entities):
    nlp = linking(kb=str(entities))
    found = [shown(nlp(text)) for text in TEXTS]
    assert {ent[3] for ents in found for ent in ents} >= {"fr", "tx", "seine", "q90/x", ""}
    return found


def unpacked(nlp, data):
    """A pipeline of bytes; rulers of spaCy find nothing any more when they come from bytes."""
    return nlp.from_bytes(data, exclude=["entity_ruler"])


def said(nlp, **how):
    return [shown(doc) for doc in nlp.pipe(TEXTS, **how)]


# -- saved and loaded -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["reference", "copy"])
def test_a_folder_gives_the_same_pipeline(kb, kept, expected, tmp_path):
    linking(kb=kb, kb_in_model=kept).to_disk(tmp_path / "model")
    assert said(spacy.load(tmp_path / "model")) == expected


@pytest.mark.parametrize("kept", ["reference", "copy"])
def test_bytes_give_the_same_pipeline(kb, kept, expected):
    nlp = linking(kb=kb, kb_in_model=kept)
    other = unpacked(linking(), nlp.to_bytes())
    assert said(other) == expected
    assert said(unpacked(linking(kb=kb), other.to_bytes())) == expected


def test_a_copy_needs_nothing_outside_the_model(kb, expected, tmp_path):
    nlp = linking(kb=kb, kb_in_model="copy")
    nlp.to_disk(tmp_path / "model")
    packed = nlp.to_bytes()
    shutil.rmtree(Path(kb).parent)
    assert said(unpacked(linking(), packed)) == expected
    moved = (tmp_path / "model").rename(tmp_path / "moved")
    loaded = spacy.load(moved)
    assert said(loaded) == expected
    loaded.to_disk(tmp_path / "again")
    shutil.rmtree(moved)
    assert said(spacy.load(tmp_path / "again")) == expected


def test_a_copy_of_a_store_has_what_was_written_last(store, tmp_path):
    nlp = linking(kb=str(store), kb_in_model="copy")
    nlp("Paris")  # reads the store while it is copied
    nlp.to_disk(tmp_path / "model")
    assert ids(spacy.load(tmp_path / "model")("Seine")) == {"Seine": "seine"}


def test_the_file_of_bytes_goes_with_the_pipe(entities):
    nlp = unpacked(linking(), linking(kb=str(entities), kb_in_model="copy").to_bytes())
    path = nlp.get_pipe("glinker")._model.kb
    assert path.exists()
    nlp.get_pipe("glinker").from_bytes(linking(kb=str(entities)).get_pipe("glinker").to_bytes())
    assert not path.exists()


def test_a_knowledge_base_that_moved_is_named_with_what_to_do(kb, tmp_path, expected):
    nlp = linking(kb=kb)
    nlp.to_disk(tmp_path / "model")
    packed, moved = nlp.to_bytes(), Path(kb).rename(Path(kb).with_stem("moved"))
    message = f"glinker: can't find the knowledge base '{kb}', which the model refers to. Put it back, load the model "
    for load in (lambda: spacy.load(tmp_path / "model"), lambda: unpacked(linking(), packed)):
        with pytest.raises(FileNotFoundError) as raised:
            load()
        assert message in str(raised.value)
    found = spacy.load(tmp_path / "model", config={"components": {"glinker": {"kb": str(moved)}}})
    assert said(found) == expected
    assert said(unpacked(linking(kb=str(moved)), packed)) == expected


def test_a_pipeline_file_is_saved_with_the_model(entities, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "name: strict\nnodes:\n- {id: l1, processor: l1_gazetteer}\n"
        "- {id: l2, processor: l2_chain, config: {layers: [{type: dict}]}}\n- {id: l3, processor: l3_lexical}\n"
        "- {id: l0, processor: l0_aggregator, config: {min_confidence: 1.0}}\n"
    )
    nlp = linking(pipeline=str(path), kb=str(entities))
    nlp.to_disk(tmp_path / "model")
    packed = nlp.to_bytes()
    path.unlink()
    for other in (spacy.load(tmp_path / "model"), unpacked(linking(), packed)):
        (ent,) = other("Paris").ents
        assert ent._.glinker.reason.endswith("below 1")


def test_an_inline_pipeline_goes_through_the_config(entities, tmp_path):
    nodes = [{"id": "l1", "processor": "l1_gazetteer"},
             {"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "dict"}]}},
             {"id": "l0", "processor": "l0_aggregator", "config": {"min_confidence": 0.5}}]  # fmt: skip
    nlp = linking(pipeline={"name": "inline", "nodes": nodes}, kb=str(entities))
    nlp.to_disk(tmp_path / "model")
    assert ids(spacy.load(tmp_path / "model")("Seine")) == ids(nlp("Seine")) == {"Seine": "seine"}


def test_stores_that_a_pipeline_names_are_not_copied(store, tmp_path):
    layer = {"type": "sqlite", "config": {"path": str(store)}}
    nodes = [{"id": "l1", "processor": "l1_gazetteer"},
             {"id": "l2", "processor": "l2_chain", "config": {"layers": [layer]}},
             {"id": "l0", "processor": "l0_aggregator"}]  # fmt: skip
    pipeline = {"name": "mine", "nodes": nodes}
    assert ids(linking(pipeline=pipeline)("Seine")) == {"Seine": "seine"}
    with pytest.raises(ValueError, match="kb_in_model: is 'copy', but the pipeline names its own stores"):
        linking(pipeline=pipeline, kb_in_model="copy").to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match=r"'kb' is the store '.*kb.db', but the pipeline names its own"):
        linking(pipeline=pipeline, kb=str(store))("Paris")


def test_a_pipe_of_another_language_is_refused(entities):
    packed = linking(kb=str(entities)).get_pipe("glinker").to_bytes()
    german = ruled("de")
    pipe = german.add_pipe("glinker", config={"kb": str(entities)})
    with pytest.raises(ValueError, match="was saved in a pipeline of the language 'en', and this one is of 'de'"):
        pipe.from_bytes(packed)
    assert ids(german("Seine")) == {"Seine": "seine"}


def test_spacy_assembles_it_from_a_config_file(entities, tmp_path):
    config, model = tmp_path / "config.cfg", tmp_path / "model"
    config.write_text(CONFIG.format(kb=entities), encoding="utf-8")
    command = [sys.executable, "-m", "spacy", "assemble", str(config), str(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    entities.unlink()
    nlp = spacy.load(model)
    assert ids(nlp("Paris and the Seine in France")) == {"Paris": "fr", "Seine": "seine"}


# -- docs -----------------------------------------------------------------------------------------------------------


def test_docs_keep_ids_and_records_in_bytes_and_docbins(entities, expected):
    docs = list(linking(kb=str(entities)).pipe(TEXTS))
    vocab = spacy.blank("en").vocab
    assert [shown(Doc(vocab).from_bytes(doc.to_bytes())) for doc in docs] == expected
    packed = DocBin(docs=docs, store_user_data=True).to_bytes()
    assert [shown(doc) for doc in DocBin().from_bytes(packed).get_docs(vocab)] == expected


def test_records_go_with_their_spans_into_other_docs(entities):
    nlp = linking(kb=str(entities))
    one, other = nlp("Paris is big."), nlp("The Seine is long.")
    both = Doc.from_docs([one, other])
    assert {ent.text: ent._.glinker.linked_entity.entity_id for ent in both.ents} == {"Paris": "fr", "Seine": "seine"}
    (ent,) = both[4:].as_doc(copy_user_data=True).ents
    assert (ent.text, ent.kb_id_, ent._.glinker.mention_text) == ("Seine", "seine", "Seine")


# -- other processes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "open"])
def test_two_processes_say_the_same(kb, used, expected):
    nlp = linking(kb=kb)
    if used:
        assert said(nlp) == expected
    assert said(nlp, n_process=2, batch_size=2) == expected
    assert said(nlp) == expected


def test_the_pipe_goes_into_a_spawned_process(kb, expected):
    nlp = unpacked(linking(), linking(kb=kb, kb_in_model="copy").to_bytes())
    assert said(nlp) == expected
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_shown_by, (nlp.get_pipe("glinker"), TEXTS)) == expected


def _shown_by(pipe, texts):
    nlp = ruled()
    return [shown(doc) for doc in pipe.pipe(list(nlp.pipe(texts)), batch_size=64)]


def test_a_pickled_pipe_keeps_its_settings_and_handler(entities):
    pipe = linking(kb=str(entities), batch_size=3).get_pipe("glinker")
    pipe.set_error_handler(spacy.util.ignore_error)
    again = pickle.loads(pickle.dumps(pipe))
    assert (again.name, again.settings, again.get_error_handler()) == (
        "glinker",
        pipe.settings,
        spacy.util.ignore_error,
    )
