import gzip
import json
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from glinker_core import DataError, Entity, InputError
from glinker_core.builtin.readers import JsonlReader
from glinker_core.entities import Progress, document_rows, entity_rows, import_entities, source_name
from glinker_core.layers import Upserted
from glinker_core.model import Document
from glinker_core.testing.store import FakeStore, store_of
from tests.fake_plugins import PARIS, fakes

RECORDS = [{"entity_id": "a", "label": "A"}, {"entity_id": "b", "label": "B"}]
JSONL = "".join(f"{json.dumps(record)}\n" for record in RECORDS)


@pytest.fixture(scope="module")
def plugins():
    return fakes()


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def ids(rows):
    return [row.item.entity_id if row.item else f"{row.line}: {row.problem}" for row in rows]


def held(store):
    return [entity.entity_id for entity in store.entities()]


# -- sources -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", JSONL), ("a.ndjson", JSONL), ("a.json", JSONL), ("a.JSONL", JSONL),
        ("a.csv", "id,label\na,A\nb,B\n"),
        ("a.tsv", "id\tlabel\r\na\tA\r\nb\tB\r\n"), ("a.tab", "id\tlabel\na\tA\nb\tB"),
        ("a.jsonl.gz", JSONL), ("a.CSV.GZ", "id,label\na,A\nb,B\n"),
        ("marked.jsonl", "\ufeff" + JSONL), ("marked.csv", "\ufeffid,label\na,A\nb,B\n"),
        ("marked.jsonl.gz", "\ufeff" + JSONL),
    ],
)  # fmt: skip
def test_files_are_read_by_their_endings(write, plugins, name, content):
    raw = content.encode()
    path = write(name, gzip.compress(raw) if name.lower().endswith("gz") else raw)
    assert ids(entity_rows(path, plugins)) == ["a", "b"]
    assert ids(entity_rows(str(path), plugins)) == ["a", "b"]


@pytest.mark.parametrize(
    "source",
    [
        RECORDS, tuple(RECORDS), iter(RECORDS), (record for record in RECORDS), [Entity("a", "A"), Entity("b", "B")],
        {"a": {"label": "A"}, "b": {"label": "B"}}, {record["entity_id"]: record for record in RECORDS},
        OrderedDict(a=Entity("a", "A"), b={"id": "b", "title": "B"}),
        {"a": {"id": "a", "title": "A"}, "b": {"concept_id": "b", "canonical_name": "B"}},
    ],
)  # fmt: skip
def test_records_are_taken_in_whatever_they_come(plugins, source):
    assert ids(entity_rows(source, plugins)) == ["a", "b"]


def test_no_records_are_no_entities(plugins, write):
    for source in ([], {}, iter(()), write("a.jsonl", ""), write("a.csv", "id,label\n")):
        assert ids(entity_rows(source, plugins)) == []


def test_bad_records_have_their_positions(plugins):
    assert ids(entity_rows([RECORDS[0], {"id": "x"}, "y"], plugins)) == [
        "a", "1: 'label' is missing", "2: expected an object with 'entity_id' and 'label', got 'y'",
    ]  # fmt: skip
    assert ids(entity_rows({"a": {"entity_id": "b", "label": "B"}, "c": "C"}, plugins)) == [
        "0: stands under 'a', but its 'entity_id' is 'b'",
        "1: expected an object with 'entity_id' and 'label', got 'C'",
    ]


@pytest.mark.parametrize("source", [5, None, 1.5, object()])
def test_what_is_no_source_is_refused(plugins, source):
    with pytest.raises(
        InputError, match=r"^entities: expected a path, a list of records or a mapping of ids to records"
    ):
        entity_rows(source, plugins)


def test_files_that_are_not_there_or_that_nobody_reads_are_refused_at_once(plugins, tmp_path, write):
    with pytest.raises(InputError, match=r"nope\.jsonl: there is no such file"):
        entity_rows(tmp_path / "nope.jsonl", plugins)
    with pytest.raises(InputError, match="is a folder, not a file"):
        entity_rows(tmp_path, plugins)
    with pytest.raises(
        InputError, match=r"no installed plugin reads entities from '\.jsnl' files; did you mean '\.jsonl'"
    ):
        entity_rows(write("a.jsnl", ""), plugins)
    with pytest.raises(InputError, match=r"no installed plugin reads entities from '\.txt' files"):
        entity_rows(write("a.txt", ""), plugins)


def test_sources_are_called_by_their_paths():
    assert source_name("a.jsonl") == "a.jsonl"
    assert source_name(RECORDS) == source_name({}) == source_name(5) == "the records given"


# -- imports -------------------------------------------------------------------------------------------------------


def test_an_import_says_what_it_did(plugins):
    store = FakeStore()
    report = import_entities(PARIS, store, plugins)
    assert (report.read, report.upserted, report.problems) == (4, Upserted(added=4), [])
    again = import_entities([*PARIS[:2], Entity("new", "New")], store, plugins)
    assert (again.read, again.upserted) == (3, Upserted(added=1, unchanged=2))


def test_defect_p_one_bad_line_refuses_the_whole_import_with_all_bad_lines(plugins, write):
    bad = b'{"id": "c"}\n\nnot json\n{"id": "d", "label": "D"}\n{"id": "e", "label": "\xff"}\n'
    path = write("kb.jsonl", JSONL.encode() + bad)
    store = store_of(PARIS)
    before = store.revision
    with pytest.raises(DataError) as caught:
        import_entities(path, store, plugins)
    assert str(caught.value).splitlines() == [
        f"nothing was imported from {path}: 3 problems",
        f"  {path}:3: 'label' is missing",
        f"  {path}:5: not JSON: Expecting value, column 1",
        f"  {path}:7: not UTF-8: byte 22: invalid start byte",
    ]
    assert store.revision == before


def test_defect_p_with_skip_the_good_ones_load_and_the_bad_ones_are_listed(plugins):
    store = FakeStore()
    report = import_entities([*RECORDS, {"id": "c"}, 7], store, plugins, on_error="skip")
    assert held(store) == ["a", "b"]
    assert report.read == 4
    assert [str(problem) for problem in report.problems] == [
        "record 2: 'label' is missing",
        "record 3: expected an object with 'entity_id' and 'label', got 7",
    ]


def test_a_file_that_ends_too_early_leaves_the_store_as_it_was(plugins, write):
    content = "".join(f'{{"id": "{n}", "label": "{n}"}}\n' for n in range(5000)).encode()
    path = write("kb.jsonl.gz", gzip.compress(content)[:-100])
    for policy in ("raise", "skip"):
        store = store_of(PARIS)
        before = store.revision
        with pytest.raises(DataError, match="is not a whole gzip file"):
            import_entities(path, store, plugins, on_error=policy)
        assert store.revision == before


def test_a_source_that_fails_leaves_the_store_as_it_was(plugins):
    def failing():
        yield RECORDS[0]
        raise ConnectionError("gone")

    store = FakeStore()
    with pytest.raises(ConnectionError):
        import_entities(failing(), store, plugins)
    assert held(store) == []


@pytest.mark.parametrize(
    ("policy", "label", "did"), [("keep", "A", Upserted(kept=1)), ("replace", "Z", Upserted(replaced=1))]
)
def test_an_id_with_other_content_is_treated_by_policy(plugins, policy, label, did):
    store = store_of([Entity("a", "A")])
    assert import_entities([{"id": "a", "label": "Z"}], store, plugins, on_duplicate=policy).upserted == did
    assert store.get(["a"])[0].label == label


def test_an_id_with_other_content_is_an_error_unless_said_otherwise(plugins):
    store = store_of([Entity("a", "A")])
    with pytest.raises(DataError, match="a"):
        import_entities([{"id": "b", "label": "B"}, {"id": "a", "label": "Z"}], store, plugins)
    assert held(store) == ["a"]


def test_several_files_are_one_import(plugins, write):
    paths = [write("a.jsonl", JSONL), write("c.csv", "id,label\nc,C\nd\n")]
    store = FakeStore()
    with pytest.raises(DataError) as caught:
        import_entities(paths, store, plugins)
    assert str(caught.value).splitlines() == [
        f"nothing was imported from {paths[0]}, {paths[1]}: 1 problem",
        f"  {paths[1]}:3: 1 cells where the header has 2",
    ]
    assert held(store) == []
    assert import_entities(paths, store, plugins, on_error="skip").upserted == Upserted(added=3)


def test_progress_is_told_every_thousand_records(plugins):
    told = []
    records = ({"id": str(number), "label": "x"} for number in range(2500))
    import_entities(records, FakeStore(), plugins, progress=told.append)
    assert told == [Progress(1000), Progress(2000), Progress(2500, 1.0, ended=True)]


LINES = [f'{{"id": "{number}", "label": "x"}}\n'.encode() for number in range(4000)]


@pytest.mark.parametrize("packed", [False, True])
def test_progress_knows_the_share_of_the_bytes_of_all_files(plugins, tmp_path, packed):
    paths = [tmp_path / f"{name}.jsonl{'.gz' if packed else ''}" for name in ("a", "b")]
    for path, lines in zip(paths, (LINES[:1000], LINES[1000:]), strict=True):
        path.write_bytes(gzip.compress(b"".join(lines), 0) if packed else b"".join(lines))
    told = []
    import_entities(paths, FakeStore(), plugins, progress=told.append)
    assert [far.read for far in told] == [1000, 2000, 3000, 4000, 4000]
    shares = [far.share for far in told]
    assert shares == sorted(shares)
    ahead = 0.5 if packed else 0.001  # gzip reads in blocks
    assert all(n / 4 - 0.01 <= share <= n / 4 + ahead for n, share in enumerate(shares[:3], 1))
    assert shares[3:] == [1.0, 1.0]


def test_progress_says_no_share_where_only_the_reader_knows_how_far_it_is(plugins, tmp_path):
    class PathReader(JsonlReader):
        def entities_from(self, path):
            return self.entities(path.read_bytes().splitlines())

    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(LINES[:1000]))
    told = []
    import_entities([path, path], FakeStore(), plugins, reader=PathReader(), progress=told.append)
    assert [far.share for far in told] == [None, None, 1.0]


def test_entities_of_a_pipe_are_read_without_a_share(plugins, tmp_path):
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    told = []
    with ThreadPoolExecutor(1) as pool:
        pool.submit(path.write_bytes, b"".join(LINES))
        report = import_entities(path, FakeStore(), plugins, progress=told.append)
    assert report.read == 4000
    assert [far.share for far in told] == [None] * 4 + [1.0]


def test_progress_is_told_while_it_is_read(plugins, tmp_path):
    """Not when all is in memory."""
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    heard = Event()

    def feed():
        with path.open("wb") as pipe:
            pipe.writelines(LINES[:3000])
            pipe.flush()
            assert heard.wait(60)
            pipe.writelines(LINES[3000:])

    with ThreadPoolExecutor(1) as pool:
        fed = pool.submit(feed)
        import_entities(path, FakeStore(), plugins, progress=lambda far: heard.set())
        fed.result()


# -- documents -----------------------------------------------------------------------------------------------------


def test_documents_without_an_id_are_called_by_file_and_line(plugins, write):
    path = write(
        "texts.jsonl", '{"text": "one"}\n\n{"text": "two", "id": "mine"}\n"three"\n{"text": "five", "id": 5}\n{}\n'
    )
    assert [(row.line, row.item, row.problem) for row in document_rows(path, plugins)] == [
        (1, Document("one", "texts.jsonl:1"), ""),
        (3, Document("two", "mine"), ""),
        (4, Document("three", "texts.jsonl:4"), ""),
        (5, Document("five", "5"), ""),
        (6, None, "expected an object with a string 'text', got {}"),
    ]


def test_an_id_that_looks_like_the_number_of_its_line_is_kept(plugins, write):
    path = write("texts.jsonl", "".join(f'{{"text": "x", "id": "{number}"}}\n' for number in (1, 2, 3)))
    assert [row.item.id for row in document_rows(path, plugins)] == ["1", "2", "3"]


def test_mentions_of_a_document_stay_with_it(plugins, write):
    path = write("texts.jsonl", '{"text": "Paris", "entities": [{"start": 0, "end": 5}]}\n')
    (row,) = document_rows(path, plugins)
    assert row.item.entities == ({"start": 0, "end": 5},)


@pytest.mark.parametrize("name", ["rome.txt", "rome.md", "rome", "rome.txt.gz"])
def test_a_file_of_text_is_one_document_called_by_its_name(plugins, write, name):
    text = "Rome\nwas not built in a day.\n"
    path = write(name, gzip.compress(text.encode()) if name.endswith("gz") else text)
    assert [row.item for row in document_rows(path, plugins)] == [Document(text, name)]


def test_lines_from_elsewhere_are_read_as_if_they_were_a_file(plugins, tmp_path):
    rows = document_rows(tmp_path / "stdin", plugins, "jsonl", [b'{"text": "one"}\n'])
    assert [row.item for row in rows] == [Document("one", "stdin:1")]


def test_a_reader_that_does_not_read_documents_or_is_not_there_is_refused_at_once(plugins, tmp_path, write):
    with pytest.raises(InputError, match=r"nope\.txt: there is no such file"):
        document_rows(tmp_path / "nope.txt", plugins)
    with pytest.raises(InputError, match="is a folder"):
        document_rows(tmp_path, plugins)
    with pytest.raises(InputError, match=r"no installed plugin reads documents from '\.pdf' files"):
        document_rows(write("a.pdf", ""), plugins)
