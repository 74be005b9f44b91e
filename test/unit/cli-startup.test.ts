import { describe, expect, test } from 'vitest';
import { fakeBootMachine } from '../support/fake-boot-machine.ts';
import { fakeEco } from './cli-fake-context.ts';

const environment = { PATH: '/usr/local/bin:/usr/bin', LANG: 'C.UTF-8', SECRET: 'x', ECO_HOME: '' };
const ODD = { PATH: '/opt/my "bin"/100%:/usr/$HOME/back\\slash', LC_ALL: "it's <&>" };

/** What the command printed, its exit code, and what the machine was told. */
async function eco(
  args: readonly string[],
  {
    machine = fakeBootMachine(),
    env = environment,
  }: { machine?: ReturnType<typeof fakeBootMachine>; env?: object } = {},
) {
  const { run, seen } = fakeEco({ observed: null, environment: { ...env }, bootMachine: machine.machine });
  return { code: await run(...args), out: seen.out, err: seen.err, done: machine.done.splice(0) };
}

describe('what is written', () => {
  test('a systemd unit of the user', async () => {
    expect((await eco(['startup', '--print'])).out).toMatchInlineSnapshot(`
      "mkdir -p /home/alice/.config/systemd/user
      tee /home/alice/.config/systemd/user/eco.service >/dev/null <<'END_OF_FILE'
      # Made by \`eco startup\`; \`eco unstartup\` removes it.
      [Unit]
      Description=eco, for the apps of alice
      StartLimitIntervalSec=0

      [Service]
      Type=notify
      NotifyAccess=all
      TimeoutStartSec=180
      Environment="LANG=C.UTF-8"
      Environment="PATH=/usr/local/bin:/usr/bin"
      Environment="ECO_HOME=/home/alice/.eco"
      Environment="ECO_SERVICE=eco.service"
      ExecStart="/usr/bin/node" "--max-semi-space-size=1" "/usr/lib/node_modules/eco-runner/dist/ecod.js"
      KillMode=process
      Restart=always
      RestartPreventExitStatus=11
      OOMPolicy=continue
      Delegate=yes
      TasksMax=infinity

      [Install]
      WantedBy=default.target
      END_OF_FILE
      systemctl --user daemon-reload
      systemctl --user enable eco.service
      systemctl --user restart eco.service
      loginctl enable-linger alice
      "
    `);
  });

  test('a systemd unit of the machine, for whoever is no root to type', async () => {
    expect((await eco(['startup', '--system', '--print'])).out).toMatchInlineSnapshot(`
      "sudo mkdir -p /etc/systemd/system
      sudo tee /etc/systemd/system/eco-alice.service >/dev/null <<'END_OF_FILE'
      # Made by \`eco startup\`; \`eco unstartup\` removes it.
      [Unit]
      Description=eco, for the apps of alice
      Wants=network-online.target
      After=network-online.target
      RequiresMountsFor="/home/alice/.eco"
      StartLimitIntervalSec=0

      [Service]
      Type=notify
      NotifyAccess=all
      TimeoutStartSec=180
      User=alice
      Environment="LANG=C.UTF-8"
      Environment="PATH=/usr/local/bin:/usr/bin"
      Environment="ECO_HOME=/home/alice/.eco"
      Environment="ECO_SERVICE=eco-alice.service"
      ExecStart="/usr/bin/node" "--max-semi-space-size=1" "/usr/lib/node_modules/eco-runner/dist/ecod.js"
      KillMode=process
      Restart=always
      RestartPreventExitStatus=11
      OOMPolicy=continue
      Delegate=yes
      TasksMax=infinity

      [Install]
      WantedBy=multi-user.target
      END_OF_FILE
      sudo systemctl daemon-reload
      sudo systemctl enable eco-alice.service
      sudo systemctl restart eco-alice.service
      "
    `);
  });

  test('a systemd unit in which nothing is taken for more than it is', async () => {
    const { out } = await eco(['startup', '--print'], { env: { ...ODD, ECO_HOME: '/srv/my eco' } });
    expect(
      out
        .split('\n')
        .filter((line) => /^(Environment|ExecStart)|tee/.test(line))
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "tee /home/alice/.config/systemd/user/eco-bfc22c8d.service >/dev/null <<'END_OF_FILE'
      Environment="LC_ALL=it's <&>"
      Environment="PATH=/opt/my \\"bin\\"/100%%:/usr/$HOME/back\\\\slash"
      Environment="ECO_HOME=/home/me/.eco"
      Environment="ECO_SERVICE=eco-bfc22c8d.service"
      ExecStart="/usr/bin/node" "--max-semi-space-size=1" "/usr/lib/node_modules/eco-runner/dist/ecod.js""
    `);
  });

  test('a launchd agent', async () => {
    const machine = fakeBootMachine({ platform: 'darwin', uid: 501 });
    expect((await eco(['startup', '--print'], { machine, env: ODD })).out).toMatchInlineSnapshot(`
      "mkdir -p /home/alice/Library/LaunchAgents
      tee /home/alice/Library/LaunchAgents/eco-runner.plist >/dev/null <<'END_OF_FILE'
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- Made by \`eco startup\`; \`eco unstartup\` removes it. -->
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0"><dict>
      <key>Label</key>
      <string>eco-runner</string>
      <key>ProgramArguments</key>
      <array>
      <string>/usr/bin/node</string>
      <string>--max-semi-space-size=1</string>
      <string>/usr/lib/node_modules/eco-runner/dist/ecod.js</string>
      </array>
      <key>EnvironmentVariables</key>
      <dict>
      <key>LC_ALL</key>
      <string>it's &lt;&amp;&gt;</string>
      <key>PATH</key>
      <string>/opt/my "bin"/100%:/usr/$HOME/back\\slash</string>
      <key>HOME</key>
      <string>/home/alice</string>
      <key>ECO_HOME</key>
      <string>/home/alice/.eco</string>
      <key>ECO_SERVICE</key>
      <string>eco-runner</string>
      </dict>
      <key>WorkingDirectory</key>
      <string>/</string>
      <key>StandardErrorPath</key>
      <string>/home/alice/.eco/daemon.log</string>
      <key>RunAtLoad</key>
      <true/>
      <key>KeepAlive</key>
      <true/>
      <key>AbandonProcessGroup</key>
      <true/>
      </dict></plist>
      END_OF_FILE
      launchctl bootout gui/501/eco-runner || true
      launchctl enable gui/501/eco-runner
      launchctl bootstrap gui/501 /home/alice/Library/LaunchAgents/eco-runner.plist || true
      launchctl print gui/501/eco-runner
      "
    `);
  });

  test('a launchd daemon', async () => {
    const machine = fakeBootMachine({ platform: 'darwin', uid: 0 });
    expect((await eco(['startup', '--print', '--user', 'root'], { machine })).out).toMatchInlineSnapshot(`
      "sudo mkdir -p /Library/LaunchDaemons
      sudo tee /Library/LaunchDaemons/eco-runner.plist >/dev/null <<'END_OF_FILE'
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- Made by \`eco startup\`; \`eco unstartup\` removes it. -->
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0"><dict>
      <key>Label</key>
      <string>eco-runner</string>
      <key>UserName</key>
      <string>root</string>
      <key>ProgramArguments</key>
      <array>
      <string>/usr/bin/node</string>
      <string>--max-semi-space-size=1</string>
      <string>/usr/lib/node_modules/eco-runner/dist/ecod.js</string>
      </array>
      <key>EnvironmentVariables</key>
      <dict>
      <key>LANG</key>
      <string>C.UTF-8</string>
      <key>PATH</key>
      <string>/usr/local/bin:/usr/bin</string>
      <key>HOME</key>
      <string>/root</string>
      <key>ECO_HOME</key>
      <string>/root/.eco</string>
      <key>ECO_SERVICE</key>
      <string>eco-runner</string>
      </dict>
      <key>WorkingDirectory</key>
      <string>/</string>
      <key>StandardErrorPath</key>
      <string>/root/.eco/daemon.log</string>
      <key>RunAtLoad</key>
      <true/>
      <key>KeepAlive</key>
      <true/>
      <key>AbandonProcessGroup</key>
      <true/>
      </dict></plist>
      END_OF_FILE
      sudo launchctl bootout system/eco-runner || true
      sudo launchctl enable system/eco-runner
      sudo launchctl bootstrap system /Library/LaunchDaemons/eco-runner.plist || true
      sudo launchctl print system/eco-runner
      "
    `);
  });

  test('what takes them back', async () => {
    expect((await eco(['unstartup', '--print'])).out).toMatchInlineSnapshot(`
      "systemctl --user disable --now eco.service
      rm -f /home/alice/.config/systemd/user/eco.service
      systemctl --user daemon-reload
      "
    `);
    expect((await eco(['unstartup', '--print', '--system'])).out).toMatchInlineSnapshot(`
      "sudo systemctl disable --now eco-alice.service
      sudo rm -f /etc/systemd/system/eco-alice.service
      sudo systemctl daemon-reload
      "
    `);
    const machine = fakeBootMachine({ platform: 'darwin', uid: 501 });
    expect((await eco(['unstartup', '--print'], { machine })).out).toMatchInlineSnapshot(`
      "launchctl bootout gui/501/eco-runner || true
      rm -f /home/alice/Library/LaunchAgents/eco-runner.plist
      "
    `);
  });
});

describe('startup', () => {
  test('twice writes once, and is a success both times; unstartup takes back what it made, once', async () => {
    const machine = fakeBootMachine();
    const again = async (command: string) => {
      const { code, out, err, done } = await eco([command], { machine });
      return [code, out, err, ...done].join('\n');
    };
    expect(await again('startup')).toMatchInlineSnapshot(`
      "0
      eco.service starts eco at boot from now on, and keeps its daemon running: /home/alice/.config/systemd/user/eco.service


      systemctl --version
      write /home/alice/.config/systemd/user/eco.service
      systemctl --user daemon-reload
      systemctl --user enable eco.service
      systemctl --user restart eco.service
      loginctl enable-linger alice"
    `);
    expect(await again('startup')).toMatchInlineSnapshot(`
      "0
      eco.service starts eco at boot already: /home/alice/.config/systemd/user/eco.service


      systemctl --version
      systemctl --user enable eco.service
      systemctl --user start eco.service
      loginctl enable-linger alice"
    `);
    expect(await again('unstartup')).toMatchInlineSnapshot(`
      "0
      eco.service is removed: eco does not start at boot any more. Apps that run go on running.
      They outlive your last session, as before; to undo that, too: loginctl disable-linger alice


      systemctl --version
      systemctl --user disable --now eco.service
      remove /home/alice/.config/systemd/user/eco.service
      systemctl --user daemon-reload"
    `);
    expect(machine.files.size).toBe(0);
    expect(await again('unstartup')).toMatchInlineSnapshot(`
      "0
      eco does not start at boot: there is no /home/alice/.config/systemd/user/eco.service


      systemctl --version"
    `);
  });

  test('again after what it starts has changed writes the unit anew, and restarts the daemon by it', async () => {
    const machine = fakeBootMachine();
    await eco(['startup'], { machine });
    const { done } = await eco(['startup'], { machine, env: { ...environment, PATH: '/elsewhere' } });
    expect(done).toContain('systemctl --user restart eco.service');
    expect([...machine.files.values()][0]).toContain('PATH=/elsewhere');
  });

  test('of root for a user needs that user, and makes a unit of the machine', async () => {
    const machine = fakeBootMachine({ uid: 0 });
    const { code, done } = await eco(['startup', '--user', 'root', '--json'], { machine });
    expect([code, done[1]]).toEqual([0, 'write /etc/systemd/system/eco.service']);
    expect([...machine.files.values()][0]).toContain('Environment="ECO_HOME=/root/.eco"');
    const nobody = await eco(['startup', '--user', 'bob'], { machine });
    expect([nobody.code, nobody.err, nobody.done]).toEqual([1, 'there is no user "bob"; nothing was changed\n', []]);
  });

  test('of the machine says what to type to who is no root, and touches nothing', async () => {
    for (const command of ['startup', 'unstartup']) {
      const { code, err, done } = await eco([command, '--system']);
      expect([code, done]).toEqual([1, []]);
      expect(err).toContain(
        `Type: sudo env LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin ECO_HOME=/home/alice/.eco /usr/bin/node ` +
          `/usr/lib/node_modules/eco-runner/dist/eco.js ${command} --user alice\n`,
      );
    }
  });

  test('leaves alone a file that somebody else made', async () => {
    const machine = fakeBootMachine();
    const path = '/home/alice/.config/systemd/user/eco.service';
    machine.files.set(path, '[Service]\nExecStart=/my/own\n');
    for (const command of ['startup', 'unstartup']) {
      const { code, err, done } = await eco([command], { machine });
      expect([code, err, done]).toEqual([
        1,
        expect.stringContaining(`${path} was not made by eco`),
        ['systemctl --version'],
      ]);
    }
  });

  test('says what failed, and goes on from there the next time', async () => {
    const machine = fakeBootMachine({}, { 'loginctl enable-linger': 'Access denied' });
    const { code, err } = await eco(['startup'], { machine });
    expect([code, err]).toEqual([1, expect.stringContaining('sudo loginctl enable-linger alice')]);
    expect((await eco(['startup'], { machine })).done).toContain('systemctl --user start eco.service');
  });

  test('changes nothing where there is no service manager that it knows', async () => {
    const none = await eco(['startup'], { machine: fakeBootMachine({}, { systemctl: 'spawn systemctl ENOENT' }) });
    expect([none.code, none.done]).toEqual([1, ['systemctl --version: spawn systemctl ENOENT']]);
    expect(none.err).toContain('/usr/bin/node --max-semi-space-size=1 /usr/lib/node_modules/eco-runner/dist/ecod.js');
    const other = await eco(['startup'], { machine: fakeBootMachine({ platform: 'freebsd' }) });
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('freebsd')]);
  });
});
