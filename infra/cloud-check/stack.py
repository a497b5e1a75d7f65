"""What the throw-away stack consists of, for the checks."""

import os

import boto3


def name():
    return os.environ["STACK"]


def outputs():
    stack = boto3.client("cloudformation").describe_stacks(StackName=name())["Stacks"][0]
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


def resources():
    """logical id → (type, physical id)"""
    out = {}
    for page in boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name()):
        for r in page["StackResourceSummaries"]:
            out[r["LogicalResourceId"]] = (r["ResourceType"], r.get("PhysicalResourceId"))
    return out


def stop_readers(found):
    """Nothing reads a queue or the stream any more, so that probes stay where they are put."""
    functions = boto3.client("lambda")
    for kind, physical in found.values():
        if kind == "AWS::Lambda::EventSourceMapping":
            functions.update_event_source_mapping(UUID=physical, Enabled=False)


def verdict(what, faults):
    print(f"{what}: {'ok' if not faults else f'{len(faults)} faults'}")
    for fault in faults:
        print("  " + fault)
    return 1 if faults else 0
