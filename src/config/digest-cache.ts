import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { seconds, type Timestamp } from '../domain/time.ts';
import { digestFile } from '../platform/file-digest.ts';
import { fileStamp, readLink, readTextIfPresent, replaceFile, type FileStamp } from '../platform/files.ts';
import { isRecord } from './source.ts';

/** Remembers digests of files by what changes whenever their content does. */
export interface DigestCache {
  /** null for what has no content to compare: a socket, a device, a file that is gone. */
  readonly digest: (path: string) => string | null;
  /** Writes what was learned. A cache that cannot be written costs time and nothing else. */
  readonly save: () => void;
}

const FORMAT = 1;
/** A file that changed so shortly before it was read may change again within the same tick of the file system's clock. */
const SETTLED_AFTER = seconds(2);
const LARGEST_CACHE = 256 * 1024 * 1024;

type Entries = Readonly<Record<string, readonly [stamp: string, digest: string]>>;

/** One cache file for each folder that is scanned, `name`. */
export function openDigestCache(
  cacheFolder: string,
  name: string,
  { now }: { readonly now: () => Timestamp },
): DigestCache {
  const key = createHash('sha256').update(name).digest('hex').slice(0, 24);
  const file = join(cacheFolder, `code-${key}.json`);
  const old = readEntries(file);
  const kept = new Map<string, readonly [string, string]>();
  let changed = false;
  return {
    digest: (path) => {
      const stamp = fileStamp(path);
      if (stamp === null || stamp.kind === 'other') return readLink(path);
      if (stamp.kind === 'folder') return readLink(path);
      const text = stampText(stamp);
      const known = old[path];
      if (known?.[0] === text) {
        kept.set(path, known);
        return known[1];
      }
      changed = true;
      const readAt = now();
      const digest = digestFile(path);
      if (digest !== null && Math.max(stamp.modifiedAt, stamp.changedAt) < readAt - SETTLED_AFTER)
        kept.set(path, [text, digest]);
      return digest;
    },
    save: () => {
      if (!changed && kept.size === Object.keys(old).length) return;
      replaceFile(file, JSON.stringify({ format: FORMAT, files: Object.fromEntries(kept) }));
    },
  };
}

function stampText({ size, modifiedAt, changedAt, inode }: FileStamp): string {
  return `${size} ${modifiedAt} ${changedAt} ${inode}`;
}

/** What is no cache of this format is as good as none. */
function readEntries(file: string): Entries {
  const text = readTextIfPresent(file, LARGEST_CACHE);
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && value['format'] === FORMAT && isEntries(value['files']) ? value['files'] : {};
  } catch {
    return {};
  }
}

function isEntries(value: unknown): value is Entries {
  return (
    isRecord(value) &&
    Object.values(value).every(
      (entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string',
    )
  );
}
