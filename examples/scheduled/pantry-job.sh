#!/bin/sh
# One order, with nobody there: pantry-job.sh STREAM PROGRAM [ARGUMENT...]
# Its exit code is pantry's: 0 when every target succeeded. Rows go to standard output, one JSON object a line: the journal keeps them.
# Environment: PANTRY_OPERATOR_FILE, the operator's keys; PANTRY_WEBHOOK, where a failure is posted, and PANTRY_MAIL_TO, to whom it is sent; both may be unset.
set -u
if [ $# -lt 2 ]; then
    echo "usage: pantry-job.sh STREAM PROGRAM [ARGUMENT...]" >&2
    exit 2
fi
stream=$1
shift
rows=$(mktemp) || exit 5
trap 'rm -f "$rows" "$rows.failed" "$rows.body"' EXIT
# Where systemd ends the order, by its time or a shutdown, pantry is told too; this script stays to tell of it.
trap : TERM

pantry send ${PANTRY_OPERATOR_FILE:+--operator-file "$PANTRY_OPERATOR_FILE"} --stream "$stream" --output json -- "$@" >"$rows"
code=$?
cat "$rows"
[ "$code" -eq 0 ] && exit 0

# A row is one JSON object, in which the quotes of what a command wrote are escaped: this is the row's own status.
grep -v '"Status":"Succeeded"' "$rows" >"$rows.failed"
printf '{"text":"pantry: an order to %s failed with exit code %s","exitCode":%s,"rows":[%s]}\n' \
    "$(printf %s "$stream" | tr -cd 'A-Za-z0-9._-')" "$code" "$code" "$(paste -s -d , "$rows.failed")" >"$rows.body"
if [ -n "${PANTRY_WEBHOOK:-}" ]; then
    # The address is a secret, so it is on no command line.
    printf 'url = "%s"\n' "$PANTRY_WEBHOOK" | curl --silent --show-error --fail --max-time 20 --retry 3 --output /dev/null \
        --header 'Content-Type: application/json' --data-binary "@$rows.body" --config - || echo "pantry-job: the webhook was not reached" >&2
fi
if [ -n "${PANTRY_MAIL_TO:-}" ]; then
    { printf 'To: %s\nSubject: pantry: an order to %s failed\n\n' "$PANTRY_MAIL_TO" "$stream"; cat "$rows.failed"; } | sendmail -t || echo "pantry-job: the mail was not sent" >&2
fi
exit "$code"
