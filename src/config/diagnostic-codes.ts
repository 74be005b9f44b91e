// oxlint-disable max-lines -- a table: one row a code, and to be read in one place
export interface DiagnosticCodeInfo {
  readonly title: string;
  readonly cause: string;
  readonly cure: string;
  /** Lines of a file, or a command. */
  readonly example: string;
}

/**
 * Every code that a diagnostic may have; they are stable. 10xx: the file and its syntax. 11xx: its shape. 12xx: keys. 13xx: values.
 * 14xx: apps beside each other and against the disk. 15xx: modules. 19xx: only ever warnings.
 */
export const DIAGNOSTIC_CODES = {
  ECO1001: {
    title: 'no ecosystem file found',
    cause:
      'No file was named, and none of the usual names exists here or above, up to the root of the repository. Outside a repository only the current folder is searched.',
    cure: 'Write an ecosystem.yaml, or name the file.',
    example: 'eco apply deploy/ecosystem.yaml',
  },
  ECO1002: {
    title: 'file does not exist',
    cause: 'The file that was named does not exist.',
    cure: 'Check the path; it is relative to the current folder.',
    example: 'eco apply ./ecosystem.yaml',
  },
  ECO1003: {
    title: 'a folder instead of a file',
    cause: 'The path names a folder.',
    cure: 'Name the file in it.',
    example: 'eco apply deploy/ecosystem.yaml',
  },
  ECO1004: {
    title: 'file cannot be read',
    cause: 'The operating system refused to read the file, or it is no regular file.',
    cure: 'Let the user who runs eco read it.',
    example: 'chmod u+r ecosystem.yaml',
  },
  ECO1005: {
    title: 'file too large',
    cause: 'The file has more than 5 MiB; a log or a dump was probably named by mistake.',
    cure: 'Name the ecosystem file.',
    example: 'eco apply ecosystem.yaml',
  },
  ECO1006: {
    title: 'not UTF-8',
    cause: 'The file holds bytes that are no UTF-8 text.',
    cure: 'Save it as UTF-8.',
    example: 'iconv -f latin1 -t utf8 old.yaml > ecosystem.yaml',
  },
  ECO1007: {
    title: 'empty file',
    cause: 'The file holds nothing but white space. Treating that as "no apps" would delete all of them.',
    cure: 'Write the apps; to ask for none, name the project.',
    example: 'project: shop\napps: []',
  },
  ECO1008: {
    title: 'unknown kind of file',
    cause: 'eco tells the kind of a file by its extension.',
    cure: 'Use .yaml, .yml, .json, .jsonc, .json5, .js, .cjs, .mjs or .ts.',
    example: 'ecosystem.yaml',
  },
  ECO1009: {
    title: 'search failed',
    cause: 'A file that the search reads on its way, such as package.json, is broken.',
    cure: 'Mend that file, or name the ecosystem file.',
    example: 'eco apply ecosystem.yaml',
  },
  ECO1011: {
    title: 'not valid YAML',
    cause: 'The YAML parser stopped at this place.',
    cure: 'Look at the line and the one before it: a missing colon, quote, bracket or blank.',
    example: 'apps:\n  - name: api\n    script: ./server.js',
  },
  ECO1012: {
    title: 'not valid JSON',
    cause: 'The JSON parser stopped at this place. Comments, bare keys and trailing commas are accepted.',
    cure: 'Look at the line and the one before it: a missing comma, quote or bracket.',
    example: '{ "apps": [{ "script": "./server.js" }] }',
  },
  ECO1013: {
    title: 'JavaScript in JSON',
    cause: 'The file holds an expression such as process.env.PORT. JSON is data and is never run.',
    cure: 'Rename the file to .js.',
    example: 'module.exports = { apps: [{ script: "./server.js", env: { PORT: process.env.PORT } }] };',
  },
  ECO1014: {
    title: 'several YAML documents',
    cause: 'The file has documents separated by "---".',
    cure: 'Put all apps under one list.',
    example: 'apps:\n  - script: ./a.js\n  - script: ./b.js',
  },
  ECO1015: {
    title: 'too deep or too large',
    cause:
      'Lists and objects are nested more than 100 deep, or references (YAML aliases) make the file stand for more than a million values.',
    cure: 'Write it flatter, or with fewer references to references.',
    example: 'apps:\n  - script: ./server.js',
  },
  ECO1101: {
    title: 'not an ecosystem file',
    cause: 'The file has neither a list of apps nor a script. Names such as process.json are used by other tools too.',
    cure: 'Name the file that is meant, or add "apps".',
    example: 'apps:\n  - script: ./server.js',
  },
  ECO1102: {
    title: 'only deployment settings',
    cause: 'The file has a "deploy" section and no apps.',
    cure: 'Add the apps.',
    example: 'apps:\n  - script: ./server.js',
  },
  ECO1103: {
    title: 'no apps',
    cause: 'The list of apps of a file without a project is empty: probably an unfinished file.',
    cure: 'Add the apps; to ask for none, name the project.',
    example: 'project: shop\napps: []',
  },
  ECO1104: {
    title: 'wrong form',
    cause: 'An ecosystem file holds an object with "apps", a list of apps, or one app.',
    cure: 'Give it one of these forms.',
    example: 'apps:\n  - script: ./server.js',
  },
  ECO1105: {
    title: 'not an object',
    cause: 'An app, or "defaults", is something else than an object of options.',
    cure: 'Write its options as keys and values.',
    example: 'apps:\n  - script: ./server.js',
  },
  ECO1107: {
    title: 'circular include',
    cause: 'A file includes itself, directly or by way of the files that it includes.',
    cure: 'Remove one of the entries.',
    example: 'include: [./packages/api/ecosystem.yaml]',
  },
  ECO1203: {
    title: 'unknown key',
    cause: 'No option has this name: an error in a file with "project" or "version", a warning in a plain PM2 file.',
    cure: 'Correct the name, remove the key, or let it begin with "x-" if it is your own.',
    example: 'instances: 4   # not: instnaces',
  },
  ECO1204: {
    title: 'option at the top of the file',
    cause: 'Options at the top of the file belong to no app.',
    cure: 'Put it under "defaults", or into the app.',
    example: 'defaults:\n  max_restarts: 10',
  },
  ECO1205: {
    title: 'option inside an env block',
    cause: 'Everything in an env block is an environment variable, also what has the name of an option.',
    cure: 'Move the option out of the block.',
    example: 'env_production: { NODE_ENV: production }\nexec_mode: cluster',
  },
  ECO1206: {
    title: 'duplicate key',
    cause: 'The same key stands twice in one object; the last one counts.',
    cure: 'Remove one of them.',
    example: 'interpreter: node',
  },
  ECO1207: {
    title: 'two spellings of one option',
    cause: 'An option is given under its name and an alias of it, with different values.',
    cure: 'Keep one of them.',
    example: 'out_file: ./out.log   # and no: output',
  },
  ECO1208: {
    title: 'misspelt variable of the static server',
    cause: 'PM2 tells its static server what to serve by variables that begin with PM2_SERVE_, not PM2_SERVER_.',
    cure: 'Correct the name.',
    example: 'env: { PM2_SERVE_PATH: ./public, PM2_SERVE_PORT: 8080 }',
  },
  ECO1301: {
    title: 'wrong value',
    cause: 'The value is of another type, or none of those that the option takes.',
    cure: 'See the message for what it takes, and "eco schema" for all options.',
    example: 'instances: max   # or a number',
  },
  ECO1302: {
    title: 'app without a script',
    cause: 'Every app says which program it runs.',
    cure: 'Add "script".',
    example: 'script: ./server.js',
  },
  ECO1304: {
    title: 'instances is not a number',
    cause: 'The value is NaN or undefined, as Number(process.env.N) is without N. One instance is run.',
    cure: 'Give a default.',
    example: 'instances: Number(process.env.N ?? 1)',
  },
  ECO1305: {
    title: 'impossible environment variable',
    cause: 'A name is empty or holds "=", a line end or another control character, or a value cannot be text.',
    cure: 'Correct the name or the value.',
    example: 'env: { PORT: 3000 }',
  },
  ECO1307: {
    title: 'impossible arguments',
    cause: 'A quote is not closed, or an argument holds a NUL character.',
    cure: 'Close the quote, or write the arguments as a list.',
    example: 'args: ["--title", "it\'s"]',
  },
  ECO1308: {
    title: 'impossible name',
    cause: 'A name holds a line end or another control character.',
    cure: 'Write another name. Blanks, dots, slashes and parentheses are allowed.',
    example: 'name: api (blue)',
  },
  ECO1309: {
    title: 'not a regular expression',
    cause: 'A text that lines of output are compared with is not a regular expression of JavaScript.',
    cure: 'Correct it; a backslash before a character that means itself is doubled in JSON.',
    example: "fail_when: 'EADDRINUSE|EACCES'",
  },
  ECO1310: {
    title: 'reading output that is discarded',
    cause: 'A log probe or "fail_when" looks at what the app writes, and both of its files are discarded.',
    cure: 'Keep one of the files, or ask in another way.',
    example: 'out_file: ./logs/api.log\nreadiness: { log: server started }',
  },
  ECO1311: {
    title: 'probe without a port',
    cause: 'Only of Node programs does eco know where they listen.',
    cure: 'Write the port.',
    example: 'liveness: { tcp: 6379 }',
  },
  ECO1312: {
    title: 'no times',
    cause: 'The text is no cron expression, names a moment that never comes, or a time zone that does not exist.',
    cure: 'Write five fields: minute, hour, day, month, weekday; or six, with seconds first.',
    example: 'cron_restart: "0 4 * * *"',
  },
  ECO1313: {
    title: 'schedule of a service',
    cause: 'What is run at certain times comes to its end; a service does not.',
    cure: 'Make it a task, or reload the service at those times by "cron_restart".',
    example: 'kind: task\nschedule: "0 7 * * *"',
  },
  ECO1314: {
    title: 'no option to ignore',
    cause: 'What "ignore_changes" names is neither an option of an app nor one of its variables.',
    cure: 'Correct the name.',
    example: 'ignore_changes: [instances, env.LOG_LEVEL]',
  },
  ECO1320: {
    title: 'variable not set',
    cause:
      'The file names a variable in ${…} that the environment of this command does not have, and says nothing for that case.',
    cure: 'Set it, or write what holds without it.',
    example: 'PORT: ${PORT:-3000}',
  },
  ECO1321: {
    title: 'not a variable',
    cause: 'After "${" comes no name of a variable, or the brace is not closed.',
    cure: 'Correct it; for a plain dollar sign, write two.',
    example: 'PRICE: $${5}',
  },
  ECO1322: {
    title: 'no host',
    cause: 'An entry of "hosts" is no address of a machine that ssh can reach.',
    cure: 'Write ssh://, a user if ssh does not know which, the host, and perhaps a port and the folder there.',
    example: 'hosts: { web: [ssh://deploy@web1:2222/srv/shop] }',
  },
  ECO1401: {
    title: 'script not found',
    cause: 'There is no such file under "cwd", no such command in node_modules/.bin, and none in PATH.',
    cure: 'Correct the path, or build first.',
    example: 'cwd: ./packages/api\nscript: ./dist/server.js   # relative to cwd',
  },
  ECO1402: {
    title: 'interpreter not found',
    cause: 'The interpreter is no command in PATH and no executable file.',
    cure: 'Install it, or give its path.',
    example: 'interpreter: /usr/bin/python3',
  },
  ECO1403: {
    title: 'working folder not found',
    cause: '"cwd" does not exist or is no folder; it is relative to the folder of the file.',
    cure: 'Correct it. A path of another machine is best left out.',
    example: 'cwd: ./packages/api',
  },
  ECO1404: {
    title: 'env file not readable',
    cause: 'A file named by "env_file" does not exist or cannot be read.',
    cure: 'Create it, or remove it from the list.',
    example: 'env_file: .env',
  },
  ECO1405: {
    title: 'env file with a wrong line',
    cause: 'A line of an env file is not of the form NAME=value, or a quote is not closed.',
    cure: 'Correct the line.',
    example: 'GREETING="hello"',
  },
  ECO1406: {
    title: 'duplicate name',
    cause: 'Two apps have the same name; it is what an app is known by within its project.',
    cure: 'Give one of them another name.',
    example: 'name: api-2',
  },
  ECO1407: {
    title: 'unknown dependency',
    cause: '"depends_on" names an app that is not in the file.',
    cure: 'Correct the name, or add the app.',
    example: 'depends_on: { cache: ready }',
  },
  ECO1408: {
    title: 'circular dependency',
    cause: 'Apps wait for each other: none of them could start first.',
    cure: 'Remove one of the dependencies.',
    example: 'depends_on: [cache]',
  },
  ECO1409: {
    title: 'waiting for a service to complete',
    cause: 'Only a task completes; a service keeps running.',
    cure: 'Make it a task, or wait for "ready".',
    example: 'kind: task',
  },
  ECO1410: {
    title: 'script is a folder',
    cause: 'The script names a folder that has no index.js.',
    cure: 'Name the file.',
    example: 'script: ./src/main.js',
  },
  ECO1411: {
    title: 'TypeScript without support',
    cause: 'This Node does not run TypeScript by itself, and tsx is not installed.',
    cure: 'Install tsx, use a newer Node, or run the compiled file.',
    example: 'npm install tsx',
  },
  ECO1415: {
    title: 'unknown app to extend',
    cause: '"extends" names an app that is not in the file.',
    cure: 'Correct the name.',
    example: 'apps:\n  - { name: api, script: ./server.js }\n  - { name: api-2, extends: api }',
  },
  ECO1416: {
    title: 'circular extends',
    cause: 'Apps extend each other in a circle.',
    cure: 'Remove one of the entries.',
    example: 'extends: api',
  },
  ECO1417: {
    title: 'file of a secret not found',
    cause: 'The file that "secrets" names does not exist, or is none, so that no worker could be started.',
    cure: 'Write the file, or correct the path: it is relative to the folder of the ecosystem file.',
    example: 'secrets: { DB_PASSWORD: { file: /run/secrets/db } }',
  },
  ECO1418: {
    title: 'user or group that cannot be had',
    cause:
      'No user, or no group, of that name is on this machine; or eco is not run by root, who alone may start programs as somebody else.',
    cure: 'Correct the name, give its number, or run eco as root.',
    example: 'uid: www-data',
  },
  ECO1419: {
    title: 'the whole environment for another machine',
    cause:
      'The apps run on another machine, and `pass_env: true` stands for the whole environment of this one, PATH and HOME included.',
    cure: 'Name the variables that are meant, or patterns of them.',
    example: 'pass_env: [API_TOKEN, "APP_*"]',
  },
  ECO1420: {
    title: 'no such group of hosts',
    cause: 'The "on" of an app names a group that "hosts" at the top of the file does not have.',
    cure: 'Correct the name, or add the group.',
    example: 'hosts: { web: [ssh://deploy@web1] }\napps: [{ script: ./server.js, on: web }]',
  },
  ECO1421: {
    title: 'depends on an app of another machine',
    cause: 'An app waits for another one, which does not run on each of the machines on which the first one does.',
    cure: 'Let both run on the same machines, or remove the dependency: an app that needs another machine has to bear its absence.',
    example: 'apps: [{ name: api, on: web, depends_on: cache }, { name: cache, on: web }]',
  },
  ECO1501: {
    title: 'module throws',
    cause: 'The file is a program, and it failed while it ran.',
    cure: 'See the message and the line.',
    example: 'node ecosystem.config.js',
  },
  ECO1502: {
    title: 'not valid JavaScript',
    cause: 'Node cannot parse the file.',
    cure: 'See the message and the line.',
    example: 'node --check ecosystem.config.js',
  },
  ECO1503: {
    title: 'module exports nothing',
    cause: 'The file ran, and its value is empty.',
    cure: 'Export the apps.',
    example: 'module.exports = { apps: [{ script: "./server.js" }] };',
  },
  ECO1504: {
    title: 'module does not come to an end',
    cause: 'The file waits for something that did not happen within ten seconds, or runs in a circle.',
    cure: 'Let it settle: a configuration should not wait for the network.',
    example: 'export default { apps: [] };',
  },
  ECO1505: {
    title: 'TypeScript file on this Node',
    cause: 'Node runs TypeScript files from 22.18 on.',
    cure: 'Use a newer Node, or another format.',
    example: 'ecosystem.config.mjs',
  },
  ECO1506: {
    title: 'CommonJS in an .mjs file',
    cause: 'An .mjs file is an ES module: there is no module.exports and no require in it.',
    cure: 'Use export, or rename the file to .cjs.',
    example: 'export default { apps: [{ script: "./server.js" }] };',
  },
  ECO1507: {
    title: 'import not found',
    cause: 'The file imports a file or package that does not exist.',
    cure: 'Install the package, or correct the path.',
    example: 'npm install dotenv',
  },
  ECO1508: {
    title: 'circular value',
    cause: 'The value of the file contains itself: through a reference in JavaScript, or an alias in YAML.',
    cure: 'Give it plain data.',
    example: 'export default { apps: [] };',
  },
  ECO1509: {
    title: 'module ends the process',
    cause: 'The file calls process.exit, or something in it does.',
    cure: 'Throw an error instead: eco tells it with its place.',
    example: 'if (!process.env.HOST) throw new Error("HOST is not set");',
  },
  ECO1902: {
    title: 'option left out on purpose',
    cause: 'The option belongs to a part of PM2 that eco does not have.',
    cure: 'Remove it.',
    example: 'vizion: false',
  },
  ECO1903: {
    title: 'no way to tell that it is ready',
    cause:
      "Only a Node program can send 'ready', and only of Node programs does eco know that they listen. Others are taken to be ready once they stayed alive for a while.",
    cure: 'Remove it, or ask in another way: http, tcp with a port, exec, log.',
    example: 'wait_ready: false',
  },
  ECO1904: {
    title: 'unknown environment',
    cause: 'No app has a block for the name that --env was given.',
    cure: 'Correct the name.',
    example: 'eco apply --env production',
  },
  ECO1905: {
    title: 'several processes that share no port',
    cause: 'Only Node programs can be in a cluster; several of any other would each listen on the port.',
    cure: 'Run one, or give each a port of its own.',
    example: 'instances: 1',
  },
  ECO1906: {
    title: 'probe of a task',
    cause: 'A task is never ready: that it ends, and how, is what counts. Probes and "fail_when" are for services.',
    cure: 'Remove it.',
    example: 'kind: service',
  },
  ECO1907: {
    title: 'sockets of a program that is not Node',
    cause: 'Only Node programs get their listening sockets from eco; "balance" says of which kind these are.',
    cure: 'Remove it.',
    example: 'balance: shared',
  },
  ECO1908: {
    title: 'no code to identify',
    cause: 'The patterns of "revision" match no file, so that new code of the app would never be seen.',
    cure: 'Correct the patterns; they are relative to "cwd".',
    example: "revision: { include: ['src/**'] }",
  },
  ECO1909: {
    title: 'log option that the program cannot have',
    cause:
      'A program writes straight into its log files: no process stands in between that could put a time before each line, or write it a second time. In Node programs eco does that within the program.',
    cure: 'Let the program print the time itself. For one file of both streams, give them the same path.',
    example: 'out_file: ./logs/worker.log\nerror_file: ./logs/worker.log',
  },
  ECO1910: {
    title: 'two apps on one port',
    cause:
      'Two services have the same PORT of their own: the second one cannot listen, unless it does not look at PORT.',
    cure: 'Give each a port of its own; for several workers of one program on one port, write "instances".',
    example: 'env: { PORT: 3001 }',
  },
  ECO1911: {
    title: 'project in an included file',
    cause: 'The apps of an included file belong to the project of the file that includes it.',
    cure: 'Remove "project" from the included file.',
    example: 'include: [./packages/api/ecosystem.yaml]',
  },
  ECO1912: {
    title: 'hosts of an included file',
    cause: 'A file that is included names hosts. Where the apps run is said by the file that includes it.',
    cure: 'Move them to the first file, or remove them.',
    example: 'include: ./api/ecosystem.yaml\nhosts: { web: [ssh://deploy@web1] }',
  },
  ECO1931: {
    title: 'secret that others may read',
    cause: 'The permissions of the file let every user of this machine read the secret.',
    cure: 'Take them away.',
    example: 'chmod o-rwx /run/secrets/db',
  },
  ECO1932: {
    title: 'variable and secret of one name',
    cause: 'The same variable is in "env" and in "secrets"; the secret counts.',
    cure: 'Remove it from "env".',
    example: 'secrets: { DB_PASSWORD: { file: /run/secrets/db } }',
  },
} as const satisfies Readonly<Record<string, DiagnosticCodeInfo>>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
