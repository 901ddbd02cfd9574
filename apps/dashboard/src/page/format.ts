/** Text for people; every number is rounded here and nowhere else. */
export const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

export const decimals = (value: number | null, digits = 3): string => (value === null ? '–' : value.toFixed(digits));

/** Decimal units. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toPrecision(3)} ${units[power - 1]}`;
}

/** A digest as people read it out: eight groups of eight hex digits. */
export const spoken = (hex: string): string => hex.match(/.{1,8}/g)!.join(' ');

export const short = (hex: string): string => `${hex.slice(0, 8)}…`;

/** m:ss */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
