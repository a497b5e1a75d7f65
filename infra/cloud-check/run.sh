#!/bin/bash
# A throw-away stack in your account: deploy, check, delete. README.md says what is checked; it has not been run yet.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ "${SARNAKH_CLOUD_CHECK:-}" = yes ] || {
	echo "this deploys to the account of your AWS keys and deletes what it made: read infra/cloud-check/README.md, then SARNAKH_CLOUD_CHECK=yes make cloud-check" >&2
	exit 2
}
: "${AWS_REGION:?which region? export AWS_REGION=eu-central-1}"
: "${MAIL_FROM:?an address that SES knows in that region: export MAIL_FROM=you@example.com}"
export AWS_DEFAULT_REGION=$AWS_REGION SAM_CLI_TELEMETRY=0

here=infra/cloud-check
infra/sam/setup.sh
sam=.local/sam/venv/bin/sam
python=.local/sam/venv/bin/python
export STACK="sarnakh-check-$(date +%m%d%H%M%S)"
echo "account $($python -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Account"])'), region $AWS_REGION, stack $STACK"

code=0
trap '$python $here/remove.py || echo "not all was deleted: look for $STACK" >&2' EXIT
# sam.sh drops AWS keys, which a build does not need; deploying does.
infra/sam/sam.sh build
deploy() {
	"$sam" deploy --stack-name "$STACK" --region "$AWS_REGION" --resolve-s3 --capabilities CAPABILITY_IAM \
		--no-confirm-changeset --no-fail-on-empty-changeset --parameter-overrides "$@"
}
out() { $python -c 'import sys; sys.path.insert(0, "infra/cloud-check"); import stack; print(stack.outputs()[sys.argv[1]])' "$1"; }
deploy MailFrom="$MAIL_FROM" MailSandbox=yes SalesEmail=success@simulator.amazonses.com
deploy PublicUrl="$(out PublicApiUrl)" ConsoleUrl="$(out ConsoleApiUrl)" ConsoleCallbackUrl="$(out ConsoleApiUrl)/"

$python $here/capacity.py || code=1
$python $here/line.py || code=1
$python $here/roles.py || code=1 # last: it stops the readers of the queues
exit $code
