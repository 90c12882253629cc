"""Texts to try components on: ordinary ones with names of the contract's entities, and nasty ones."""

from __future__ import annotations

from collections.abc import Mapping

#: Ordinary sentences; every one holds names of `entities.ENTITIES`, some of them several times or as homonyms.
TEXTS: tuple[str, ...] = (
    "Paris Hilton flew from Paris to Amman, the capital of Jordan.",
    "NASA sent a probe to Mercury, the planet closest to the Sun.",
    "Michael Jordan never played in Zürich, nor in Paris, Texas, nor in 東京.",
    "In the myth Paris took Helen to Troy, and Mercury told the gods. Paris paid for it.",
    "Springfield is a city in the United States; Constantinople was the capital of an empire.",
    "Nothing to see here.",
    "MERCURY IS A METAL. IT IS ALSO A PLANET.",
)

#: Texts that break naive code, by what is nasty about them. Most hold a name behind the nasty part, so that offsets
#: in bytes, UTF-16 units or grapheme clusters are wrong for it.
NASTY: Mapping[str, str] = {
    "empty": "",
    "blank": " \t\n\u00a0\u3000 ",
    "decomposed": "Zu\u0308rich et la Ville Lumie\u0300re, puis Paris",
    "many_marks": "Z\u0351\u036b\u0343a\u030a\u0320l\u0337go near Paris",
    "cjk": "東京は日本の首都です。Paris も都市です。",
    "hangul_jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af Paris",
    "emoji_zwj": "👩\u200d👩\u200d👧\u200d👦 left Paris 👩🏽\u200d🚀 for Mercury",
    "flags": "🇫🇷🇯🇴 Paris, Jordan 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "right_to_left": "ביקרתי ב-Paris אתמול, \u202bثم القاهرة\u202c and Paris",
    "nul": "before\x00after Paris\x00",
    "controls": "\ufeffParis\u200b\u2060 \x1b[31mMercury\x1b[0m \x85\u2028\u2029Jordan",
    "lone_surrogates": "\ud83d broken \udc00 Paris \udfff",
    "crlf": "Paris\r\n\r\nMercury\rJordan\n",
    "astral": "𝔓𝔞𝔯𝔦𝔰 𝒫𝒶𝓇𝒾𝓈 Paris",
    "case_expands": "STRAẞE İstanbul ŉ ﬁn in Paris",
    "punctuation": '!!! C++ C# ... "Paris" — (Paris) [Paris]',
    "adjacent": "ParisParis Paris.Paris,Paris/Paris",
    "repeated": "Paris " * 50,
    "one_long_word": "a" * 5_000 + " Paris",
    "very_long": "The train was late and nobody said why. " * 300 + "It came from Paris.",
}

#: Names nobody has, for which every search must find nothing.
UNKNOWN_NAMES: tuple[str, ...] = (
    "", " ", "\t\n", "qqqqzzzzxxxx", "Zzyzx Qwrtpsd Vbnmkl", "\x00", "\u200d", "\u0301", "%", "_", "*", "?", "\\", "'",
    '"', "'; DROP TABLE entities; --",    "{}", "[a-z]*", "🏴\u200d☠️", "\ud83d", "x" * 10_000,
)  # fmt: skip

__all__ = ["NASTY", "TEXTS", "UNKNOWN_NAMES"]
