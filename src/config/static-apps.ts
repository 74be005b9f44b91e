import { readBoolean, readText } from './option-values.ts';
import type { Block, Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord } from './source.ts';

const DEFAULT_PORT = 8080;
/** Keys that are no options of an app. */
const OWN = ['path', 'port', 'host', 'spa', 'basic_auth', 'script'];
const LEFT_OUT: Readonly<Record<string, string>> = {
  monitor: 'eco puts no monitoring agent into your programs',
  ftp: 'the static server shows files, not what is in a folder',
  directory: 'the static server shows files, not what is in a folder',
};

/** PM2's `static`: each entry is an app that serves the files of a folder. Its other keys are options of that app. */
export function staticApps({ value, path }: Part, report: Report): readonly Block[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((entry, index) => {
    const place = Array.isArray(value) ? [...path, index] : path;
    if (!isRecord(entry)) return [];
    for (const key of Object.keys(entry).filter((name) => Object.hasOwn(LEFT_OUT, name) && entry[name] !== false)) {
      const message = `"${key}" is ignored: ${LEFT_OUT[key] ?? ''}`;
      report.warning('ECO1902', [...place, key], { message, part: 'key' });
    }
    return [{ value: staticApp(entry), path: place }];
  });
}

function staticApp(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const options = Object.entries(entry).filter(([key]) => !OWN.includes(key) && !Object.hasOwn(LEFT_OUT, key));
  const { port = DEFAULT_PORT, env, basic_auth: auth } = entry;
  return {
    name: `static-page-server-${String(port)}`,
    ...Object.fromEntries(options),
    script: 'serve',
    env: {
      ...settings({ ...entry, port }),
      ...(isRecord(auth) ? authorization(auth) : {}),
      ...(isRecord(env) ? env : {}),
    },
  };
}

function settings({ path, port, host, spa }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    PM2_SERVE_PATH: readText(path) ?? '.',
    PM2_SERVE_PORT: port,
    ...(readText(host) === undefined ? {} : { PM2_SERVE_HOST: host }),
    ...(readBoolean(spa) === true ? { PM2_SERVE_SPA: 'true' } : {}),
  };
}

function authorization({ username, password }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    PM2_SERVE_BASIC_AUTH: 'true',
    PM2_SERVE_BASIC_AUTH_USERNAME: username,
    PM2_SERVE_BASIC_AUTH_PASSWORD: password,
  };
}
