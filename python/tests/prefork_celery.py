"""A Celery app whose worker waits in its main process and forks; `python prefork_celery.py COUNT` has it work."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from celery import Celery, group, signals  # type: ignore[import-untyped]
from scripted_server import TEST_TIMEOUT

from loggin import Loggin

APP_KEY = "8XKPQ2WN"

# Messages and results are files in this folder: no broker is needed.
folder = Path(os.environ["CELERY_FOLDER"])
app = Celery("prefork_celery", broker="filesystem://", backend=f"file://{folder / 'results'}")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.05,
    },
    worker_prefetch_multiplier=1,
    # What the main process says is for the test, not for the log.
    worker_redirect_stdouts=False,
)
client = Loggin(timeout=TEST_TIMEOUT * 2)


def sign_in() -> dict[str, Any]:
    session = client.wait_for_verify(client.create_token(APP_KEY).token)
    return {"pid": os.getpid(), "phone": session.phone}


def wait_in_main_process(**_: Any) -> None:
    """Says on standard output who has signed in there."""
    threading.Thread(target=lambda: print(json.dumps(sign_in()), flush=True), daemon=True).start()


# Before the pool is forked.
signals.worker_init.connect(wait_in_main_process)
task = app.task(name="sign_in")(sign_in)

if __name__ == "__main__":
    tasks = group(task.s() for _ in range(int(sys.argv[1])))
    print(json.dumps(tasks.apply_async().get(timeout=TEST_TIMEOUT, interval=0.05)))
