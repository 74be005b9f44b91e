/** As git shortens it by default. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}
