"""The tables of a store in SQL, and how a database says that it holds one.

    entity     one row per entity; aliases and metadata are JSON. A row is never changed: new content gets a new number,
               so that nothing that refers to an old one can pass for current
    name       each name of each entity under its key (`names.normalise`), with the popularity of the entity
    block      the index: for each write what it said about keys (`index.parts`), as arrays (`index.part`), in pieces
    space      what vectors were made with: a model and a template
    embedding  the vector of an entity in a space, 16-bit floats
    meta       the revision, which parts of the index there are, and the version of these tables where a database has
               no other place for it

All but `entity` are kept in order of their primary key, which is all the index they need. `seal` is by what a row that
was damaged on the disk is known.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

#: "glnk": what SQLite keeps in the header of a file for programs to know their own.
APPLICATION_ID = 0x676C6E6B
#: Moves when the code before could not read a file any more, or would find other keys in it than it looks for: with
#: the tables, with what is in `index`, and with `names.normalise`.
VERSION = 3


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
    sa.Column("seal", sa.Integer, nullable=False),
)
name = sa.Table(
    "name",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("entity", sa.Integer, primary_key=True),
    sa.Column("surface", sa.Text, primary_key=True),
    sa.Column("popularity", _Number, nullable=False),
    sa.Column("seal", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
block = sa.Table(
    "block",
    tables,
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("array", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
space = sa.Table(
    "space",
    tables,
    sa.Column("space", sa.Integer, primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.UniqueConstraint("model", "template"),
)
embedding = sa.Table(
    "embedding",
    tables,
    sa.Column("space", sa.Integer, primary_key=True),
    sa.Column("entity", sa.Integer, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)
meta = sa.Table(
    "meta",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What one write gathers: names to add, and keys that lost a name. They are sorted once at the end, whatever the order
# of the entities: pages are then written once, not at random.
staging = sa.MetaData()

staged = sa.Table(
    "staged",
    staging,
    sa.Column("key", sa.Text),
    sa.Column("entity", sa.Integer),
    sa.Column("surface", sa.Text),
    sa.Column("popularity", _Number),
    sa.Column("seal", sa.Integer),
    prefixes=["TEMPORARY"],
)
dropped = sa.Table("dropped", staging, sa.Column("key", sa.Text), prefixes=["TEMPORARY"])

#: Of an entity that was replaced within one write, the earlier names must not be added.
FORGET_STALE = sa.text("DELETE FROM staged WHERE NOT EXISTS (SELECT 1 FROM entity WHERE row = staged.entity)")
ADD_NAMES = sa.text("INSERT INTO name SELECT key, entity, surface, popularity, seal FROM staged ORDER BY 1, 2, 3")
#: Each key that changed, with the popularity of its most popular entity, or -1 (`index.part.GONE`) if no name has it.
CHANGED = """
    SELECT changed.key, COALESCE(max(name.popularity), -1)
    FROM (SELECT key FROM staged UNION SELECT key FROM dropped) AS changed LEFT JOIN name ON name.key = changed.key
    GROUP BY changed.key ORDER BY changed.key
"""
#: The same of all keys there are: quicker, and the same where there was none before.
ALL = "SELECT key, max(popularity) FROM name GROUP BY key ORDER BY key"
