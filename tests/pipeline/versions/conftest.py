"""Places with versions, and the commands that are asked about them."""

import pathlib
from typing import Any

import pytest

from components.pusher.folder import Folder
from components.pusher.manifest import Manifest, Verdict
from components.pusher.place import Place
from pipeline.versions import checking


@pytest.fixture
def all_answer(monkeypatch):
    """Takes each model for one that answers: to ask one takes TensorFlow, and seconds."""
    monkeypatch.setattr(checking, "check_apart", lambda _: None)


@pytest.fixture
def serving(tmp_path):
    """The folder that `headrace run` pushes to."""
    return Folder(tmp_path / "runs" / "serving")


@pytest.fixture
def put(tmp_path):
    """Pushes a model that is told from others by a text; gives the number of its version."""

    def put(there: Place, text: str, **said: Any) -> int:
        model = tmp_path / "models" / text
        (model / "variables").mkdir(parents=True, exist_ok=True)
        (model / "saved_model.pb").write_text(text)
        (model / "variables" / "data").write_text("weights")
        verdict = Verdict(
            blessed=True, sentence="2 rules hold", metrics={"log_loss": 0.5, "auc": 0.75}
        )
        manifest = Manifest(
            **{"pipeline": "flights", "run": f"run-{text}", "verdict": verdict, **said}
        )
        return there.put(model, manifest, lambda _: None)

    return put


@pytest.fixture
def serves(serving):
    """The text of the model that a reader of the highest version finds."""

    def serves(there: Folder = serving) -> str:
        newest = pathlib.Path(there.path, str(there.versions()[-1]))
        return (newest / "saved_model.pb").read_text()

    return serves
