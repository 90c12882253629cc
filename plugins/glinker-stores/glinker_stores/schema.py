"""The tables of a store in SQL, and how a file says that it is one.

    entity   one row per entity; aliases and metadata are JSON. A row is never changed: new content gets a new number,
             so that nothing that refers to an old one can pass for current
    name     each name of each entity under its key (`names.normalise`)
    segment  each key that has a name, under each of its segments (`index.segments`)
    meta     the revision

All but `entity` are kept in order of their primary key, which is all the index they need.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

#: "glnk": what SQLite keeps in the header of a file for programs to know their own.
APPLICATION_ID = 0x676C6E6B
#: Moves when the code before could not read a file any more, or would find other keys in it than it looks for: with
#: the tables, with `index.cuts`, and with `names.normalise`.
VERSION = 1


class _Number(UserDefinedType[float]):
    """A number kept as it is: the declared type gives no affinity, so that 1 stays an int and 1.0 a float."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "BLOB"


tables = sa.MetaData()

entity = sa.Table(
    "entity",
    tables,
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("entity_id", sa.Text, nullable=False, unique=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("entity_type", sa.Text, nullable=False),
    sa.Column("popularity", _Number, nullable=False),
    sa.Column("aliases", sa.Text, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
)
name = sa.Table(
    "name",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("entity", sa.Integer, primary_key=True),
    sa.Column("surface", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
segment = sa.Table(
    "segment",
    tables,
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
meta = sa.Table(
    "meta",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What one write gathers: names to add, and keys that lost a name; then the keys whose segments change, by length.
# Everything is sorted once at the end, whatever the order of the entities: pages are then written once, not at random.
staging = sa.MetaData()

staged = sa.Table(
    "staged",
    staging,
    sa.Column("key", sa.Text),
    sa.Column("entity", sa.Integer),
    sa.Column("surface", sa.Text),
    prefixes=["TEMP"],
)
dropped = sa.Table("dropped", staging, sa.Column("key", sa.Text), prefixes=["TEMP"])
touched = sa.Table(
    "touched",
    staging,
    sa.Column("length", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    prefixes=["TEMP"],
    sqlite_with_rowid=False,
)

#: Of an entity that was replaced within one write, the earlier names must not be added.
FORGET_STALE = sa.text("DELETE FROM staged WHERE entity NOT IN (SELECT row FROM entity)")
ADD_NAMES = sa.text("INSERT INTO name SELECT key, entity, surface FROM staged ORDER BY 1, 2, 3")

TOUCH_LOST = sa.text("""
    INSERT INTO touched SELECT length(key), key FROM dropped
    WHERE NOT EXISTS (SELECT 1 FROM name WHERE name.key = dropped.key) GROUP BY 1, 2
""")
TOUCH_NEW = sa.text("INSERT INTO touched SELECT length(key), key FROM staged GROUP BY 1, 2")

# One segment of the keys of one length at a time: what is sorted then fits the cache of a processor.
DROP_SEGMENTS = sa.text("""
    DELETE FROM segment WHERE (segment, key) IN (
        SELECT :place || substr(key, :first, :letters), key FROM touched WHERE length = :length
    )
""")
ADD_SEGMENTS = sa.text("""
    INSERT INTO segment SELECT :place || substr(key, :first, :letters), key FROM touched WHERE length = :length
    ORDER BY 1 ON CONFLICT DO NOTHING
""")
