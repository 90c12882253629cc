import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.cli.console import progress, visible
from glinker_core.cli.html import page
from glinker_core.files import json_line
from glinker_core.model import Candidate, Entity, LinkedDocument, LinkedEntity, LinkedMention
from tests.cli_runs import Terminal

TAGS = re.compile("html|head|meta|title|style|body|h1|h2|article|p|div|mark|span|b|code|footer|ul|li")
ATTRIBUTES = re.compile("lang|charset|name|content|http-equiv|class|dir|style|tabindex|role")
HOSTILE = "</mark></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """What a page holds: its tags, its attributes, and the text of its documents without the cards."""

    def __init__(self, written):
        super().__init__()
        self.tags, self.attributes, self.styles, self.texts, self.stack = set(), set(), set(), [], []
        self.cards = []
        self.feed(written)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.styles.update(value for name, value in attrs if name == "style")
        kind = dict(attrs).get("class")
        if kind == "text":
            self.texts.append("")
        if kind == "card":
            self.cards.append("")
        if tag != "meta":
            self.stack.append((tag, kind))

    def handle_endtag(self, tag):
        opened, _ = self.stack.pop()
        assert opened == tag

    def handle_data(self, data):
        kinds = [kind for _, kind in self.stack]
        if "card" in kinds:
            self.cards[-1] += data + " "
        elif "text" in kinds:
            self.texts[-1] += data


def written(*documents):
    stream = io.StringIO()
    with page(stream, "test") as add:
        for document in documents:
            add(document)
    return stream.getvalue()


def mention(text, surface, entity=None, **rest):
    start = text.index(surface)
    return LinkedMention(surface, start, start + len(surface), linked_entity=entity, **rest)


def linked(entity_id, label="Paris", kind="city", score=0.5, description=""):
    return LinkedEntity(entity_id, label, score, 0, 0, label, description, kind)


@pytest.fixture
def document():
    text = "Paris & London, not Qux"
    candidates = [Candidate(Entity(f"c{n}", f"Paris {n}"), "Paris", "exact", {"l3": 0.4 - n / 100}) for n in range(7)]
    return LinkedDocument(
        text,
        (
            mention(text, "Paris", linked("fr", score=0.974, description="Capital of France"),
                    candidates=(Candidate(Entity("fr", "Paris"), "Paris", "exact", {"l3": 0.974}), *candidates)),
            mention(text, "London", linked("uk", "London")),
            mention(text, "Qux", label="thing", reason="no candidates"),
        ),
        id="one.txt",
        kb_revision="7-ab",
    )  # fmt: skip


def test_a_page_is_one_file_without_scripts_and_links_to_elsewhere(document):
    made = written(document)
    found = Reader(made)
    assert [tag for tag in found.tags if not TAGS.fullmatch(tag)] == []
    assert [name for name in found.attributes if not ATTRIBUTES.fullmatch(name)] == []
    assert "default-src 'none'" in made
    assert re.search(r"https?:|//|url\(|@import", made) is None


def test_each_document_stands_there_with_its_text_as_it_is(document):
    assert Reader(written(document, LinkedDocument("a\n<b>", id="2"))).texts == ["Paris & London, not Qux", "a\n<b>"]


def test_a_card_tells_entity_score_description_and_runners_up(document):
    card = Reader(written(document)).cards[0]
    runners_up = [f"Paris {n} c{n} {0.4 - n / 100:.3f}" for n in range(5)]
    assert " ".join(card.split()) == " ".join(["Paris 0.974 fr city Capital of France", *runners_up, "and 2 more"])


def test_nil_is_marked_and_says_why(document):
    made = written(document)
    assert '<mark class="nil" tabindex="0">Qux' in made
    assert Reader(made).cards[2].split() == ["NIL", "no", "candidates"]


def test_legend_has_totals_and_each_type_with_its_colour(document):
    text = "Seine"
    river = LinkedDocument(text, (mention(text, "Seine", linked("s", "Seine", "river")),), kb_revision="7-ab")
    footer = written(document, river).partition("<footer>")[2]
    assert "2 documents; 4 mentions, 3 linked, 1 NIL; pipeline test, knowledge base 7-ab" in footer
    assert re.findall(r"--h:(\d+)\">(\w+)</mark> (\d+)", footer) == [("205", "city", "2"), ("343", "river", "1")]
    assert '<mark class="nil">NIL</mark> 1' in footer
    assert written(document).count("--h:205") == 3


def test_hostile_texts_and_descriptions_inject_nothing():
    candidate = Candidate(Entity(HOSTILE, HOSTILE), HOSTILE, "exact", {"l3": 0.1})
    entity = linked(HOSTILE, HOSTILE, HOSTILE, 0.5, HOSTILE)
    mentions = (
        mention(HOSTILE, HOSTILE[:20], entity, candidates=(candidate,)),
        mention(HOSTILE, HOSTILE[20:30], None, reason=HOSTILE, label=HOSTILE),
    )
    found = Reader(written(LinkedDocument(HOSTILE, mentions, HOSTILE, HOSTILE, HOSTILE)))
    assert [tag for tag in found.tags if not TAGS.fullmatch(tag)] == []
    assert [name for name in found.attributes if not ATTRIBUTES.fullmatch(name)] == []
    assert found.styles <= {f"--h:{hue}" for hue in range(360)}
    assert found.texts == [HOSTILE]


@given(st.text(alphabet=st.sampled_from("<>&\"'/a\x00\x1b\ud800\n ")), st.text())
def test_any_text_is_shown_as_it_is(text, other):
    entity = linked(other, other, other, 0.5, other)
    mentions = (LinkedMention(text[1:3], 1, min(3, len(text)), linked_entity=entity),) if len(text) > 1 else ()
    made = written(LinkedDocument(text, mentions, id=other))
    found = Reader(made.encode("utf-8").decode("utf-8"))
    assert [tag for tag in found.tags if not TAGS.fullmatch(tag)] == []
    assert found.texts == [visible(text, keep="\n\r\t")]


def test_overlapping_mentions_are_shown_below():
    text = "New York City"
    inner, outer = mention(text, "York", linked("york")), mention(text, text, linked("nyc"))
    made = written(LinkedDocument(text, (inner, outer)))
    assert Reader(made).texts == [text]
    assert "Overlapping: <mark" in made
    assert "2 mentions, 2 linked" in made


def test_a_document_that_failed_says_so():
    made = written(LinkedDocument("text", id="x", error="node 'l1': <broken>"))
    assert '<p class="error">node &#x27;l1&#x27;: &lt;broken&gt;</p>' in made
    assert "1 document, 1 of them failed" in made


@given(st.text() | st.text(alphabet=st.sampled_from("aé\ud800😀\n\x00")))
def test_any_text_is_one_line_of_json(text):
    for encoding in ("utf-8", "ascii"):
        line = json_line({"text": text}, encoding)
        assert json.loads(line) == {"text": text}
        assert line.encode(encoding).count(b"\n") == 1


def test_progress_is_shown_to_who_waits_at_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress("reading", after=0.0) as tell:
        tell("12 files")
        while "12 files" not in terminal.getvalue():  # it is another thread that shows it
            pass


def test_progress_is_silent_when_it_is_quick_unwanted_or_nobody_looks(monkeypatch):
    for stderr, options in (
        (Terminal(), {"after": 60.0}),
        (Terminal(), {"shown": False, "after": 0.0}),
        (io.StringIO(), {}),
    ):
        monkeypatch.setattr("sys.stderr", stderr)
        with progress("reading", **options) as tell:
            tell("12 files")
        assert stderr.getvalue() == ""
