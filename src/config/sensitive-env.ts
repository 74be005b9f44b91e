import { byCodeUnit } from '../util/compare.ts';

/** Whole words of a name, so that MONKEY, KEYBOARD and AUTHOR stay readable. */
const SECRET_WORDS = new Set(
  `PASSWORD PASSWD PASSPHRASE PASS PWD TOKEN TOKENS SECRET SECRETS KEY KEYS APIKEY DSN CREDENTIAL CREDENTIALS AUTH PRIVATE
   CERT COOKIE SALT SIGNATURE WEBHOOK JWT`.split(/\s+/),
);
/** Parts that mean a secret wherever they stand in a name. */
const SECRET_PARTS = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|APIKEY|ACCESSKEY|PRIVATEKEY/;
/** The working folder, which shells keep in variables of these names. */
const NO_SECRETS = new Set(['PWD', 'OLDPWD']);
/** `postgres://user:password@host/` */
const URL_WITH_CREDENTIALS = /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** The names whose values are masked, sorted. What came from an env file always is. */
export function sensitiveNames(
  env: Readonly<Record<string, string>>,
  fromFiles: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(env)
    .filter(([name, value]) => fromFiles.has(name) || isSecretName(name) || URL_WITH_CREDENTIALS.test(value))
    .map(([name]) => name)
    .sort(byCodeUnit);
}

function isSecretName(name: string): boolean {
  if (NO_SECRETS.has(name)) return false;
  const upper = name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  return SECRET_PARTS.test(upper) || upper.split(/[^A-Z0-9]+/).some((word) => SECRET_WORDS.has(word));
}
