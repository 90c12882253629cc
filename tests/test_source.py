import math
import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glinker_core.errors import ConfigError, InputError
from glinker_core.source import Source, conceal, dotted, dump, expand, is_variable, load_source, parse, plain, shown


def refused(text):
    """The problems of a text that is refused, as a user reads them."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


# -- what scalars mean ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"),
        ("true", True), ("True", True), ("TRUE", True), ("tRUE", "tRUE"), ("false", False), ("FALSE", False),
        ("null", None), ("~", None), ("", None), ("Null", None), ("nUll", "nUll"),
        ("12", 12), ("-12", -12), ("+12", 12), ("012", 12), ("08", 8), ("0o17", 15), ("0o8", "0o8"), ("0x1F", 31),
        ("-0x1F", "-0x1F"), ("1_000", "1_000"), ("1:30", "1:30"), ("2001-01-01", "2001-01-01"), ("١٢", "١٢"),
        ("1e-3", 0.001), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("+.5", 0.5), ("-1.5E+2", -150.0), ("1e", "1e"),
        (".", "."), (".e3", ".e3"), ("0.5.1", "0.5.1"),
        (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf), ("inf", "inf"), ("-.nan", "-.nan"),
        ("<<", "<<"), ("=", "="), ("12 ", "12 "),
    ],
)  # fmt: skip
def test_a_plain_scalar_means_what_yaml_1_2_says(text, value):
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_nan_is_a_float():
    assert math.isnan(plain(".nan"))


def test_a_number_of_more_digits_than_python_reads_is_infinite():
    assert plain("9" * 4000) == 10**4000 - 1
    assert plain("9" * 5000) == math.inf


def test_quotes_and_the_tag_str_make_strings():
    text = "a: '12'\nb: \"no\"\nc: !!str 12\nd: |\n  12\ne: >\n  x\n  y\nf: 'null'\n"
    assert parse(text).data == {"a": "12", "b": "no", "c": "12", "d": "12\n", "e": "x y\n", "f": "null"}


def test_keys_are_names_whatever_they_look_like():
    assert parse("1: a\ntrue: b\n~: c\nNO: d").data == {"1": "a", "true": "b", "~": "c", "NO": "d"}


def test_there_are_no_merge_keys():
    assert parse("<<: {b: 1}\nc: 2").data == {"<<": {"b": 1}, "c": 2}


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff", "\n\n"])
def test_an_empty_text_is_nothing_at_its_beginning(text):
    source = parse(text, "p.yaml")
    assert source.data is None
    assert source.place(("nodes",)) == "p.yaml:1:1"


# -- what is refused -----------------------------------------------------------------------------------------------


def test_every_key_that_stands_twice_is_refused_with_its_place():
    assert refused("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n'a': 4\n") == [
        "p.yaml:4:3: key 'c' stands here a second time; the first is in line 3",
        "p.yaml:5:1: key 'a' stands here a second time; the first is in line 1",
        "p.yaml:6:1: key 'a' stands here a second time; the first is in line 1",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object:os.system x", "!!python/object/apply:os.system [ls]", "!!python/name:os.system ''",
        "!!python/tuple [1]", "!!int '12'", "!!binary aGk=", "!!set {a}", "!!omap [a: 1]", "!mine {a: 1}",
        "!<tag:x,2000:y> z",
    ],
)  # fmt: skip
def test_tags_are_refused_on_whatever_they_stand(value):
    (problem,) = refused(f"a: 1\nb: {value}")
    assert problem.startswith("p.yaml:2:4: tag '")
    assert problem.endswith("' is not allowed; pipeline files hold data only")


def test_a_tag_of_the_whole_file_is_refused():
    assert refused("!!python/object:x.Y {a: 1}")[0].startswith("p.yaml:1:1: tag 'tag:yaml.org,2002:python/object:x.Y'")


@pytest.mark.parametrize("key", ["? [1, 2]\n", "? {a: 1}\n", "? !!python/name:os.system ''\n"])
def test_a_key_that_is_no_name_is_refused(key):
    assert refused(f"{key}: x") == ["p.yaml:1:3: a key must be a plain name"]


def test_the_tags_of_lists_and_mappings_say_nothing_new():
    assert parse("a: !!seq [1]\nb: !!map {c: 1}").data == {"a": [1], "b": {"c": 1}}


def test_aliases_are_what_they_name():
    assert parse("a: &x {b: [1, no]}\nc: *x\nd: &y\ne: *y").data == {
        "a": {"b": [1, "no"]},
        "c": {"b": [1, "no"]},
        "d": None,
        "e": None,
    }


def test_an_alias_is_placed_where_it_is_used_and_what_it_holds_where_that_is_written():
    source = parse("a: &x {b: 1}\nc: *x", "p.yaml")
    assert source.place(("c",)) == "p.yaml:2:1"
    assert source.place(("c", "b")) == "p.yaml:1:8"


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: *x}", "a: &x [[{b: *x}]]"])
def test_an_alias_that_contains_itself_is_refused(text):
    (problem,) = refused(text)
    assert re.fullmatch(r"p\.yaml:1:\d+: an alias that contains itself", problem)


def test_aliases_of_aliases_that_would_fill_the_memory_are_refused_once():
    names = "abcdefghijkl"
    rows = [f"a: &a [{', '.join(['x'] * 9)}]"]
    rows += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in pairwise(names)]
    (problem,) = refused("\n".join(rows))
    assert re.fullmatch(r"p\.yaml:\d+:\d+: aliases that expand to more than 100000 values", problem)


@pytest.mark.parametrize("text", ["[" * 1000, "a: " + "{b: " * 1000 + "1" + "}" * 1000])
def test_what_is_nested_too_deeply_is_refused(text):
    assert refused(text) == ["p.yaml: not a pipeline: nested too deeply"]


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("a: b: c", "1:5", "mapping values are not allowed here"),
        ("a: 1\n b: 2", "2:3", "mapping values are not allowed here"),
        ("\ta: 1", "1:1", "cannot start any token"),
        ("a:\n  - 1\n  b: 2", "3:3", "expected <block end>"),
        ("a: 'x", "1:6", "unexpected end of stream"),
        ("a: *nope", "1:4", "undefined alias 'nope'"),
        ("a: &x 1\nb: &x 2", "2:4", "found duplicate anchor 'x'"),
        ("a: 1\n---\nb: 2", "2:1", "expected a single document in the stream, but found another document"),
        ("a: 1\nb: \x00", "2:4", "unacceptable character #x0000"),
        ("\x01", "1:1", "unacceptable character #x0001"),
        ("a: \ud800", "1:4", "unacceptable character #xd800"),
        ("%YAML 2.0\n---\na: 1", "1:1", "incompatible YAML document"),
    ],
)
def test_text_that_is_no_yaml_is_refused_with_its_place(text, place, part):
    (problem,) = refused(text)
    assert problem.startswith(f"p.yaml:{place}: not YAML: ")
    assert part in problem


# -- places --------------------------------------------------------------------------------------------------------


def test_a_place_is_line_and_column_of_the_key_or_the_item():
    source = parse("\ufeffname: x\nnodes:\n  - id: ä\n    config: {labels: [gene, 3]}\n", "p.yaml")
    assert source.place(("nodes", 0)) == "p.yaml:3:5"
    assert source.place(("nodes", 0, "id")) == "p.yaml:3:5"
    assert source.place(("nodes", 0, "config", "labels", 1)) == "p.yaml:4:29"
    assert source.place(("name",)) == "p.yaml:1:1"


def test_the_place_of_what_is_missing_is_that_of_what_should_hold_it():
    source = parse("nodes:\n  - id: x\n", "p.yaml")
    assert source.place(("nodes", 0, "config", "labels")) == "p.yaml:2:5"
    assert source.place(("stores", "kb")) == "p.yaml:1:1"


def test_the_place_of_plain_data_is_its_path():
    assert Source({"nodes": []}).place(("nodes", 0, "config", "labels", 2)) == "nodes[0].config.labels[2]"
    assert dotted(()) == ""


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_utf_8_with_or_without_a_mark(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / "p.yaml"
        path.write_text("name: Zürich 東京\r\nnodes: []\r\n", encoding=encoding, newline="")
        source = load_source(path)
        assert source.data == {"name": "Zürich 東京", "nodes": []}
        assert source.place(("nodes",)) == f"{path}:2:1"
        assert load_source(str(path)) == source


def test_a_mapping_and_a_source_are_taken_as_they_are():
    assert load_source({"nodes": []}) == Source({"nodes": []})
    source = parse("a: 1")
    assert load_source(source) is source


def test_what_is_no_pipeline_at_all_is_an_input_error():
    for wrong in (None, 5, [{"nodes": []}], b"p.yaml"):
        with pytest.raises(InputError, match=r"^pipeline: expected a path or a mapping, got "):
            load_source(wrong)


def test_a_file_that_cannot_be_read_is_said_so(tmp_path):
    with pytest.raises(ConfigError, match=r"nope\.yaml: cannot be read: No such file or directory; .*'glinker init'"):
        load_source(tmp_path / "nope.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_source(tmp_path)


def test_a_file_that_is_not_utf_8_is_said_so(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_bytes("name: Zürich".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8: byte 7: invalid start byte"):
        load_source(path)


# -- environment variables -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("UNSET", "ALSO_UNSET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOST", "db.example")
    monkeypatch.setenv("PORT", "5432")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("SECRET", "hunter2 'and\" more\n")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${HOST}", "db.example"),
        ("http://${HOST}:${PORT}/x", "http://db.example:5432/x"),
        ("${UNSET:-here}", "here"),
        ("${EMPTY:-here}", "here"),
        ("${HOST:-here}", "db.example"),
        ("${UNSET:-}", ""),
        ("${EMPTY}", ""),
        ("${UNSET:-a b:-c$d{e}", "a b:-c$d{e"),
        ("$HOST {HOST} $ {HOST} $", "$HOST {HOST} $ {HOST} $"),
        ("$${HOST}{", "$db.example{"),
    ],
)
def test_variables_are_read_from_the_environment(text, expanded):
    assert expand(text) == expanded


def test_what_a_variable_holds_is_not_expanded_again(monkeypatch):
    monkeypatch.setenv("HOST", "${UNSET}")
    assert expand("<${HOST}>") == "<${UNSET}>"


def test_every_variable_that_is_not_set_is_named_once():
    with pytest.raises(
        ValueError, match=r"^environment variable UNSET, ALSO_UNSET is not set; .*\$\{UNSET:-default\}$"
    ):
        expand("${UNSET} ${HOST} ${ALSO_UNSET} ${UNSET}")


@pytest.mark.parametrize("text", ["${", "${}", "${HOST", "${1HOST}", "${HO ST}", "${HOST-x}", "${HÖST}", "${HOST} ${"])
def test_a_brace_that_begins_no_variable_is_refused_without_values(text):
    with pytest.raises(ValueError, match="begins no variable; write") as caught:
        expand(text)
    assert "db.example" not in str(caught.value)


def test_only_a_variable_alone_may_be_something_else_than_a_string():
    assert [is_variable(text) for text in ("${A}", "${A:-1}", "${A:-}", "x${A}", "${A}${B}", "A")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_messages_do_not_show_what_variables_hold():
    data = {"config": [{"password": "${SECRET}", "url": "http://${HOST}:${PORT}"}]}
    message = f"{'hunter2 ' + chr(39) + 'and' + chr(34) + ' more' + chr(10)!r} at db.example:5432 (port 5432)"
    hidden = conceal(message, data)
    assert "hunter2" not in hidden
    assert hidden.endswith(" at ${HOST}:${PORT} (port ${PORT})")


def test_values_are_hidden_however_they_are_written_in_a_message(monkeypatch):
    for value in ("it's", 'say "no"', 'it\'s "x"', "back\\slash", "tab\there", "étés", "01234", "1.5e3", "true"):
        monkeypatch.setenv("SECRET", value)
        for form in (value, repr(value), repr(["x" + value + "'\""]), repr({"a": value + '"'}), repr(plain(value))):
            hidden = conceal(f"got {form}", ("${SECRET}",))
            assert "${SECRET}" in hidden
            assert value not in hidden


def test_of_two_values_the_longer_is_hidden_first(monkeypatch):
    monkeypatch.setenv("A", "hunter")
    monkeypatch.setenv("B", "hunter2")
    assert conceal("hunter2 and hunter", ["${A}", "${B}"]) == "${B} and ${A}"


def test_short_values_are_hidden_only_where_they_stand_alone(monkeypatch):
    monkeypatch.setenv("N", "5")
    assert conceal("at most 15, got 5, not 0.5", "${N}") == "at most 15, got ${N}, not 0.${N}"


def test_nothing_is_hidden_for_variables_that_are_empty_unset_or_not_named(monkeypatch):
    monkeypatch.setenv("BLANK", "  ")
    message = "got None, db.example,   and 5432"
    assert conceal(message, {"a": ["${EMPTY}", "${UNSET:-None}", "$PORT", 5, None], "b": "${ HOST }"}) == message


def test_a_default_stands_in_the_file_and_may_be_shown():
    assert conceal("got 'here'", "${UNSET:-here}") == "got 'here'"


def test_long_values_are_shown_by_their_beginning():
    assert shown("x" * 20) == repr("x" * 20)
    assert shown(list(range(100))).endswith("...")
    assert len(shown("x" * 10_000)) == 80


# -- written files -------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.from_regex(r"[-+]?[0-9.:_oxeEaf]{1,8}", fullmatch=True),
    st.sampled_from(["NO", "yes", "1e-3", "08", "0o17", "+.5", "1.5e5", "~", "null", ".inf", "<<", "- a", "a: b", "#"]),
)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@settings(max_examples=60)
@given(DATA)
@example({"\x85": "a\x85b"})
@example({"a": "x\ny\n", "b": "\ufeff\u2028\x85\x00 ", "c": [[], {}], "08": "🏴\ud800"})
def test_what_is_written_is_read_back_the_same(data):
    again = parse(dump(data)).data
    assert again == data
    assert repr(again) == repr(data)


def test_what_is_written_has_no_aliases():
    labels = ["gene"]
    assert dump({"a": labels, "b": labels}) == "a:\n- gene\nb:\n- gene\n"


def test_the_digest_of_a_pipeline_is_that_of_what_it_says():
    data = {"name": "p", "nodes": [{"id": "l1", "processor": "l1_fake"}]}
    assert Source(data).digest == Source(data, "file.yaml", {(): (1, 1)}).digest
    assert Source(data).digest != Source({**data, "name": "other"}).digest
