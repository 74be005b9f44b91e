/**
 * Tells systemd, if it started this process and waits for that, that it serves
 * (https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html). Node has no datagram sockets of that kind, so that
 * systemd's own program does it. Answers what went wrong, or null.
 */
export async function notifyReady(): Promise<string | null> {
  if (!process.env.NOTIFY_SOCKET) return null;
  const { execa } = await import('execa');
  const { exitCode, stderr, shortMessage } = await execa('systemd-notify', ['--ready'], {
    reject: false,
    stdin: 'ignore',
  });
  return exitCode === 0 ? null : stderr || shortMessage || `exit code ${exitCode}`;
}
