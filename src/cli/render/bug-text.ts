/** What was thrown is by definition a bug in eco: people get what a report of it needs. */
export function formatBug(error: unknown, version: string): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `eco ${version} has a bug. Please report this:\n${what}\n`;
}
