"""Which keys may be meant by a name that is no key itself: an inverted index over all keys of a store.

    passjoin.py   why no key within two edits is missed
    letters.py    many keys as one array of letters, and hashes of any pieces of them
    terms.py      what keys are found by: segments, words, word sets, initials, 3-grams
    part.py       the keys of one write with their postings, as arrays that are stored as they are
    parts.py      the parts of a store: what the newest says about a key counts; small ones are merged
    modes.py      one function per search mode, from names to keys with their qualities

Nothing here knows where entities are kept: stores hand in keys with the popularity of their most popular entity, and
ask for keys. Hashes may collide, so everything that is found is compared in full before it is an answer.
"""
