"""How a model is asked: a command to try, and a page that says it."""

import html
import json
import shlex
from typing import Any

from modules.spec.features import RawType, argument_name
from pipeline.serving.kind import Kind
from pipeline.serving.model import Model
from pipeline.serving.signatures import DEFAULT, RAW
from pipeline.serving.versions import Versions

_VALUES: dict[RawType, Any] = {"number": 1.0, "text": "", "time": "2024-01-31T12:00:00"}


def command(model: Model, name: str, address: str) -> str:
    """A line for a shell that asks for one row; its values are there to be changed."""
    signature = RAW if RAW in model.signatures else DEFAULT
    inputs = model.signatures.get(signature, {})
    values = {}
    if model.interface is not None:
        columns = model.interface.columns
        values = {argument_name(column): _VALUES[kind] for column, kind in columns.items()}
    names = [each for each in values if each in inputs] or sorted(inputs)
    row = {each: _nested(inputs[each], values.get(each)) for each in names}
    body: dict[str, Any] = {"instances": [row]}
    if signature != DEFAULT:
        body = {"signature_name": signature, **body}
    url = f"{address}/v1/models/{name}:predict"
    return f"curl -d {shlex.quote(json.dumps(body, ensure_ascii=False))} {shlex.quote(url)}"


def _nested(kind: Kind, value: Any) -> Any:
    """A value in as many lists as a row of the input has."""
    if value is None:
        value = {"string": "", "bool": False}.get(kind.dtype, 1.0 if "float" in kind.dtype else 1)
    for length in reversed((kind.shape or ())[1:]):
        value = [value] * (length or 1)
    return value


def page(name: str, versions: Versions, address: str) -> str:
    """A page of HTML: what is served, what it takes, how it is asked."""
    model = versions.model
    rows = "".join(
        f"<tr><td>{html.escape(signature)}</td><td>{html.escape(each)}</td>"
        f"<td>{html.escape(str(kind))}</td></tr>"
        for signature, inputs in sorted(model.signatures.items())
        for each, kind in sorted(inputs.items())
    )
    skipped = "".join(
        f"<p>Version {number} cannot be served: {html.escape(why)}</p>"
        for number, why in versions.failed.items()
    )
    return _PAGE.format(
        name=html.escape(name),
        version=model.version,
        skipped=skipped,
        command=html.escape(command(model, name, address)),
        rows=rows,
    )


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{name}</title>
<style>body {{ font-family: sans-serif; margin: 2em; max-width: 60em }}
pre {{ white-space: pre-wrap; background: #eee; padding: 1em }}
td, th {{ text-align: left; padding-right: 2em }}</style></head>
<body><h1>{name}</h1>
<p>Version {version} is served, for trying it. Production is TensorFlow Serving's or KServe's.</p>
{skipped}<p>Ask it:</p>
<pre>{command}</pre>
<table><tr><th>signature</th><th>input</th><th>type</th></tr>{rows}</table>
<p><a href="v1/models/{name}">status</a>, <a href="v1/models/{name}/metadata">metadata</a>,
<a href="metrics">metrics</a></p>
</body></html>
"""
