/** Each takes a value. */
export const HOST_FLAGS: readonly string[] = ['--host', '--remote-cwd', '--remote-eco'];
