/** Ends every switch over a union: adding a member stops compiling here until it is treated. Reached at run time only by a bug. */
export function unreachable(value: never): never {
  throw new Error(`Bug in eco: unexpected value ${JSON.stringify(value)}`);
}
