"""Counts of the index, in SQL that both engines read alike and that is given to either as it stands.

Texts, so that `coffre status` can ask a database file without loading an engine (`engines/sqlite/files.py`).
"""

IN_STATE = """
SELECT count(*) FROM (SELECT 1 FROM submission WHERE state = :state LIMIT 10000) AS counted
"""
OLDEST_RECEIVED = "SELECT min(received_at) FROM submission WHERE state = 'received'"
SHARING_IDENTIFIERS = """
SELECT count(*) FROM (SELECT 1 FROM part WHERE code = 'study_uid_shared' LIMIT 10000) AS counted
"""
CPU_OF_DAY = """
SELECT coalesce(sum(cpu_ms), 0), count(*), coalesce(sum(CASE WHEN cpu_ms > :allowance THEN 1 ELSE 0 END), 0)
FROM cpu_use WHERE day = :day
"""
