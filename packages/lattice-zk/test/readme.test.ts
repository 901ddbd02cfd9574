import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

it('the program of the README runs and prints what it says', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(program).toBeDefined();
  const output = execFileSync(
    process.execPath,
    ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program!],
    { cwd: root, encoding: 'utf8' },
  );
  expect(output.trim().split('\n')).toEqual(['{ ok: true }', 'false']);
});

it('sizes and knowledge errors of the README are those of the sheets', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const power = (text: string): number =>
    Number([...text].map((c) => '-0123456789'['⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(c)] ?? '.').join(''));
  for (const set of ['n4096-q60', 'n4096-q106']) {
    const sheet = readFileSync(join(root, `../../docs/parameters/lattice-zk-${set}.md`), 'utf8');
    const row = readme
      .split('\n')
      .find((line) => line.startsWith(`| \`${set}\``))!
      .split('|')
      .map((cell) => cell.trim());
    const error = Number(/hash query: \*\*2\^(-[\d.]+)\*\*/.exec(sheet)![1]);
    expect(Math.abs(power(row[6]!.slice(1)) - error)).toBeLessThan(0.06);
    const sizes = ['10,000', '108,996', '1,000,000'].map((D) => {
      const cells = sheet
        .split('\n')
        .filter((line) => line.startsWith(`| ${D} |`))[1]!
        .split('|');
      return { ciphertext: Number(cells[2]!.replaceAll(',', '')), proof: Number(cells[3]!.replaceAll(',', '')) };
    });
    const written = row[5]!.replace(' MB', '').split(' / ').map(Number);
    for (const [i, { proof }] of sizes.entries()) expect(Math.abs(written[i]! * 1e6 - proof)).toBeLessThan(6000);
    expect(Number(row[4]!.replace(/[, B]/g, ''))).toBe(sizes[0]!.ciphertext / 3);
  }
});
