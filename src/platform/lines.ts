export const EMPTY: Buffer = Buffer.alloc(0);

/** Calls back with each whole line, without its line end, and answers what follows the last one. */
export function splitLines(bytes: Buffer, onLine: (line: string) => void): Buffer {
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    onLine(bytes.toString('utf8', start, end));
    start = end + 1;
  }
  return bytes.subarray(start);
}
