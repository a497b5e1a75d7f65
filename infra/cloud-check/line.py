"""Runs the line on the throw-away stack: a form, activities by the queue, a score; and what that cost in write units."""

import datetime
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3

import stack

LEADS, ROUNDS = 20, 10
MUST = 1.30  # write units an activity of existing leads, real activities and playbook, one a lead a batch


def main():
    out, faults = stack.outputs(), []
    publish(out)
    before = ledgers(out)

    form = urllib.parse.urlencode({"email": "success@simulator.amazonses.com", "first_name": "سارا"}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(out["PublicApiUrl"] + "/f/ebook", form), timeout=30) as answer:
            if "/thanks" not in answer.url:
                faults.append(f"the form ended at {answer.url}, not on its thank-you page")
    except urllib.error.HTTPError as e:
        faults.append(f"the form answered {e.code}")
    for path, want in (("/api/leads", 401), ("/", 200)):
        got = status(out["ConsoleApiUrl"] + path)
        if got != want:
            faults.append(f"console {path} without a token answers {got}, not {want}")
    if not until(lambda: ledgers(out) > before, 120):
        faults.append("the posted form made no ledger within two minutes")

    queue = boto3.client("sqs")
    send(queue, out, -1)  # every lead exists before the figure is taken
    if not until(lambda: ledgers(out) >= before + LEADS, 180):
        faults.append(f"{LEADS} leads were sent, {ledgers(out) - before} ledgers were written")
    time.sleep(90)  # whole minutes of CloudWatch, so that first activities are not in the figure
    start = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)
    time.sleep(max(0, (start - datetime.datetime.now(datetime.timezone.utc)).total_seconds()))
    for r in range(ROUNDS):
        send(queue, out, r)
        time.sleep(5)  # a batch window apart: one activity a lead a batch, the dear case
    time.sleep(300)  # CloudWatch comes late
    units = written(out, start)
    per = units / (LEADS * ROUNDS)
    print(f"write units an activity {per:.3f} (must ≤ {MUST}; {units:g} for {LEADS * ROUNDS} activities)")
    if not 0 < per <= MUST:
        faults.append(f"{per:.3f} write units an activity, promised are {MUST}")
    sends = send(queue, out, 0)  # the same ids once more
    time.sleep(30)
    for name in ("activities-dead-letters", "deliveries-dead-letters", "jobs-dead-letters", "feedback-dead-letters", "ticks-dead-letters"):
        url = queue.get_queue_url(QueueName=f"{stack.name()}-{name}")["QueueUrl"]
        waiting = int(queue.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"])
        if waiting:
            faults.append(f"{waiting} messages in {name} after {sends} repeated activities")
    return stack.verdict("line", faults)


def publish(out):
    env = dict(os.environ, LEDGER_TABLE=out["LedgerTableName"], HISTORY_TABLE=out["HistoryTableName"],
               PEOPLE_TABLE=out["PeopleTableName"], DESK_TABLE=out["DeskTableName"], JOBS_QUEUE_URL=out["JobsQueueUrl"])
    subprocess.run(["go", "run", "./cmd/sarnakh", "publish", "playbook"], env=env, check=True)


def send(queue, out, n):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = [{"Id": str(i), "MessageBody": json.dumps({
        "v": 1, "id": f"check:{n}:{i}", "type": "page.viewed", "at": now, "lead": {"external": f"check-{i}"},
        "properties": {"path": "/pricing"}, "source": "cloud-check"})} for i in range(LEADS)]
    for i in range(0, LEADS, 10):
        queue.send_message_batch(QueueUrl=out["ActivitiesQueueUrl"], Entries=entries[i:i + 10])
    return LEADS


def ledgers(out):
    return boto3.client("dynamodb").scan(TableName=out["LedgerTableName"], Select="COUNT", ConsistentRead=True)["Count"]


def written(out, start):
    total = 0.0
    for table in ("LedgerTableName", "HistoryTableName", "PeopleTableName", "DeskTableName"):
        points = boto3.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB", MetricName="ConsumedWriteCapacityUnits", Dimensions=[{"Name": "TableName", "Value": out[table]}],
            StartTime=start, EndTime=start + datetime.timedelta(minutes=5), Period=60, Statistics=["Sum"])["Datapoints"]
        total += sum(p["Sum"] for p in points)
    return total


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def until(true, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(3)
    return False


if __name__ == "__main__":
    sys.exit(main())
