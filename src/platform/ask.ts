export type Answer = 'yes' | 'no' | 'interrupted';

/** Asks a person once, on stderr. Anything but `y` or `yes` is a no, the end of the input included. */
export async function ask(question: string): Promise<Answer> {
  const { createInterface } = await import('node:readline');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<Answer>((resolve) => {
      const leave = (answer: Answer) => () => {
        // What comes next must not stand behind the question.
        process.stderr.write('\n');
        resolve(answer);
        reader.off('close', leaveByEnd);
      };
      const leaveByEnd = leave('no');
      reader.once('SIGINT', leave('interrupted'));
      reader.once('close', leaveByEnd);
      reader.question(question, (line) => {
        reader.off('close', leaveByEnd);
        resolve(/^y(es)?$/i.test(line.trim()) ? 'yes' : 'no');
      });
    });
  } finally {
    reader.close();
  }
}
