/** How many cases each property is tried with: fewer with every change, 10 000 by `npm run test:properties`. */
export const PROPERTY_CASES = Number(process.env['ECO_PROPERTY_CASES'] ?? 1000);
/** Of those that read a file from disk for each. */
export const FILE_CASES = Math.ceil(PROPERTY_CASES / (process.env['ECO_PROPERTY_CASES'] === undefined ? 4 : 1));
/** Of a case that reads a file, in milliseconds: one that takes longer hangs, and is named with its seed. */
export const CASE_TIMEOUT = 60_000;
/** Of a property, in milliseconds: only a limit, for how long all cases take says how busy the machine is. */
export const PROPERTY_TIMEOUT = 300_000 + PROPERTY_CASES * 300;
