"""Deletes the throw-away stack and what its policies keep: tables, secrets, the bucket. Only names that begin with the
stack's own are touched."""

import sys

import boto3
from botocore.exceptions import ClientError

import stack


def main():
    if not stack.name().startswith("sarnakh-check-"):
        sys.exit("this deletes throw-away stacks only: sarnakh-check-…")
    formation = boto3.client("cloudformation")
    try:
        found = stack.resources()
    except ClientError as e:
        sys.exit(f"nothing to delete: {e}")
    formation.delete_stack(StackName=stack.name())
    formation.get_waiter("stack_delete_complete").wait(StackName=stack.name())
    failed = 0
    for logical, (kind, physical) in found.items():
        try:
            if kind == "AWS::DynamoDB::Table":
                db = boto3.client("dynamodb")
                db.update_table(TableName=physical, DeletionProtectionEnabled=False)
                db.get_waiter("table_exists").wait(TableName=physical)
                db.delete_table(TableName=physical)
            elif kind == "AWS::SecretsManager::Secret":
                boto3.client("secretsmanager").delete_secret(SecretId=physical, ForceDeleteWithoutRecovery=True)
            elif kind == "AWS::S3::Bucket":
                bucket = boto3.resource("s3").Bucket(physical)
                bucket.objects.all().delete()
                bucket.delete()
        except ClientError as e:
            print(f"{logical} {physical}: {e}", file=sys.stderr)
            failed = 1
    print(f"deleted {stack.name()}" if not failed else f"{stack.name()}: not all was deleted")
    return failed


if __name__ == "__main__":
    sys.exit(main())
