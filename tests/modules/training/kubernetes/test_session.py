"""How pods come together and part, whichever of them is started again, and when."""

import threading

import pytest

from modules.training.kubernetes import session
from modules.training.kubernetes.session import Session, write


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(session, "_POLL_SECONDS", 0.01)


class Worker:
    """A start of a worker, in a thread: what it does in the end is its `outcome`."""

    def __init__(self, folder, index, trained=False):
        self.session = Session(folder, index, 2)
        self.outcome = ""
        self.joined, self.ended = threading.Event(), threading.Event()
        self._trained = trained
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        if not self.session.join():
            self._end("found the model")
            return
        self.session.watch(
            leave=lambda: self._end("left"),
            again=lambda: self._end("again"),
            trained=lambda: self._trained,
        )
        self.joined.set()

    def _end(self, outcome):
        self.outcome = outcome
        self.ended.set()

    def has_joined(self):
        return self.joined.wait(10)

    def ended_by(self):
        assert self.ended.wait(10)
        return self.outcome

    def goes_on(self):
        return not self.ended.wait(0.2)


@pytest.fixture
def start(tmp_path):
    yield lambda index, **given: Worker(tmp_path, index, **given)
    write(tmp_path / "chief", "another")  # ends every watch


def test_nobody_begins_before_all_are_there(start):
    chief = start(0)

    assert not chief.joined.wait(0.2)
    other = start(1)

    assert chief.has_joined()
    assert other.has_joined()


def test_whoever_comes_first_waits_for_the_chief(start):
    other = start(1)

    assert not other.joined.wait(0.2)
    chief = start(0)

    assert chief.has_joined()
    assert other.has_joined()


@pytest.mark.parametrize("index", [0, 1])
def test_whoever_starts_when_the_model_is_there_has_nothing_to_do(start, tmp_path, index):
    (tmp_path / "done").touch()

    assert start(index).ended_by() == "found the model"


def test_a_worker_that_is_done_ends_when_the_model_is_there_and_not_before(start):
    chief, other = start(0), start(1)
    assert chief.has_joined()
    assert other.has_joined()
    assert other.goes_on()

    chief.session.finish()

    assert other.ended_by() == "left"


def test_a_chief_that_died_before_the_model_was_there_finds_its_peer_again(start):
    first, other = start(0), start(1)
    assert first.has_joined()
    assert other.has_joined()

    second = start(0)

    assert other.ended_by() == "again"
    assert start(1).has_joined()
    assert second.has_joined()
    assert first.ended_by() == "again"  # should it be alive after all


def test_a_worker_that_is_lost_makes_the_chief_begin_again(start):
    chief, first = start(0), start(1)
    assert chief.has_joined()
    assert first.has_joined()

    second = start(1)

    assert chief.ended_by() == "again"
    assert start(0).has_joined()
    assert second.has_joined()


def test_a_worker_that_is_lost_after_the_last_step_does_not_disturb_the_chief(start):
    chief, first = start(0, trained=True), start(1)
    assert chief.has_joined()
    assert first.has_joined()

    second = start(1)

    assert chief.goes_on()
    assert not second.joined.is_set()
    chief.session.finish()
    assert second.ended_by() == "found the model"


def test_a_worker_that_is_lost_while_the_chief_still_waits_is_taken_again(tmp_path):
    sessions = {index: Session(tmp_path, index, 3) for index in range(3)}
    chief = threading.Thread(target=sessions[0].join, daemon=True)
    chief.start()
    assert sessions[1].join()

    anew = threading.Thread(target=Session(tmp_path, 1, 3).join, daemon=True)
    anew.start()
    anew.join(10)
    assert sessions[2].join()
    chief.join(10)

    assert not anew.is_alive()
    assert not chief.is_alive()


def test_a_file_is_never_seen_half_written(tmp_path):
    file, text = tmp_path / "file", "x" * 100_000
    write(file, text)
    seen = set()
    over = threading.Event()

    def look():
        while not over.is_set():
            seen.add(len(file.read_text("utf-8")))

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(50):
        write(file, text)
    over.set()
    thread.join()

    assert seen == {100_000}
