"""GLiNER layers side by side in one run: ours, GLiNKER's, and the bare library, on models with random weights.

    python benchmarks/gliner_speed.py FOLDER [--glinker-python PATH] [--parts l1,l3] [--quick] [--json F] [--plot F]

FOLDER keeps the models of the published shapes (`shapes.py`), which are made if they are not there. GLiNKER runs in an
interpreter of its own, PATH; without one it is left out. All ways do the same work in rounds, another one first in
each; ratios are medians over the rounds. The clock is that of the processor, which others on the machine lengthen less;
with more than one thread only the one on the wall means something (`--clock wall`). Compare only what one run measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

os.environ |= {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1"}
PARTS = ("l1", "l3", "l4", "pipeline", "labels", "load")
SHAPES = ("edge", "small", "base", "large", "linker-base", "linker-large")


def main() -> None:
    """Measure the parts, print the tables, write what was asked for."""
    options = _options()
    import torch
    from gliner_parts import PARTS as RUN
    from gliner_parts import Bench
    from gliner_peer import Child
    from gliner_rounds import as_json, draw, show, show_bars

    torch.set_num_threads(options.threads)
    child = Child(options.glinker_python, options.threads) if options.glinker_python else None
    bench = Bench(options.folder, options.shape, options.rounds, options.size, options.clock, child)
    print(f"{_machine(torch.__version__)}; shape {options.shape}; {options.threads} torch threads, ", end="")
    print(f"{options.rounds} rounds, ", end="")
    print(f"clock: {options.clock}; {child.version if child else 'GLiNKER: not measured, give --glinker-python'}")
    parts = {}
    for name in options.parts:
        print(f"... {name}", file=sys.stderr, flush=True)
        parts[name] = RUN[name](bench)
        show(parts[name], options.clock)
    if child:
        child.close()
    show_bars(parts)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    if options.json:
        options.json.write_text(json.dumps(as_json(parts), indent=1) + "\n", encoding="utf-8")
    if options.plot:
        draw(parts, options.clock, options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glinker-python", type=Path, metavar="PATH", help="an interpreter that has GLiNKER")
    parser.add_argument("--shape", choices=SHAPES, default="edge", help="of the bi-encoder (default: %(default)s)")
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="three rounds of a twentieth of the work")
    parser.add_argument("--size", type=float, default=1.0, help="of the work (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--plot", type=Path, help="write a picture to this file, .png or .svg")
    options = parser.parse_args()
    if options.quick:
        options.size, options.rounds = 0.05, 3
    options.parts = options.parts.split(",")
    if unknown := set(options.parts) - set(PARTS):
        sys.exit(f"--parts: unknown {', '.join(sorted(unknown))}; known are {', '.join(PARTS)}")
    if options.plot and find_spec("matplotlib") is None:  # said now, not when everything is measured
        sys.exit("--plot: needs matplotlib; run: pip install matplotlib")
    return options


def _machine(torch_version: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "unknown processor")
    return f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch_version}"


if __name__ == "__main__":
    main()
