# Slow endpoints, counts per status and code, lines and failures per minute: one pass, by key and not by column.
function field(key,   at, rest, end) {
    at = index($0, " " key "=")
    if (!at) return ""
    rest = substr($0, at + length(key) + 2)
    end = index(rest, " ")
    return end ? substr(rest, 1, end - 1) : rest
}
function template(path,   count, parts, i, result) {
    if ((i = index(path, "?"))) path = substr(path, 1, i - 1)
    if (path in templates) return templates[path]
    count = split(path, parts, "/")
    for (i = 2; i <= count; i++) {
        if (parts[i] ~ /^[0-9]+$/) parts[i] = "{id}"
        else if (length(parts[i]) == 36 && parts[i] ~ /^[0-9a-f-]+$/) parts[i] = "{uuid}"
        result = result "/" parts[i]
    }
    return templates[path] = result
}
{ minutes[substr($0, 1, 16)]++ }
index($0, "heroku[router]: ") {
    at = index($0, " path=\"")
    path = substr($0, at + 7)
    end = index(path, "\" host=")
    head = substr($0, 1, at)
    $0 = head substr(path, end + 1)
    path = substr(path, 1, end - 1)
    status = field("status")
    statuses[status]++
    if (status >= 500) failed[substr(head, 1, 16)]++
    if ((code = field("code")) != "") codes[code]++
    service = field("service")
    if (service != "" && field("dyno") != "") {
        name = field("method") " " template(path)
        service += 0
        count[name]++; sum[name] += service; hist[name, service]++
        if (service > max[name]) max[name] = service
    }
    next
}
index($0, "]: Error ") && match($0, /\]: Error [HRL][0-9][0-9]/) { codes[substr($0, RSTART + 9, 3)]++ }
END {
    for (name in count) {
        rank = int(0.95 * count[name]); if (rank < 0.95 * count[name]) rank++
        seen = 0; p95 = 0
        for (ms = 0; ms <= max[name]; ms++) if ((name, ms) in hist) { seen += hist[name, ms]; if (seen >= rank) { p95 = ms; break } }
        print "endpoint", name, count[name], sum[name], p95, max[name]
    }
    for (code in codes) print "code", code, codes[code]
    for (status in statuses) print "status", status, statuses[status]
    for (minute in minutes) print "minute", minute, minutes[minute], failed[minute] + 0
}
