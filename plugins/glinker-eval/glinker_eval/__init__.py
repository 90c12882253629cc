"""Evaluation: gold standards in the usual formats, and measures of a pipeline against them."""

from __future__ import annotations
