import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entryPoints } from './entry-points.ts';

/** The JSON schema of ecosystem files that this eco is published with, as text. */
export async function readEcosystemSchema(): Promise<string> {
  return readFile(join(entryPoints.schemas, 'ecosystem.schema.json'), 'utf8');
}
