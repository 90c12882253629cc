"""The shortest ways to an executor: a file, a mapping, or the name of a model."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from glinker_core.executor import DAGExecutor
from glinker_core.plugins import Plugins


class ProcessorFactory:
    """GLiNKER's three ways in, as static methods."""

    @staticmethod
    def create_pipeline(
        path: str | os.PathLike[str], verbose: bool = False, *, plugins: Plugins | None = None
    ) -> DAGExecutor:
        """An executor of a pipeline file."""
        return DAGExecutor(path, verbose, plugins=plugins)

    @staticmethod
    def create_from_dict(
        config: Mapping[str, Any], verbose: bool = False, *, plugins: Plugins | None = None
    ) -> DAGExecutor:
        """An executor of a pipeline as a mapping."""
        return DAGExecutor(config, verbose, plugins=plugins)

    @staticmethod
    def create_simple(
        model_name: str,
        device: str = "cpu",
        threshold: float = 0.5,
        template: str = "{label}",
        max_length: int | None = 512,
        token: str | None = None,
        entities: Any = None,
        precompute_embeddings: bool = False,
        verbose: bool = False,
        reranker_model: str | None = None,
        reranker_max_labels: int = 20,
        reranker_threshold: float | None = None,
        external_entities: bool = False,
        *,
        plugins: Plugins | None = None,
    ) -> DAGExecutor:
        """An executor of L2, L3 (and L4) and L0 for one GLiNER linker.

        Without L1, the linker finds mentions of all entities in the store by itself; with `external_entities` the
        caller gives them. `token` is kept out of everything that is logged or saved.
        """
        model: dict[str, Any] = {"device": device, "max_length": max_length}
        if token is not None:
            model["token"] = token
        schema = {"template": template}
        chain: dict[str, Any] = {"layers": [{"type": "dict", "search_mode": ["exact"]}]}
        if not external_entities:
            chain["max_candidates"] = sys.maxsize  # whatever is in the store
        nodes: list[dict[str, Any]] = [{"id": "l1", "processor": "l1_external"}] if external_entities else []
        nodes.append({"id": "l2", "processor": "l2_chain", "schema": schema, "config": chain})
        linker = {"model_name": model_name, "threshold": threshold, "use_precomputed_embeddings": True, **model}
        nodes.append({"id": "l3", "processor": "l3_batch", "schema": schema, "config": linker})
        if reranker_model:
            limit = threshold if reranker_threshold is None else reranker_threshold
            reranker = {"model_name": reranker_model, "threshold": limit, "max_labels": reranker_max_labels, **model}
            nodes.append({"id": "l4", "processor": "l4_reranker", "schema": schema, "config": reranker})
        nodes.append({"id": "l0", "processor": "l0_aggregator", "config": {"strict_matching": external_entities}})
        executor = DAGExecutor({"name": "simple", "nodes": nodes}, verbose, plugins=plugins)
        if entities is not None:
            try:
                executor.load_entities(entities)
                if precompute_embeddings:
                    executor.precompute_embeddings()
            except BaseException:
                executor.close()
                raise
        return executor
