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
            if number % 4 == 0:  # back to the one before
                shutil.rmtree(max(folder.iterdir(), key=lambda version: int(version.name)))
            else:
                push(models[number], folder)
            server.versions.look()
            served_then.append(server.predict({"instances": [0.0]}).json["predictions"][0])
        ended.set()
        for client in clients:
            client.join()

    assert len(answers) >= REQUESTS
    assert {status for status, _ in answers} == {200}
    assert all(len(told) == ROWS and len(set(told)) == 1 for _, told in answers)
    # 1, 2, 3 pushed, 3 removed: 2 again; 5, 6, 7 pushed, 7 removed: 6 again; and so on
    assert served_then == [1, 2, 3, 2, 5, 6, 7, 6, 9, 10, 11, 10, 13, 14, 15, 14, 17, 18, 19]
    assert {told[0] for _, told in answers} <= {0, *served_then}
