import { isDeepStrictEqual } from 'node:util';

/**
 * Stands in for the test runner while mutants are tried: the same test files in order, ending at the first failure. Synchronous tests and the matchers that `test/attacks` uses, nothing else.
 */
type Body = () => unknown;
type Options = { readonly timeout?: number };

let path: string[] = [];
let queue: { readonly name: string; readonly body: Body }[] = [];

const add = (name: string, body: Body): void => {
  queue.push({ name: [...path, name].join(' > '), body });
};

/** Runs what the files imported so far have collected. @throws the first failure, named */
export function flush(): void {
  const tests = queue;
  queue = [];
  for (const { name, body } of tests) {
    try {
      if (body() instanceof Promise) throw new Error('an asynchronous test');
    } catch (cause) {
      throw new Error(name, { cause });
    }
  }
}

const format = (name: string): string => name.replaceAll(/%[sid]|\$name/g, '…');

function each(cases: readonly unknown[]) {
  return (name: string, options: Options | ((...args: never[]) => void), body?: (...args: never[]) => void): void => {
    const test = (body ?? options) as (...args: unknown[]) => void;
    for (const item of cases) add(format(name), () => test(...(Array.isArray(item) ? item : [item])));
  };
}

export const it = Object.assign(
  (name: string, options: Options | Body, body?: Body): void => add(name, body ?? (options as Body)),
  { each },
);

export const describe = Object.assign(
  (name: string, body: Body): void => {
    path = [...path, name];
    body();
    path = path.slice(0, -1);
  },
  {
    each: (cases: readonly unknown[]) => (name: string, body: (...args: never[]) => void) => {
      for (const item of cases) {
        describe(format(name), () => (body as (...args: unknown[]) => void)(...(Array.isArray(item) ? item : [item])));
      }
    },
  },
);

class Containing {
  readonly part: Record<string, unknown>;
  constructor(part: Record<string, unknown>) {
    this.part = part;
  }
  matches(value: unknown): boolean {
    return Object.entries(this.part).every(([key, want]) => matches((value as Record<string, unknown>)?.[key], want));
  }
}

const matches = (value: unknown, want: unknown): boolean =>
  want instanceof Containing
    ? want.matches(value)
    : typeof want === 'object' && want !== null && !ArrayBuffer.isView(want) && !Array.isArray(want)
      ? Object.entries(want).every(([key, part]) => matches((value as Record<string, unknown>)?.[key], part))
      : isDeepStrictEqual(value, want);

/** Equality as the tests mean it: prototypes of plain data do not matter. */
function same(a: unknown, b: unknown): boolean {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return isDeepStrictEqual(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i]));
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((k) => same((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k]));
}

function thrownBy(work: () => unknown): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { error };
  }
}

export const expect = Object.assign(
  (value: unknown) => {
    const build = (negated: boolean) => {
      const check = (holds: boolean, what: string): void => {
        if (holds === negated) throw new Error(`${negated ? 'not ' : ''}${what}`);
      };
      return {
        toBe: (want: unknown) => check(Object.is(value, want), 'toBe'),
        toEqual: (want: unknown) => check(same(value, want), 'toEqual'),
        toMatchObject: (want: unknown) => check(matches(value, want), 'toMatchObject'),
        toMatch: (want: RegExp) => check(want.test(String(value)), 'toMatch'),
        toHaveLength: (want: number) => check((value as ArrayLike<unknown>).length === want, 'toHaveLength'),
        toBeInstanceOf: (want: abstract new (...args: never[]) => unknown) =>
          check(value instanceof want, 'toBeInstanceOf'),
        toBeLessThan: (want: number | bigint) => check((value as number) < want, 'toBeLessThan'),
        toBeLessThanOrEqual: (want: number | bigint) => check((value as number) <= want, 'toBeLessThanOrEqual'),
        toBeGreaterThan: (want: number | bigint) => check((value as number) > want, 'toBeGreaterThan'),
        toBeGreaterThanOrEqual: (want: number | bigint) => check((value as number) >= want, 'toBeGreaterThanOrEqual'),
        toThrow: (want?: RegExp | Containing) => {
          const thrown = thrownBy(value as () => unknown);
          const text = thrown?.error instanceof Error ? thrown.error.message : String(thrown?.error);
          const fits = want === undefined || (want instanceof RegExp ? want.test(text) : want.matches(thrown?.error));
          check(thrown !== undefined && fits, 'toThrow');
        },
      };
    };
    return { ...build(false), not: build(true) };
  },
  {
    objectContaining: (part: Record<string, unknown>) => new Containing(part),
    unreachable: (text = 'unreachable') => {
      throw new Error(text);
    },
  },
);
