import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where everything of eco's lives: `ECO_HOME`, or `~/.eco`. Absolute. One daemon per home. */
export function ecoHome(): string {
  const { ECO_HOME } = process.env;
  return ECO_HOME === undefined || ECO_HOME === '' ? join(homedir(), '.eco') : resolve(ECO_HOME);
}

/** Whether a daemon of this home, running or not, has apps to keep. A home that cannot be read has none to show. */
export async function homeHasApps(home: string): Promise<boolean> {
  const apps = join(home, 'apps');
  const projects = await filesIn(apps);
  for (const project of projects) {
    const documents = await filesIn(join(apps, project));
    if (documents.some((name) => name.endsWith('.json'))) return true;
  }
  return false;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
