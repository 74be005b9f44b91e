export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Measures each contender once a round, in turn, so that what else the machine does hits all of them alike.
 * `measure(contender)` answers a number, or an object of numbers; so does this, with medians, or with what `pick` makes
 * of the values, by the contender's name.
 */
export async function interleave(contenders, rounds, measure, pick = median) {
  const taken = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) taken.get(contender.name).push(await measure(contender, round));
  }
  return Object.fromEntries([...taken].map(([name, values]) => [name, together(values, pick)]));
}

function together(values, pick) {
  const [first] = values;
  if (typeof first === 'number') return pick(values);
  return Object.fromEntries(Object.keys(first).map((key) => [key, pick(values.map((value) => value[key]))]));
}

/** `{ eco: { rate: 1 }, … }` → `{ eco: 1, … }`. */
export function only(byName, key) {
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [name, value[key]]));
}
