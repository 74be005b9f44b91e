/** The last part of an absolute path: how people name the file. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
