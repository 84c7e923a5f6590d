"""Requests while versions are pushed and removed under the server."""

import shutil
import threading

from components.pusher.folder import Folder
from components.pusher.manifest import Manifest
from tests.pipeline.serving.models import numbered, served

ROWS = 8
CLIENTS = 8
PUSHES = 20
REQUESTS = 1000


def push(model, folder):
    Folder(folder).put(model, Manifest(), check=lambda copy: None)


def test_no_request_is_lost_or_answered_by_two_versions(tmp_path):
    models = [numbered(tmp_path / "models" / str(n), n) for n in range(PUSHES)]
    folder = tmp_path / "serving"
    push(models[0], folder)
    answers, ended = [], threading.Event()  # a list of (status, predictions)

    def ask(server):
        connection = server.connect()
        mine = 0
        while mine * CLIENTS < REQUESTS or not ended.is_set():
            answer = server.predict({"instances": [0.0] * ROWS}, connection=connection)
            answers.append((answer.status, answer.json.get("predictions")))
            mine += 1
        connection.close()

    served_then = []
    with served(folder) as server:
        clients = [threading.Thread(target=ask, args=(server,)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for number in range(1, PUSHES):
            there = sorted(folder.iterdir(), key=lambda version: int(version.name))
            match number % 4:
                case 2:  # a rollback: the one before, under a new number
                    push(there[-2], folder)
                case 0:
                    shutil.rmtree(there[-1])
                case _:
                    push(models[number], folder)
            server.versions.look()
            served_then.append(server.predict({"instances": [0.0]}).json["predictions"][0])
        ended.set()
        for client in clients:
            client.join()

    assert len(answers) >= REQUESTS
    assert {status for status, _ in answers} == {200}
    assert all(len(told) == ROWS and len(set(told)) == 1 for _, told in answers)
    # 1 is pushed, then 0 is served again; 3 is pushed and removed, then that 0; and so on
    assert served_then == [number if number % 2 else 0 for number in range(1, PUSHES)]
    assert {told[0] for _, told in answers} <= set(served_then)
