"""Many documents into a folder of parts, each written once: a run can be stopped anywhere and goes on where it was.

`run.py` is what a caller sees. Documents become parts (`parts.py`), an engine (`engines.py`) has workers link them
(`worker.py`), and the manifest (`manifest.py`) says which are done.
"""
