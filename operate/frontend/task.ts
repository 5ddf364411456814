/* The page of a user task: who else is at its process instance. */

import { mountPresence } from './lib/presence';

if (document.querySelector('[data-presence]')) {
  mountPresence(() => 'TASK').start();
}
