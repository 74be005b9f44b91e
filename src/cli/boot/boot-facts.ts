/** What a service that keeps the daemon running depends on. All paths are absolute. */
export interface BootFacts {
  readonly system: 'systemd' | 'launchd';
  /** `machine`: from boot on, made by root. `user`: of the user's own service manager. */
  readonly scope: 'machine' | 'user';
  /** Whose daemon it is. */
  readonly user: string;
  readonly uid: number;
  readonly userHome: string;
  /** Where user units are kept: `XDG_CONFIG_HOME` or `~/.config`. */
  readonly configFolder: string;
  readonly ecoHome: string;
  /** The daemon's program with its arguments. */
  readonly command: readonly string[];
  /** What the daemon, and so every app, finds in its environment besides what the service manager sets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** By this eco knows its own files. */
export const MARK = 'Made by `eco startup`; `eco unstartup` removes it.';
