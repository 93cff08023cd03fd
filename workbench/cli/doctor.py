"""`workbench doctor`: what this machine is and can at best, what works here, how noisy it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.catalogue import ENGINES, GPU_NOT_VERIFIED, Package
from workbench.cli.options import JsonFile

if TYPE_CHECKING:
    from workbench.record import Roof

Check = tuple[str, str | None]
"""What was found, and what to do where that is not right."""


def doctor(
    empty: Annotated[
        bool, typer.Option("--empty-caches", help="Remove tried models, conversions and received files, which are made again.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Say what this machine is and does at best, what works here and how noisy it is."""
    from rich.table import Table
    from rich.text import Text

    from workbench.cli.screen import console, write_json
    from workbench.errors import shown
    from workbench.files import CACHE_BYTES, caches, empty_caches
    from workbench.history import default_path
    from workbench.machine import environment, quick_noise

    if empty:
        empty_caches()
    facts, noise, kept = environment(), quick_noise(), caches()
    checks = {**dict(_engines()), **{name: _attempted(check) for name, check in CHECKS.items()}}
    roof, at_best = _roof()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("processor", f"{facts.cpu}, {facts.cores} usable cores")
    table.add_row("memory", f"{facts.memory_bytes / 1024**3:.1f} GiB")
    table.add_row("system", f"{facts.system}, Python {facts.python}")
    for name, (found, remedy) in checks.items():
        table.add_row(name, Text.assemble(shown(found), (f" {shown(remedy)}" if remedy else "", "red")))
    table.add_row("noise", f"{noise.verdict}{': ' if noise.reasons else ''}{'; '.join(noise.reasons)}")
    table.add_row("at best", at_best)
    table.add_row("history", str(default_path()))
    sizes = [f"{folder} {size / 1e6:,.1f} MB" for folder, size in kept.items()]
    limit = f"; what runs and sweeps keep is at most {CACHE_BYTES / 1e9:.1f} GB each, and --empty-caches empties all"
    table.add_row("caches", f"{', '.join(sizes)}{limit}" if sizes else "empty")
    console(json_file).print(table)
    found_all = {name: {"found": found, "remedy": remedy} for name, (found, remedy) in checks.items()}
    tree = {"environment": facts.model_dump(), "noise": noise.model_dump(), "checks": found_all}
    tree |= {"roof": roof.model_dump()} if roof is not None else {}
    write_json(json_file, tree | {"caches": {str(folder): size for folder, size in kept.items()}})


def _roof() -> tuple[Roof | None, str]:
    """Measure what this machine does at best, and say it; or why that is not known."""
    from workbench.errors import UnavailableError
    from workbench.hardware import usable_cores

    try:
        from workbench.profile import machine_roof
        from workbench.record import roof_words

        roof = machine_roof()
    except (ImportError, UnavailableError) as error:
        return None, f"not measured ({error})"
    return roof, f"{roof_words(roof)}; on {usable_cores()} threads"


def _attempted(check: Callable[[], Check]) -> Check:
    """Check, where what the check needs loads; what does not load has a line of its own."""
    try:
        return check()
    except ImportError as error:
        return f"not known ({error})", None


def _loaded(package: Package) -> Check:
    from workbench.detectors import load_tensorflow
    from workbench.machine import environment

    try:
        load_tensorflow() if package.module == "tensorflow" else import_module(package.module)
    except ImportError as error:
        return f"does not load ({error})", f"install it with `pip install {package.name}`"
    return environment().versions.get(package.name) or "loads", None


def _engines() -> Iterator[tuple[str, Check]]:
    """Give each runtime: loaded, to see that it does, or merely looked for where many do without it."""
    from workbench.engines import missing_packages
    from workbench.machine import environment

    for runtime in dict.fromkeys(row.runtime for row in ENGINES.values()):
        row = next(row for row in ENGINES.values() if row.runtime == runtime)
        package = row.packages[0] if row.packages else None
        version = (environment().versions.get(package.name) if package else None) or "there"
        if row.optional or package is None:
            yield row.runtime, (missing_packages(row) or version, None)
        else:
            yield row.runtime, _loaded(package)


def _opencv() -> Check:
    try:
        import cv2
    except ImportError as error:
        remedy = (
            "libGL is missing: run `make setup`, which puts opencv-python-headless in its place" if "libGL" in str(error) else ""
        )
        return f"does not load ({error})", remedy or "install it with `pip install opencv-python`"
    return str(cv2.__version__), None


def _gpus() -> Check:
    import tensorflow as tf

    return gpus_seen([device.name for device in tf.config.list_physical_devices("GPU")]), None


def gpus_seen(names: Sequence[str]) -> str:
    """Say which GPUs there are, and what is known of running there."""
    return f"{', '.join(names)}; {GPU_NOT_VERIFIED}" if names else "none that TensorFlow sees: runtime.device stays cpu"


def _samples() -> Check:
    from workbench.samples import SAMPLE_CLIP, SAMPLE_DETECTORS, SAMPLE_MEDIA, WEIGHTS

    missing = [name for name in SAMPLE_DETECTORS if not (WEIGHTS / f"{name}.keras").exists()]
    if missing:
        return f"no weights of {', '.join(missing)}", f"run `python -m sample_media.making train {missing[0]}` in a checkout"
    if not SAMPLE_CLIP.exists():
        return f"no clip in {SAMPLE_MEDIA}", "run `python -m sample_media.making media` in a checkout"
    return f"{', '.join(SAMPLE_DETECTORS)}; {SAMPLE_MEDIA}", None


CHECKS: dict[str, Callable[[], Check]] = {
    "OpenCV": _opencv,
    "GPU": _gpus,
    "samples": _samples,
}
