"""Judges what `sam local invoke` printed, because its exit code does not: judge.py FUNCTION FILE"""

import json
import sys


def main():
    function, path = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        text = f.read().strip()
    if not text:
        sys.exit(f"{function} printed no answer: it did not start, ended, or ran out of time")
    try:
        answer = json.loads(text.splitlines()[-1])
    except ValueError:
        sys.exit(f"{function} answered something that is not JSON: {text[:200]}")
    if not isinstance(answer, dict):
        return  # null: the function had nothing to say
    if "errorMessage" in answer:
        sys.exit(f"{function} failed: {answer.get('errorType')}: {answer['errorMessage']}")
    if answer.get("batchItemFailures"):
        sys.exit(f"{function} returned {len(answer['batchItemFailures'])} of its batch as failed")
    if answer.get("statusCode", 200) >= 500:
        sys.exit(f"{function} answered {answer['statusCode']}")


main()
