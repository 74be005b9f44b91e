// Generates what is compiled from the schema, then bundles the three programs that eco consists of.
//   node .build/build.mjs            everything
//   node .build/build.mjs generate   only src/**/generated, which types, lint and tests need
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));

await generateValidator();
if (process.argv[2] !== 'generate') await bundle();

/** No schema is compiled at run time: that alone would cost 40 ms of every start. */
async function generateValidator() {
  const schema = JSON.parse(await readFile(`${root}schemas/ecosystem.schema.json`, 'utf8'));
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  // What a property expects, in words, for messages.
  ajv.addVocabulary(['x-expects']);
  const code = standaloneCode.default(ajv, ajv.compile(schema));
  const folder = `${root}src/config/generated`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/validate-ecosystem.js`, code);
  await writeFile(
    `${folder}/validate-ecosystem.d.ts`,
    [
      "import type { ErrorObject } from 'ajv';",
      'declare const validate: { (value: unknown): boolean; errors?: ErrorObject[] | null };',
      'export default validate;',
      '',
    ].join('\n'),
  );
}

async function bundle() {
  await rm(`${root}dist`, { recursive: true, force: true });
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const shared = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    define: { ECO_VERSION: JSON.stringify(version) },
    outdir: `${root}dist`,
  };
  await build({
    ...shared,
    entryPoints: { eco: `${root}src/cli/main.ts`, ecod: `${root}src/daemon/main.ts` },
    format: 'esm',
    splitting: true,
    packages: 'external',
    chunkNames: 'chunk-[name]-[hash]',
  });
  // The preload runs in processes of users, perhaps on an older Node than ours, and must not depend on anything.
  await build({
    ...shared,
    entryPoints: { preload: `${root}src/preload/preload.ts` },
    format: 'cjs',
    target: 'node18',
    outExtension: { '.js': '.cjs' },
  });
  await chmod(`${root}dist/eco.js`, 0o755);
}
