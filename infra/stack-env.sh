#!/bin/sh
# Says where the tables and queues of a deployed stack are, for the tool: infra/stack-env.sh STACK >stack.env; sarnakh publish --env stack.env
# (or source it). The names are those of a local run's .local/env. It needs the AWS CLI and an account.
set -eu
[ $# -eq 1 ] || { echo "name the stack: infra/stack-env.sh STACK" >&2; exit 2; }
region=${AWS_REGION:-$(aws configure get region)}
resources=$(aws cloudformation list-stack-resources --stack-name "$1" --output text \
	--query 'StackResourceSummaries[].[LogicalResourceId,ResourceType,PhysicalResourceId]')
echo "# The stack $1 in $region."
echo "export AWS_REGION='$region'"
printf '%s\n' "$resources" | awk -F '\t' '
	function snake(s,   i, c, out) {
		for (i = 1; i <= length(s); i++) { c = substr(s, i, 1); if (i > 1 && c ~ /[A-Z]/) out = out "_"; out = out toupper(c) }
		return out
	}
	$2 == "AWS::DynamoDB::Table"         { print "export " snake($1) "='\''" $3 "'\''" }
	$2 == "AWS::SQS::Queue"              { print "export " snake($1) "_URL='\''" $3 "'\''" }
	$2 == "AWS::SecretsManager::Secret"  { print "export " snake($1) "_ARN='\''" $3 "'\''" }'
