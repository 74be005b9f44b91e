import { ok, type Result } from '../domain/result.ts';
import { findFile } from './find-file.ts';
import type { LoadOptions } from './load-ecosystem.ts';
import { invalid, readEcosystem, type ReadEcosystem } from './read-ecosystem.ts';
import { runsElsewhere } from './runs-elsewhere.ts';
import { readerHere } from './source-reader.ts';

/** The ecosystem file that is meant, with all that this machine knows of it; refused where it is for other machines only. */
export async function readHere(options: LoadOptions): Promise<Result<ReadEcosystem>> {
  const { environment, envName, onRead = () => {} } = options;
  const found = await findFile(options.file, options.cwd);
  if (!found.ok) return invalid([found.error]);
  const read = await readEcosystem(found.value, readerHere({ environment, onRead }), { envName });
  if (!read.ok) return read;
  return runsElsewhere(read.value, options.where) ?? ok(read.value);
}
