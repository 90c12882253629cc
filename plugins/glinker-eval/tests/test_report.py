"""The page of an evaluation: its figures, its plots, its errors; and texts that want to be more than texts."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from glinker_eval.examples import chosen, examples
from glinker_eval.page import page
from glinker_eval.plots import Axis, Bar, Line, bars, lines
from glinker_eval.records import record_of
from glinker_eval.report import html_of
from glinker_eval.resampling import intervals, quotients

from glinker_core.model import Entity
from tests.fake_plugins import pipeline

TAGS = """
html head meta title style body script h1 h2 section dl div dt dd p small b i code span ul li table thead tbody tr th td
details summary label select option output figure figcaption svg line text polyline circle rect
"""


class Parsed(HTMLParser):
    """A page taken apart: what is nested wrongly, which elements there are, and what is written in them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.tags, self.attributes, self.texts = [], [], [], [], {}
        self.feed(text)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if self.open[-1:] == [tag]:
            self.open.pop()
        else:
            self.wrong.append(tag)

    def handle_data(self, data):
        tag = self.open[-1] if self.open else ""
        self.texts.setdefault(tag, []).append(data)

    def text(self):
        return "".join(piece for pieces in self.texts.values() for piece in pieces)


def plain(html):
    return re.sub(r"<[^>]+>", " ", html)


# -- figures --------------------------------------------------------------------------------------------------------


def test_a_page_has_all_figures_with_what_they_depend_on(measured):
    done = measured("el", "strong", "own", pipeline_hash="abc123")
    words = " ".join(plain(html_of(done)).split())
    assert "4 documents, 6 mentions: 4 in the KB, 1 absent from it, 1 NIL, 0 optional" in words
    for name, value in (("task", "el"), ("match", "strong"), ("mentions", "own"), ("pipeline hash", "abc123")):
        assert f" {name} {value} " in words
    assert f" gold hash {done.settings.gold_hash} " in words
    assert f" kb revision {done.settings.kb_revision} " in words
    assert "nodes l1: l1_fake, l2: l2_chain, l3: l3_fake, l0: l0_aggregator" in words
    low_high = intervals(quotients(record_of(done)))["micro F1, InKB"]
    assert f" InKB 0.750 0.750 0.750 {low_high.low:.3f} to {low_high.high:.3f} " in words
    assert "95% of 1,000 draws of as many documents" in words
    assert re.search(r" l2 0\.500 .* exact 4 ", words)
    assert re.search(r" of mentions in the KB 0\.750 .* 4 .* of all with an id 0\.600 5 ", words)
    assert re.search(r" city 3 3 3 2 0\.667 ", words)
    assert re.search(r" 2-5 3 3 3 2 0\.667 ", words)
    assert "mentions of entities that the knowledge base has not, kept: 1" in words
    own, finding = done.ladder[:2]
    assert f" as it is {own.figures['all']:.3f} " in words
    assert f" {finding.figures['all']:.3f} {finding.gaps['all']:+.3f} " in words
    assert " ranked by L3 1 1 1 1 L3 puts another entity first " in words
    assert f"expected calibration error {done.calibration.error:.3f} in 15 bins" in words


def test_the_same_evaluation_makes_the_same_page(measured):
    done = measured("el", "strong", "own")
    assert html_of(done) == html_of(done)


@pytest.mark.parametrize("setup", [("md", "weak", "own"), ("ed", "strong", "gold"), ("el", "weak", "own")])
def test_every_task_has_a_page(measured, setup):
    parsed = Parsed(html_of(measured(*setup)))
    assert parsed.wrong == []
    assert ("svg" in parsed.tags) == (setup[0] != "md")


def test_a_run_without_any_mention_has_a_page(measured):
    done = measured(documents=[{"id": "d", "text": "Nothing.", "mentions": []}])
    assert "Errors none" in " ".join(plain(html_of(done)).split())


# -- errors ---------------------------------------------------------------------------------------------------------


def test_what_is_missed_and_extra_at_one_place_is_one_example(measured):
    documents = [
        {"id": "a", "text": "Paris in Texas, Ulm.", "mentions": [(0, 5, "fr"), (9, 14, "tx")]},
        {"id": "b", "text": "Ulm.", "mentions": [(0, 3, None)]},
    ]
    done = measured(documents=documents)
    found = list(examples(done))
    assert [(one.cause, one.type, [e.kind for e in one.errors], one.errors[0].start) for one in found] == [
        ("ranked_l3", "city", ["missed", "extra"], 0),
        ("not_detected", "city", ["missed"], 9),
        ("spurious", "town", ["extra"], 16),
        ("nil_wrong", "", ["missed", "extra"], 0),
    ]
    assert sum(len(one.errors) for one in found) == len(done.errors)
    assert [one.mention and one.mention.mention_text for one in found] == ["Paris", None, "Ulm", "Ulm"]


def test_what_is_missed_and_extra_in_spans_that_overlap_is_one_example(measured):
    done = measured("el", "weak", documents=[{"id": "a", "text": "Of Ulm.", "mentions": [(0, 6, "fr")]}])
    (one,) = examples(done)
    assert [(error.kind, error.start) for error in one.errors] == [("missed", 0), ("extra", 3)]


def test_of_many_errors_some_of_all_texts_are_shown_and_all_counted(measured):
    documents = [{"id": f"d{n}", "text": "Ulm.", "mentions": []} for n in range(100)]
    documents.append({"id": "last", "text": "Bonn.", "mentions": [(0, 4, "ulm")]})
    done = measured(documents=documents)
    kept = chosen(list(examples(done)))
    ids = [int(one.traced.gold.id[1:]) for one in kept if one.cause == "spurious"]
    assert (len(kept), len(ids)) == (41, 40)
    assert max(after - before for before, after in pairwise(ids)) == 3
    html = html_of(done)
    assert sum(name == "data-cause" for _, name, _ in Parsed(html).attributes) == 41
    assert "here are 41 of 101." in html
    assert re.search(r"<td>not detected</td><td>1</td><td>0</td>", html)
    assert re.search(r"<td>spurious</td><td>0</td><td>100</td>", html)


def test_filters_know_kinds_and_types_by_their_numbers(measured):
    html = html_of(measured())
    assert '<select name="cause"><option value="">all</option><option value="0">not detected</option>' in html
    (opened,) = re.findall(
        r'<details class="example" data-cause="(\d)" data-type="(\d)">\n<summary><b dir="auto">Paris', html
    )
    kinds, types = (
        re.findall(r'<option value="(\d)">([^<]+)', part) for part in re.findall(r"<select.*?</select>", html)
    )
    assert (dict(kinds)[opened[0]], dict(types)[opened[1]]) == ("ranked by L3", "city")


def test_spans_that_overlap_are_both_marked(measured):
    documents = [{"id": "d", "text": "By Ulm lies water.", "mentions": [(0, 6, "ulm"), (7, 11, None)]}]
    html = html_of(measured(documents=documents))
    first = html.split('<div class="text" dir="auto">')[1]
    assert first.startswith(
        '<span class="here gold" title="gold: ulm">By </span>'
        '<span class="here gold system" title="gold: ulm\nsystem: Ulm (ulm), '
    )
    assert '<span class="gold" title="gold: NIL">lies</span> water.</div>' in first


def test_a_right_candidate_is_shown_wherever_it_stands(measured):
    entities = [Entity(f"e{n}", "Ulm", popularity=100 - n) for n in range(30)]
    html = html_of(measured(documents=[{"id": "d", "text": "Ulm.", "mentions": [(0, 3, "e20")]}], entities=entities))
    ranks = re.findall(r"<code>(e\d+)</code> <span class=\"sign\">(.*?)</span></td><td>(\d+)</td>", html)
    assert ranks == [("e0", "linked", "1"), *((f"e{n}", "", str(n + 1)) for n in range(1, 8)), ("e20", "gold", "21")]
    assert "<p>and 21 more</p>" in html
    assert "Right entity among candidates: l2 21 of 30, final 21 of 30" in html


def test_a_long_text_is_cut_around_the_error(measured):
    text = "a" * 300 + " Ulm " + "b" * 300
    html = html_of(measured(documents=[{"id": "d", "text": text, "mentions": [(301, 304, None)]}]))
    shown = html.split('<div class="text" dir="auto">')[1].split("</div>")[0]
    assert re.sub(r"<[^>]*>", "", shown) == "…" + "a" * 159 + " Ulm " + "b" * 159 + "…"


def test_a_mention_of_a_million_characters_does_not_fill_the_page(measured):
    text = "Ulm " + "x" * 1_000_000
    html = html_of(measured(documents=[{"id": "d", "text": text, "mentions": [(0, len(text), "ulm")]}]))
    assert len(html) < 100_000


# -- hostile texts --------------------------------------------------------------------------------------------------

EVIL = "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp; ]]>--> \x1b[31m \x00 \ud800 \u202e"


def test_texts_stay_texts_wherever_they_come_from(measured):
    text = f"Ulm {EVIL} Ulm"
    entities = [Entity(EVIL, "Ulm", (), EVIL, EVIL), Entity("x", "Ulm", (EVIL,), EVIL, EVIL, 5)]
    documents = [
        {"id": EVIL, "text": text, "mentions": [(0, 3, EVIL), (4, 9, None), (len(text) - 3, len(text), EVIL + "?")]}
    ]
    runs = {**pipeline(), "name": EVIL}
    html = html_of(measured(documents=documents, entities=entities, name=EVIL, runs=runs, pipeline_hash=EVIL))
    html.encode("utf-8")
    parsed = Parsed(html)
    assert parsed.wrong == []
    assert set(parsed.tags) <= set(TAGS.split())
    assert parsed.tags.count("script") == 1
    assert [one for one in parsed.attributes if one[1].startswith("on") or one[1] in ("src", "href", "srcdoc")] == []
    assert "<script>alert(1)</script>" in parsed.text()
    assert {"\x1b", "\x00"}.isdisjoint(html)


def test_a_page_loads_nothing_and_runs_its_own_script_alone(measured):
    parsed = Parsed(html_of(measured()))
    (policy,) = (value for _, name, value in parsed.attributes if name == "content" and "default-src" in value)
    (script,) = parsed.texts["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not re.search(r"url\(|@import|https?:", "".join(parsed.texts["style"]))
    assert "script" not in page("x", [])


# -- plots ----------------------------------------------------------------------------------------------------------

X, Y = Axis("x", {"0": 0.0, "1": 1.0}), Axis("y", {"0": 0.0, "1": 1.0})


def test_lines_go_where_their_points_are():
    svg = lines("t", X, Y, [Line("a", [(0, 0), (0.5, 1)], ["low", "high <"])], diagonal=True)
    assert '<polyline class="line s0" points="46,228 226,12"/>' in svg
    assert '<polyline class="even" points="46,228 406,12"/>' in svg
    assert '<circle class="s0" cx="226" cy="12" r="3.5"><title>high &lt;</title></circle>' in svg


def test_bars_stand_upon_each_other():
    svg = bars(
        "t", X, Y, [Bar(0, 0.5, [(0.5, "right"), (0.25, "wrong")]), Bar(0.5, 1, [(0.0, ""), (0.0, "")])], ["r", "w"]
    )
    rects = re.findall(r'<rect class="(s\d)" x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', svg)
    assert rects == [("s0", "46", "120", "179", "108"), ("s1", "46", "66", "179", "54")]


def test_plots_show_what_was_measured(measured):
    done = measured("el", "strong", "own")
    figures = re.findall(r"<figure>.*?</figure>", html_of(done), re.DOTALL)
    recall, reliability, scores, thresholds = figures
    assert "<title>l2 @1: 0.500</title>" in recall
    assert "<title>final @1: 0.750</title>" in recall
    told = [f"<title>{one.links} link{'s' * (one.links > 1)}: score {one.score:.3f}" for one in done.calibration.bins]
    assert all(one in reliability for one in told)
    counted = {word: sum(map(int, re.findall(rf"<title>(\d+) {word}</title>", scores))) for word in ("right", "wrong")}
    assert counted == {"right": 3, "wrong": 1}
    assert 'class="line s0" points="46,66 ' in thresholds  # all four links: three are right
    assert 'class="line s1" points="46,12 ' in thresholds
