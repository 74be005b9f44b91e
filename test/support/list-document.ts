/** An app of `eco list --json`, as published. */
export interface ListedApp {
  readonly name: string;
  readonly project: string;
  readonly namespace: string;
  readonly status: string;
  readonly ready: number;
  readonly desired: number;
  readonly revision: number;
  readonly restarts: number;
  readonly workers: readonly ListedWorker[];
}

export interface ListedWorker {
  readonly instance: number;
  readonly pid: number | null;
  readonly status: string;
  readonly ready: boolean;
  readonly managed: boolean;
  readonly restarts: number;
  readonly uptime_ms: number | null;
  readonly cpu_percent: number | null;
  readonly memory_bytes: number | null;
  readonly started_at: string | number | null;
  readonly revision: number;
  readonly restarts_in_row: number;
  readonly last_exit: { readonly type: string } | null;
  readonly retry_in_ms: number | null;
  readonly retiring: { readonly type: string } | null;
  readonly unlimited: string | null;
  readonly stats: ListedStats | null;
}

export interface ListedStats {
  readonly event_loop_utilization: number;
  readonly heap_used_bytes: number;
  readonly heap_total_bytes: number;
  readonly active_handles: number;
  readonly http: {
    readonly requests_per_second: number;
    readonly statuses_per_second: Readonly<Record<string, number>>;
    readonly latency_ms: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  } | null;
}

interface ListDocument {
  readonly format_version: string;
  readonly apps: readonly ListedApp[];
}

export function parseListedApps(document: unknown): readonly ListedApp[] {
  const { format_version: version, apps } = document as ListDocument;
  if (version !== '1.0' || !Array.isArray(apps)) throw new Error(`no list: ${JSON.stringify(document)}`);
  return apps;
}
