import { createHmac, randomBytes, randomUUID, scrypt } from 'node:crypto';

/** Hex. */
export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

/** For what never recurs. */
export function newUuid(): string {
  return randomUUID();
}

export function saltedDigest(text: string, salt: string): string {
  return createHmac('sha256', salt).update(text).digest('hex').slice(0, 32);
}

/** A few hundredths of a second, and 8 MiB, for whoever tries out what the text might be (RFC 7914). */
const COST = { N: 2 ** 13, r: 8, p: 1 };

/** For what may be guessed. */
export function slowDigest(text: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(text, salt, 16, COST, (error, key) => (error === null ? resolve(key.toString('hex')) : reject(error)));
  });
}
