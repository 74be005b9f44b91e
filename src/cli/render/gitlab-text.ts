import type { Timestamp } from '../../domain/time.ts';

export interface Section {
  /** Letters, digits, `_`, `.` and `-`; no other of the job has it. */
  readonly name: string;
  readonly title: string;
  /** Only its title shows until somebody opens it. */
  readonly collapsed: boolean;
  readonly content: string;
}

/** https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
export function formatSection({ name, title, collapsed, content }: Section, now: Timestamp): string {
  const seconds = Math.floor(now / 1000);
  const option = collapsed ? '[collapsed=true]' : '';
  return [
    `\u001B[0Ksection_start:${seconds}:${name}${option}\r\u001B[0K${title}`,
    content,
    `\u001B[0Ksection_end:${seconds}:${name}\r\u001B[0K`,
  ].join('\n');
}
