"""Becomes each function's role and makes each call of a list on each table, queue and secret of the stack.

A call that the role's own policy names must not be refused; every other must be. Probes change nothing that matters:
conditions that cannot hold, keys that nobody has, and a stack that is deleted afterwards.
"""

import json
import os
import sys
import time

import boto3
from botocore.exceptions import ClientError

import stack

KEYS = {"LedgerTable": ("l",), "HistoryTable": ("h", "r"), "PeopleTable": ("k",), "DeskTable": ("k", "r")}
INDEXES = {("LedgerTable", "band"): "b", ("LedgerTable", "due"): "ds", ("PeopleTable", "due"): "ds", ("DeskTable", "work"): "ws"}
# Keys that a policy may insist on; the first one that a role may touch is taken.
PREFIXES = ("probe", "playbook#probe", "decision#probe")


def main():
    found, faults = stack.resources(), []
    stack.stop_readers(found)
    me = boto3.client("sts").get_caller_identity()["Arn"]
    for logical, (kind, role) in sorted(found.items()):
        if kind != "AWS::IAM::Role" or logical == "TicksRole":
            continue
        faults += check(logical, role, found, me)
    return stack.verdict("roles", faults)


def check(logical, role, found, me):
    iam, faults = boto3.client("iam"), []
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"].append({"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    session = become(iam.get_role(RoleName=role)["Role"]["Arn"])
    allowed = grants(iam, role)
    tried = 0
    for action, arn, call in probes(session, found):
        tried += 1
        want = any(a == action and arn in r for a, r in allowed)
        got = not refused(call)
        if want != got:
            faults.append(f"{logical}: {action} on {arn} is {'allowed' if got else 'refused'}, its policy says otherwise")
    print(f"{logical}: {tried} calls tried, {len(allowed)} grants")
    return faults


def become(arn):
    for _ in range(20):  # a changed trust takes seconds to be known everywhere
        try:
            c = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="check")["Credentials"]
            return boto3.Session(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
        except ClientError:
            time.sleep(3)
    raise SystemExit(f"could not become {arn}")


def grants(iam, role):
    out = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for s in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            actions = s["Action"] if isinstance(s["Action"], list) else [s["Action"]]
            resources = s["Resource"] if isinstance(s["Resource"], list) else [s["Resource"]]
            out += [(a, resources) for a in actions]
    return out


def refused(call):
    """A call is refused when every key that is tried is; it passes when one gets as far as DynamoDB itself."""
    for prefix in PREFIXES:
        try:
            answer = call(prefix)
            errors = [r["Error"]["Code"] for r in (answer or {}).get("Responses", []) if isinstance(r, dict) and "Error" in r]
            if "AccessDenied" not in errors:
                return False
        except ClientError as e:
            if e.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
                return False  # a failed condition, a missing key: it was let in
    return True


def probes(session, found):
    db, queue = session.client("dynamodb"), session.client("sqs")
    secrets, mail = session.client("secretsmanager"), session.client("sesv2")
    sts = session.client("sts").get_caller_identity()
    base = f"arn:aws:{{}}:{session.region_name}:{sts['Account']}:"
    for logical, names in KEYS.items():
        table = found[logical][1]
        arn = base.format("dynamodb") + "table/" + table
        key = lambda p, names=names: {n: {"S": p} for n in names}
        where = " AND ".join(f"{n}=?" for n in names)
        never = dict(ConditionExpression="attribute_exists(never)")
        yield from (
            ("dynamodb:GetItem", arn, lambda p, t=table, k=key: db.get_item(TableName=t, Key=k(p))),
            ("dynamodb:BatchGetItem", arn, lambda p, t=table, k=key: db.batch_get_item(RequestItems={t: {"Keys": [k(p)]}})),
            ("dynamodb:Query", arn, lambda p, t=table, n=names: db.query(
                TableName=t, KeyConditionExpression="#k = :k", ExpressionAttributeNames={"#k": n[0]}, ExpressionAttributeValues={":k": {"S": p}})),
            ("dynamodb:Scan", arn, lambda p, t=table: db.scan(TableName=t, Limit=1)),
            ("dynamodb:PutItem", arn, lambda p, t=table, k=key: db.put_item(TableName=t, Item=k(p), **never)),
            ("dynamodb:UpdateItem", arn, lambda p, t=table, k=key: db.update_item(TableName=t, Key=k(p), UpdateExpression="REMOVE never", **never)),
            ("dynamodb:DeleteItem", arn, lambda p, t=table, k=key: db.delete_item(TableName=t, Key=k(p), **never)),
            ("dynamodb:BatchWriteItem", arn, lambda p, t=table, k=key: db.batch_write_item(RequestItems={t: [{"DeleteRequest": {"Key": k(p)}}]})),
            ("dynamodb:PartiQLInsert", arn, lambda p, t=table, n=names: db.batch_execute_statement(Statements=[{
                "Statement": f"INSERT INTO \"{t}\" VALUE {{{','.join(repr(x) + ':?' for x in n)}}}", "Parameters": [{"S": p}] * len(n)}])),
            ("dynamodb:PartiQLUpdate", arn, lambda p, t=table, n=names, w=where: db.batch_execute_statement(Statements=[{
                "Statement": f"UPDATE \"{t}\" SET probe=? WHERE {w} AND never=?", "Parameters": [{"S": "x"}] + [{"S": p}] * len(n) + [{"S": "x"}]}])),
            ("dynamodb:PartiQLSelect", arn, lambda p, t=table, n=names, w=where: db.execute_statement(
                Statement=f"SELECT * FROM \"{t}\" WHERE {w}", Parameters=[{"S": p}] * len(n))),
        )
    for (logical, index), attribute in INDEXES.items():
        table = found[logical][1]
        yield ("dynamodb:Query", base.format("dynamodb") + f"table/{table}/index/{index}", lambda p, t=table, i=index, a=attribute: db.query(
            TableName=t, IndexName=i, KeyConditionExpression="#k = :k", ExpressionAttributeNames={"#k": a}, ExpressionAttributeValues={":k": {"S": p}}))
    for kind, physical in found.values():
        if kind == "AWS::SQS::Queue":
            arn = base.format("sqs") + physical.rsplit("/", 1)[1]
            yield "sqs:SendMessage", arn, lambda p, u=physical: queue.send_message(QueueUrl=u, MessageBody="probe")
            yield "sqs:ReceiveMessage", arn, lambda p, u=physical: queue.receive_message(QueueUrl=u, VisibilityTimeout=0)
            yield "sqs:PurgeQueue", arn, lambda p, u=physical: queue.purge_queue(QueueUrl=u)
        if kind == "AWS::SecretsManager::Secret":
            yield "secretsmanager:GetSecretValue", physical, lambda p, s=physical: secrets.get_secret_value(SecretId=s)
            yield "secretsmanager:PutSecretValue", physical, lambda p, s=physical: secrets.put_secret_value(SecretId=s, SecretString="probe")
    yield "ses:SendEmail", base.format("ses") + "configuration-set/" + found["MailConfigurationSet"][1], lambda p: mail.send_email(
        FromEmailAddress="probe@unset.invalid" if p != "probe" else os.environ["MAIL_FROM"],
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]}, ConfigurationSetName=found["MailConfigurationSet"][1],
        Content={"Simple": {"Subject": {"Data": "probe"}, "Body": {"Text": {"Data": "probe"}}}})


if __name__ == "__main__":
    sys.exit(main())
