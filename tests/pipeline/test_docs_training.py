"""The page that lists losses, optimizers, schedules, metrics and callbacks."""

import pathlib
import re
import typing

import pytest

from modules.spec.callbacks import Callback
from modules.spec.losses import Loss
from modules.spec.metrics import Metric
from modules.spec.optimizers import Optimizer, Schedule

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
SECTIONS = {
    "Losses": Loss,
    "Optimizers": Optimizer,
    "Schedules": Schedule,
    "Metrics": Metric,
    "Callbacks": Callback,
}


def rows(section):
    """The cells of each row of a section's table, by name."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): " | ".join(row[1:]) for row in cells}


def written(field):
    """A default as the page has it."""
    default = field.default
    if field.is_required():
        return "required"
    if isinstance(default, bool) or default is None:
        return str(default).lower()
    if isinstance(default, tuple):
        return f"[{', '.join(f'{number:g}' for number in default)}]"
    return default if isinstance(default, str) else f"{default:g}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_name_is_on_the_page_with_its_keys_and_defaults(section):
    arms = typing.get_args(typing.get_args(SECTIONS[section])[0])
    expected = {
        arm.model_fields["name"].default: {
            name: written(field) for name, field in arm.model_fields.items() if name != "name"
        }
        for arm in arms
    }

    assert {
        name: dict(re.findall(r"`(\w+)` \(([^)]*)\)", row)) for name, row in rows(section).items()
    } == expected


@pytest.mark.parametrize("section", ["Losses", "Metrics"])
def test_every_name_is_on_the_page_with_its_tasks(section):
    found = rows(section)

    for arm in typing.get_args(typing.get_args(SECTIONS[section])[0]):
        cell = found[arm.model_fields["name"].default].partition(" | ")[0].replace("*", "")
        tasks = ("binary", "multiclass", "regression") if cell == "all" else tuple(cell.split(", "))
        assert tasks == arm.tasks
