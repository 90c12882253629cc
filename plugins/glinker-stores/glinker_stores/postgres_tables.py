"""The tables of `schema.py` as PostgreSQL keeps them, in a schema of their own.

    entity     as in SQLite; `popularity` is a decimal number, which keeps every int and every float exactly
    name       without a primary key: the key of a long name does not fit into an ordered index, its hash always does
    described  the words of each description, with spaces between them
    meta       also the version of these tables, under `VERSION_KEY`

Whatever is compared or ordered is so by code points, whatever the language of the database.
"""

from __future__ import annotations

#: Where `meta` has the version of the tables; a name that no other program gives to a row of a table called `meta`.
VERSION_KEY = "glinker_stores"

CREATE = """
    CREATE TABLE entity (
        "row" bigint PRIMARY KEY,
        entity_id text COLLATE "C" NOT NULL UNIQUE,
        label text NOT NULL,
        description text NOT NULL,
        entity_type text COLLATE "C" NOT NULL,
        popularity numeric NOT NULL,
        aliases text NOT NULL,
        metadata text NOT NULL,
        seal bigint NOT NULL
    );
    CREATE TABLE name (
        key text COLLATE "C" NOT NULL, entity bigint NOT NULL, surface text NOT NULL, popularity numeric NOT NULL,
        seal bigint NOT NULL
    );
    CREATE INDEX name_key ON name USING hash (key);
    CREATE INDEX name_entity ON name (entity);
    CREATE TABLE described (entity bigint PRIMARY KEY, words text COLLATE "C" NOT NULL);
    CREATE INDEX described_words ON described USING gin (string_to_array(words, ' '));
    CREATE TABLE block (
        part bigint, "array" text COLLATE "C", number bigint, data bytea NOT NULL, PRIMARY KEY (part, "array", number)
    );
    ALTER TABLE block ALTER data SET STORAGE EXTERNAL;
    CREATE TABLE space (
        space bigint PRIMARY KEY,
        model text COLLATE "C" NOT NULL,
        template text COLLATE "C" NOT NULL,
        dimension bigint NOT NULL,
        UNIQUE (model, template)
    );
    CREATE TABLE embedding (space bigint, entity bigint, vector bytea NOT NULL, PRIMARY KEY (entity, space));
    CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)
"""

STAGE = """
    CREATE TEMPORARY TABLE staged (
        key text COLLATE "C", entity bigint, surface text, popularity numeric, seal bigint
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE dropped (key text COLLATE "C") ON COMMIT DROP
"""

#: Whether the user may look into the schema; nothing if there is none.
USABLE = "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = %s"

#: Each table of the schema that is ours and there, with each of its columns.
COLUMNS = """
    SELECT relname::text, attname::text
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = to_regnamespace(%s) AND relname = ANY(%s) AND attnum > 0 AND NOT attisdropped
"""

#: Whether the transaction wrote so much that the statistics, by which PostgreSQL plans, are of another table.
OUTGROWN = """
    SELECT pg_stat_get_xact_tuples_inserted(oid) > greatest(1000, reltuples / 10)
    FROM pg_catalog.pg_class WHERE oid = 'name'::regclass
"""
