"""What the contracts are made of: comparisons, declared gaps, fixtures to override, the page about them."""

import subprocess
import sys
from pathlib import Path

import pytest

from glinker_core.model import Mention, evolve
from glinker_core.resources import Resources
from glinker_core.testing import LinkerContract, RecognizerContract
from glinker_core.testing.checks import assert_mention, assert_same, differences
from glinker_core.testing.entities import ENTITIES, NIL_NAMES
from glinker_core.testing.fakes import FakeLinker, FakeRecognizer
from glinker_core.testing.items import items_of
from glinker_core.testing.texts import NASTY, TEXTS

ROOT = Path(__file__).parent.parent


class CountingLinker(FakeLinker):
    opened = 0

    def open(self, resources):
        type(self).opened += 1


class TestOpenedOnceForAllTests(LinkerContract):
    @pytest.fixture
    def component(self):
        return FakeLinker()

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls):
        linker = CountingLinker()
        linker.open(Resources())
        yield linker
        assert CountingLinker.opened == 1


class NoisyLinker(FakeLinker):
    """Scores that move a little with the batch and the process, as those of neural models do."""

    def link(self, texts, candidates):
        noise = len(texts) * 1e-7 + hash("noise") % 1000 * 1e-9
        return [
            [
                evolve(item, candidates=tuple(c.scored(l3=c.score * (1 - noise)) for c in item.candidates))
                for item in items
            ]
            for items in super().link(texts, candidates)
        ]


class TestNoiseIsTolerated(LinkerContract):
    tolerance = 1e-4

    @pytest.fixture
    def component(self):
        return NoisyLinker()


class Sampling(RecognizerContract):
    deterministic = "sampling"


def test_a_declared_gap_is_skipped_with_its_reason():
    with pytest.raises(pytest.skip.Exception, match="deterministic: sampling"):
        Sampling().test_two_runs_give_the_same(FakeRecognizer())


def test_differences_say_where():
    one, other = Mention(0, 5, "Paris", score=0.5), Mention(0, 5, "Paris", score=0.75)
    assert list(differences([[one]], ((other,),))) == ["result[0][0].score: 0.5 against 0.75"]
    assert list(differences([one], [one, one])) == ["result: 1 items against 2"]
    assert list(differences({"l2": 1.0, "l3": 0.5}, {"l3": 0.5, "l2": 1.0})) == [
        "result: keys ['l2', 'l3'] against ['l3', 'l2']"
    ]
    assert list(differences(one, "Paris")) == [f"result: {one!r} against 'Paris'"]


def test_tolerance_is_for_scores_only():
    one, other = Mention(0, 5, "Paris", score=0.5), Mention(0, 5, "Paris", score=0.5 + 1e-6)
    assert_same([one], [other], "scores", tolerance=1e-5)
    with pytest.raises(AssertionError, match="scores: result"):
        assert_same([one], [other], "scores")
    with pytest.raises(AssertionError, match="start: 0 against 1"):
        assert_same([one], [Mention(1, 5, "Paris", score=0.5)], "spans", tolerance=1)


@pytest.mark.parametrize("text", [*TEXTS, *NASTY.values()])
def test_items_have_mentions_that_are_spans(text):
    (item,) = items_of([text], ENTITIES, NIL_NAMES)
    for mention, candidates in zip(item.mentions, item.candidates, strict=True):
        assert_mention(mention, text)
        assert candidates.mention == mention


def test_nasty_texts_hold_names_behind_what_is_nasty():
    found = {name: items_of([text], ENTITIES)[0].mentions for name, text in NASTY.items()}
    assert [name for name, mentions in found.items() if not mentions] == ["empty", "blank"]


def test_items_have_homonyms_ties_and_mentions_without_candidates():
    pools = [pool.candidates for item in items_of(TEXTS, ENTITIES, NIL_NAMES) for pool in item.candidates]
    assert () in pools
    assert any(len(pool) == 4 for pool in pools)
    assert any(len({(c.score, c.entity.description) for c in pool}) == 1 for pool in pools if len(pool) > 1)


def test_the_page_about_the_test_kit_is_as_the_contracts_write_it():
    script = ROOT / "docs" / "generate_testing.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
