/** `C:\\app` or `C:/app`, which no other system takes for absolute. */
export function isOfWindows(path: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(path);
}

export const OF_WINDOWS =
  'it is a path of Windows, where eco does not run; one that is relative to the folder of the file holds on every machine';
