"""Ten lines from a text to linked entities; run it from the root of the repository."""

from glinker_core import ConfigBuilder, DAGExecutor

builder = ConfigBuilder(name="demo")
builder.l1.gazetteer()
builder.l3.lexical()
executor = DAGExecutor(builder.get_config())
executor.load_entities("examples/entities.jsonl", target_layers=["dict"])
result = executor.execute({"texts": ["Farnese Palace is one of the most important palaces in the city of Rome."]})
for entity in result.get("l0_result").entities:
    if entity.linked_entity:
        print(f"{entity.mention_text} -> {entity.linked_entity.label}  {entity.linked_entity.score:.3f}")
