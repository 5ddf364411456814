// Camunda's own client of the Orchestration Cluster API, unchanged, works MODEL from deployment to its end. It checks what it
// gets against the API's schemas, and gives up where they disagree.

import assert from 'node:assert/strict';
import { createCamundaClient } from '@camunda8/orchestration-cluster-api';

const { SERVER, USERNAME, PASSWORD, MODEL } = process.env;
const NOW = { consistency: { waitUpToMs: 0 } };

const READS = [
  'getAuditLog',
  'getAuthentication',
  'getElementInstance',
  'getIncident',
  'getLicense',
  'getProcessDefinition',
  'getProcessDefinitionStatistics',
  'getProcessDefinitionXml',
  'getProcessInstance',
  'getProcessInstanceCallHierarchy',
  'getProcessInstanceSequenceFlows',
  'getProcessInstanceStatistics',
  'getTopology',
  'getUserTask',
  'getVariable',
  'searchAuditLogs',
  'searchCorrelatedMessageSubscriptions',
  'searchElementInstanceIncidents',
  'searchElementInstances',
  'searchIncidents',
  'searchJobs',
  'searchMessageSubscriptions',
  'searchProcessDefinitions',
  'searchProcessInstanceIncidents',
  'searchProcessInstances',
  'searchUserTaskAuditLogs',
  'searchUserTaskVariables',
  'searchUserTasks',
  'searchVariables',
];

const camunda = createCamundaClient({
  config: {
    CAMUNDA_REST_ADDRESS: SERVER,
    CAMUNDA_AUTH_STRATEGY: 'BASIC',
    CAMUNDA_BASIC_AUTH_USERNAME: USERNAME,
    CAMUNDA_BASIC_AUTH_PASSWORD: PASSWORD,
    // Strict about requests too, this version would leave the cursors out of its pages.
    CAMUNDA_SDK_VALIDATION: 'req:warn,res:strict',
    CAMUNDA_SDK_LOG_LEVEL: 'error',
  },
});

/** Run a worker until it has handled so many jobs; what it was given. */
async function work(jobType, times, handle) {
  const handled = [];
  let enough;
  const done = new Promise((resolve) => (enough = resolve));
  const worker = camunda.createJobWorker({
    jobType,
    workerName: 'w6',
    jobTimeoutMs: 60_000,
    pollTimeoutMs: 200,
    pollIntervalMs: 20,
    maxParallelJobs: 2,
    jobHandler: async (job) => {
      const receipt = await handle(job);
      handled.push({ elementId: job.elementId, retries: job.retries, headers: job.customHeaders, ...job.variables });
      if (handled.length === times) enough();
      return receipt;
    },
  });
  await done;
  await worker.stopGracefully({ waitUpToMs: 10_000 });
  return handled;
}

async function only(search, filter) {
  const { items } = await search.call(camunda, { filter }, NOW);
  assert.equal(items.length, 1, `one of ${items.length}: ${JSON.stringify(items)}`);
  return items[0];
}

// deployed and started
const deployment = await camunda.deployResourcesFromFiles([MODEL]);
const [{ processDefinitionId, processDefinitionKey, processDefinitionVersion }] = deployment.processes;
assert.deepEqual([processDefinitionId, processDefinitionVersion], ['fulfilment', 1]);
const { processInstanceKey } = await camunda.createProcessInstance({
  processDefinitionKey,
  variables: { orderId: 'B-7', parcels: ['cup', 'vase'] },
  tags: ['vip'],
});

// reserved
const reserved = await work('reserve', 1, (job) => job.complete({ shelf: 'A4', size: { width: 3, tags: ['a', 'b'] } }));

// paid
const waiting = await only(camunda.searchMessageSubscriptions, { processInstanceKey });
assert.deepEqual([waiting.messageName, waiting.correlationKey], ['paid', 'B-7']);
const paid = await camunda.correlateMessage({ name: 'paid', correlationKey: 'B-7', variables: { paid: 99.5 } });
assert.equal(paid.processInstanceKey, processInstanceKey);

// approved
const offered = await only(camunda.searchUserTasks, { candidateGroup: 'sales', state: 'CREATED' });
const { userTaskKey } = offered;
await camunda.assignUserTask({ userTaskKey, assignee: 'ann' });
await camunda.updateUserTask({ userTaskKey, changeset: { priority: 70, dueDate: '2026-11-30T08:00:00Z' } });
const taken = await camunda.getUserTask({ userTaskKey }, NOW);
assert.deepEqual([taken.assignee, taken.priority, taken.state], ['ann', 70, 'CREATED']);
await camunda.completeUserTask({ userTaskKey, variables: { approved: true } });

// packed; a box breaks twice, which is put right
const packed = await work('pack', 3, (job) =>
  job.variables.parcel === 'vase'
    ? job.fail({ errorMessage: 'the box broke', retries: job.retries > 1 ? 1 : 0, retryBackOff: 0 })
    : job.complete({ label: `for ${job.variables.parcel}` }),
);
const incident = await only(camunda.searchIncidents, { processInstanceKey, state: 'ACTIVE' });
assert.deepEqual([incident.errorType, incident.errorMessage], ['JOB_NO_RETRIES', 'the box broke']);
assert.equal((await camunda.getProcessInstance({ processInstanceKey }, NOW)).hasIncident, true);
await camunda.updateJob({ jobKey: incident.jobKey, changeset: { retries: 4 } });
await camunda.resolveIncident({ incidentKey: incident.incidentKey });
const again = await work('pack', 1, (job) => job.complete({ label: 'for a new vase' }));

// a variable is corrected, and it is fetched
await camunda.createElementInstanceVariables({ elementInstanceKey: processInstanceKey, variables: { shelf: 'B1' } });
await camunda.broadcastSignal({ signalName: 'truck', variables: { plate: '1-ABC-234' } });
const ended = await camunda.getProcessInstance({ processInstanceKey }, NOW);
assert.equal(ended.state, 'COMPLETED');

// another one is started by a message, and sold out
const ordered = await camunda.correlateMessage({ name: 'ordered', variables: { orderId: 'B-8', item: 'shoes' } });
const declined = await work('reserve', 1, (job) =>
  job.error({ errorCode: 'SOLD_OUT', errorMessage: 'none left', variables: { item: 'shoes' } }),
);

// the rest of what is ordered is buffered, and read in pages
for (const orderId of ['B-9', 'B-10', 'B-11']) {
  await camunda.publishMessage({ name: 'ordered', timeToLive: 60_000, variables: { orderId } });
}
const pages = [];
for (let after; pages.length < 9;) {
  const page = { limit: 2, ...(after && { after }) };
  const sort = [{ field: 'processInstanceKey', order: 'ASC' }];
  const answer = await camunda.searchProcessInstances({ page, sort, filter: { processDefinitionKey } }, NOW);
  if (!answer.items.length) break;
  assert.equal(answer.page.totalItems, 5);
  pages.push(answer.items.map((each) => each.processInstanceKey));
  after = answer.page.endCursor;
}

// everything that can be read fits the schemas; how many of each there are
const { items: variables } = await camunda.searchVariables({ filter: { processInstanceKey } }, NOW);
const { items: events } = await camunda.searchAuditLogs({ filter: { processInstanceKey } }, NOW);
const keys = {
  processDefinitionKey,
  processInstanceKey,
  userTaskKey,
  elementInstanceKey: incident.elementInstanceKey,
  incidentKey: incident.incidentKey,
  variableKey: variables[0].variableKey,
  auditLogKey: events[0].auditLogKey,
};
const found = {};
for (const read of READS) {
  const answer = await camunda[read](keys, NOW);
  found[read] = (answer.items ?? [answer]).length;
}

console.log(
  JSON.stringify({
    instance: processInstanceKey,
    declined: ordered.processInstanceKey,
    jobs: { reserved, packed, again, declined },
    pages,
    found,
  }),
);
process.exit();
