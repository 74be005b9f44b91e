/** For a list without rows: whether there are none at all, or none that were asked for. */
export function formatNoApps({
  project,
  only,
}: {
  readonly project?: string;
  readonly only?: readonly string[];
}): string {
  const named = only === undefined ? '' : ` named ${only.join(' or ')}`;
  const owned = project === undefined ? '' : ` in project ${project}`;
  return `No apps${named}${owned}.`;
}
