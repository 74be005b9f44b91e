import { inject, test as base } from 'vitest';
import { DaemonRig } from './daemon-rig.ts';

export { describe, expect, inject } from 'vitest';

/** A test with a home of its own, in which no daemon runs yet; it fails if a process is left behind. */
export const test = base.extend<{ readonly rig: DaemonRig }>({
  rig: async ({ onTestFailed }, use) => {
    const rig = await DaemonRig.create(inject('ecoPackage'));
    let logs = '';
    onTestFailed(() => console.error(logs));
    await use(rig);
    logs = await rig.readLogs();
    await rig.dispose();
  },
});
