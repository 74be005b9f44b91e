import { listProcesses, processTree, type ProcessInfo, type TreeRoot } from './process-table.ts';

/** Looks at whole process trees. Questions of one turn of the event loop share one reading of the process table. */
export interface TreeInspector {
  /** Calls back, never at once, with the processes of the tree that live. */
  readonly inspect: (root: TreeRoot, callback: (living: readonly ProcessInfo[]) => void) => void;
}

export function treeInspector(): TreeInspector {
  let questions: { readonly root: TreeRoot; readonly callback: (living: readonly ProcessInfo[]) => void }[] = [];
  const answerAll = (): void => {
    const asked = questions;
    questions = [];
    const processes = listProcesses();
    for (const { root, callback } of asked) callback(processTree(root, processes));
  };
  return {
    inspect: (root, callback) => {
      if (questions.length === 0) setImmediate(answerAll);
      questions.push({ root, callback });
    },
  };
}
