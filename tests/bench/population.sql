-- What %(instances)s process instances leave behind, statement by statement; population.py runs those of a group side by side.
-- Everything follows from an instance's number, so that a run is like the one before: hashes of the number stand for dice.
-- 'pace' is how many times as long as the fastest an instance takes, 'stuck' those that stand at 'stage' since long.

-- group: instances

CREATE UNLOGGED TABLE bench_instance AS
SELECT n, key, workspace_id, definition_key, process_id, version, prefix, is_searchable, pace, pick, fault, started_at, stage,
  CASE WHEN stage < 7 THEN 'ACTIVE' WHEN fault %% 20 = 0 THEN 'CANCELED' ELSE 'COMPLETED' END AS state,
  stage < 7 AND fault %% 100 = 1 AS suspended, stage IN (2, 4) AND fault %% 5 > 0 AS has_incident
FROM (
  SELECT n, %(base)s + n * 100 AS key, 1 + abs(hashint8(n + 1000000001)) %% 100 AS pace,
    abs(hashint8(n + 2000000001)::bigint) AS pick, abs(hashint8(n + 3000000001)::bigint) AS fault,
    abs(hashint8(n + 4000000001)::bigint) AS stop, abs(hashint8(n + 5000000001)::bigint) AS kind,
    now() - (%(instances)s - n) * (interval '60 days' / %(instances)s) AS started_at
  FROM generate_series(1, %(instances)s::bigint) n) i
CROSS JOIN LATERAL (
  SELECT least(max(step), CASE WHEN stop %% 50 = 0 THEN (ARRAY[2, 2, 2, 3, 4, 4, 4, 5, 6, 6])[1 + stop / 50 %% 10] END) AS stage
  FROM bench_step WHERE started_at + pace * after <= now()) reached
JOIN bench_definition d ON d.share @> (kind %% 20)::int AND d.age @> (20 * n / %(instances)s)::int;

-- group: statistics

ANALYZE bench_instance;

-- group: rows

INSERT INTO workflow_processinstance (key, workspace_id, definition_key, process_id, version, root_process_instance_key,
  parent_process_instance_key, business_key, state, suspended, revision, active_children, open_incidents, started_at, ended_at,
  start_element_id, start_reason, end_reason, restarted_from_key, tags, terminate_after, last_key)
SELECT key, workspace_id, definition_key, process_id, version, CASE WHEN pick %% 25 = 1 AND n > 1 THEN key - 100 ELSE key END,
  CASE WHEN pick %% 25 = 1 AND n > 1 THEN key - 100 END, CASE WHEN pick %% 10 > 0 THEN prefix || n END, state, suspended, 2 * stage,
  (state = 'ACTIVE')::int, has_incident::int, started_at,
  CASE WHEN state <> 'ACTIVE' THEN started_at + pace * (SELECT after FROM bench_step WHERE step = 7) END,
  'start', '', CASE WHEN state = 'CANCELED' THEN 'withdrawn' ELSE '' END, CASE WHEN pick %% 500 = 1 AND n > 1 THEN key - 100 END,
  '{}', '{}', key + 90
FROM bench_instance ORDER BY n;

INSERT INTO workflow_elementinstance (key, process_instance_key, root_process_instance_key, element_id, element_type, flow_scope_key,
  state, active_children, completed_children, started_at, ended_at)
SELECT key + step, key, key, element_id, element_type, key,
  CASE WHEN state = 'ACTIVE' AND step = stage THEN 'ACTIVE' WHEN state = 'CANCELED' AND step = 6 THEN 'TERMINATED' ELSE 'COMPLETED' END,
  0, 0, started_at + pace * after, CASE WHEN step < stage OR state <> 'ACTIVE' THEN started_at + pace * (after + takes) END
FROM bench_instance JOIN bench_step ON step <= stage AND (state <> 'CANCELED' OR step < 7) ORDER BY n, step;

INSERT INTO workflow_sequenceflowtaken (flow_scope_key, flow_id, process_instance_key, root_process_instance_key, taken, waiting)
SELECT key, 'flow' || step, key, key, 1, 0 FROM bench_instance JOIN generate_series(1, 6) step ON step < stage ORDER BY n, step;

INSERT INTO workflow_variable (key, process_instance_key, root_process_instance_key, scope_key, name, value, type, revision,
  is_initial, created_at, updated_at)
SELECT key + 30 + number, key, key, key, name, value, type, 1, true, started_at, started_at
FROM bench_instance CROSS JOIN LATERAL (VALUES
  (1, 'customer', jsonb_build_object('name', 'Customer ' || pick %% 50000, 'country',
    (ARRAY['DE', 'AT', 'FR', 'IT', 'PL'])[1 + pick %% 5], 'email', 'c' || pick %% 50000 || '@example.com'), 'Object'),
  (2, 'amount', to_jsonb(pick %% 100000 / 10.0), 'Double'),
  (3, 'approved', to_jsonb(pick %% 3 = 0), 'Boolean'),
  (4, 'status', to_jsonb((ARRAY['new', 'checked', 'late', 'vip'])[1 + fault %% 4]), 'String')) AS v (number, name, value, type)
ORDER BY n, number;

INSERT INTO workflow_processdatavalue (process_instance_key, root_process_instance_key, workspace_id, process_id, path, position,
  text, number)
SELECT key, key, workspace_id, process_id, path, 0, text, number
FROM bench_instance CROSS JOIN LATERAL (VALUES
  ('amount', NULL, pick %% 100000 / 10.0),
  ('customer.country', (ARRAY['DE', 'AT', 'FR', 'IT', 'PL'])[1 + pick %% 5], NULL),
  ('customer.name', 'Customer ' || pick %% 50000, NULL)) AS v (path, text, number)
WHERE is_searchable ORDER BY n, path;

INSERT INTO workflow_job (key, process_instance_key, root_process_instance_key, workspace_id, definition_key, element_instance_key,
  element_id, kind, type, state, retries, priority, custom_headers, worker, due_at, repeat, exclusive, error_code, error_message,
  error_details, suspended, created_at, ended_at)
SELECT key + 10 + step, key, key, workspace_id, definition_key, key + step, element_id,
  CASE WHEN step = 5 THEN 'TIMER' ELSE 'EXTERNAL' END, CASE WHEN step = 5 THEN '' ELSE 'work-' || element_id END,
  CASE WHEN step < stage THEN 'COMPLETED' WHEN has_incident OR fault %% 10 = 5 THEN 'FAILED' ELSE 'CREATED' END,
  CASE WHEN step = stage AND has_incident THEN 0 ELSE 2 END, 0, '{}', '',
  CASE WHEN step = 5 THEN started_at + pace * (after + takes) END, '', true, '',
  CASE WHEN step = stage AND has_incident THEN 'Connection refused' ELSE '' END, '', suspended,
  started_at + pace * after, CASE WHEN step < stage OR state <> 'ACTIVE' THEN started_at + pace * (after + takes) END
FROM bench_instance JOIN bench_step ON step <= stage AND step IN (2, 4, 5) ORDER BY n, step;

INSERT INTO workflow_usertask (key, process_instance_key, root_process_instance_key, workspace_id, definition_key,
  element_instance_key, element_id, name, state, assignee, candidate_users, candidate_groups, due_at, priority, suspended,
  created_at, ended_at)
SELECT key + 20 + step, key, key, workspace_id, definition_key, key + step, element_id, initcap(element_id),
  CASE WHEN state = 'ACTIVE' AND step = stage THEN 'CREATED' WHEN state = 'CANCELED' AND step = 6 THEN 'CANCELED' ELSE 'COMPLETED' END,
  CASE WHEN step < stage OR fault %% 3 = 0 THEN CASE WHEN pick %% 40 = 0 THEN 'operator' ELSE 'clerk' || pick %% 40 END END,
  '{}', CASE WHEN pick %% 2 = 0 THEN ARRAY['clerks'] ELSE ARRAY['clerks', 'seniors'] END,
  CASE WHEN pick %% 4 > 0 THEN started_at + interval '5 days' END, 50 + 10 * (pick %% 3), suspended,
  started_at + pace * after, CASE WHEN step < stage OR state <> 'ACTIVE' THEN started_at + pace * (after + takes) END
FROM bench_instance JOIN bench_step ON step <= stage AND step IN (3, 6) ORDER BY n, step;

INSERT INTO workflow_taskkeywords (user_task_key, process_instance_key, root_process_instance_key, "values", is_open)
SELECT key + 20 + step, key, key, jsonb_build_object('customer.name', 'Customer ' || pick %% 50000), step = stage AND state = 'ACTIVE'
FROM bench_instance JOIN generate_series(3, 6, 3) step ON step <= stage WHERE is_searchable ORDER BY n, step;

INSERT INTO workflow_incident (key, process_instance_key, root_process_instance_key, workspace_id, definition_key,
  element_instance_key, element_id, job_key, error_type, message, state, created_at, resolved_at)
SELECT key + 40 + step, key, key, workspace_id, definition_key, key + step, element_id, key + 10 + step, 'JOB_NO_RETRIES',
  CASE WHEN pick %% 5 = 0 THEN 'Timeout after 30 s calling https://erp.example/orders/' || n
    WHEN pick %% 2999 = 1 THEN 'No space left on device'
    ELSE (ARRAY['Connection refused', 'HTTP 503 Service Unavailable', 'Unknown account', 'Amount exceeds the limit'])[1 + pick %% 4]
      || ' at gateway ' || pick %% 7 || E'\n  at com.example.Gateway.call(Gateway.java:42)' END,
  CASE WHEN state = 'ACTIVE' AND step = stage THEN 'ACTIVE' ELSE 'RESOLVED' END,
  started_at + pace * after, CASE WHEN state <> 'ACTIVE' OR step < stage THEN started_at + pace * (after + takes) END
FROM bench_instance JOIN bench_step ON step IN (2, 4) AND step <= stage
WHERE CASE WHEN step = stage THEN has_incident ELSE step = 2 AND fault %% 50 = 7 END ORDER BY n, step;

INSERT INTO audit_auditevent (key, workspace_id, at, actor_name, on_behalf_of, channel, request_id, url, event, subject, entity_type,
  entity_key, process_instance_key, definition_key, process_id, reason, body, result, message, sequence, hash)
SELECT n * 4 + step, workspace_id, started_at + pace * (after + takes), CASE WHEN step = 1 THEN 'shop' ELSE 'clerk' || pick %% 40 END,
  '', CASE WHEN step = 1 THEN 'ENGINE_REST' ELSE 'ADMIN' END, md5(n || '/' || step)::uuid, '',
  CASE WHEN step = 1 THEN 'Start' ELSE 'Complete' END, CASE WHEN step = 1 THEN 'Process instance' ELSE 'User task' END,
  CASE WHEN step = 1 THEN 'Process instance' ELSE 'User task' END, CASE WHEN step = 1 THEN key ELSE key + 20 + step END,
  key, definition_key, process_id, '', '{}', 'SUCCESS', '', n * 4 + step, repeat('0', 64)
FROM bench_instance JOIN bench_step ON step IN (1, 3) AND (step = 1 OR step < stage) ORDER BY n, step;

-- group: batches

INSERT INTO operate_batch (key, type, state, plan, workspaces, requester_name, reason, channel, url, total, items_per_job,
  created_at, started_at, ended_at)
SELECT %(base)s + n, 'CANCEL', CASE WHEN n = 30 THEN 'ACTIVE' ELSE 'COMPLETED' END, '{}', ARRAY[(SELECT min(workspace_id) FROM bench_definition)],
  'operator', '', 'ADMIN', '', 1000, 200, now() - interval '30 days' + n * interval '1 day', now() - interval '30 days' + n * interval '1 day',
  CASE WHEN n < 30 THEN now() - interval '30 days' + n * interval '1 day' + interval '1 minute' END
FROM generate_series(1, 30) n;

INSERT INTO operate_batchjob (key, batch_key, state, suspended, retries, error_message, total, completed, failed, canceled, created_at)
SELECT %(base)s + 50 + n, %(base)s + n, CASE WHEN n = 30 THEN 'OPEN' ELSE 'COMPLETED' END, false, 3, '', 1000, CASE WHEN n = 30 THEN 0 ELSE 1000 END,
  0, 0, now() FROM generate_series(1, 30) n;

INSERT INTO operate_batchitem (batch_key, job_key, process_instance_key, state, error)
SELECT %(base)s + n, %(base)s + 50 + n, %(base)s + 100 * (1 + (n * 331 + item) %% %(instances)s),
  CASE WHEN n = 30 THEN 'ACTIVE' ELSE 'COMPLETED' END, ''
FROM generate_series(1, 30) n, generate_series(1, 1000) item;
