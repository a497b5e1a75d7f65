#!/usr/bin/env python3
"""Queues the rows of a CSV as activities of leads, as a nightly job of yours would.

    python3 send.py < calls.csv          # columns: id, at, email, answered (yes or no)

It needs boto3, the queue's address in ACTIVITIES_QUEUE_URL and the rights to send to it.
Run it twice and nothing counts twice: the id is your own key.
"""

import csv
import json
import os
import sys

import boto3


def activity(row):
    return {
        "v": 1,
        "id": row["id"],
        "type": "call.answered" if row["answered"] == "yes" else "call.missed",
        "at": row["at"],  # RFC 3339, such as 2026-11-24T10:30:00+03:30
        "lead": {"email": row["email"]},
        "source": "send.py",
    }


def messages(rows, most=10):
    """Ten activities to a message: a hundred fit, and fewer are done sooner."""
    pack = []
    for row in rows:
        pack.append(activity(row))
        if len(pack) == most:
            yield json.dumps({"v": 1, "activities": pack}, ensure_ascii=False)
            pack = []
    if pack:
        yield json.dumps({"v": 1, "activities": pack}, ensure_ascii=False)


def send(sqs, queue, bodies):
    """Ten messages a call. An answer of 200 may still refuse some of them."""
    entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)]
    for _ in range(4):
        failed = {f["Id"] for f in sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Failed", [])}
        entries = [e for e in entries if e["Id"] in failed]
        if not entries:
            return
    raise SystemExit(f"{len(entries)} messages were refused four times: run it again, nothing counts twice")


def main():
    queue = os.environ.get("ACTIVITIES_QUEUE_URL")
    if not queue:
        raise SystemExit("ACTIVITIES_QUEUE_URL is not set: it is an output of the stack, and stands in .local/env of a local run")
    sqs = boto3.client("sqs")
    call, sent = [], 0
    for body in messages(csv.DictReader(sys.stdin)):
        call.append(body)
        if len(call) == 10:
            send(sqs, queue, call)
            sent, call = sent + len(call), []
    if call:
        send(sqs, queue, call)
        sent += len(call)
    print(f"queued {sent} messages")


if __name__ == "__main__":
    main()
