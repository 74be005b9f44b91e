import type { AppSpec } from '../../domain/app-spec.ts';
import type { AppName } from '../../domain/names.ts';
import type { AppFingerprint, PlanDifference } from '../../domain/saved-plan.ts';
import { saltedDigest, slowDigest } from '../../platform/salted-digest.ts';
import { FILE_KEYS } from '../../reconcile/file-values.ts';
import { byCodeUnit, canonicalJson, equalJson } from '../../util/compare.ts';

type Fingerprints = Readonly<Record<AppName, AppFingerprint>>;

/** What the file asks for, without saying it. */
export async function fingerprints(apps: readonly AppSpec[], salt: string): Promise<Fingerprints> {
  const all = await Promise.all(apps.map(async (spec) => [spec.name, await fingerprintOf(spec, salt)] as const));
  return Object.fromEntries(all);
}

async function fingerprintOf(spec: AppSpec, salt: string): Promise<AppFingerprint> {
  const { code, env, ...settings } = spec;
  const digest = (path: string, value: unknown): string =>
    saltedDigest(`${spec.name}\n${path}\n${canonicalJson(value)}`, salt);
  const fields = Object.entries(settings).map(([field, value]) => {
    const path = FILE_KEYS[field as keyof typeof settings];
    return [path, digest(path, value)] as const;
  });
  const open = Object.entries(env).filter(([name]) => !spec.sensitiveEnv.includes(name));
  const secret = Object.entries(env).filter(([name]) => spec.sensitiveEnv.includes(name));
  const variables = open.map(([name, value]) => [pathOf(name), digest(pathOf(name), value)] as const);
  const secrets = secret.map(async ([name, value]) => {
    return [pathOf(name), await slowDigest(value, `${salt}\n${spec.name}\n${name}`)] as const;
  });
  return {
    code,
    fields: Object.fromEntries([...fields, ...variables]),
    secrets: Object.fromEntries(await Promise.all(secrets)),
  };
}

function pathOf(variable: string): string {
  return `${FILE_KEYS.env}.${variable}`;
}

/** By app, and within it by path. */
export function fingerprintDifferences(planned: Fingerprints, present: Fingerprints): readonly PlanDifference[] {
  return keysOf(planned, present).flatMap((app): readonly PlanDifference[] => {
    const [before, after] = [own(planned, app), own(present, app)];
    if (before === undefined || after === undefined) return [{ what: 'file', app, path: null }];
    const secrets = keysOf(before.secrets, after.secrets);
    return [
      ...(equalJson(before.code, after.code) ? [] : [{ what: 'code', app } as const]),
      ...keysOf(before.fields, after.fields)
        // One that has become a secret, or is none any more, is told as a secret.
        .filter((path) => own(before.fields, path) !== own(after.fields, path) && !secrets.includes(path))
        .map((path) => ({ what: 'file', app, path }) as const),
      ...secrets
        .filter((path) => own(before.secrets, path) !== own(after.secrets, path))
        .map((path) => ({ what: 'secret', app, path }) as const),
    ];
  });
}

/** What both have, or one of them. */
function keysOf(a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(byCodeUnit);
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
