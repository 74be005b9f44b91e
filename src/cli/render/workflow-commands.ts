/**
 * A runner of GitHub's takes a line of output that begins with `::`, and `##[` anywhere in a line, for a command to itself
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands). What programs have logged, and what
 * files say, must not give commands: a blank in between makes text of it.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^([^\S\r\n]*:):/gm, '$1 :').replaceAll('##[', '## [');
}

/** The same for JSON, where only strings can hold it: they mean the same afterwards. */
export function withoutCommandsInJson(text: string): string {
  return text.replaceAll('##[', String.raw`##\u005b`);
}

export function formatSummaryNotWritten(path: string): string {
  return `The summary of this job could not be written: ${path}`;
}
