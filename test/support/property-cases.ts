/** How many cases each property is tried with: fewer with every change, 10 000 by `npm run test:properties`. */
export const PROPERTY_CASES = Number(process.env['ECO_PROPERTY_CASES'] ?? 1000);
/** Of those that read a file from disk for each. */
export const FILE_CASES = Math.ceil(PROPERTY_CASES / (process.env['ECO_PROPERTY_CASES'] === undefined ? 4 : 1));
/** For one property, in milliseconds. */
export const PROPERTY_TIMEOUT = 60_000 + PROPERTY_CASES * 30;
