import { describe, expect, test } from 'vitest';
import { logTarget, selectedRow, visibleRows } from '../../src/cli/monit/state.ts';
import { logLine, MonitRig, DAEMON } from '../support/monit-states.ts';
import { appSpec, observedApp, observedWorker } from '../support/states.ts';

const api = observedApp(appSpec({ name: 'api', instances: 2 }));
const loop = observedApp(appSpec({ name: 'loop' }));
const mailer = observedApp(appSpec({ name: 'mailer', namespace: 'jobs' }));

function rig(): MonitRig {
  return new MonitRig([api, loop, mailer]);
}

function rows({ state }: MonitRig): readonly string[] {
  return visibleRows(state).map(({ app, instance }) => (instance === null ? app.name : `${app.name}:${instance}`));
}

function selected({ state }: MonitRig): string {
  const target = logTarget(state);
  return target === null ? '' : `${target.app}:${target.instance ?? '*'}`;
}

describe('the rows', () => {
  test('are apps, and the workers of those that have several, as long as these are few', () => {
    expect(rows(rig())).toEqual(['api', 'api:0', 'api:1', 'loop', 'mailer']);
    const many = Array.from({ length: 10 }, (_, index) => observedApp(appSpec({ name: `app-${index}`, instances: 2 })));
    expect(rows(new MonitRig(many))).toHaveLength(10);
  });

  test('workers are folded away and come back; the selection goes to their app', () => {
    const monit = rig();
    monit.press('down', 'down');
    expect(selected(monit)).toBe('api:1');
    monit.press(' ');
    expect(rows(monit)).toEqual(['api', 'loop', 'mailer']);
    expect(selected(monit)).toBe('api:*');
    monit.press('right');
    expect(rows(monit)).toContain('api:1');
    monit.press('left', 'left');
    expect(rows(monit)).not.toContain('api:1');
  });

  test('are selected by arrows and letters, and not beyond the ends', () => {
    const monit = rig();
    const seen = ['j', 'k', 'k', 'G', 'j', 'home', 'end', 'page-up'].map((key) => {
      monit.press(key);
      return selected(monit);
    });
    expect(seen).toEqual(['api:0', 'api:*', 'api:*', 'mailer:*', 'mailer:*', 'api:*', 'mailer:*', 'api:*']);
  });

  test('the selection stays with its app while others come and go, and moves on when its own goes', () => {
    const monit = rig();
    monit.press('G');
    monit.observe([api, observedApp(appSpec({ name: 'cron' })), loop, mailer]);
    expect(selected(monit)).toBe('mailer:*');
    monit.observe([api, loop]);
    expect(selected(monit)).toBe('api:*');
    monit.observe([]);
    expect(selectedRow(monit.state)).toBeNull();
    monit.press('r', 'down', ' ', 'tab', 'G', 'tab', 'j');
    expect(monit.effects).toEqual([]);
  });

  test('a worker that is scaled away gives the selection to its app', () => {
    const monit = rig();
    monit.press('j', 'j');
    monit.observe([observedApp(appSpec({ name: 'api' })), loop, mailer]);
    expect(selected(monit)).toBe('api:*');
  });

  test('are filtered by letters, patterns and namespaces while one types; Escape takes it back', () => {
    const monit = rig();
    monit.press('/', 'M', 'a');
    expect(rows(monit)).toEqual(['mailer']);
    monit.press('backspace', 'backspace', 'j', 'o', 'b');
    expect(rows(monit)).toEqual(['mailer']);
    monit.press('enter', 'q');
    expect(monit.effects).toEqual([{ type: 'quit' }]);
    monit.press('/', 'x', 'y');
    expect(rows(monit)).toEqual([]);
    monit.press('escape');
    expect(rows(monit)).toEqual(['mailer']);
    monit.press('escape');
    expect(rows(monit)).toHaveLength(5);
    monit.press('/', '*', 'p', '*');
    expect(rows(monit)).toEqual(['api', 'api:0', 'api:1', 'loop']);
    monit.press('backspace', 'backspace', 'backspace', 's', 'h', 'o', 'p', '/', 'l');
    expect(rows(monit)).toEqual(['loop']);
  });
});

describe('an operation', () => {
  test.for([
    ['r', { type: 'restart' }, 'Restart api, 2 workers at once, with downtime?'],
    ['R', { type: 'reload' }, 'Reload api, 2 workers one after the other?'],
    ['s', { type: 'stop' }, 'Stop api, 2 workers?'],
    ['S', { type: 'start' }, 'Start api?'],
    ['+', { type: 'scale', change: { type: 'by', difference: 1 } }, 'Scale api 2 → 3?'],
    ['-', { type: 'scale', change: { type: 'by', difference: -1 } }, 'Scale api 2 → 1?'],
  ] as const)('%s asks, and does it on a y only', ([key, operation, question]) => {
    const monit = rig();
    monit.press(key);
    expect(monit.footer).toContain(question);
    monit.press('n');
    expect(monit.effects).toEqual([]);
    monit.press(key, 'y');
    expect(monit.effects).toEqual([{ type: 'operate', app: { project: 'shop', app: 'api' }, operation }]);
    expect(monit.footer).toContain(`api: ${operation.type} …`);
  });

  test('scaling goes further with each key, back to nothing, and never below one worker', () => {
    const monit = rig();
    monit.press('+', '+', '+');
    expect(monit.footer).toContain('Scale api 2 → 5?');
    monit.press('-', '-', '-');
    expect(monit.footer).toContain('q quit');
    monit.press('-', '-', '-');
    expect(monit.footer).toContain('Scale api 2 → 1?');
    monit.press('escape', 'G', '-');
    expect(monit.footer).toContain('mailer has one worker');
    expect(monit.effects).toEqual([]);
  });

  test('is about the app that was asked about, whatever moves meanwhile', () => {
    const monit = rig();
    monit.press('G', 's');
    monit.observe([api, observedApp(appSpec({ name: 'zero' }))]);
    monit.press('y');
    expect(monit.effects).toMatchObject([{ app: { app: 'mailer' } }]);
  });

  test('the same is not begun twice at a time; its outcome is told, a long one on the whole screen', () => {
    const monit = rig();
    monit.press('r', 'y', 'r', 'y');
    expect(monit.effects).toHaveLength(1);
    const [effect] = monit.effects;
    if (effect?.type !== 'operate') throw new Error('no operation');
    monit.tell({ ...effect, type: 'operated', notice: { lines: ['api: restarted (2/2 ready)'], tone: 'good' } });
    expect(monit.footer).toBe('api: restarted (2/2 ready)');
    monit.press('r', 'y');
    const lines = ['shop/api:0#12: exit code 1', 'api: nothing is serving'];
    monit.tell({ ...effect, type: 'operated', notice: { lines, tone: 'bad' } });
    expect(monit.pane('over')).toEqual(lines);
    monit.press('x');
    expect(monit.pane('over')).toEqual([]);
  });

  test('an outcome that comes during a question waits beside it', () => {
    const monit = rig();
    monit.press('r', 'y', 's');
    const [effect] = monit.effects;
    if (effect?.type !== 'operate') throw new Error('no operation');
    monit.tell({ ...effect, type: 'operated', notice: { lines: ['one', 'two'], tone: 'bad' } });
    expect(monit.footer).toContain('Stop api');
    monit.press('n');
    expect(monit.footer).toBe('one two');
  });
});

describe('logs', () => {
  const target = '["shop","api"]:*';
  const lines = (...messages: readonly string[]) => messages.map((message) => logLine(message));
  const logged = { type: 'logged', target, anew: false, skipping: false } as const;

  test('of another selection are forgotten, and what comes late of an earlier one is not shown', () => {
    const monit = rig();
    monit.tell({ ...logged, lines: lines('one'), anew: true });
    expect(monit.pane('logs')).toEqual([':0 | one']);
    monit.press('G');
    monit.tell({ ...logged, lines: lines('late') });
    expect(monit.pane('logs')).toEqual([]);
  });

  test('are followed, until somebody scrolls up: then the same lines stay', () => {
    const monit = rig();
    const numbered = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    monit.tell({ ...logged, lines: lines(...numbered), anew: true });
    monit.press('tab', 'k', 'k');
    const before = monit.pane('logs');
    expect(before.at(-1)).toBe(':0 | line 37');
    monit.tell({ ...logged, lines: lines('more', 'and more') });
    expect(monit.pane('logs')).toEqual(before);
    monit.press('g');
    expect(monit.pane('logs')[0]).toBe(':0 | line 0');
    monit.press('G');
    expect(monit.pane('logs').at(-1)).toBe(':0 | and more');
  });

  test('only the last 500 are kept', () => {
    const monit = rig();
    for (let batch = 0; batch < 12; batch += 1) {
      monit.tell({
        ...logged,
        lines: lines(...Array.from({ length: 100 }, (_, index) => `${batch}.${index}`)),
        anew: batch === 0,
      });
    }
    expect(monit.state.logs.lines).toHaveLength(500);
  });

  test('bring no colours, cursors or tabs of their own', () => {
    const monit = rig();
    monit.tell({ ...logged, lines: lines('\u001B[32mgreen\u001B[0m\ttab \u001B[2J\u0001end'), anew: true });
    expect(monit.pane('logs')).toEqual([':0 | green  tab \\u0001end']);
  });

  test('of several workers say whose they are, and which are of stderr', () => {
    const monit = rig();
    const two = [logLine('one'), logLine('two', { instance: 1, stream: 'err' })];
    monit.tell({ ...logged, lines: two, anew: true });
    expect(monit.pane('logs')).toEqual([':0 | one', ':1 ! two']);
  });
});

describe('the daemon', () => {
  test('that is gone is told of; nothing can be done but to start the next one', () => {
    const monit = rig();
    monit.tell({ type: 'daemon-missed', at: 1000 });
    monit.tell({ type: 'daemon-missed', at: 6000 });
    expect(monit.header).toContain('the daemon (pid 812) is gone since 5s; apps run on');
    monit.press('s');
    expect(monit.footer).toContain('Nothing can be changed while there is no daemon');
    expect(rows(monit)).toHaveLength(5);
    monit.press('d', 'd');
    expect(monit.effects).toEqual([{ type: 'start-daemon' }]);
    monit.tell({ type: 'daemon-not-started', notice: { lines: ['no'], tone: 'bad' } });
    monit.press('d');
    expect(monit.effects).toHaveLength(2);
  });

  test('that takes its place is told of', () => {
    const monit = rig();
    monit.tell({ type: 'daemon-missed', at: 1000 });
    monit.observe([api], { ...DAEMON, pid: 900 });
    expect(monit.footer).toBe('The daemon was replaced: pid 812 → 900. The apps ran on.');
    expect(monit.header).toContain('pid 900');
  });

  test('also one that was replaced between two looks', () => {
    const monit = rig();
    monit.observe([api], { ...DAEMON, pid: 901 });
    expect(monit.footer).toContain('812 → 901');
  });
});

describe('panes and modes', () => {
  test('Tab and Enter go on, Shift-Tab back, Escape to the apps', () => {
    const monit = rig();
    const seen = ['tab', 'enter', 'tab', 'back-tab', 'escape'].map((key) => {
      monit.press(key);
      return monit.state.focus;
    });
    expect(seen).toEqual(['logs', 'details', 'apps', 'details', 'apps']);
  });

  test('Ctrl-C quits from everywhere', () => {
    for (const keys of [[], ['/'], ['?'], ['r']]) {
      const monit = rig();
      monit.press(...keys, 'interrupt');
      expect(monit.effects).toEqual([{ type: 'quit' }]);
    }
  });

  test('help takes the screen until a key is pressed', () => {
    const monit = rig();
    monit.press('?');
    expect(monit.pane('over').join('\n')).toContain('one worker after the other');
    monit.press('s');
    expect(monit.pane('apps')).not.toEqual([]);
    expect(monit.footer).toContain('q quit');
  });

  test('details scroll as far as there is something', () => {
    const busy = observedApp(appSpec({ name: 'api', instances: 9 }), {
      workers: Array.from({ length: 9 }, (_, instance) => observedWorker({ instance })),
    });
    const monit = new MonitRig([busy]);
    monit.press('tab', 'tab', 'G');
    const last = monit.pane('details').at(-1);
    expect(last).toContain(':8 ready pid 4008');
    monit.press('j');
    expect(monit.pane('details').at(-1)).toBe(last);
    monit.press('k');
    expect(monit.pane('details').at(-1)).toContain(':7 ready');
  });
});

test('numbers of the last looks are kept for each row, also where workers are folded away', () => {
  const monit = rig();
  for (let look = 0; look < 40; look += 1) monit.observe([api, loop]);
  expect([...monit.state.series.keys()].sort()).toEqual(
    ['["shop","api"]', '["shop","api"]:0', '["shop","api"]:1', '["shop","loop"]', '["shop","loop"]:0'].sort(),
  );
  expect(monit.state.series.get('["shop","api"]')?.cpu).toEqual(Array.from({ length: 30 }, () => 3));
});
