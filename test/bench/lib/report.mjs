import { availableParallelism, cpus, loadavg } from 'node:os';

/** `reuseport`: eco with `balance: reuseport`; empty where the Node that runs the bench is older than 22.12. */
const COLUMNS = ['eco', 'reuseport', 'PM2', 'cluster', 'bare'];

/** The rows of a run, with the targets that they are held against. */
export function createReport() {
  const rows = [];
  return {
    /** `values` by contender; `targets`: each `{ text, met }`, where `met` is true or false. */
    row(what, values, { unit = '', digits = 0, targets = [] } = {}) {
      const show = (value) =>
        value === undefined ? '' : `${typeof value === 'number' ? grouped(value, digits) : value}${unit}`;
      const cells = COLUMNS.map((name) => show(values[name]));
      const ratio =
        typeof values.eco === 'number' && values.PM2 > 0 && values.eco > 0 ? (values.eco / values.PM2).toFixed(2) : '';
      const target = targets.map(({ text, met }) => `${text}: ${met ? 'met' : '**missed**'}`).join('; ');
      rows.push([what, ...cells, ratio, target]);
      console.log(
        `  ${what}: ${COLUMNS.flatMap((name, index) => (cells[index] ? `${name} ${cells[index]}` : [])).join(', ')}${target && ` (${target})`}`,
      );
    },
    markdown() {
      const header = ['what', 'eco', 'eco, `reuseport`', 'PM2', '`node:cluster`', 'bare Node', 'eco ÷ PM2', 'target'];
      return [header, ['---', '--:', '--:', '--:', '--:', '--:', '--:', '---'], ...rows]
        .map((cells) => `| ${cells.join(' | ')} |`)
        .join('\n');
    },
  };
}

/** A target: `value` may be at most or must be at least `limit`. */
export function atMost(value, limit, text) {
  return { text, met: value <= limit };
}

export function atLeast(value, limit, text) {
  return { text: `${text} (${value.toFixed(2)})`, met: value >= limit };
}

export function machine() {
  const load = loadavg()[0].toFixed(2);
  return `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${availableParallelism()} × ${cpus()[0].model}, Node ${process.version}, load ${load} at the start`;
}

function grouped(value, digits) {
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, '\u202f');
}
