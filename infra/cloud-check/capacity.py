"""Compares what DynamoDB says it consumed with the rules that our model is made of, call by call.

The rules: a write costs the item's size, old or new, in whole KiB; a failed condition the same; an index one more when a
key of it appears, two when it moves; a read costs whole 4 KiB, half of it when eventual; a transaction twice.
Local engines count some of these differently, PartiQL batches above all. Runs on a table of its own.
"""

import math
import sys
import time

import boto3

import stack

KEYS = [{"AttributeName": "l", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}]


def main():
    db = boto3.client("dynamodb")
    table = f"{stack.name()}-capacity"
    db.create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=KEYS,
        KeySchema=[{"AttributeName": "l", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[{"IndexName": "band", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}],
                                 "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    try:
        db.get_waiter("table_exists").wait(TableName=table)
        return check(db, table)
    finally:
        db.delete_table(TableName=table)


def item(key, size, **more):
    """An item of exactly `size` bytes by DynamoDB's counting: names and values, and nothing for the item itself."""
    out = {"l": {"S": key}, "x": {"B": b""}, **{k: {"S": v} for k, v in more.items()}}
    used = sum(len(n) + len(next(iter(v.values()))) for n, v in out.items())
    out["x"] = {"B": bytes(size - used)}
    return out


def check(db, table):
    faults = []

    def expect(what, units, call, **args):
        try:
            answer = call(**args, ReturnConsumedCapacity="INDEXES")
        except db.exceptions.ConditionalCheckFailedException:
            print(f"{what}: a failed condition says no figure")
            return
        consumed = answer.get("ConsumedCapacity")
        if consumed is None:
            print(f"{what}: no figure (model {units:g})")
            return
        got = sum(c["CapacityUnits"] for c in (consumed if isinstance(consumed, list) else [consumed]))
        print(f"{what}: {got:g} (model {units:g})")
        if abs(got - units) > 1e-9:
            faults.append(f"{what}: DynamoDB says {got:g}, the model {units:g}")

    for size in (100, 1024, 1025, 3000):
        kib = math.ceil(size / 1024)
        key = f"size-{size}"
        expect(f"put {size} B", kib, db.put_item, TableName=table, Item=item(key, size))
        expect(f"update {size} B, x of the same size", kib, db.update_item, TableName=table, Key={"l": {"S": key}},
               UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": item(key, size)["x"]})
        expect(f"get {size} B, eventual", math.ceil(size / 4096) / 2, db.get_item, TableName=table, Key={"l": {"S": key}})
        expect(f"get {size} B, strong", math.ceil(size / 4096), db.get_item, TableName=table, Key={"l": {"S": key}}, ConsistentRead=True)
    expect("put 1,000 B with a band", 2, db.put_item, TableName=table, Item=item("banded", 1000, b="hot#01"))
    expect("the same, band unmoved", 1, db.put_item, TableName=table, Item=item("banded", 1000, b="hot#01"))
    expect("the same, band moved", 3, db.put_item, TableName=table, Item=item("banded", 1000, b="hot#02"))
    expect("two puts in a transaction", 4, db.transact_write_items, TransactItems=[
        {"Put": {"TableName": table, "Item": item(f"t{i}", 500)}} for i in range(2)])

    # The writes of ingest: 25 statements a call, new leads by INSERT, known ones by a conditional UPDATE.
    statement = [{"Statement": f"INSERT INTO \"{table}\" VALUE {{'l':?,'x':?}}",
                  "Parameters": [{"S": f"p{i}"}, item(f"p{i}", 900)["x"]]} for i in range(25)]
    expect("25 INSERTs of 900 B in a batch", 25, db.batch_execute_statement, Statements=statement)
    statement = [{"Statement": f'UPDATE "{table}" SET x=? WHERE l=? AND x=?',
                  "Parameters": [item(f"p{i}", 1000)["x"], {"S": f"p{i}"}, item(f"p{i}", 900)["x"]]} for i in range(25)]
    expect("25 conditional UPDATEs to 1,000 B in a batch", 25, db.batch_execute_statement, Statements=statement)
    # The same once more: every condition fails, and that is billed by the size of what is there.
    expect("the same with 25 failed conditions", 25, db.batch_execute_statement, Statements=statement)
    time.sleep(2)
    expect("25 gets of 1 KiB in a batch, eventual", 12.5, db.batch_get_item,
           RequestItems={table: {"Keys": [{"l": {"S": f"p{i}"}} for i in range(25)]}})
    return stack.verdict("capacity", faults)


if __name__ == "__main__":
    sys.exit(main())
