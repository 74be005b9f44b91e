import type { OptionName } from '../../../src/config/app-options.ts';
import type { AppSpec } from '../../../src/domain/app-spec.ts';
import type { EcoRig } from '../eco-rig.ts';
import type { ListedApp } from '../list-document.ts';

/** An option of an app: what is written, what the spec says then, and where it is seen on a real process. */
export interface OptionCase {
  /** `env_NAME` stands for the blocks that `--env` chooses. */
  readonly option: OptionName | 'env_NAME';
  /** Beside the name of the app; its script is `./tells.js` unless told here. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Other apps of the same file. */
  readonly beside?: readonly Readonly<Record<string, unknown>>[];
  /** The fields in which it differs from an app without the option, and no others do; `<folder>` is that of the file. */
  readonly spec: Partial<AppSpec>;
  /** Only root may ask for it. */
  readonly asRoot?: true;
  readonly shown: Shown;
}

/** Where the effect on a real process is shown. */
export type Shown =
  /** By a test of its own. `title`: as it stands in that file. */
  | { readonly in: string; readonly title: string }
  /** In the one apply of all options; `afterStop` once the app was told to stop. */
  | { readonly effect: (app: RunningApp) => Promise<void>; readonly afterStop?: (app: RunningApp) => Promise<void> };

/** An app of the apply of all options. */
export interface RunningApp {
  readonly eco: EcoRig;
  /** As eco knows it. */
  readonly name: string;
  /** What the newest process of an instance says of itself. */
  readonly told: (instance?: number) => Promise<Told>;
  readonly listed: () => Promise<ListedApp>;
  /** How its last process ended: by which signal or message. */
  readonly ended: () => Promise<string>;
  readonly other: (option: OptionCase['option']) => RunningApp;
  /** A log file that eco keeps for it, such as `out.log`; null: there is none. */
  readonly log: (ending: string) => Promise<string | null>;
}

/** What `tells.js` writes down. */
export interface Told {
  readonly pid: number;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cluster: boolean;
  readonly uid: number;
  readonly gid: number;
  /** The files that were in the folder when it began. */
  readonly seen: readonly string[];
  readonly program: string;
}

/** In the environment of whoever applies. */
export const CALLER = { PASSED_ON: 'yes', PASSED_BACK: 'no', NOT_NAMED: 'no' };
/** For `env_NAME` and `append_env_to_name`. */
export const ENV_NAME = 'production';
export const NOBODY = 65_534;

const TELLS = `
const { appendFileSync, readdirSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { argv, env, execArgv, pid } = process;
const place = join(__dirname, 'told', encodeURIComponent(env.ECO_APP) + '-' + env.ECO_INSTANCE);
const told = {
  pid, args: argv.slice(2), execArgv, cwd: process.cwd(), env, cluster: require('node:cluster').isWorker,
  uid: process.getuid(), gid: process.getgid(), seen: readdirSync(join(__dirname, 'told')), program: __filename,
};
console.log('out of ' + env.ECO_APP);
console.error('err of ' + env.ECO_APP);
const end = (how) => { appendFileSync(place + '.ended', how + '\\n'); process.exit(0); };
for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR2']) process.on(signal, () => end(signal));
process.on('message', (message) => message === 'shutdown' && end('message'));
writeFileSync(place + '.part', JSON.stringify(told));
renameSync(place + '.part', place + '.json');
if (env.TASK === undefined) setInterval(() => {}, 1 << 30);
`;

/** What the options name, beside the ecosystem file. */
export const OPTION_FILES = {
  'tells.js': TELLS,
  'other.js': TELLS,
  'sub/.keep': '',
  'told/.keep': '',
  'wrapper.sh': '#!/bin/sh\nWRAPPED=yes exec node "$@"\n',
  'variables.env': 'FROM_FILE=yes\n',
  'secret.txt': 'hush\n',
  'package.json': { name: 'all-options', scripts: { start: 'node tells.js' } },
  'watched/all/.keep': '',
  'watched/some/.keep': '',
  'watched/flat/deep/.keep': '',
};
