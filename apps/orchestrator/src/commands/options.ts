import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../nearest.ts';

/** An option that takes one of `names`. */
export function oneOf<T extends string>(names: readonly T[]): (value: string) => T {
  return (value) => {
    const name = names.find((candidate) => candidate === value);
    if (name === undefined)
      throw new InvalidArgumentError(`got ${value}, want one of ${names.join(', ')}${didYouMean(value, names)}`);
    return name;
  };
}

/** An option that may be given again; the values are kept in order. */
export function listOf<T extends string>(names: readonly T[]): (value: string, before: T[] | undefined) => T[] {
  const parse = oneOf(names);
  return (value, before = []) => {
    const name = parse(value);
    if (before.includes(name)) throw new InvalidArgumentError(`got ${name} twice, want each once`);
    return [...before, name];
  };
}

/** A decimal integer in [least, most]. */
export function integer(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`got ${value}, want an integer in [${least}, ${most}]`);
    return number;
  };
}

/** A finite number above 0. */
export function positiveNumber(value: string): number {
  const number = /^[0-9.eE+-]+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError(`got ${value}, want a number above 0`);
  return number;
}
