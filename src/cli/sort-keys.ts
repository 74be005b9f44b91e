/** What `eco list --sort` goes by. */
export const SORT_KEYS = ['name', 'status', 'restarts', 'uptime', 'cpu', 'memory'] as const;

export type SortKey = (typeof SORT_KEYS)[number];
