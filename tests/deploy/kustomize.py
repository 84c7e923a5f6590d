"""Reads the manifests as kustomize does, as far as these use it: resources, components, patches.

`kubectl kustomize` is the real thing; it is no package of PyPI.
"""

import copy
import pathlib
from typing import Any

import yaml

Body = dict[str, Any]

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
FOLDERS = sorted(file.parent for file in DEPLOY.rglob("kustomization.yaml"))


def load(file: pathlib.Path) -> list[Body]:
    """The documents of a file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def kustomization(folder: pathlib.Path) -> Body:
    """What the folder is made of."""
    (found,) = load(folder / "kustomization.yaml")
    return found


def manifests() -> list[Body]:
    """Every object of every file, before any patch."""
    listed = [
        folder / name for folder in FOLDERS for name in kustomization(folder).get("resources", [])
    ]
    return [body for file in listed if file.is_file() for body in load(file)]


def rendered(folder: pathlib.Path, *components: str) -> list[Body]:
    """The objects of a folder, with its components and others of deploy/components."""
    made = kustomization(folder)
    objects = _resources(folder, made)
    inner = [folder / name for name in made.get("components", [])]
    for component in (*inner, *(DEPLOY / "components" / name for name in components)):
        objects += _resources(component, kustomization(component))
        _patch(objects, kustomization(component))
    _patch(objects, made)
    return objects


def _resources(folder: pathlib.Path, made: Body) -> list[Body]:
    objects: list[Body] = []
    for name in made.get("resources", []):
        place = folder / name
        objects += rendered(place) if place.is_dir() else copy.deepcopy(load(place))
    return objects


def _patch(objects: list[Body], made: Body) -> None:
    for patch in made.get("patches", []):
        target = patch["target"]
        (found,) = [
            body
            for body in objects
            if (body["kind"], body["metadata"]["name"]) == (target["kind"], target["name"])
        ]
        for step in yaml.safe_load(patch["patch"]):
            _apply(found, step)


def _apply(body: Body, step: Body) -> None:
    """One step of a JSON patch (RFC 6902)."""
    *way, last = step["path"].strip("/").split("/")
    at: Any = body
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if step["op"] == "test":
        assert (at[int(last)] if isinstance(at, list) else at[last]) == step["value"]
    elif last == "-":
        at.append(step["value"])
    else:
        assert step["op"] == "add" or last in at, f"{step['path']}: there is nothing to replace"
        at[last] = step["value"]
