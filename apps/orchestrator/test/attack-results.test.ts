import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CellResult } from '@zkfl/attacks';
import { expect, it } from 'vitest';
import { settleMatrix } from '../src/attack-matrix/plan.ts';
import { runCells } from '../src/attack-matrix/pool.ts';
import { judgeMatrix } from '../src/attack-matrix/result.ts';
import { type CommittedResult, resultName } from '../src/attack-matrix/results-folder.ts';
import { requestsOf } from '../src/attack-matrix/run.ts';

const folder = fileURLToPath(new URL('../../../docs/results/', import.meta.url));
const committed = (name: string) => JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as CommittedResult;

it('the committed small matrix comes out again, within its tolerances', async () => {
  const config = settleMatrix({ matrix: 'small' });
  const expected = committed(resultName(config));
  const cells: CellResult[] = [];
  await runCells(requestsOf(config, undefined), 2, async (cell) => {
    cells.push(cell);
  });
  const { table } = judgeMatrix(cells);
  expect(table).toHaveLength(expected.table.length);
  for (const row of expected.table) {
    const name = `${row.attack} against ${row.defence}`;
    const again = table.find(({ attack, defence }) => attack === row.attack && defence === row.defence)!;
    for (const figure of ['accuracy', 'asr', 'tpr', 'fpr'] as const) {
      expect(again[figure] === undefined, `${name}: ${figure}`).toBe(row[figure] === undefined);
      const difference = Math.abs((again[figure]?.mean ?? 0) - (row[figure]?.mean ?? 0));
      // What an undefended run ends at under attack is chaos: any ruin will do.
      const tolerance = row.defence === 'none' && row.attack !== 'none' ? 0.6 : expected.tolerance[figure];
      expect(difference, `${name}: ${figure}`).toBeLessThanOrEqual(tolerance);
    }
  }
});

it('every committed table says which cells it is of, and every page quotes its own figures', () => {
  const names = readdirSync(folder)
    .filter((file) => /^attack-.*\.json$/.test(file))
    .map((file) => file.slice(0, -'.json'.length));
  expect(names).toContain('attack-small');
  for (const name of names) {
    const { config, table } = committed(name);
    expect(resultName(config)).toBe(name);
    const page = readFileSync(`${folder}${name}.md`, 'utf8');
    for (const { accuracy } of table)
      expect(page).toContain(`${(100 * accuracy.mean).toFixed(1)} ± ${(100 * accuracy.std).toFixed(1)}`);
  }
});
