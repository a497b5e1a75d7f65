"""Drives a local run through what functions can do, so that its record (--record) shows what each of them calls.

The test of roles compares that record with the template, both ways. Nothing is judged here but that the line moves: who
posts a form becomes a lead, gets a mail, unsubscribes. Usage: drive.py .local/ci/env
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3


def main():
    env = environment(sys.argv[1])
    queue = boto3.client("sqs", endpoint_url=env["AWS_ENDPOINT_URL_SQS"], region_name=env["AWS_REGION"],
                         aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"])

    # The fast lane to sales; the reply to the alert is lost, so it is SES's notice that tells that it left.
    ask(env["INBOX_URL"] + "/faults", {"kind": "lost_reply", "count": 1}, method="PUT")
    post(env, "demo", person("nima", 1))
    rest(env)
    ask(env["INBOX_URL"] + "/faults", method="DELETE")
    # Asked-for mail, a nurture track with a call task in it; one person says more about herself later.
    for n, (form, who) in enumerate((("ebook", "maryam"), ("trial", "reza"), ("price", "leila"))):
        post(env, form, person(who, 2 + n))
    rest(env)
    post(env, "price", {**person("maryam", 2), "employees": "51-200"})
    for parked in ("ACTIVITIES_QUEUE_URL", "DELIVERIES_QUEUE_URL", "FEEDBACK_QUEUE_URL"):
        queue.send_message(QueueUrl=env[parked], MessageBody="this is no JSON")  # set aside with its reason
    rest(env)

    # One lead with a long log: its item spills, its pages become a run, an old id is asked about, one entry is revoked.
    for batch in range(16):
        send(env, queue, {"v": 1, "activities": [viewed("crm-77", f"drive:{batch}:{i}", batch) for i in range(50)]})
        time.sleep(1.2)  # a batch window apart: each is a write of its own
    rest(env)
    send(env, queue, {"v": 1, "activities": [viewed("crm-77", f"drive:0:{i}", 0) for i in range(10)]})
    send(env, queue, {"v": 1, "id": "drive:revoke", "type": "activity.revoked", "at": now(), "lead": {"external": "crm-77"},
                      "properties": {"revokes": "drive:1:1", "id": "drive:1:1"}, "source": "drive"})
    # Somebody with two identities, each known to us as a lead of its own: they are one, or that is proposed to a person.
    send(env, queue, {"v": 1, "id": "drive:both", "type": "page.viewed", "at": now(), "source": "drive",
                      "lead": {"external": "crm-77", "email": "maryam@example.com"}, "properties": {"path": "/pricing"}})
    rest(env)

    console(env)
    minutes(env, 3)
    mails = wait_for(lambda: ask(env["INBOX_URL"] + "/mails?to=maryam@example.com")["mails"], "a mail to maryam")
    ask(env["INBOX_URL"] + f"/mails/{mails[0]['id']}/events", {"type": "Complaint"})
    sales = ask(env["INBOX_URL"] + "/mails?q=&limit=200")["mails"]
    for m in sales:
        if any("sales@" in to for to in m["to"]):
            ask(env["INBOX_URL"] + f"/mails/{m['id']}/events", {"type": "Bounce", "kind": "Permanent"})
            break
    rest(env)

    # A week and a half: reviews, mails of tracks, call tasks. Then somebody has enough.
    jump(env, "264h")
    if not any([leave(env, m["id"]) for m in ask(env["INBOX_URL"] + "/mails?limit=200")["mails"]]):
        sys.exit("no mail of a track came, or none that one can unsubscribe from")
    send(env, queue, {"v": 1, "activities": [viewed("crm-77", f"drive:late:{i}", 0) for i in range(50)]})
    rest(env)
    publish(env)
    rest(env)
    console(env)


def environment(path):
    out = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        for word in shlex.split(line, comments=True):
            name, equals, value = word.partition("=")
            if equals:
                out[name] = value
    return out


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def viewed(lead, key, day):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - day * 86400))
    kind = ("page.viewed", "mail.clicked", "social.shared", "webinar.signed_up")[len(key) % 4]
    return {"v": 1, "id": key, "type": kind, "at": at, "lead": {"external": lead}, "source": "drive",
            "properties": {"path": "/product/crm", "campaign": "a campaign with quite a long name " + key}}


def send(env, queue, body):
    queue.send_message(QueueUrl=env["ACTIVITIES_QUEUE_URL"], MessageBody=body if isinstance(body, str) else json.dumps(body))


class Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer here, and the page behind it may be anywhere."""

    def redirect_request(self, *_):
        return None


OPEN = urllib.request.build_opener(Stay)


def call(url, body=None, headers=None, method=None):
    request = urllib.request.Request(url, body, {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", **(headers or {})}, method=method)
    try:
        with OPEN.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def ask(url, body=None, headers=None, method=None):
    headers = dict(headers or {})
    if body is not None:
        headers["Content-Type"] = "application/json"
    status, text = call(url, None if body is None else json.dumps(body).encode(), headers, method)
    if status >= 400:
        sys.exit(f"{url} answered {status}: {text[:300].decode(errors='replace')}")
    return json.loads(text) if text else None


def post(env, form, fields):
    status, text = call(env["PUBLIC_URL"] + "/f/" + form, urllib.parse.urlencode(fields).encode(),
                        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
    if status >= 400:
        sys.exit(f"form {form} answered {status}: {text[:300].decode(errors='replace')}")


def person(name, n):
    return {"email": f"{name}@example.com", "first_name": name, "mobile": f"0912345670{n}", "company": "Example", "role": "sales_manager",
            "employees": "20-50", "industry": "distribution", "consent_email": "yes", "consent_phone": "yes"}


def leave(env, mail):
    """Opens the page that a mail's header leads to, and presses the button of the mail program."""
    headers = {h["name"].lower(): h["value"] for h in ask(f"{env['INBOX_URL']}/mails/{mail}")["headers"]}
    found = re.search(r"<(https?://[^>]+/u/[^>]+)>", headers.get("list-unsubscribe", ""))
    if found:
        call(env["PUBLIC_URL"] + "/u/" + found.group(1).rsplit("/u/", 1)[1])
        ask(f"{env['INBOX_URL']}/mails/{mail}/unsubscribe", {})
    return bool(found)


def console(env):
    token = {"Authorization": "Bearer " + env["CONSOLE_TOKEN"]}
    leads = ask(env["CONSOLE_URL"] + "/api/leads", headers=token)["leads"]
    if not leads:
        sys.exit("the console lists no lead")
    for path in ("/api/leads/" + leads[0]["id"], "/api/find?email=nima@example.com", "/api/work", "/api/parked", "/api/playbook"):
        ask(env["CONSOLE_URL"] + path, headers=token)
    work = ask(env["CONSOLE_URL"] + "/api/work", headers=token)
    listed = re.search(r'"(?:lead|id)": ?"([a-z2-7]{16})"', json.dumps(work))
    for lead in {leads[0]["id"], listed.group(1) if listed else leads[0]["id"]}:
        ask(f"{env['CONSOLE_URL']}/api/leads/{lead}/activities", {"id": f"drive-{time.time_ns()}", "type": "call.answered"}, token)


def publish(env):
    """A playbook with another condition and other points: every ledger is looked at, some are looked through."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("playbook", folder + "/playbook")
        signals = Path(folder + "/playbook/signals.yaml")
        text = signals.read_text(encoding="utf-8")
        changed = text.replace("prefix: /product", "prefix: /product/", 1).replace("points: 2", "points: 3", 1)
        if changed == text:
            sys.exit("nothing in playbook/signals.yaml could be changed: drive.py looks for `prefix: /product`")
        signals.write_text(changed, encoding="utf-8")
        subprocess.run([".local/bin/sarnakh", "publish", folder + "/playbook", "--wait", "120s"], check=True,
                       env={"PATH": "/usr/bin:/bin", "HOME": "/", **env}, stdout=subprocess.DEVNULL)


def jump(env, by):
    status, text = call(env["PAGE_URL"] + "/clock", urllib.parse.urlencode({"by": by}).encode(), {"X-Part": "1", "Origin": env["PAGE_URL"]})
    if status >= 400:
        sys.exit(f"the clock answered {status}: {text[:300].decode(errors='replace')}")
    time.sleep(2)
    end = time.monotonic() + 600
    while time.monotonic() < end:
        if call(env["PAGE_URL"] + "/clock", urllib.parse.urlencode({"by": "1s"}).encode(), {"X-Part": "1", "Origin": env["PAGE_URL"]})[0] != 409:
            return
        time.sleep(2)
    sys.exit("the clock did not arrive")


def minutes(env, n):
    jump(env, f"{n}m")


def wait_for(get, what):
    for _ in range(60):
        if found := get():
            return found
        time.sleep(1)
    sys.exit(f"{what} did not come")


def rest(env):
    """Waits until queues are empty twice in a row: a message in work may put another one. A delivery that waits for its next
    try is hidden for minutes: that is rest."""
    quiet, end = 0, time.monotonic() + 180
    while quiet < 2 and time.monotonic() < end:
        state = ask(env["PAGE_URL"] + "/state")
        busy = sum(q["visible"] + q["hidden"] * (q["logicalId"] != "DeliveriesQueue") for q in state["queues"] if "function" in q) + sum(f["busy"] + f["waiting"] for f in state["functions"])
        quiet = 0 if busy else quiet + 1
        time.sleep(1)


if __name__ == "__main__":
    main()
