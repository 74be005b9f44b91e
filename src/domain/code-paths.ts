/** Which files are code by their paths alone. */

const CODE_EXTENSIONS = new Set(
  `js mjs cjs jsx ts mts cts tsx json json5 jsonc node wasm py rb php pl sh bash lua go rs java html htm css ejs pug hbs
   handlebars mustache njk liquid vue svelte astro graphql gql proto sql prisma yml yaml toml xml`.split(/\s+/),
);

/** What programs write beside their code, wherever no git says so. */
const WRITTEN_FOLDERS = new Set(['node_modules', 'logs', 'pids', 'tmp', 'uploads']);

const NEVER_FOLDERS = /(^|\/)(\.git|\.github|\.ci|\.vscode|\.idea|\.fleet|\.zed|\.vs|node_modules)\//;
const WRITTEN_IN_GIT = /(^|\/)(logs|pids|uploads)\//;

const DOCUMENTS = /^(readme|changelog|licen[cs]e)($|[^a-z])/i;
const WRITTEN_FILES =
  /(\.db|\.sqlite[^/.]*)(-(wal|shm|journal))?$|\.(log|pid|sock|swp)$|^\.gitlab-ci\.yml$|^\.DS_Store$|^\.editorconfig$/;

/** Where no git says which files are code. */
export function isCodeFile(path: string): boolean {
  return hasCodeExtension(path) && !neverCounts(path) && nameOf(path) !== 'db.json';
}

/** Of the files that git sees. `path` is relative to the folder that is listed. */
export function countsInGit(path: string): boolean {
  if (isInNeverFolder(path) || neverCounts(path)) return false;
  return !WRITTEN_IN_GIT.test(path) || hasCodeExtension(path);
}

/** Git's own files, those of packages and of editors. */
export function isInNeverFolder(path: string): boolean {
  return NEVER_FOLDERS.test(path);
}

/** Documents, databases, logs: whatever the folder. */
export function neverCounts(path: string): boolean {
  const name = nameOf(path);
  const isDocument = DOCUMENTS.test(name) && !/\.([cm]?[jt]sx?|json|py)$/.test(name);
  return isDocument || WRITTEN_FILES.test(name);
}

/** Whether a folder of this name may hold code, where no git says so. */
export function mayHoldCode(name: string): boolean {
  return !name.startsWith('.') && !WRITTEN_FOLDERS.has(name);
}

function hasCodeExtension(path: string): boolean {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 && CODE_EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
