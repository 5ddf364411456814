// A worker of Camunda's own, unchanged: it works TIMES external tasks and says what it was given.
//
// Whoever orders something that is sold out is told so. The second parcel's box breaks as long as its task has not been given
// retries by somebody else than this worker.

import { BasicAuthInterceptor, Client, Variables } from 'camunda-external-task-client-js';

const { SERVER, USERNAME, PASSWORD, TIMES } = process.env;

const client = new Client({
  baseUrl: `${SERVER}/engine-rest`,
  workerId: 'w5',
  interceptors: new BasicAuthInterceptor({ username: USERNAME, password: PASSWORD }),
  maxTasks: 2,
  interval: 20,
  lockDuration: 60_000,
  asyncResponseTimeout: 100,
  sorting: [{ sortBy: Client.SortBy.CreateTime, sortOrder: Client.SortOrder.ASC }],
});
const worked = [];

function fail(error) {
  console.error(error.stack);
  process.exit(1);
}

for (const event of ['poll', 'handler', 'complete', 'handleFailure', 'handleBpmnError', 'lock', 'extendLock']) {
  client.on(`${event}:error`, (...details) => fail(details.at(-1)));
}
client.on('handler:success', () => {
  if (worked.length === Number(TIMES)) client.stop();
});
process.on('exit', () => console.log(JSON.stringify(worked)));

function note(task, what) {
  const { activityId, businessKey, retries, extensionProperties } = task;
  worked.push({ activityId, businessKey, retries, extensionProperties, variables: task.variables.getAll(), what });
}

client.subscribe('reserve', { includeExtensionProperties: true }, async ({ task, taskService }) => {
  if (task.variables.get('soldOut')) {
    const variables = new Variables().set('missing', 'shoes');
    await taskService.handleBpmnError(task, 'SOLD_OUT', 'none left', variables);
    note(task, 'declined');
    return;
  }
  await taskService.extendLock(task, 90_000);
  await taskService.lock(task, 60_000);
  const variables = new Variables()
    .set('shelf', 'A4')
    .set('size', { width: 3, tags: ['a', 'b'] })
    .set('weight', 1.5)
    .set('barcode', 4_006_381_333_931)
    .set('nothing', null)
    .setTyped('readyAt', { type: 'Date', value: new Date('2026-11-30T08:00:00Z') });
  await taskService.complete(task, variables, new Variables().set('clerk', 'bob'));
  note(task, 'completed');
});

client.subscribe(
  'pack',
  { variables: ['loopCounter'], processDefinitionKey: 'fulfilment' },
  async ({ task, taskService }) => {
    if (task.variables.get('loopCounter') === 1 && task.retries !== 9) {
      const retries = task.retries === null ? 1 : task.retries - 1;
      const failure = { errorMessage: 'the box broke', errorDetails: 'on all sides', retries, retryTimeout: 0 };
      await taskService.handleFailure(task, failure);
      note(task, 'failed');
      return;
    }
    await taskService.complete(task);
    note(task, 'completed');
  },
);
