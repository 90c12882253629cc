"""Recognisers that break promises of L1, and of all layers."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import define, field

from glinker_core.model import Mention, evolve
from glinker_core.testing import RecognizerContract
from glinker_core.testing.fakes import FakeRecognizer
from tests.liars.making import lies


def changed(change):
    """A recogniser whose mentions of each text are changed: `change(text, mentions)`."""

    class Changed(FakeRecognizer):
        def recognize(self, texts):
            return [change(text, list(found)) for text, found in zip(texts, super().recognize(texts), strict=True)]

    return Changed()


def moved(text, mention, units):
    """A mention whose offsets count something else than code points."""
    return evolve(mention, start=units(text[: mention.start]), end=units(text[: mention.end]))


@lies(RecognizerContract, test_offsets_count_code_points="but the mention says")
def byte_offsets():
    return changed(lambda text, found: [moved(text, m, lambda s: len(s.encode("utf-8", "replace"))) for m in found])


@lies(RecognizerContract, test_offsets_count_code_points="but the mention says")
def utf16_offsets():
    def units(text):
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    return changed(lambda text, found: [moved(text, m, units) for m in found])


@lies(RecognizerContract, test_offsets_count_code_points="but the mention says")
def offsets_of_the_folded_text():
    return changed(lambda text, found: [moved(text, m, lambda s: len(s.casefold())) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="but the mention says")
def end_off_by_one():
    return changed(lambda text, found: [evolve(m, end=m.end - 1) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="is no span")
def end_behind_the_text():
    return changed(lambda text, found: [Mention(m.start, len(text) + 1, text[m.start :]) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="is a float, not an int")
def offsets_of_another_type():
    return changed(lambda text, found: [evolve(m, start=float(m.start)) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="but the mention says")
def case_folded_text():
    return changed(lambda text, found: [evolve(m, text=m.text.casefold()) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="not in 0..1")
def score_in_percent():
    return changed(lambda text, found: [evolve(m, score=97.5) for m in found])


@lies(RecognizerContract, test_mentions_are_spans_of_the_text="is not a Mention")
def mentions_as_dicts():
    return changed(lambda text, found: [{"start": m.start, "end": m.end, "text": m.text} for m in found])


@lies(RecognizerContract, test_mentions_come_in_order="not in order of position")
def mentions_out_of_order():
    return changed(lambda text, found: sorted(found, key=lambda m: (m.text, m.start)))


@lies(RecognizerContract, test_mentions_come_in_order="are there twice")
def mentions_twice():
    return changed(lambda text, found: [m for m in found for _ in range(2)])


@lies(RecognizerContract, test_blanks_are_no_mention="Mention(start=0")
def blank_mentions():
    return changed(lambda text, found: found or [Mention(0, len(text), text)] * bool(text))


@lies(RecognizerContract, test_finds_something="no mention in any of the texts")
def finds_nothing():
    return changed(lambda text, found: [])


@lies(RecognizerContract, test_gives_one_item_per_text="==", test_takes_an_empty_text="==")
def drops_texts_without_mentions():
    class Dropping(FakeRecognizer):
        def recognize(self, texts):
            return [found for found in super().recognize(texts) if found]

    return Dropping()


@lies(RecognizerContract, test_takes_an_empty_batch="IndexError")
def raises_on_an_empty_batch():
    class Looking(FakeRecognizer):
        def recognize(self, texts):
            assert isinstance(texts[0], str)
            return super().recognize(texts)

    return Looking()


@lies(RecognizerContract, test_takes_an_empty_text="IndexError")
def raises_on_an_empty_text():
    return changed(lambda text, found: found if text[0] else [])


@lies(RecognizerContract, test_takes_nasty_texts="UnicodeEncodeError")
def raises_on_lone_surrogates():
    return changed(lambda text, found: found if text.encode() else [])


@lies(RecognizerContract, test_a_batch_gives_the_same_as_one_by_one="score: 0.04 against 1.0")
def score_of_the_batch():
    class Averaging(FakeRecognizer):
        def recognize(self, texts):
            share = 1 / max(len(texts), 1)
            return [[evolve(m, score=round(share, 2)) for m in found] for found in super().recognize(texts)]

    return Averaging()


@lies(RecognizerContract, test_the_order_of_texts_changes_nothing="the order of texts changes the answer")
def skips_texts_it_has_seen_in_the_batch():
    class Skipping(FakeRecognizer):
        def recognize(self, texts):
            found = super().recognize(texts)
            return [
                [] if text in texts[:i] else mentions
                for i, (text, mentions) in enumerate(zip(texts, found, strict=True))
            ]

    return Skipping()


@lies(RecognizerContract, test_two_runs_give_the_same="a second run differs from the first")
def carries_state_over():
    seen = []

    def fresh(text, found):
        new = [m for m in found if m.text not in seen]
        seen.extend(m.text for m in found)
        return new

    return changed(fresh)


@lies(RecognizerContract, test_two_threads_give_the_same="two threads at once")
def keeps_the_batch_in_itself():
    class Keeping(FakeRecognizer):
        def recognize(self, texts):
            self.batch = texts
            time.sleep(0.02)
            return super().recognize([self.batch[i % len(self.batch)] for i in range(len(texts))])

    return Keeping()


@lies(RecognizerContract, test_the_hash_seed_changes_nothing="some set decides an order")
def labels_from_a_set():
    labels = {"person", "place", "river", "planet", "city", "country", "metal", "god"}
    return changed(lambda text, found: [evolve(m, label=next(iter(labels))) for m in found])


@lies(RecognizerContract, test_closing_twice_is_closing_once="already closed")
def close_twice_raises():
    class Closing(FakeRecognizer):
        closed = True

        def open(self, resources):
            super().open(resources)
            self.closed = False

        def close(self):
            if self.closed:
                raise RuntimeError("already closed")
            self.closed = True

    return Closing()


@lies(RecognizerContract, test_fits_the_protocol_of_its_layer="no method 'recognize'")
def another_method():
    @define
    class Finder:
        def find(self, texts):
            return [[] for _ in texts]

    return Finder()


@lies(RecognizerContract, test_fits_the_protocol_of_its_layer="are no ports: ['batch_size=8']")
def an_argument_that_is_no_port():
    class Sized(FakeRecognizer):
        def recognize(self, texts, batch_size=8):
            return super().recognize(texts)

    return Sized()


@lies(RecognizerContract, test_is_an_attrs_class_with_a_schema="is not an attrs class")
def no_attrs_class():
    class Plain:
        def recognize(self, texts):
            return [[] for _ in texts]

    return Plain()


@define
class Filtering(FakeRecognizer):
    keep: Callable[[str], bool] | None = None


@define
class SetOfLabels(FakeRecognizer):
    labels: set[str] = field(factory=set)


@define
class SharedDefault(FakeRecognizer):
    labels: list[str] = []  # noqa: RUF008  # the lie


@define
class Growing(FakeRecognizer):
    label: str = field(default="a", converter=lambda label: label + "!")


@define
class Mistyped(FakeRecognizer):
    threshold: float = "high"


@lies(RecognizerContract, test_is_an_attrs_class_with_a_schema="Filtering.keep")
def a_setting_no_file_can_hold():
    return Filtering()


@lies(RecognizerContract, test_is_an_attrs_class_with_a_schema="SetOfLabels.labels")
def a_setting_without_order():
    return SetOfLabels()


@lies(RecognizerContract, test_is_an_attrs_class_with_a_schema="one list is the default of all objects")
def a_default_shared_by_all():
    return SharedDefault()


@lies(RecognizerContract, test_config_survives_a_file="is another one when read back")
def a_setting_that_changes_when_read():
    return Growing()


@lies(RecognizerContract, test_config_survives_a_file="threshold: expected a number, got 'high'")
def a_setting_of_another_type():
    return Mistyped()
