const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** In powers of 1024, with one decimal from KiB on: `512 B`, `50.0 MiB`. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
