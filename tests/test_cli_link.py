"""`glinker link`: what is linked, with which entities, and of which inputs."""

from glinker_core.builtin.writers import JsonlWriter
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Row
from glinker_core.model import Document
from tests.cli_runs import TEXT, glinker, ids, lines, write_lines
from tests.fake_plugins import fakes, node


def test_text_is_linked_with_a_store(store):
    done = glinker("link", TEXT, "--kb", store)
    assert done.exit_code == 0
    (record,) = lines(done.stdout)
    assert ids(record) == {"Seine": "seine", "Paris": "fr"}
    assert record["id"] == "text-1"
    assert record["text"] == TEXT
    assert record["kb_revision"]


def test_text_is_linked_with_a_file_of_entities_as_with_a_store(store, entities):
    by_store = lines(glinker("link", TEXT, "--kb", store).stdout)[0]["entities"]
    by_file = lines(glinker("link", TEXT, "--kb", entities).stdout)[0]["entities"]
    assert by_file == by_store


def test_store_is_recognised_by_its_content(store):
    renamed = store.rename(store.with_name("places"))
    assert ids(lines(glinker("link", TEXT, "--kb", renamed).stdout)[0]) == {"Seine": "seine", "Paris": "fr"}


def test_store_is_only_read(store):
    before = store.read_bytes()
    glinker("link", TEXT, "--kb", store)
    assert store.read_bytes() == before


def test_a_mention_says_where_it_stands_what_it_is_and_how_sure(entities):
    (record,) = lines(glinker("link", TEXT, "--kb", entities).stdout)
    paris = record["entities"][1]
    assert TEXT[paris["start"] : paris["end"]] == paris["text"] == "Paris"
    assert (paris["entity_id"], paris["entity_label"], paris["entity_type"]) == ("fr", "Paris", "city")
    assert 0 < paris["score"] <= 1
    assert "candidates" not in paris


def test_nil_is_null_with_a_reason(pipeline_file):
    path = pipeline_file(node("l1", "l1_fake", names=["Qux"]), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator"))  # fmt: skip
    (record,) = lines(glinker("link", "Qux was here", "--pipeline", path, plugins=fakes()).stdout)
    assert record["entities"] == [
        {"text": "Qux", "start": 0, "end": 3, "label": "thing", "mention_score": 1.0, "entity_id": None,
         "entity_label": None, "entity_type": None, "score": None, "reason": "no candidates"}
    ]  # fmt: skip


def test_all_candidates_are_shown_on_demand_with_the_scores_of_each_stage(entities):
    (record,) = lines(glinker("link", TEXT, "--kb", entities, "--all-candidates").stdout)
    paris = record["entities"][1]["candidates"]
    assert [candidate["entity_id"] for candidate in paris] == ["fr", "tx"]
    assert {"l2", "l3"} <= set(paris[0]["scores"])
    assert paris[0]["score"] == paris[0]["scores"]["l3"]


def test_a_pipeline_that_shows_all_candidates_needs_no_option(pipeline_file, entities):
    path = pipeline_file(node("l1", "l1_fake"), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator", return_all_candidates=True))  # fmt: skip
    (record,) = lines(glinker("link", "Paris", "-p", path, "-k", entities, plugins=fakes()).stdout)
    assert len(record["entities"][0]["candidates"]) == 2


def test_all_candidates_of_an_aggregator_that_cannot_keep_them_is_refused(pipeline_file):
    class OtherPlugin:
        @hookimpl
        def glinker_aggregators(self):
            yield Component("l0_fake", "glinker_core.testing.fakes:FakeAggregator", "plain")

    path = pipeline_file(node("l1", "l1_fake", names=["x"]), node("l0", "l0_fake"))
    done = glinker("link", "x", "-p", path, "--all-candidates", plugins=fakes(other=OtherPlugin()))
    assert done.exit_code == 2
    assert "--all-candidates: no node of 'test' has a setting return_all_candidates" in done.stderr


def test_files_of_several_formats_are_read_in_order(entities, tmp_path):
    plain = tmp_path / "one.txt"
    plain.write_text("Paris", encoding="utf-8")
    rows = write_lines(tmp_path / "two.jsonl", [{"id": "a", "text": "Seine"}, {"text": "Paris"}])
    table = tmp_path / "three.csv"
    table.write_text("id,text\nc,Seine\n", encoding="utf-8")
    done = glinker("link", "Texas", "--kb", entities, "-i", plain, "-i", rows, "-i", table)
    found = [(record["id"], record["text"]) for record in lines(done.stdout)]
    assert found == [
        ("text-1", "Texas"),
        ("one.txt", "Paris"),
        ("a", "Seine"),
        ("two.jsonl:2", "Paris"),
        ("c", "Seine"),
    ]


def test_stdin_is_one_document(entities):
    (record,) = lines(glinker("link", "--kb", entities, stdin="Paris\nand the Seine\n").stdout)
    assert (record["id"], record["text"]) == ("stdin", "Paris\nand the Seine\n")
    assert ids(record) == {"Paris": "fr", "Seine": "seine"}


def test_stdin_can_be_json_lines(entities):
    given = '{"text": "Paris"}\n"Seine"\n'
    done = glinker("link", "--kb", entities, "--input", "-", "--input-format", "jsonl", stdin=given)
    assert [(record["id"], record["text"]) for record in lines(done.stdout)] == [
        ("stdin:1", "Paris"),
        ("stdin:2", "Seine"),
    ]


def test_reader_can_be_named_for_a_file_of_any_name(entities, tmp_path):
    path = tmp_path / "export.dat"
    path.write_text('{"text": "Paris"}\n', encoding="utf-8")
    assert glinker("link", "--kb", entities, "-i", path).exit_code == 2
    done = glinker("link", "--kb", entities, "-i", path, "--input-format", "jsonl")
    assert [record["text"] for record in lines(done.stdout)] == ["Paris"]


def test_mentions_of_the_caller_are_taken_by_a_pipeline_that_wants_them(pipeline_file, entities, tmp_path):
    path = pipeline_file(node("l1", "l1_external"), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator"))  # fmt: skip
    given = write_lines(tmp_path / "in.jsonl", [{"text": "in Paris", "entities": [{"start": 3, "end": 8}]}])
    (record,) = lines(glinker("link", "-p", path, "-k", entities, "-i", given, plugins=fakes()).stdout)
    assert ids(record) == {"Paris": "fr"}


def test_pipeline_that_wants_mentions_says_so(pipeline_file):
    path = pipeline_file(node("l1", "l1_external"), node("l0", "l0_aggregator"))
    done = glinker("link", "in Paris", "-p", path, plugins=fakes())
    assert done.exit_code == 2
    assert "give 'entities'" in done.stderr


def test_empty_inputs_work(entities, tmp_path):
    empty = write_lines(tmp_path / "none.jsonl", [])
    done = glinker("link", "--kb", entities, "-i", empty)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("0 documents, 0.0 kB of text: 0 mentions")
    (record,) = lines(glinker("link", "--kb", entities, stdin="").stdout)
    assert record["entities"] == []


def test_batches_and_workers_change_nothing(store):
    texts = [f"Paris and the Seine, {number}" for number in range(7)]
    once = glinker("link", *texts, "--kb", store).stdout
    assert glinker("link", *texts, "--kb", store, "--batch-size", 2, "--workers", 3).stdout == once


def test_text_that_is_the_name_of_a_file_is_remarked(entities):
    done = glinker("link", entities, "--kb", entities)
    assert f"'{entities}' is linked as a text; to link the file of that name write --input {entities}" in done.stderr
    assert glinker("link", "x" * 5000, "a\0b", "--kb", entities, "-q").stderr == ""


def test_documents_are_read_as_they_are_needed(entities, tmp_path, monkeypatch):
    read, seen = [], []

    def rows(path, plugins, reader="", **rest):
        for number in range(100):
            read.append(number)
            yield Row(number, Document("Paris", str(number)))

    monkeypatch.setattr("glinker_core.cli.documents.document_rows", rows)
    monkeypatch.setattr(JsonlWriter, "write", lambda writer, document: bytes(seen.append(len(read)) or 0))
    glinker("link", "--kb", entities, "-i", tmp_path / "x", "--batch-size", 10)
    assert [seen[0], seen[10], len(seen)] == [10, 20, 100]
