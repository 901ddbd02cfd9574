import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import ts from 'typescript';
import { EQUIVALENT } from './mutation-survivors.ts';

/**
 * Takes every check, operator, absorbed message and step out of the verifier, one at a time, and runs the attack
 * suite (its files as they are, under `mutation-runner.ts`) against each mutant. `node scripts/mutate-verifier.ts [--write] [--file NAME,NAME] [--log FILE]`; `--write`
 * puts the result into docs/verifier-mutation.md, `--log` keeps outcomes so that an interrupted run goes on where it was (`--rest`: without trying survivors again).
 * Exits with 1 if a survivor is not explained in `mutation-survivors.ts`.
 */
const PACKAGE = new URL('..', import.meta.url).href.replace(/\/$/, '');
const SOURCES = fileURLToPath(`${PACKAGE}/src`);
const ROOT = fileURLToPath(`${PACKAGE}/../..`);
/** What a verifier runs between the bytes and its verdict, and what makes a statement mean something. */
const FILES = [
  'verify.ts',
  'stages.ts',
  'proof.ts',
  'codec.ts',
  'statement.ts',
  'relation.ts',
  'challenge.ts',
  'transcript.ts',
  'linear.ts',
  'projection.ts',
  'quadratic.ts',
];
/** Prover's halves of shared files. */
const SKIPPED = /^(BitWriter|encodeProof|quadraticCross|riceParameter)$/;
/** Calls that free memory or remember a result. */
const HOUSEKEEPING = /\.(release|wipe|mark)\(|known\.add|tables\.set|instances\.set/;
const TESTS = [
  ...['relation', 'reference', 'statement', 'transcript', 'wrap', 'bounds', 'encoding'].map(
    (name) => `attacks/${name}`,
  ),
  'parameters/challenges',
];
/** Nothing takes that long unless it does not end. */
const TIMEOUT = Number(process.env['ZKFL_MUTATION_TIMEOUT'] ?? 300) * 1000;
/** Sums are mutated where they decide something; elsewhere they are addresses, and every mutant dies at the first proof. */
const SUMS = /^(verify|codec|challenge)\.ts$/;

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** the whole source line */
  readonly text: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
}

const SWAPS = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
]);

/** All mutants of one source file. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const mutants: Mutant[] = [];
  const add = (what: string, node: { getStart(): number; getEnd(): number }, to: string): void => {
    const [start, end] = [node.getStart(), node.getEnd()];
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    mutants.push({
      file,
      line,
      text: (text.split('\n')[line - 1] ?? '').trim(),
      what,
      from: text.slice(start, end),
      to,
      start,
      end,
    });
  };
  const visit = (node: ts.Node): void => {
    if ((ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && SKIPPED.test(node.name?.text ?? '')) return;
    if (ts.isIfStatement(node)) add('condition never holds', node.expression, 'false');
    if (ts.isBinaryExpression(node)) {
      const swap = SWAPS.get(node.operatorToken.kind);
      const sum = swap === '+' || swap === '-';
      if (swap !== undefined && (!sum || SUMS.test(file))) add('operator', node.operatorToken, swap);
    }
    if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
      if (!HOUSEKEEPING.test(node.getText())) add('statement removed', node, ';');
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const name = node.expression.name.text;
      if (/^(bytes|at|text|integer|words)$/.test(name) && !ts.isExpressionStatement(node.parent)) {
        const target = node.expression.expression;
        if (/[Hh]ash|\)$/.test(target.getText())) add('frame not absorbed', node, target.getText());
      }
      if (name === 'every') add('every → some', node.expression.name, 'some');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

interface Outcome {
  readonly mutant: Mutant;
  readonly killed: boolean;
  readonly by: string;
}

/** Runs mutants one after the other in a thread that is replaced when one does not end, and now and then anyway. */
class Trial {
  #worker: Worker | undefined;
  #left = 0;

  async run(id: number, file: string, text: string): Promise<{ readonly killed: boolean; readonly by: string }> {
    if (this.#worker === undefined || this.#left-- <= 0) {
      await this.close();
      this.#worker = new Worker(new URL('mutation-worker.ts', import.meta.url), {
        workerData: { root: PACKAGE, tests: TESTS },
      });
      // every mutant's modules stay in the thread's memory
      this.#left = 25;
    }
    const worker = this.#worker;
    const outcome = await new Promise<{ killed: boolean; by: string }>((resolve) => {
      const settle = (result: { killed: boolean; by: string }): void => {
        clearTimeout(timer);
        worker.off('message', settle).off('error', fallen);
        resolve(result);
      };
      const fallen = (error: Error): void => settle({ killed: true, by: `the thread fell: ${error}` });
      const timer = setTimeout(() => settle({ killed: true, by: 'no end' }), TIMEOUT);
      worker.on('message', settle).on('error', fallen);
      worker.postMessage({ id, file, text });
    });
    if (outcome.by === 'no end' || outcome.by.startsWith('the thread fell')) await this.close();
    return outcome;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }
}

export function report(outcomes: readonly Outcome[], total = outcomes.length): string {
  const files = [...new Set(outcomes.map(({ mutant }) => mutant.file))];
  const survivors = outcomes.filter(({ killed }) => !killed);
  const rows = files.map((file) => {
    const all = outcomes.filter(({ mutant }) => mutant.file === file);
    return `| ${file} | ${all.length} | ${all.filter(({ killed }) => killed).length} | ${all.filter(({ killed }) => !killed).length} |`;
  });
  const explained = survivors.map(({ mutant }) => {
    const reason = EQUIVALENT.find(({ file, line }) => file === mutant.file && mutant.text.includes(line))?.reason;
    const code = `${mutant.from.replace(/\s+/g, ' ')} → ${mutant.to.replace(/\s+/g, ' ')}`.replaceAll('|', '\\|');
    return `| ${mutant.file} | ${mutant.what} | \`${code}\` in \`${mutant.text.replaceAll('|', '\\|')}\` | ${reason ?? '**not explained**'} |`;
  });
  const killed = outcomes.length - survivors.length;
  const untried = total === outcomes.length ? '' : ` (of ${total}; the others were not tried in this run)`;
  return `# Mutation test of the verifier

\`node --conditions=@zkfl/source packages/lattice-zk/scripts/mutate-verifier.ts --write\` wrote this. Every check, operator,
absorbed message and call that stands between the bytes of a proof and the verdict is taken out or turned around, one at a
time; the attack suite (in \`test\`: ${TESTS.join(', ')}) must turn red.

${killed} of ${outcomes.length} mutants${untried} are killed; ${survivors.length} survive and are explained below.

| file | mutants | killed | survivors |
| --- | --- | --- | --- |
${rows.join('\n')}

## Survivors

| file | mutation | where | why no test can see it |
| --- | --- | --- | --- |
${explained.join('\n')}
`;
}

async function main(): Promise<number> {
  const log = process.argv.includes('--log') ? process.argv[process.argv.indexOf('--log') + 1] : undefined;
  const known = new Map<string, Outcome>();
  const keyOf = ({ file, what, from, to, start }: Mutant): string => JSON.stringify([file, what, from, to, start]);
  if (log !== undefined && existsSync(log)) {
    for (const line of readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
      const outcome = JSON.parse(line) as Outcome;
      known.set(keyOf(outcome.mutant), outcome);
    }
  }
  const only = process.argv.includes('--file')
    ? process.argv[process.argv.indexOf('--file') + 1]?.split(',')
    : undefined;
  const mutants = FILES.filter((file) => only === undefined || only.includes(file)).flatMap((file) =>
    mutantsOf(file, readFileSync(join(SOURCES, file), 'utf8')),
  );
  const trial = new Trial();
  const outcomes: Outcome[] = [];
  try {
    const source = (file: string): string => readFileSync(join(SOURCES, file), 'utf8');
    const untouched = await trial.run(0, 'verify.ts', source('verify.ts'));
    if (untouched.killed) throw new Error(`the suite is red without a mutation: ${untouched.by}`);
    for (const mutant of mutants) {
      const before = known.get(keyOf(mutant));
      // a survivor is tried again, for the suite may have grown, unless only the rest is asked for
      if (before !== undefined && (before.killed || process.argv.includes('--rest'))) {
        outcomes.push(before);
        continue;
      }
      const original = source(mutant.file);
      const altered = original.slice(0, mutant.start) + mutant.to + original.slice(mutant.end);
      const outcome = { mutant, ...(await trial.run(outcomes.length + 1, mutant.file, altered)) };
      outcomes.push(outcome);
      if (log !== undefined) appendFileSync(log, `${JSON.stringify(outcome)}\n`);
      process.stderr.write(
        `${outcomes.length}/${mutants.length} ${outcome.killed ? 'killed  ' : 'SURVIVED'} ${mutant.file}:${mutant.line} ${mutant.what}: ${mutant.from.replace(/\s+/g, ' ').slice(0, 60)} → ${mutant.to.slice(0, 30)} | ${outcome.by.slice(0, 80)}\n`,
      );
    }
  } finally {
    await trial.close();
  }
  const text = report(outcomes);
  if (process.argv.includes('--write')) writeFileSync(join(ROOT, 'docs/verifier-mutation.md'), text);
  else process.stdout.write(text);
  return text.includes('**not explained**') ? 1 : 0;
}

if (isMainThread && process.argv[1]?.endsWith('mutate-verifier.ts')) process.exit(await main());
