export type Answer = 'yes' | 'no' | 'interrupted';

/** Asks a person once, on stderr. Anything but `y` or `yes` is a no, the end of the input included. */
export async function ask(question: string): Promise<Answer> {
  const { createInterface } = await import('node:readline');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<Answer>((resolve) => {
      reader.once('SIGINT', () => resolve('interrupted'));
      reader.once('close', () => resolve('no'));
      reader.question(question, (line) => resolve(/^y(es)?$/i.test(line.trim()) ? 'yes' : 'no'));
    });
  } finally {
    reader.close();
  }
}
