import pyarrow as pa
import pytest
import ray
from glinker_ray import link_dataset
from glinker_ray.dataset import COLUMNS

from glinker_core import DAGExecutor, InputError
from glinker_core.builtin.writers import record

TEXTS = ["Paris lies on the Seine.", None, "Nothing here.", "Paris, a town in Texas.", ""]


@pytest.fixture
def dataset(cluster):
    return ray.data.from_arrow(pa.table({"key": range(40), "body": TEXTS * 8})).repartition(4)


def test_rows_keep_their_columns_and_gain_the_links_of_a_plain_run(dataset, pipeline, entities):
    found = link_dataset(dataset, pipeline, text_column="body", entities=entities, batch_size=7, concurrency=2)
    rows = sorted(found.take_all(), key=lambda row: row["key"])
    assert [(row["key"], row["body"]) for row in rows] == list(enumerate(TEXTS * 8))
    with DAGExecutor(pipeline) as executor:
        executor.load_entities(entities)
        plain = [record(linked) for linked in executor.link([text for text in TEXTS if text is not None])]
    by_text = {one["text"]: one for one in plain}
    for row in rows:
        if row["body"] is None:
            assert (row["entities"], row["error"]) == ([], "expected a text, got NoneType None")
            continue
        expected = by_text[row["body"]]
        assert [{k: v for k, v in m.items() if v is not None} for m in row["entities"]] == expected["entities"]
        assert {name: row[name] for name in ("kb_revision", "pipeline", "version")} == {
            name: expected[name] for name in ("kb_revision", "pipeline", "version")
        }
        assert row["error"] is None


def test_the_columns_have_their_types_also_where_nothing_was_found(cluster, pipeline, entities):
    ds = ray.data.from_arrow(pa.table({"text": ["Nothing here."]}))
    schema = link_dataset(ds, pipeline, entities=entities).materialize().schema()
    types = dict(zip(schema.names, schema.types, strict=True))
    assert {name: types[name] for name in COLUMNS} == dict(COLUMNS)


def test_columns_that_are_missing_or_taken_are_told_before_anything_runs(dataset, pipeline):
    with pytest.raises(InputError, match="has no column 'text'; there are key, body"):
        link_dataset(dataset, pipeline)
    with pytest.raises(InputError, match="has a column 'error' already"):
        link_dataset(dataset.rename_columns({"key": "error"}), pipeline, text_column="body")
