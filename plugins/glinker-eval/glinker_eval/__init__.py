"""Evaluation: gold standards in the usual formats, and measures of a pipeline against them."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl

_FORMATS = "glinker_eval.formats"


@hookimpl
def glinker_readers() -> Iterator[Component]:
    """Gold standards; our own JSON lines are read by the core."""
    yield Component("aida", f"{_FORMATS}.aida:AidaReader", "AIDA-CoNLL", (".conll", ".aida.tsv", ".aida"))
    bioc = ".bioc", ".bioc.xml", ".bioc.json", ".xml"
    yield Component("bioc", f"{_FORMATS}.biocs:BiocReader", "BioC, as XML or JSON", bioc)
    elevant = ".benchmark.jsonl", ".elevant.jsonl"
    yield Component("elevant", f"{_FORMATS}.lines:ElevantReader", "benchmarks of ELEVANT", elevant)
    yield Component("nif", f"{_FORMATS}.nif:NifReader", "NIF 2.0 in Turtle", (".nif", ".nif.ttl", ".ttl"))
    yield Component("pubtator", f"{_FORMATS}.pubtator:PubtatorReader", "PubTator", (".pubtator", ".pubtator.txt"))
    yield Component("zelda", f"{_FORMATS}.lines:ZeldaReader", "documents of ZELDA", (".zelda.jsonl",))


@hookimpl
def glinker_writers() -> Iterator[Component]:
    """Linked documents for others to read, and to compare with a gold standard."""
    yield Component("bioc", f"{_FORMATS}.writers:BiocWriter", "BioC in JSON", (".bioc.json",))
    yield Component("elevant", f"{_FORMATS}.writers:ElevantWriter", "benchmarks of ELEVANT", (".benchmark.jsonl",))
    yield Component("nif", f"{_FORMATS}.writers:NifWriter", "NIF 2.0 in Turtle", (".nif", ".nif.ttl", ".ttl"))


@hookimpl
def glinker_commands() -> Iterator[Component]:
    """Measuring a pipeline."""
    yield Component("eval", "glinker_eval.cli:app", "Measure a pipeline against a gold standard.")
    yield Component("explain", "glinker_eval.cli_explain:app", "Show what every stage made of the mentions of a text.")
    yield Component("fit", "glinker_eval.cli_fit:app", "Learn the weights of a pipeline from a gold standard.")
    told = "Learn from a gold standard how often a name means which entity."
    yield Component("kb learn-priors", "glinker_eval.cli_priors:app", told)
    yield Component("calibrate", "glinker_eval.cli_calibrate:app", "Make scores of links say how often they are right.")
