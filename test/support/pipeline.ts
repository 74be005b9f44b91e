import { execa } from 'execa';
import { load } from 'js-yaml';

/** A job of a workflow, as far as a shell carries it out. */
export interface Job {
  readonly steps: readonly JobStep[];
}

export interface JobStep {
  /** Lines of bash. */
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly when: 'success' | 'failure' | 'always';
}

/** The text of a file that a Markdown text shows: the YAML block whose first line is `# NAME`. */
export function shownFile(markdown: string, name: string): Readonly<Record<string, unknown>> {
  const blocks = [...markdown.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
  const text = blocks.find((block) => block.startsWith(`# ${name}\n`));
  if (text === undefined) throw new Error(`the text shows no ${name}`);
  return record(load(text));
}

/** `values`: what stands for each `${{ expression }}`. */
export function githubJob(workflow: unknown, name: string, values: Readonly<Record<string, string>>): Job {
  const { env, jobs } = record(workflow);
  const job = record(record(jobs)[name]);
  const steps = list(job['steps']).map(record);
  const variables = (from: unknown): Record<string, string> =>
    Object.fromEntries(Object.entries(record(from ?? {})).map(([key, value]) => [key, filled(String(value), values)]));
  return {
    steps: steps.flatMap((step) => {
      const { run, env: own } = step;
      if (typeof run !== 'string') return [];
      return [{ run, env: { ...variables(env), ...variables(own) }, when: condition(step['if']) }];
    }),
  };
}

/** All lines of a job are one script, which ends at the first that fails. */
export function gitlabJob(file: unknown, name: string): Job {
  const { variables, [name]: job } = record(file);
  const lines = list(record(job)['script']).map(String);
  const env = Object.fromEntries(Object.entries(record(variables)).map(([key, value]) => [key, String(value)]));
  return { steps: [{ run: ['set -o pipefail', ...lines].join('\n'), env, when: 'success' }] };
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ *(\S+) *\}\}/g, (_, expression: string) => {
    const value = values[expression];
    if (value === undefined) throw new Error(`nothing is known of ${expression}`);
    return value;
  });
}

function condition(text: unknown): JobStep['when'] {
  switch (text) {
    case undefined:
      return 'success';
    case 'failure()':
      return 'failure';
    case 'always()':
      return 'always';
    default:
      throw new Error(`a step runs if ${String(text)}`);
  }
}

export interface JobEnd {
  /** Of the first step that failed; 0: none did. */
  readonly exitCode: number;
  /** What all steps printed. */
  readonly log: string;
}

/** As a runner does it: each step is a script for `bash -e` in the workspace. */
export async function runJob(
  { steps }: Job,
  { workspace, env }: { readonly workspace: string; readonly env: Readonly<Record<string, string>> },
): Promise<JobEnd> {
  let exitCode = 0;
  let log = '';
  for (const step of steps) {
    if (step.when !== 'always' && (step.when === 'failure') !== (exitCode !== 0)) continue;
    const ended = await execa('bash', ['-e', '-c', step.run], {
      cwd: workspace,
      env: { ...step.env, ...env },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      all: true,
      timeout: 240_000,
    });
    log += `${ended.all}\n`;
    if (exitCode === 0) exitCode = ended.exitCode ?? -1;
  }
  return { exitCode, log };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('there is no such part');
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('there is no such list');
  return value;
}
