import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { inject } from 'vitest';
import { execa } from 'execa';
import { EcoRig } from './eco-rig.ts';

const SSHD = '/usr/sbin/sshd';
/** sshd wants it where it is run by root, and a package that was only installed has not made it. */
const PRIVILEGE_FOLDER = '/run/sshd';
const SHARE = 'eco-test-';

/** Another machine, as far as ssh can tell: an sshd on a port of its own, which leads into a rig of its own. */
export class FarHost {
  readonly rig: EcoRig;
  readonly port: number;
  /** Between the two machines. */
  readonly #wire: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sshdPort: number;
  #isCut = false;
  #isSilent = false;
  /** In the folder that sshd wants: others may need that as well, and the last one takes it away. */
  #share: string | null = null;
  #sshd: ChildProcess | null = null;

  private constructor(rig: EcoRig, ports: { readonly wire: number; readonly sshd: number }) {
    this.rig = rig;
    this.port = ports.wire;
    this.#sshdPort = ports.sshd;
    this.#wire = createServer((near) => this.#carry(near));
  }

  static async start(from: EcoRig, { command = 'eco' }: { readonly command?: string } = {}): Promise<FarHost> {
    const rig = await EcoRig.create(inject('ecoPackage'));
    const host = new FarHost(rig, { wire: await rig.port(), sshd: await rig.port() });
    await host.#writeCommand(command);
    await host.#writeKeys(from);
    await host.up();
    return host;
  }

  get url(): string {
    return `ssh://127.0.0.1:${this.port}${this.rig.folder}`;
  }

  /** What a shell there finds eco by. */
  get bin(): string {
    return join(this.rig.root, 'bin');
  }

  async up(): Promise<void> {
    const { rig } = this;
    const port = this.#sshdPort;
    if (!this.#wire.listening) await once(this.#wire.listen(this.port, '127.0.0.1'), 'listening');
    const config = join(rig.root, 'sshd_config');
    await writeFile(config, this.#config());
    const log = join(rig.root, 'sshd.log');
    await this.#shareFolder();
    const sshd = spawn(SSHD, ['-D', '-f', config, '-E', log], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
    this.#sshd = sshd;
    await rig.eventually(async () => {
      if (sshd.exitCode !== null) throw new Error(`sshd ended: ${await readFile(log, 'utf8')}`);
      return answers(port);
    });
  }

  /** Every connection that there is breaks off, and no other comes about. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing goes through any more, and nobody is told. */
  fallSilent(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** How often somebody was let in. */
  async logins(): Promise<number> {
    const log = await readFile(join(this.rig.root, 'sshd.log'), 'utf8');
    return log.match(/Accepted publickey/g)?.length ?? 0;
  }

  async down(): Promise<void> {
    const sshd = this.#sshd;
    this.#sshd = null;
    if (sshd === null || sshd.exitCode !== null || sshd.signalCode !== null) return;
    const ended = once(sshd, 'exit');
    sshd.kill('SIGTERM');
    await ended;
    await this.#leaveFolder();
  }

  async dispose(): Promise<void> {
    this.cut();
    this.#wire.close();
    await this.down();
    await this.rig.dispose();
  }

  async #shareFolder(): Promise<void> {
    const isThere = existsSync(PRIVILEGE_FOLDER);
    const isOurs = isThere && readdirSync(PRIVILEGE_FOLDER).some((name) => name.startsWith(SHARE));
    if (process.getuid?.() !== 0 || (isThere && !isOurs) || this.#share !== null) return;
    this.#share = join(PRIVILEGE_FOLDER, `${SHARE}${this.#sshdPort}`);
    await mkdir(this.#share, { recursive: true });
  }

  async #leaveFolder(): Promise<void> {
    if (this.#share === null) return;
    await rmdir(this.#share);
    this.#share = null;
    await rmdir(PRIVILEGE_FOLDER).catch(() => undefined);
  }

  #carry(near: Socket): void {
    if (this.#isCut) return void near.destroy();
    const far = connect(this.#sshdPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          this.#sockets.delete(socket);
          if (!this.#isSilent) other.destroy();
        });
      socket.pipe(other);
    }
  }

  async #writeCommand(command: string): Promise<void> {
    const { rig, bin } = this;
    await mkdir(bin, { recursive: true });
    const eco = join(bin, command);
    await writeFile(eco, `#!/bin/sh\nexec ${rig.node} ${rig.binary} "$@"\n`);
    await chmod(eco, 0o755);
  }

  /** Keys of both sides, and the settings with which `from` comes here. */
  async #writeKeys(from: EcoRig): Promise<void> {
    const [own, key] = [join(this.rig.root, 'host_key'), join(from.root, 'key')];
    await newKey(own);
    if (!existsSync(key)) await newKey(key);
    await writeFile(join(this.rig.root, 'authorized_keys'), await readFile(`${key}.pub`));
    const settings = [
      'Host *',
      `  IdentityFile ${key}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${join(from.root, 'known_hosts')}`,
      '  GlobalKnownHostsFile /dev/null',
      '  StrictHostKeyChecking accept-new',
      '  LogLevel ERROR',
    ];
    await writeFile(join(from.root, 'ssh_config'), `${settings.join('\n')}\n`);
  }

  #config(): string {
    const { rig } = this;
    const port = this.#sshdPort;
    const environment = {
      ECO_HOME: rig.home,
      HOME: join(rig.root, 'user'),
      PATH: `${this.bin}:${process.env['PATH']}`,
    };
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(rig.root, 'host_key')}`,
      `AuthorizedKeysFile ${join(rig.root, 'authorized_keys')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `SetEnv ${Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}

/** With which `eco` of a rig comes to every far host that was started from it. */
export function sshSettings(from: EcoRig): Record<string, string> {
  return { ECO_SSH: `ssh -F ${join(from.root, 'ssh_config')}` };
}

async function newKey(file: string): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file], { stdin: 'ignore' });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('data', () => socket.destroy());
  });
}
