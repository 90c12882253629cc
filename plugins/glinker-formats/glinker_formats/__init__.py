"""Readers of entities: ontologies in OBO, thesauri in SKOS, Wikidata dumps, UMLS releases; Parquet both ways."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_readers() -> Iterator[Component]:
    """The readers of this distribution."""
    yield Component("obo", "glinker_formats.obo:OboReader", "terms of an OBO ontology", (".obo",))
    yield Component("parquet", "glinker_formats.parquet:ParquetReader", "rows of a Parquet file", (".parquet", ".pq"))
    yield Component(
        "skos",
        "glinker_formats.skos:SkosReader",
        "concepts of a SKOS vocabulary",
        (".ttl", ".nt", ".rdf", ".jsonld", ".skos.xml", ".skos.json"),
    )
    yield Component(
        "umls",
        "glinker_formats.umls:UmlsReader",
        "concepts of a UMLS release: MRCONSO.RRF, or its folder, with MRSTY.RRF and MRDEF.RRF",
        (".rrf",),
    )
    yield Component(
        "wikidata",
        "glinker_formats.wikidata:WikidataReader",
        "items of a Wikidata JSON dump",
        (".wikidata.json", ".wikidata.jsonl", ".wikidata.ndjson"),
    )


@hookimpl
def glinker_writers() -> Iterator[Component]:
    """Linked documents as Parquet."""
    yield Component("parquet", "glinker_formats.tables:ParquetWriter", "rows of a Parquet file", (".parquet", ".pq"))
