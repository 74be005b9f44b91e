import { join } from 'node:path';
import { execa } from 'execa';
import type { EcoRig } from './eco-rig.ts';
import { eventually } from './eventually.ts';

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the shell in the terminal shows before and after a command. */
const PROMPT = 'shell> ';

/** A terminal with a shell in it, in which keys are typed and whose screen is read: tmux, with a server of its own. */
export class TerminalScreen {
  readonly #eco: EcoRig;

  private constructor(eco: EcoRig) {
    this.#eco = eco;
  }

  /** Opens it, and types the eco command into its shell. */
  static async open(eco: EcoRig, args: readonly string[], options: ScreenOptions): Promise<TerminalScreen> {
    const { columns, rows, env = {} } = options;
    const screen = new TerminalScreen(eco);
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    await screen.#tmux(['-f', '/dev/null', 'new-session', '-d', ...size, '-c', eco.folder, '/bin/sh'], env);
    try {
      await screen.shows(/^[#$]/);
      await screen.type(`PS1='${PROMPT}'; clear`);
      await screen.shows(/^shell>/);
      await screen.type(`"${eco.node}" "${eco.binary}" ${args.join(' ')}; echo "exit code $?"`);
    } catch (error) {
      await screen.close();
      throw error;
    }
    return screen;
  }

  /** Keys as tmux names them; anything else is typed as it is. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#tmux(['send-keys', '--', key]);
  }

  /** A line of input. */
  async type(line: string): Promise<void> {
    await this.press(line, 'Enter');
  }

  async lines(): Promise<readonly string[]> {
    return (await this.#tmux(['capture-pane', '-p'])).split('\n').map((line) => line.trimEnd());
  }

  async text(): Promise<string> {
    return (await this.lines()).join('\n');
  }

  /** With the sequences that colour it. */
  async coloured(): Promise<string> {
    return this.#tmux(['capture-pane', '-p', '-e']);
  }

  /** Waits until the screen matches all of these; answers its text. */
  async shows(...patterns: readonly RegExp[]): Promise<string> {
    return eventually(async () => {
      const text = await this.text();
      const missing = patterns.find((pattern) => !pattern.test(text));
      if (missing !== undefined) throw new Error(`the screen does not show ${missing}:\n${text}`);
      return text;
    });
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux(['resize-window', '-x', `${columns}`, '-y', `${rows}`]);
  }

  /** The pid of the eco command that runs in the terminal. */
  async pid(): Promise<number> {
    const shell = await this.#format('#{pane_pid}');
    const { stdout } = await execa('ps', ['-o', 'pid=', '--ppid', shell]);
    return Number(stdout.trim());
  }

  /** The terminal is as it was before the command: its shell's screen, a cursor, wrapped lines, echo. */
  async isRestored(): Promise<boolean> {
    const [alternate, cursor, wrap, tty = ''] = (
      await this.#format('#{alternate_on} #{cursor_flag} #{wrap_flag} #{pane_tty}')
    ).split(' ');
    const { stdout } = await execa('stty', ['-a', '-F', tty]);
    const settings = stdout.split(/[\s;]+/);
    const cooked = ['icanon', 'echo', 'isig'].every((setting) => settings.includes(setting));
    return alternate === '0' && cursor === '1' && wrap === '1' && cooked;
  }

  /** Closes the terminal under whatever runs in it. */
  async close(): Promise<void> {
    await this.#tmux(['kill-server']).catch(() => '');
  }

  async #format(format: string): Promise<string> {
    return (await this.#tmux(['display-message', '-p', format])).trim();
  }

  async #tmux(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await execa('tmux', ['-S', join(this.#eco.root, 'tmux'), '-u', ...args], {
      cwd: this.#eco.folder,
      env: { ...this.#eco.environment(), TERM: 'xterm-256color', ...env },
      extendEnv: false,
      stdin: 'ignore',
      stripFinalNewline: false,
    });
    return stdout;
  }
}
