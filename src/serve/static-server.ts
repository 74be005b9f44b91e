/**
 * Serves the files of a folder over HTTP: what `script: serve` and `static` in an ecosystem file run where the npm package
 * `serve` is not installed. A program of its own, and an ordinary worker; set up by the variables that PM2 has for that.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import serveStatic from 'serve-static';

interface Settings {
  readonly folder: string;
  readonly port: number;
  readonly host: string | undefined;
  /** What a page that is not there is answered with: programs in the browser know their own paths. */
  readonly homepage: string | null;
  /** The header that lets in; null: everybody is. */
  readonly authorization: string | null;
}

const DEFAULT_PORT = 8080;

const settings = readSettings(process.argv.slice(2), process.env);
const serve = serveStatic(settings.folder);

createServer((request, response) => {
  if (settings.authorization !== null && !isAllowed(request, settings.authorization)) {
    response.setHeader('WWW-Authenticate', 'Basic realm="static files", charset="UTF-8"');
    return end(response, 401);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405);
  return serve(request, response, (problem) => {
    if (problem !== undefined) return end(response, statusOf(problem));
    if (settings.homepage === null || !isPage(request)) return end(response, 404);
    request.url = settings.homepage;
    return serve(request, response, (again) => end(response, again === undefined ? 404 : statusOf(again)));
  });
}).listen(settings.port, settings.host);

function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    options: {
      single: { type: 'boolean', short: 's' },
      listen: { type: 'string', short: 'l' },
      port: { type: 'string', short: 'p' },
    },
  });
  const port = [values['listen'], values['port'], positionals[1], env['PM2_SERVE_PORT'], env['PORT']].find(isNumber);
  const isSingle = values['single'] === true || env['PM2_SERVE_SPA'] === 'true';
  const wantsAuthorization = env['PM2_SERVE_BASIC_AUTH'] === 'true';
  const { PM2_SERVE_BASIC_AUTH_USERNAME: name = '', PM2_SERVE_BASIC_AUTH_PASSWORD: password = '' } = env;
  return {
    folder: resolve(positionals[0] ?? env['PM2_SERVE_PATH'] ?? '.'),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    host: env['PM2_SERVE_HOST'],
    homepage: isSingle ? (env['PM2_SERVE_HOMEPAGE'] ?? '/index.html') : null,
    authorization: wantsAuthorization ? `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` : null,
  };
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value);
}

/** In a time that says nothing about how much of it was right. */
function isAllowed({ headers }: IncomingMessage, expected: string): boolean {
  const [given, wanted] = [headers.authorization ?? '', expected].map((text) =>
    createHash('sha256').update(text).digest(),
  );
  return given !== undefined && wanted !== undefined && timingSafeEqual(given, wanted);
}

/** Not a picture or a script that is missing. */
function isPage({ url = '/' }: IncomingMessage): boolean {
  return !/\.\w+$/.test(url.replace(/[?#].*$/, ''));
}

function statusOf(problem: { readonly status?: number }): number {
  return problem.status ?? 500;
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end(`${status}\n`);
}
