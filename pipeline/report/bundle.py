"""The JavaScript that draws charts: Vega-Lite, Vega and Vega-Embed in one file."""

import contextlib
import functools
import importlib.metadata
import os
import pathlib

from pipeline.local import whole

_PACKAGE = "vl-convert-python"  # brings Vega, and a bundler that takes over a second
_EXPOSE = "window.vegaEmbed = vegaEmbed;"


@functools.cache
def bundle() -> str:
    """The source, from the user's cache where it is there already."""
    folder = _folder()
    kept = folder / f"vega-{importlib.metadata.version(_PACKAGE)}.js" if folder else None
    if kept:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return kept.read_text(encoding="utf-8")
    import vl_convert

    source = vl_convert.javascript_bundle(_EXPOSE)
    if kept:
        with contextlib.suppress(OSError):  # then the next report bundles again
            whole.write(kept, source.encode())
    return source


def _folder() -> pathlib.Path | None:
    """Where programs keep what they can make again (XDG Base Directory Specification 0.8).

    None for a user without a home, as containers have them.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        cache = pathlib.Path(named) if named.startswith("/") else pathlib.Path.home() / ".cache"
    except RuntimeError:
        return None
    return cache / "headrace"
