"""A small knowledge base to try components on: homonyms, ties, names of many scripts, and names that are hostile."""

from __future__ import annotations

from collections.abc import Mapping

from glinker_core.model import Entity

#: In no useful order, so that whoever keeps the order of insertion is found out.
ENTITIES: tuple[Entity, ...] = (
    Entity("person-hilton", "Paris Hilton", ("Paris",), "American media personality and hotel heiress", "person", 60),
    Entity("city-paris-tx", "Paris", ("Paris, Texas",), "city in Lamar County, Texas, United States", "city", 25),
    Entity("myth-paris", "Paris", ("Alexander of Troy",), "prince of Troy in Greek myth who took Helen", "person", 60),
    Entity("city-paris-fr", "Paris", ("Ville Lumière", "Lutetia"), "capital of France, on the Seine", "city", 900.5),
    Entity("river-jordan", "Jordan River", ("Jordan",), "river that flows into the Dead Sea", "river", 80),
    Entity("country-jordan", "Jordan", ("Hashemite Kingdom of Jordan",), "its capital is Amman", "country", 500),
    Entity("person-jordan", "Michael Jordan", ("Jordan", "MJ"), "American who played basketball", "person", 500),
    Entity("god-mercury", "Mercury", ("Mercurius",), "messenger of the gods in Roman myth", "god", 40),
    Entity("planet-mercury", "Mercury", (), "planet closest to the Sun", "planet", 300),
    Entity("metal-mercury", "mercury", ("quicksilver", "Hg"), "metal that is liquid when warm", "element", 300),
    Entity("city-zurich", "Zürich", ("Zurich", "Züri"), "largest city of Switzerland", "city", 200),
    Entity("city-tokyo", "Tokyo", ("東京", "Tōkyō"), "capital of Japan", "city", 800),
    Entity("city-cairo", "Cairo", ("القاهرة",), "capital of Egypt", "city", 300),
    Entity("city-istanbul", "Istanbul", ("Constantinople", "İstanbul"), "largest city of Türkiye", "city", 400),
    Entity("country-us", "United States", ("US", "U.S.", "USA"), "country in North America", "country", 1_000),
    Entity("magazine-us", "Us", ("Us Weekly",), "American celebrity magazine", "magazine", 5),
    Entity("twin-b", "Springfield", (), "city in the United States", "city", 10),
    Entity("twin-a", "Springfield", (), "city in the United States", "city", 10),
    Entity("twin-c", "Springfield", (), "city in the United States", "city", 10),
    Entity("language-cpp", "C++", ("C plus plus",), "programming language", "language", 90),
    Entity("band-chk", "!!!", ("Chk Chk Chk",), "American dance-punk band", "band", 3),
    Entity("bare", "Erewhon"),
    Entity("full", "Utopia", ("No Place", "Utopia"), "island", "place", 0.125, {"year": 1516, "tags": ["a", "é"]}),
)

#: Names that several entities have, with the ids in the order a store must give them: popularity, then id.
HOMONYMS: Mapping[str, tuple[str, ...]] = {
    "Paris": ("city-paris-fr", "myth-paris", "person-hilton", "city-paris-tx"),
    "Jordan": ("country-jordan", "person-jordan", "river-jordan"),
    "Springfield": ("twin-a", "twin-b", "twin-c"),
}

#: Names in `texts.TEXTS` that no entity has: mentions that are NIL.
NIL_NAMES: tuple[str, ...] = ("Amman", "Helen", "Sun")

#: Entities whose ids and names break naive code; a store may refuse them, but not lose or change them.
HOSTILE: tuple[Entity, ...] = (
    Entity("quote'\"`", 'O\'Brien "Bob" `x`'),
    Entity("sql", "'); DROP TABLE entities; --"),
    Entity("like", "100%_sure\\", ("[a-z]*", "?*")),
    Entity("id with spaces / and : colons", "spaced  out", (" leading", "trailing ")),
    Entity("emoji-👩\u200d🚀", "👩\u200d🚀", ("🇫🇷",)),
    Entity("decomposed", "Zu\u0308richberg", ("Zürichberg",)),
    Entity("newline", "two\nlines", ("tab\tbed", "cr\rlf\r\n")),
    Entity("long", "long " * 400, ("y" * 3_000,)),
    Entity("json", '{"a": [1, null]}', ("null", "None", "true", "NaN")),
    Entity("digits", "007", ("7", "7.0")),
    Entity("nul", "be\x00fore", ("\x00",)),
    Entity("surrogate", "half \ud83d", ("\udc00",)),
)

__all__ = ["ENTITIES", "HOMONYMS", "HOSTILE", "NIL_NAMES"]
