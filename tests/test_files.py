import gzip
import os
import stat
from pathlib import Path

import pytest

from glinker_core.errors import DataError
from glinker_core.files import Meter, endings, read_lines, replacing, without_mark, write_text

MARK = b"\xef\xbb\xbf"
CONTENT = b"one\r\ntwo\n\nf\xc3\xbcnf\nlast"


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.TXT.GZ"])
@pytest.mark.parametrize("mark", [b"", MARK])
def test_lines_are_read_as_they_are_but_for_a_mark_and_gzip(tmp_path, name, mark):
    path = tmp_path / name
    path.write_bytes(gzip.compress(mark + CONTENT) if name.lower().endswith("gz") else mark + CONTENT)
    assert list(read_lines(path)) == [b"one\r\n", b"two\n", b"\n", b"f\xc3\xbcnf\n", b"last"]


def test_a_mark_is_taken_off_the_first_line_only():
    assert list(without_mark([MARK + MARK + b"a", MARK + b"b"])) == [MARK + b"a", MARK + b"b"]
    assert list(without_mark([])) == []
    assert list(without_mark([MARK])) == [b""]


def test_lines_are_read_one_at_a_time(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n")
    reading = read_lines(path)
    assert next(reading) == b"one\n"
    reading.close()


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_what_is_read_counts_as_it_lies_on_the_disk(tmp_path, name):
    path, content = tmp_path / name, b"some words\n" * 50_000
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    meter = Meter(2 * path.stat().st_size)
    assert meter.share == 0.0
    seen = []
    for _ in range(2):
        for number, _ in enumerate(read_lines(path, meter)):
            if number in (10, 40_000):
                seen.append(meter.done)
        seen.append(meter.done)
    size = path.stat().st_size
    assert seen == sorted(seen)
    assert (seen[2], seen[5], meter.share) == (size, 2 * size, 1.0)
    if name == "a.txt":
        assert seen == [11 * 11, 11 * 40_001, size, size + 11 * 11, size + 11 * 40_001, 2 * size]


def test_an_unknown_size_has_no_share(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"")
    for total in (None, 0):
        meter = Meter(total)
        assert list(read_lines(tmp_path / "a.txt", meter)) == []
        assert meter.share is None


LINES = b"".join(b'{"id": "%d"}\n' % number for number in range(20_000))
WHOLE = gzip.compress(LINES, 1)


@pytest.mark.parametrize(
    "broken",
    [
        WHOLE[:-4],
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:5],
        b"no gzip at all\n",
        WHOLE[:3000] + b"\x00\xff" * 8 + WHOLE[3016:],
    ],
    ids=["without its end", "half", "header", "none", "bits flipped"],
)
def test_a_gzip_file_that_is_not_whole_is_said_so(tmp_path, broken):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(broken)
    with pytest.raises(DataError) as caught:
        list(read_lines(path))
    assert f"{path}: is not a whole gzip file: " in str(caught.value)


def test_lines_before_the_end_of_half_a_gzip_file_come_first(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(WHOLE[: len(WHOLE) // 2])
    reading = read_lines(path)
    assert next(reading) == b'{"id": "0"}\n'
    with pytest.raises(DataError):
        list(reading)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.jsonl", [".jsonl"]),
        ("a.b.JSONL.gz", [".b.jsonl", ".jsonl"]),
        ("a.csv.GZ", [".csv"]),
        ("a", [""]),
        ("a.gz", [""]),
        (".hidden", [""]),
        ("dir.x/a", [""]),
    ],
)
def test_formats_are_named_by_endings_the_longest_first(name, found):
    assert endings(Path(name)) == found


# -- writing -------------------------------------------------------------------------------------------------------


def test_a_file_is_written_as_utf_8_with_unix_lines(tmp_path):
    write_text(tmp_path / "a.txt", "fünf\nsix\n")
    assert (tmp_path / "a.txt").read_bytes() == b"f\xc3\xbcnf\nsix\n"


def test_a_new_file_has_the_rights_of_any_other_and_an_old_one_keeps_its_own(tmp_path):
    old, new, other = tmp_path / "old", tmp_path / "new", tmp_path / "other"
    old.write_text("x")
    old.chmod(0o640)
    other.write_text("x")
    for path in (old, new):
        write_text(path, "y")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert new.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_goes_wrong_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_half():
        with replacing(path) as stream:
            stream.write("half")
            raise error

    with pytest.raises(type(error)) as caught:
        write_half()
    assert path.read_text() == "before"
    assert [part.name for part in tmp_path.iterdir()] == ["a.txt"]
    assert getattr(caught.value, "filename", None) in (None, str(path))


def test_a_disk_that_is_full_and_a_folder_that_is_not_there_are_told_with_the_name_of_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError) as caught:
        write_text(tmp_path / "nowhere" / "a.txt", "x")
    assert caught.value.filename == str(tmp_path / "nowhere" / "a.txt")


def test_text_that_utf_8_cannot_hold_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_stays_a_link_and_what_it_names_is_replaced(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    write_text(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_what_is_no_file_is_written_to_as_it_comes(tmp_path):
    write_text(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert [part.name for part in tmp_path.iterdir()] == ["pipe"]
