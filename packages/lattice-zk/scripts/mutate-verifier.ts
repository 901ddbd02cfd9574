import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { EQUIVALENT } from './mutation-survivors.ts';

/**
 * Takes every check, operator, absorbed message and step out of the verifier, one at a time, in a copy of the package, and
 * runs the attack suite against each mutant. `node scripts/mutate-verifier.ts [--write] [--file NAME]`; `--write` puts
 * the result into docs/verifier-mutation.md. Exits with 1 if a survivor is not explained in `mutation-survivors.ts`.
 */
const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
const ROOT = join(PACKAGE, '../..');
/** What a verifier runs between the bytes and its verdict, and what makes a statement mean something. */
const FILES = [
  'relation.ts',
  'challenge.ts',
  'projection.ts',
  'transcript.ts',
  'linear.ts',
  'verify.ts',
  'stages.ts',
  'statement.ts',
  'proof.ts',
  'codec.ts',
  'quadratic.ts',
];
/** Prover's halves of shared files. */
const SKIPPED = /^(BitWriter|encodeProof|quadraticCross|riceParameter)$/;
/** Calls that free memory or remember a result. */
const HOUSEKEEPING = /\.(release|wipe|mark)\(|known\.add|tables\.set|instances\.set/;
const TESTS = ['relation', 'reference', 'encoding', 'transcript', 'statement', 'bounds', 'wrap', 'slots'];
/** Nothing takes that long unless it does not end. */
const TIMEOUT = 600_000;
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

function prepare(): string {
  const copy = mkdtempSync(join(tmpdir(), 'zkfl-mutants-'));
  for (const part of ['src', 'test/attacks', 'test/reference', 'package.json']) {
    cpSync(join(PACKAGE, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(PACKAGE, 'node_modules'), join(copy, 'node_modules'));
  const vitest = join(ROOT, 'node_modules/vitest/dist');
  writeFileSync(
    join(copy, 'vitest.config.mjs'),
    `const order = ${JSON.stringify(TESTS)};
const rank = (file) => order.findIndex((name) => file.moduleId.includes('/' + name + '.test'));
class Sequencer { constructor(v) { this.v = v; } async shard(files) { return files; } async sort(files) { return [...files].sort((a, b) => rank(a) - rank(b)); } }
const conditions = ['@zkfl/source', 'import', 'module', 'node', 'default'];
export default { root: ${JSON.stringify(copy)}, resolve: { conditions, alias: [
  { find: /^vitest$/, replacement: ${JSON.stringify(join(vitest, 'index.js'))} },
  { find: /^fast-check$/, replacement: ${JSON.stringify(join(ROOT, 'node_modules/fast-check'))} } ] },
  ssr: { resolve: { conditions } },
  test: { include: order.map((name) => 'test/attacks/' + name + '.test.ts'), sequence: { sequencer: Sequencer }, fileParallelism: false, isolate: false,
    bail: 1, pool: 'threads', testTimeout: 60000, watch: false, reporters: ['default'], cache: false } };
`,
  );
  return copy;
}

interface Outcome {
  readonly mutant: Mutant;
  readonly killed: boolean;
  readonly by: string;
}

function run(copy: string): { readonly killed: boolean; readonly by: string } {
  const child = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(copy, 'vitest.config.mjs')],
    { cwd: copy, encoding: 'utf8', timeout: TIMEOUT, env: { ...process.env, NO_COLOR: '1' }, killSignal: 'SIGKILL' },
  );
  if (child.error !== undefined || child.signal !== null) return { killed: true, by: 'no end' };
  if (child.status === 0) return { killed: false, by: '' };
  const failed = /FAIL\s+\S*?test\/attacks\/(.*)/.exec(child.stdout + child.stderr)?.[1] ?? 'error at load';
  return { killed: true, by: failed.trim() };
}

export function report(outcomes: readonly Outcome[]): string {
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
  return `# Mutation test of the verifier

\`node --conditions=@zkfl/source packages/lattice-zk/scripts/mutate-verifier.ts --write\` wrote this. Every check, operator,
absorbed message and call that stands between the bytes of a proof and the verdict is taken out or turned around, one at a
time, in a copy of the package; the attack suite (\`test/attacks\`: ${TESTS.join(', ')}) must turn red.

${killed} of ${outcomes.length} mutants are killed; ${survivors.length} survive and are explained below.

| file | mutants | killed | survivors |
| --- | --- | --- | --- |
${rows.join('\n')}

## Survivors

| file | mutation | where | why no test can see it |
| --- | --- | --- | --- |
${explained.join('\n')}
`;
}

function main(): number {
  const only = process.argv.includes('--file') ? process.argv[process.argv.indexOf('--file') + 1] : undefined;
  const mutants = FILES.filter((file) => only === undefined || file === only).flatMap((file) =>
    mutantsOf(file, readFileSync(join(PACKAGE, 'src', file), 'utf8')),
  );
  const copy = prepare();
  const outcomes: Outcome[] = [];
  try {
    const untouched = run(copy);
    if (untouched.killed) throw new Error(`the suite is red without a mutation: ${untouched.by}`);
    for (const mutant of mutants) {
      const target = join(copy, 'src', mutant.file);
      const original = readFileSync(target, 'utf8');
      writeFileSync(target, original.slice(0, mutant.start) + mutant.to + original.slice(mutant.end));
      const outcome = { mutant, ...run(copy) };
      writeFileSync(target, original);
      outcomes.push(outcome);
      process.stderr.write(
        `${outcomes.length}/${mutants.length} ${outcome.killed ? 'killed  ' : 'SURVIVED'} ${mutant.file}:${mutant.line} ${mutant.what}: ${mutant.from.replace(/\s+/g, ' ').slice(0, 60)} → ${mutant.to.slice(0, 30)} ${outcome.by.slice(0, 60)}\n`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const text = report(outcomes);
  if (process.argv.includes('--write')) writeFileSync(join(ROOT, 'docs/verifier-mutation.md'), text);
  else process.stdout.write(text);
  return text.includes('**not explained**') ? 1 : 0;
}

if (process.argv[1]?.endsWith('mutate-verifier.ts')) process.exit(main());
