# Slow endpoints, counts per status and code, lines and failures per minute, in lnav's SQL.
;CREATE TABLE asked AS SELECT strftime('%Y-%m-%dT%H:%M', log_time) AS minute, CAST(regexp_match('.* status=(\d+) ', log_body || ' ') AS INTEGER) AS status, CAST(regexp_match('.* service=(\d+)ms', log_body) AS INTEGER) AS service, regexp_match('method=([A-Z]+) ', log_body) || ' ' || regexp_replace(regexp_match(' path="([^"?]*)', log_body) || '/', '/(\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/)', '/{id}') AS endpoint FROM syslog_log WHERE log_body LIKE '%method=%path=%host=%'
;SELECT endpoint, count(*), sum(service), max(service), max(CASE WHEN place <= ceil(0.95 * size) THEN service END) AS p95 FROM (SELECT endpoint, service, row_number() OVER (PARTITION BY endpoint ORDER BY service) AS place, count(*) OVER (PARTITION BY endpoint) AS size FROM asked WHERE service IS NOT NULL) GROUP BY endpoint ORDER BY 3 DESC
:write-csv-to -
;SELECT status, count(*) FROM asked GROUP BY status
:write-csv-to -
;SELECT code, count(*) FROM (SELECT regexp_match('(?:code=|Error )([HRL]\d\d)', log_body) AS code FROM syslog_log WHERE log_body LIKE '%code=%' OR log_body LIKE '%Error %') WHERE code IS NOT NULL GROUP BY code
:write-csv-to -
;SELECT strftime('%Y-%m-%dT%H:%M', log_time) AS minute, count(*) FROM syslog_log GROUP BY minute
:write-csv-to -
;SELECT minute, count(*) FROM asked WHERE status >= 500 GROUP BY minute
:write-csv-to -
