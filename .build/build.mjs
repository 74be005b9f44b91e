// Generates what is compiled from the schema, then bundles the three programs that eco consists of. All packages go into them,
// and so are development dependencies: who installs eco installs nothing else.
//   node .build/build.mjs            everything
//   node .build/build.mjs generate   only src/**/generated, which types, lint and tests need
//   node .build/build.mjs as 1.2.3 FOLDER   the programs alone, in place of the folder, as another version: for tests
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { compactSchema } from './compact-schema.mjs';
import { ecosystemTypes } from './ecosystem-types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Own modules that become files of their own where they are imported dynamically; packages always do. */
const SEPARATE =
  /^src\/(cli\/run-cli|cli\/(commands|remote)\/[^/]+|config\/load-ecosystem|platform\/(start-daemon|boot-machine|health)|supervise\/foreground)\.ts$/;

/** Own modules that become ES modules, for a package in them awaits at its top level; `import()` stays what it is. */
const AS_MODULE = /^src\/cli\/monit\/monit-view\.ts$/;

/** For what CommonJS has no word for. */
const MODULE_URL = { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" };

/** As `require`, for `import()` goes through the loader of ES modules, which reads every byte of a file for its exports. */
const LAZY_IMPORT = /(?<!typeof )\bimport\('([^']+)'\)/g;
const LAZY =
  'const __lazy = (load) => Promise.resolve().then(() => { const loaded = load(); return loaded.__esModule ? loaded : { ...loaded, default: loaded }; });';

/** For packages in CommonJS within ES modules. */
const REQUIRE = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };

const [what, asVersion, folder] = process.argv.slice(2);
if (what === 'as') await bundle({ version: asVersion, dist: resolve(folder) });
else {
  await generateValidators();
  await generateTypes();
  await generateModuleWorker();
  await generateDefaultSpec();
  if (what !== 'generate') await bundle({ version: await ownVersion(), dist: `${root}dist` });
}

async function ownVersion() {
  return JSON.parse(await readFile(`${root}package.json`, 'utf8')).version;
}

/** No schema is compiled at run time: that alone would cost 40 ms of every start. */
async function generateValidators() {
  const ecosystem = compactSchema(await readSchema('ecosystem'));
  await generateValidator('src/config/generated/validate-ecosystem', { schema: ecosystem, allErrors: true });
  const { $schema, $defs } = await readSchema('plan');
  const savedPlan = { $schema, $ref: '#/$defs/saved_plan', $defs };
  await generateValidator('src/cli/generated/validate-saved-plan', { schema: savedPlan, allErrors: false });
}

async function readSchema(name) {
  return JSON.parse(await readFile(`${root}schemas/${name}.schema.json`, 'utf8'));
}

async function generateValidator(path, { schema, allErrors }) {
  const ajv = new Ajv2020({
    allErrors,
    verbose: allErrors,
    strict: true,
    // `required` stands in the branches of an `anyOf`, its properties around it.
    strictRequired: false,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  // What a property expects, in words, for messages.
  ajv.addVocabulary(['x-expects']);
  const code = standaloneCode.default(ajv, ajv.compile(schema));
  const file = `${root}${path}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.js`, code);
  await writeFile(
    `${file}.d.ts`,
    [
      "import type { ErrorObject } from 'ajv';",
      'declare const validate: { (value: unknown): boolean; errors?: ErrorObject[] | null };',
      'export default validate;',
      '',
    ].join('\n'),
  );
}

/** What the schema says, for editors of JavaScript and TypeScript files. */
async function generateTypes() {
  const schema = await readSchema('ecosystem');
  const { outputFiles } = await build({
    stdin: {
      contents:
        "export { APP_OPTIONS } from './app-options.ts'; export { KEYS_WITHOUT_EFFECT } from './pm2-options.ts';",
      resolveDir: `${root}src/config`,
    },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'warning',
  });
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`;
  const { APP_OPTIONS, KEYS_WITHOUT_EFFECT } = await import(url);
  const others = KEYS_WITHOUT_EFFECT.map(({ name }) => name);
  const types = ecosystemTypes(schema, { options: APP_OPTIONS, others });
  await writeFile(`${root}src/config/generated/ecosystem-types.d.ts`, types);
}

/** For tests that run from the sources: a thread needs a file that Node runs by itself. */
async function generateModuleWorker() {
  await build({
    entryPoints: [`${root}src/config/module-worker.ts`],
    outfile: `${root}src/config/generated/module-worker.cjs`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
  });
}

/**
 * What a spec holds where the file says nothing, from the one place that knows: `config`. Processes that may not read files
 * of configuration complete with it the specs that an eco wrote which did not know every field yet.
 */
async function generateDefaultSpec() {
  const folder = await mkdtemp(join(tmpdir(), 'eco-build-'));
  // In the repository, so that it finds the packages.
  const loader = `${root}src/config/generated/load-ecosystem.cjs`;
  try {
    const entryPoints = [`${root}src/config/load-ecosystem.ts`];
    const form = { bundle: true, platform: 'node', format: 'cjs', packages: 'external', logLevel: 'warning' };
    await build({
      ...form,
      define: { 'import.meta.url': '__moduleUrl' },
      banner: MODULE_URL,
      entryPoints,
      outfile: loader,
    });
    const { loadEcosystem } = createRequire(import.meta.url)(loader);
    await writeFile(join(folder, 'app.js'), '');
    await writeFile(join(folder, 'ecosystem.json'), '{ "apps": [{ "name": "app", "script": "./app.js" }] }');
    const options = { cwd: folder, file: 'ecosystem.json', environment: {}, home: folder, codeRevision: 'skip' };
    const loaded = await loadEcosystem(options);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    const ofThisApp = ['name', 'script', 'cwd', 'code'];
    const fields = Object.entries(loaded.value.desired.apps[0]).filter(([name]) => !ofThisApp.includes(name));
    await writeDefaultSpec(Object.fromEntries(fields));
  } finally {
    await rm(loader, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeDefaultSpec(spec) {
  const folder = `${root}src/domain/generated`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/default-spec.js`, `export default ${JSON.stringify(spec, null, 2)};\n`);
  await writeFile(
    `${folder}/default-spec.d.ts`,
    [
      "import type { AppSpec } from '../app-spec.ts';",
      "declare const defaultSpec: Omit<AppSpec, 'name' | 'script' | 'cwd' | 'code'>;",
      'export default defaultSpec;',
      '',
    ].join('\n'),
  );
}

/**
 * CommonJS, and every package inside: Node starts `eco list` in two thirds of the time that it takes for ES modules and
 * node_modules. What a command may not need is a file of its own, loaded when it is asked for.
 */
async function bundle({ version, dist }) {
  const next = `${dist}-next`;
  const used = new Set();
  const shared = {
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
    minifySyntax: true,
    metafile: true,
    absWorkingDir: root,
  };
  const define = { ECO_VERSION: JSON.stringify(version), 'import.meta.url': '__moduleUrl' };
  const banner = { js: `${MODULE_URL.js}\n${LAZY}` };
  await rm(next, { recursive: true, force: true });
  const pending = new Map([
    ['eco', 'src/cli/main.ts'],
    ['ecod', 'src/daemon/main.ts'],
    ['static-server', 'src/serve/static-server.ts'],
    ['module-worker', 'src/config/module-worker.ts'],
  ]);
  for (const [name, entry] of pending) {
    const minifyWhitespace = isReadAtEachStart(name);
    const { form, file } = AS_MODULE.test(entry)
      ? { form: asModule(define), file: `${name}.mjs` }
      : { form: { define, banner }, file: `${name}.js` };
    const options = { ...shared, target: 'node20', plugins: [separately(pending)], minifyWhitespace, ...form };
    const { metafile } = await build({ ...options, entryPoints: [entry], outfile: `${next}/${file}` });
    for (const input of Object.keys(metafile.inputs)) used.add(packageOf(input));
  }
  // The preload runs in processes of users, perhaps on an older Node than ours, and must not depend on anything.
  await build({ ...shared, target: 'node18', entryPoints: ['src/preload/preload.ts'], outfile: `${next}/preload.cjs` });
  await buildEntry({ shared, next });
  await writeFile(`${next}/package.json`, '{ "type": "commonjs" }\n');
  await writeFile(`${next}/THIRD-PARTY-LICENSES.txt`, await licences(inOrder(used)));
  await chmod(`${next}/eco.js`, 0o755);
  await rm(dist, { recursive: true, force: true });
  await rename(next, dist);
}

/** Node reads every byte of it, and nobody reads it in a report of a bug. */
function isReadAtEachStart(name) {
  return name.startsWith('lib-') || ['load-ecosystem', 'monit-view'].includes(name);
}

/** What `import 'eco-runner'` gives. */
async function buildEntry({ shared, next }) {
  await build({
    ...shared,
    target: 'node20',
    entryPoints: ['src/config/define-ecosystem.ts'],
    outfile: `${next}/index.js`,
  });
  const types = await readFile(`${root}src/config/generated/ecosystem-types.d.ts`, 'utf8');
  const functions = [
    '/** Gives an ecosystem file completion and checks in editors; its value is the value that it is given. */',
    'export declare function defineEcosystem(ecosystem: EcosystemFunction): EcosystemFunction;',
    // Last, for that is the one whose mistakes are told.
    'export declare function defineEcosystem(ecosystem: Ecosystem): Ecosystem;',
  ];
  await writeFile(`${next}/index.d.ts`, `${types}\n${functions.join('\n')}\n`);
}

/** Packages for the view leave out what is there for their own development. */
function asModule({ ECO_VERSION }) {
  const define = { ECO_VERSION, 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' };
  return { format: 'esm', define, banner: REQUIRE, plugins: [withoutDevtools()] };
}

function withoutDevtools() {
  return {
    name: 'without-devtools',
    setup({ onLoad }) {
      onLoad({ filter: /node_modules\/ink\/build\/devtools\.js$/ }, () => ({ contents: '' }));
    },
  };
}

function separately(pending) {
  return {
    name: 'separately',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        const code = await readFile(path, 'utf8');
        const lazy = (whole, target) =>
          AS_MODULE.test(ownFile(dirname(path), target)) ? whole : `__lazy(() => require('${target}'))`;
        return { contents: code.replace(LAZY_IMPORT, lazy), loader: 'ts' };
      });
      onResolve({ filter: /.*/ }, ({ kind, path, resolveDir }) => {
        const ours = !resolveDir.includes('node_modules');
        if (kind === 'dynamic-import' && ours) {
          const file = ownFile(resolveDir, path);
          const name = basename(file, '.ts');
          pending.set(name, file);
          return { path: `./${name}.mjs`, external: true };
        }
        if (kind !== 'require-call' || path.startsWith('node:') || !ours) return undefined;
        const isPackage = !path.startsWith('.');
        const file = isPackage ? path : ownFile(resolveDir, path);
        if (!isPackage && !SEPARATE.test(file)) return undefined;
        const name = isPackage ? `lib-${path.replaceAll('/', '-')}` : basename(file, '.ts');
        if (!pending.has(name)) pending.set(name, file);
        return { path: `./${name}.js`, external: true };
      });
    },
  };
}

function ownFile(folder, path) {
  return relative(root, resolve(folder, path));
}

function inOrder(folders) {
  return [...folders].filter(Boolean).sort((a, b) => (a < b ? -1 : 1));
}

function packageOf(input) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[0];
}

/** What the licences of the packages inside ask for. */
async function licences(folders) {
  const texts = folders.map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${root}${folder}package.json`, 'utf8'));
    const files = await readdir(`${root}${folder}`);
    const file = files.find((candidate) => /^licen[cs]e/i.test(candidate));
    const text = file === undefined ? `Licence: ${license}` : await readFile(`${root}${folder}${file}`, 'utf8');
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
