"""Made-up work for GLiNER models: texts, mentions in them, entities they may mean. The same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

LABELS = (
    "person", "organization", "location", "city", "country", "product", "disease", "drug", "event", "date",
    "scientist", "politician", "river", "university", "book", "film", "language", "currency", "animal", "protein",
)  # fmt: skip

_ENGLISH = """
able about above across action active actor address age agree air album allow almost alone already always among amount
ancient animal annual answer apple area argue army around arrive art article asked attack author autumn award away back
bank bargain battle beach bear beauty became bed began behind believe below best better between bird black blood blue
board boat body book border born bottom box branch bread break bridge bright bring british broken brother brought brown
budget build burn business buy call camp capital captain car care carry case castle cat cause center century certain
chair chance change chapter charge chief child choice church circle citizen city claim class clean clear clock close
cloud club coast coffee cold college colour column come commerce common company complete concert condition conference
consider contract control cook copper corner cost council country county course court cover create credit crew crime
crop cross crowd crown culture current customer cycle daily damage dance danger dark daughter dead deal decade decide
deep defence degree deliver demand department describe desert design desk detail develop device diet differ dinner
direct discover disease distance district divide doctor dog door double doubt down dozen draw dream dress drive early
earth east easy economy edge edition effect eight elect electric eleven empire employ empty energy engine english enjoy
enter entire equal escape estate europe evening event evidence exact example except exhibit expect expert explain
express eye face factory fair family famous farm fast father favour fear feature federal feel festival field fight final
finger finish fire first fish five flag flat flight floor flow flower food football force foreign forest form fortune
forward found four france free fresh friday friend front fruit fuel future game garden gas gate general german giant
girl give glass global goal gold govern grain grand grass great green ground group grow guard guest guide hand harbour
hard harvest head health hear heart heat heavy height helped high hill history hold holiday home honour horse hospital
hotel hour house human hundred hunter ice idea image import inch income increase indian industry inside island issue
iron italy january join journal journey judge july justice keep key kind king kitchen knight know labour lake land
language large last late laughter law lead league learn leather leave left legal length letter level library light limit
line liquid list little local london long lower lunch machine magazine main major manager map march market marriage
master match matter meal measure medal medicine meeting member memory mercury metal middle mile military milk mill
minister minute mirror mission model modern moment money month moon morning mother motor mountain mouth move museum
music name narrow nation native nature near neck nephew network never night nine north notice novel number object ocean
office often olive open opera order origin other outside owner oxygen page paint palace paper parent paris park part
party passenger past path patient pattern peace people perfect period phone piano picture piece pilot place plain planet
plant plate player poem point police policy poor popular port position post potato power present press price prince
print prison private problem process produce profit program project protect protein proud public pupil purple quality
quarter queen question quick quiet radio railway rain range rapid rate reach reader record reform region relate remain
report rescue result return rice rich right ring rise river road rock roman roof room root rose rough round route royal
rule rural russian safety sailor salt sand saturday scale scene school science score sea season second secret section
seed senate series serve seven shadow shape share sharp ship shop shore short shoulder sign silver simple singer sister
sixth size skill sleep small smoke snow social soldier solid song south space spanish speak special speed spirit sport
spring square staff stage stamp standard star state station steam steel stone storm story strange stream street strong
student study style subject success sugar summer sunday supply surface sweet swim symbol system table talent target tax
teacher team temple tennis test text theatre theory thick third thousand thunder ticket tiger time title today tower
town track trade train travel treaty tree trial tribe triumph trouble true turn twelve uncle under union unit universe
upper urban valley value vast vehicle verse vessel victory village violin virus visit voice volume voyage wagon walk
wall war warm water wave wealth weapon weather week weight west wheat wheel white wide wild wind window wine winter
wisdom wolf woman wood word worker world worth write yard year yellow young youth zone
"""
_WORDS = _ENGLISH.split()


class Text(NamedTuple):
    """A text and the spans of the mentions in it, by characters."""

    text: str
    spans: list[tuple[int, int]]


class Thing(NamedTuple):
    """An entity, with what GLiNKER and glinker both know of one."""

    entity_id: str
    label: str
    aliases: tuple[str, ...]
    description: str


def draw_texts(count: int, shortest: int, longest: int, seed: str, mentions: int = 0) -> list[Text]:
    """Sentences of about 18 words, `shortest` to `longest` words a text, with mentions of one to three words."""
    random = Random(f"texts {seed}")
    return [_text(random, random.randint(shortest, longest), mentions) for _ in range(count)]


def _text(random: Random, length: int, mentions: int) -> Text:
    words = random.choices(_WORDS, k=length)
    starts, at = [], 0
    for index, word in enumerate(words):
        shown = word.capitalize() if index % 18 == 0 else word
        words[index] = f"{shown}." if index % 18 == 17 else shown
        starts.append(at)
        at += len(words[index]) + 1
    every = length // mentions if mentions else 0
    firsts = [random.randrange(part * every, (part + 1) * every - 2) for part in range(mentions)]
    lasts = [first + random.randrange(min(3, every)) for first in firsts]
    spans = [(starts[a], starts[b] + len(words[b].rstrip("."))) for a, b in zip(firsts, lasts, strict=True)]
    return Text(" ".join(words), spans)


def draw_things(count: int, words: int, seed: str, names: Sequence[Sequence[str]] = ()) -> list[Thing]:
    """Entities whose label and description have `words` words together; `names` are more names of the first of them."""
    random = Random(f"things {seed}")
    things = []
    for number in range(count):
        label = f"{' '.join(random.choices(_WORDS, k=2)).title()} {number}"
        aliases = tuple(names[number]) if number < len(names) else ()
        things.append(Thing(f"E{number}", label, aliases, " ".join(random.choices(_WORDS, k=words - 3))))
    return things


def draw_pools(texts: Sequence[Text], things: int, size: int, seed: str) -> list[list[list[int]]]:
    """Per text and mention the numbers of `size` different entities."""
    random = Random(f"pools {seed} {size}")
    return [[random.sample(range(things), size) for _ in text.spans] for text in texts]
