"""What PostgreSQL and its driver say, and what that means for whoever reads it."""

from __future__ import annotations

_LONGEST = 300
_REACH = "cannot be reached; start the server, or correct 'url' or 'host' and 'port'"
_REFUSED = "refuses the user or the password; correct 'user' and 'password', or those in 'url'"
_FULL = "takes no more connections; close some, lower 'pool_size', or raise its max_connections"
_GOING = "is starting, stopping or failing over; try again when it is up"
_RIGHTS = "the user may not do that; ask the owner for rights on the schema, or name another 'schema'"
_NO_DATABASE = "there is no such database; make it (createdb), or correct 'database', or the one in 'url'"

#: By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or by its first two signs.
_STATES = {
    "57014": "no answer within {timeout:g} s; see what the server is doing (pg_stat_activity), or raise 'timeout'",
    "55P03": "another writer did not finish within {timeout:g} s; try again, or raise 'timeout'",
    "25006": "the server only reads, as a replica does; name the one that is written to, or set read_only: true",
    "25P03": "the server ended a transaction that was idle for too long; give entities faster, or raise its timeout",
    "40001": "a replica could not keep the state that was read; try again, or read from the server that is written to",
    "42501": _RIGHTS,
    "3F000": "the schema is gone; import the entities again",
    "42P01": "tables of the store are gone; import the entities again",
    "54000": "an id is too long to be found by; ids may have about 2,600 bytes, if they do not repeat themselves",
    "53100": "the disk of the server is full, nothing was written; free some space and try again",
    "53200": "the server is out of memory; try again, or give it more",
    "53300": _FULL,
    "57P0": _GOING,
    "28": _REFUSED,
    "3D000": _NO_DATABASE,
    "08": _REACH,
    "XX": "its data are damaged; restore them, or import the entities into another schema",
}
#: By the words of failures to connect, which have no SQLSTATE; the first that are there count.
_WORDS = {
    "too many": _FULL,
    "connection slots": _FULL,
    "password authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "authentication failed": _REFUSED,
    "pg_hba.conf": _REFUSED,
    "permission denied for database": _RIGHTS,
    "database ": _NO_DATABASE,
    "role ": _REFUSED,
    "starting up": _GOING,
    "shutting down": _GOING,
    "recovery mode": _GOING,
    "timeout expired": "does not answer; see whether the server is stopped or overloaded",
    "server closed the connection": "the connection broke off; see the log of the server, and try again",
    "invalid response": "is no PostgreSQL; correct 'host' and 'port', or 'url'",
    "SSL": "does not encrypt as it is asked to; correct 'sslmode' in 'url'",
    "invalid ": "'url' has an option that is not understood; correct it",
}


def explained(place: str, timeout: float, state: str | None, said: str) -> str:
    """A message to a user about a failure with that SQLSTATE and that text of the driver."""
    if state:
        meanings = [_STATES.get(state[:length]) for length in (5, 4, 2)]
        meaning = next(filter(None, meanings), "PostgreSQL failed")
    else:
        meaning = next((meaning for words, meaning in _WORDS.items() if words in said), _REACH)
    detail = said.partition("\n")[0][:_LONGEST]
    return f"{place}: {meaning.format(timeout=timeout)} ({detail})"
