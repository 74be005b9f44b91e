import { inject, test as base } from 'vitest';
import { EcoRig } from './eco-rig.ts';

export { describe, expect } from 'vitest';

/** A test in a world of its own; it fails if a process is left behind, and prints the logs if it fails. */
export const test = base.extend<{ readonly eco: EcoRig }>({
  eco: async ({ onTestFailed }, use) => {
    const eco = await EcoRig.create(inject('ecoPackage'));
    onTestFailed(() => console.error(eco.logs));
    await use(eco);
    await eco.dispose();
  },
});
