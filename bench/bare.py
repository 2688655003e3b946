"""The baseline: a bare Celery task that makes the same HTTP call and inserts one row.

No retries, no look-up, no idempotency: what a team writes on its first day.
"""

import json
import os
import threading

import psycopg
import urllib3
from celery import Celery

app = Celery("bare", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_redirect_stdouts=False,
)
_http = urllib3.PoolManager(maxsize=32, retries=False)
_connections: dict[int, psycopg.Connection] = {}


def _connection() -> psycopg.Connection:
    key = threading.get_ident()
    if key not in _connections:
        _connections[key] = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return _connections[key]


@app.task(name="bare.post")
def post(channel: str, text: str) -> None:
    answer = _http.request(
        "POST",
        os.environ["SLACK_API_URL"] + "/chat.postMessage",
        body=json.dumps({"channel": channel, "text": text}),
        headers={
            "Authorization": "Bearer " + os.environ["BENCH_SLACK_TOKEN"],
            "Content-Type": "application/json",
        },
    )
    told = json.loads(answer.data)
    _connection().execute(
        "INSERT INTO bench_bare (channel, ts) VALUES (%s, %s)", (told["channel"], told["ts"])
    )
