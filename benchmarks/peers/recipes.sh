#!/bin/sh
# The recipes that people paste (grep, awk, sed, sort, uniq), with what is wrong in them put right: fields are found by
# key, so that requests with H12 count and a second address does not shift the columns.
set -eu
export LC_ALL=C
log=$1
echo "== slow endpoints: method, path, requests, total, 95 %, slowest"
grep -F 'heroku[router]' "$log" |
    awk -F' method=| path="|" host=| dyno=| connect=| service=|ms status=| bytes=' '
        $(NF - 4) != "" { sub(/\?.*/, "", $3); print $(NF - 2) "\t" $2 " " $3 }' |
    sed -E 's#/[0-9]+(/|$)#/{id}\1#; s#/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}#/{uuid}#' |
    sort -t"$(printf '\t')" -k2 -k1,1n |
    awk -F'\t' '
        function show() { rank = int(0.95 * n); if (rank < 0.95 * n) rank++; print sum, name, n, time[rank], time[n] }
        $2 != name { if (n) show(); name = $2; n = sum = 0 }
        { time[++n] = $1; sum += $1 }
        END { if (n) show() }' |
    sort -rn
echo "== requests per status"
grep -F 'heroku[router]' "$log" | grep -oE ' status=[0-9]+ bytes=' | sort | uniq -c | sort -rn
echo "== errors per code"
grep -oE '(at=[a-z]+ code=|\]: Error )[HRL][0-9][0-9]' "$log" | sed -E 's/.*(...)$/\1/' | sort | uniq -c | sort -rn
echo "== lines per minute"
cut -c1-16 "$log" | sort | uniq -c
echo "== failures per minute"
grep -F 'heroku[router]' "$log" | grep -E ' status=5[0-9][0-9] bytes=' | cut -c1-16 | sort | uniq -c
