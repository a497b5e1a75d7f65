"""Turns the env file of the local run into the one that sam gives to functions: names.py .local/env env.json
Prints the region of the run: engines keep their queues and secrets by region, and sam must sign for the same one.

Inside a container 127.0.0.1 is the container, so every address of this machine becomes host.docker.internal. Without a
local run the calls of a function would go to AWS itself; that is refused here, early.
"""

import json
import os
import re
import shlex
import sys


def main():
    source, target = sys.argv[1:]
    if not os.path.exists(source):
        sys.exit(f"{source} is missing: start the local run first (make run ARGS=\"--bind 172.17.0.1\")")
    names = {}
    with open(source, encoding="utf-8") as f:
        for line in f:
            for word in shlex.split(line, comments=True):
                name, equals, value = word.partition("=")
                if equals:
                    names[name] = value
    gateway = names.get("GATEWAY_URL") or names.get("AWS_ENDPOINT_URL")
    if not gateway:
        sys.exit(f"{source} names no GATEWAY_URL: containers need one address for all of AWS "
                 "(make run ARGS=\"--bind 172.17.0.1\")")
    names["AWS_ENDPOINT_URL"] = gateway
    inside = {}
    for name, value in names.items():
        # sam drops what the template does not declare; what would point a single service elsewhere stays out as well.
        if not name.startswith(("AWS_ENDPOINT_URL_", "AWS_ACCESS", "AWS_SECRET", "AWS_SESSION", "AWS_REGION", "AWS_DEFAULT")):
            if name in ("PUBLIC_URL", "CONSOLE_URL"):
                inside[name] = value  # links are for a browser, which is out here
                continue
            inside[name] = re.sub(r"//(127\.0\.0\.1|localhost|172\.17\.0\.1)\b", "//host.docker.internal", value)
    with open(target, "w", encoding="utf-8") as f:
        json.dump({"Parameters": inside}, f, indent=1)
    print(names.get("AWS_REGION", "us-east-1"))


main()
